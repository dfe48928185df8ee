//! One probability for all hidden layers.

use anyhow::Result;
use burn_mlp::Probability;
use mlp_plot::{Chart, Panels};

use super::arms::Score;
use super::settings::WhenDropoutPays;
use crate::curves::over_seeds;
use crate::finding::{Claim, Finding, Table, spread};
use crate::{Lab, Platform};

impl WhenDropoutPays {
    /// A score for each probability.
    pub(super) fn measure_rate<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Vec<Score>> {
        let rate = &self.experiment.rate;
        let train = lab.train_subset(rate.images, seed)?;
        let score = |&probability: &Probability| {
            lab.tell(format!("seed {seed}: p = {}", probability.get()));
            let mut config = self.many_passes(seed, rate.epochs);
            config.model.dropout = vec![probability; config.model.hidden.len()];
            Score::of(lab, &config, &train)
        };
        rate.probabilities.iter().map(score).collect()
    }

    pub(super) fn conclude_rate(&self, finding: &mut Finding, seeds: &[&Vec<Score>]) {
        let rate = &self.experiment.rate;
        let of = |probability: Probability, metric: fn(&Score) -> f64| -> Vec<f64> {
            let index = rate.probabilities.iter().position(|&other| other == probability).unwrap_or_default();
            seeds.iter().map(|scores| metric(&scores[index])).collect()
        };
        let ([low, high], most) = (rate.flat, rate.probabilities[rate.probabilities.len() - 1]);
        let [low_p, high_p, most_p] = [low, high, most].map(Probability::get);
        finding
            .claim(Claim::paired(
                format!("Test accuracy, p = {low_p} minus p = {high_p}, percentage points"),
                &of(low, Score::percent),
                &of(high, Score::percent),
            ))
            .claim(Claim::difference(
                format!("Test accuracy, p = {low_p} minus p = {most_p}, percentage points"),
                &of(low, Score::percent),
                &of(most, Score::percent),
            ))
            .claim(Claim::difference(
                format!("Test cross-entropy, p = 0 minus p = {low_p}"),
                &of(Probability::ZERO, |score| score.loss),
                &of(low, |score| score.loss),
            ));
        let title = format!("{} images, {} epochs: the same p in all hidden layers", rate.images, rate.epochs);
        let table = Table::new(title, &["p", "test accuracy, %", "test cross-entropy"]);
        finding.table(rate.probabilities.iter().fold(table, |table, &probability| {
            let cells = [of(probability, Score::percent), of(probability, |score| score.loss)];
            let [accuracy, loss] = cells.map(|values| spread(&values));
            table.row([probability.get().to_string(), accuracy, loss])
        }));
        let xs: Vec<f64> = rate.probabilities.iter().map(|probability| probability.get()).collect();
        let caption = "Test accuracy and cross-entropy over p, median and range over seeds";
        finding.picture("rate", caption, &picture(&xs, seeds));
    }
}

fn picture(xs: &[f64], seeds: &[&Vec<Score>]) -> Panels {
    let panel = |title: &str, metric: fn(&Score) -> f64| {
        let curve = |scores: &&Vec<Score>| xs.iter().copied().zip(scores.iter().map(metric)).collect();
        let curves: Vec<Vec<(f64, f64)>> = seeds.iter().map(curve).collect();
        over_seeds(Chart::new(title).x_label("p of the hidden layers").y_label(title), "after training", &curves)
    };
    Panels::new("One probability for all hidden layers", 2)
        .with(&panel("test accuracy, %", Score::percent))
        .with(&panel("test cross-entropy", |score| score.loss))
}
