//! How accurate what is left is when the most doubted predictions are rejected.

use mlp_plot::Chart;
use serde::{Deserialize, Serialize};

use super::prediction::{DISAGREEMENT, Doubt, ENTROPY, Prediction, accuracy_left, roc_area};
use crate::finding::{Claim, Finding, Table, figure, spread};

/// Accuracies on the test images with one seed.
#[derive(Serialize, Deserialize)]
pub(super) struct Rejection {
    /// Of all predictions.
    all: f64,
    /// Of the four fifths with the lowest predictive entropy.
    surest_by_entropy: f64,
    /// Of the four fifths on which the passes agree most.
    surest_by_agreement: f64,
    /// Of what is left, for each fraction rejected by entropy.
    by_entropy: Vec<f64>,
    /// Of what is left, for each fraction rejected by agreement.
    by_agreement: Vec<f64>,
    /// How well entropy separates wrong predictions from right ones, where there are both.
    roc_area: Option<f64>,
}

impl Rejection {
    pub(super) fn of(predictions: &[Prediction], fractions: &[f64]) -> Self {
        let left = |doubt: Doubt| -> Vec<f64> {
            fractions.iter().map(|&fraction| accuracy_left(predictions, fraction, doubt)).collect()
        };
        Self {
            all: accuracy_left(predictions, 0.0, ENTROPY),
            surest_by_entropy: accuracy_left(predictions, 0.2, ENTROPY),
            surest_by_agreement: accuracy_left(predictions, 0.2, DISAGREEMENT),
            by_entropy: left(ENTROPY),
            by_agreement: left(DISAGREEMENT),
            roc_area: roc_area(predictions),
        }
    }

    /// How often accuracy falls from one fraction to the next.
    fn falls(&self) -> f64 {
        self.by_entropy.windows(2).filter(|pair| pair[1] < pair[0]).count() as f64
    }
}

/// Adds what follows for the `fractions` that are rejected.
pub(super) fn conclude(finding: &mut Finding, rejections: &[&Rejection], fractions: &[f64]) {
    let of = |metric: fn(&Rejection) -> f64| -> Vec<f64> { rejections.iter().map(|run| metric(run)).collect() };
    let all = of(|run| run.all);
    finding
        .claim(Claim::difference(
            "Test accuracy of the four fifths with the lowest predictive entropy, minus that of all",
            &of(|run| run.surest_by_entropy),
            &all,
        ))
        .claim(Claim::difference(
            "Test accuracy of the four fifths on which the passes agree most, minus that of all",
            &of(|run| run.surest_by_agreement),
            &all,
        ))
        .claim(Claim::measured(
            "Times that accuracy falls as more of the least certain is rejected",
            of(Rejection::falls),
        ))
        .claim(Claim::measured(
            "Area under the ROC curve of predictive entropy for wrong against right predictions (0.5: no information)",
            of(|run| run.roc_area.unwrap_or(f64::NAN)),
        ));
    show(finding, rejections, fractions);
}

fn show(finding: &mut Finding, rejections: &[&Rejection], fractions: &[f64]) {
    let curve = |left: fn(&Rejection) -> &[f64]| -> Vec<(f64, Vec<f64>)> {
        let over_seeds = |index: usize| rejections.iter().map(|run| left(run)[index]).collect();
        fractions.iter().enumerate().map(|(index, &fraction)| (fraction, over_seeds(index))).collect()
    };
    let mean = |(fraction, values): &(f64, Vec<f64>)| (*fraction, values.iter().sum::<f64>() / values.len() as f64);
    let (by_entropy, by_agreement) = (curve(|run| &run.by_entropy), curve(|run| &run.by_agreement));
    let mut table = Table::new("Accuracy of the predictions kept", &["part rejected", "accuracy"]);
    for (fraction, values) in &by_entropy {
        table = table.row([figure(*fraction), spread(values)]);
    }
    finding.table(table).picture(
        "rejection",
        "Accuracy of what is left when the least certain predictions are rejected, mean over seeds",
        &Chart::new("Rejection curve")
            .x_label("part of the predictions rejected")
            .y_label("accuracy of the rest")
            .line("by entropy", by_entropy.iter().map(mean))
            .line("by agreement", by_agreement.iter().map(mean)),
    );
}
