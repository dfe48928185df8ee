//! The average over passes with dropout on against one pass without, whose weights are scaled.

use anyhow::Result;
use mlp_metrics::{negative_log_likelihood, top_label};
use mlp_plot::{Chart, Panels};
use serde::{Deserialize, Serialize};

use super::arms::{Score, trained};
use super::gains::signed_interval;
use super::settings::{Averaging, WhenDropoutPays};
use crate::curves::over_seeds;
use crate::finding::{Claim, Finding, Table, spread};
use crate::{Lab, Platform};

/// What is measured with one seed, all of one network.
#[derive(Serialize, Deserialize)]
pub(super) struct AveragingMeasurement {
    /// One pass with dropout off. Dropout is inverted: the scaling is done in training.
    scaled: Score,
    /// Averages over the first 1, 2, … passes with dropout on.
    averaged: Vec<Score>,
}

impl WhenDropoutPays {
    pub(super) fn measure_averaging<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<AveragingMeasurement> {
        let passes = &self.experiment.averaging.passes;
        let test = &lab.data().test;
        lab.tell(format!("seed {seed}: averages over {passes:?} passes"));
        let network = trained(lab, &self.config(seed), &lab.data().train)?;
        let samples = lab.sample(&network, test, passes[passes.len() - 1]);
        Ok(AveragingMeasurement {
            scaled: Score::new(&lab.predict(&network, test), test.labels()),
            averaged: passes.iter().map(|&first| averaged(&samples, first, test.labels())).collect::<Result<_>>()?,
        })
    }

    pub(super) fn conclude_averaging(&self, finding: &mut Finding, measurements: &[&AveragingMeasurement]) {
        let Averaging { passes, compared } = &self.experiment.averaging;
        let scaled = |metric: fn(&Score) -> f64| -> Vec<f64> {
            measurements.iter().map(|measured| metric(&measured.scaled)).collect()
        };
        let averaged = |index: usize, metric: fn(&Score) -> f64| -> Vec<f64> {
            measurements.iter().map(|measured| metric(&measured.averaged[index])).collect()
        };
        let index = passes.iter().position(|passes| passes == compared).unwrap_or_default();
        let loss: fn(&Score) -> f64 = |score| score.loss;
        finding
            .claim(Claim::paired(
                format!("Average over {compared} passes minus weight scaling: test accuracy, percentage points"),
                &averaged(index, Score::percent),
                &scaled(Score::percent),
            ))
            .claim(Claim::paired(
                format!("Average over {compared} passes minus weight scaling: test cross-entropy"),
                &averaged(index, loss),
                &scaled(loss),
            ))
            .claim(Claim::difference(
                "Weight scaling minus a single pass with dropout on: test accuracy, percentage points",
                &scaled(Score::percent),
                &averaged(0, Score::percent),
            ));
        let header = ["prediction", "test accuracy, %", "points above weight scaling", "test cross-entropy"];
        let row = |name: String, accuracy: Vec<f64>, losses: Vec<f64>| {
            let above: Vec<f64> =
                accuracy.iter().zip(scaled(Score::percent)).map(|(this, scaled)| this - scaled).collect();
            [name, spread(&accuracy), signed_interval(&above), spread(&losses)]
        };
        let table = Table::new("The main job's network with dropout, asked in two ways", &header).row(row(
            "weight scaling".to_owned(),
            scaled(Score::percent),
            scaled(loss),
        ));
        let table = passes.iter().enumerate().fold(table, |table, (index, passes)| {
            let name = format!("average over {passes} passes");
            table.row(row(name, averaged(index, Score::percent), averaged(index, loss)))
        });
        let caption =
            "Test accuracy and cross-entropy of averages over passes with dropout on, median and range over seeds";
        finding.table(table).picture("averaging", caption, &picture(passes, measurements));
    }
}

fn picture(passes: &[usize], measurements: &[&AveragingMeasurement]) -> Panels {
    let panel = |title: &str, metric: fn(&Score) -> f64| {
        let curves = |of: fn(&AveragingMeasurement, usize) -> &Score| -> Vec<Vec<(f64, f64)>> {
            let point = |measured, index: usize| (passes[index] as f64, metric(of(measured, index)));
            let curve = |measured| (0..passes.len()).map(|index| point(measured, index)).collect();
            measurements.iter().map(|&measured| curve(measured)).collect()
        };
        let chart = Chart::new(title).x_label("passes averaged").y_label(title).log_x();
        let chart = over_seeds(chart, "average over passes", &curves(|measured, index| &measured.averaged[index]));
        over_seeds(chart, "weight scaling", &curves(|measured, _| &measured.scaled))
    };
    Panels::new("Averages over passes against weight scaling", 2)
        .with(&panel("test accuracy, %", Score::percent))
        .with(&panel("test cross-entropy", |score| score.loss))
}

/// The score of the mean probabilities over the first `passes` passes: `samples[image][pass][class]`.
fn averaged(samples: &[Vec<Vec<f32>>], passes: usize, labels: &[u8]) -> Result<Score> {
    let (mut means, mut right, mut classes) = (Vec::new(), 0, 0);
    for (passes, &label) in samples.iter().map(|image| &image[..passes]).zip(labels) {
        let mean = mean(passes);
        right += usize::from(top_label(&mean).0 == usize::from(label));
        classes = mean.len();
        means.extend(mean);
    }
    Ok(Score { accuracy: right as f64 / labels.len() as f64, loss: negative_log_likelihood(&means, labels, classes)? })
}

/// The mean of rows.
fn mean(rows: &[Vec<f32>]) -> Vec<f64> {
    let mut mean = vec![0.0; rows[0].len()];
    for row in rows {
        mean.iter_mut().zip(row).for_each(|(mean, &value)| *mean += f64::from(value) / rows.len() as f64);
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_averaged_before_the_class_is_chosen() {
        // Two passes weakly for class 1, one surely for class 0.
        let samples = [vec![vec![0.4, 0.6], vec![0.45, 0.55], vec![1.0, 0.0]]];
        assert_eq!(averaged(&samples, 1, &[0]).unwrap().accuracy, 0.0);
        let all = averaged(&samples, 3, &[0]).unwrap();
        assert_eq!(all.accuracy, 1.0);
        assert!((all.loss + (1.85_f64 / 3.0).ln()).abs() < 1e-6);
    }
}
