//! How accurate what is left is when the most doubted predictions are rejected.

use burn_mlp::Key;
use mlp_plot::Chart;
use serde::{Deserialize, Serialize};

use super::prediction::{Prediction, Predictions, entropies};
use super::ranking::Ranking;
use crate::finding::{Claim, Finding, Table, figure, spread};

/// What doubts about the predictions for the test images are worth, with one seed.
#[derive(Serialize, Deserialize)]
pub(super) struct Rejection {
    /// The entropy of the mean of the passes.
    passes: Ranking,
    /// The part of the passes that say something else than their mean.
    disagreement: Ranking,
    /// The entropy of the single pass.
    single: Ranking,
    /// Random numbers, for the single pass.
    random: Ranking,
}

impl Rejection {
    pub(super) fn of(predictions: &Predictions, fractions: &[f64], seed: u64) -> Self {
        let Predictions { passes, single } = predictions;
        let disagreement: Vec<f64> = passes.iter().map(|prediction| 1.0 - prediction.agreement).collect();
        let random: Vec<f64> = Key::new(seed, *b"a doubt\0").uniforms().take(single.len()).collect();
        let by = |predictions: &[Prediction], doubts: &[f64]| Ranking::new(predictions, doubts, fractions);
        Self {
            passes: by(passes, &entropies(passes)),
            disagreement: by(passes, &disagreement),
            single: by(single, &entropies(single)),
            random: by(single, &random),
        }
    }
}

/// A way to doubt.
type Doubt = fn(&Rejection) -> &Ranking;

const PASSES: Doubt = |run| &run.passes;
const SINGLE: Doubt = |run| &run.single;
const DOUBTS: [(&str, Doubt); 4] = [
    ("entropy of the passes", PASSES),
    ("disagreement of the passes", |run| &run.disagreement),
    ("entropy of the single pass", SINGLE),
    ("random numbers", |run| &run.random),
];

/// Adds what follows for the `fractions` that are rejected.
pub(super) fn conclude(finding: &mut Finding, rejections: &[&Rejection], fractions: &[f64]) {
    let of = |doubt: Doubt, metric: fn(&Ranking) -> f64| -> Vec<f64> {
        rejections.iter().map(|run| metric(doubt(run))).collect()
    };
    for (name, doubt) in &DOUBTS[..3] {
        finding.claim(Claim::difference(
            format!("Test accuracy of the four fifths with the lowest {name}, minus that of all"),
            &of(*doubt, |ranking| ranking.surest),
            &of(*doubt, |ranking| ranking.all),
        ));
    }
    let roc = |doubt: Doubt| of(doubt, |ranking| ranking.roc_area.unwrap_or(f64::NAN));
    let area = |doubt: Doubt| of(doubt, |ranking| ranking.area);
    finding
        .claim(Claim::measured(
            "Wrong against right predictions: area under the ROC curve, entropy of the passes",
            roc(PASSES),
        ))
        .claim(Claim::paired(
            "The same area, entropy of the passes minus that of the single pass",
            &roc(PASSES),
            &roc(SINGLE),
        ))
        .claim(Claim::paired(
            "Area under the rejection curve, entropy of the passes minus that of the single pass",
            &area(PASSES),
            &area(SINGLE),
        ))
        .claim(Claim::measured(
            "Control: area under the ROC curve of random numbers for wrong against right predictions",
            roc(|run| &run.random),
        ));
    show(finding, rejections, fractions);
}

fn show(finding: &mut Finding, rejections: &[&Rejection], fractions: &[f64]) {
    let header = ["part rejected"].into_iter().chain(DOUBTS.iter().map(|(name, _)| *name)).collect::<Vec<_>>();
    let left =
        |doubt: Doubt, index: usize| -> Vec<f64> { rejections.iter().map(|run| doubt(run).left[index]).collect() };
    let mut table = Table::new("Accuracy of the predictions kept", &header);
    for (index, &fraction) in fractions.iter().enumerate() {
        let cells = DOUBTS.iter().map(|(_, doubt)| spread(&left(*doubt, index)));
        table = table.row([figure(fraction)].into_iter().chain(cells));
    }
    let mut chart =
        Chart::new("Rejection curve").x_label("part of the predictions rejected").y_label("accuracy of the rest");
    for (name, doubt) in DOUBTS {
        let mean = |index: usize| left(doubt, index).iter().sum::<f64>() / rejections.len() as f64;
        chart = chart.line(name, fractions.iter().enumerate().map(|(index, &fraction)| (fraction, mean(index))));
    }
    let caption = "Accuracy of what is left when the predictions doubted most are rejected, mean over seeds";
    finding.table(table).picture("rejection", caption, &chart);
}
