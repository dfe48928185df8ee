//! The average over passes with dropout on against one pass without, whose weights are scaled.

use anyhow::Result;
use mlp_metrics::{negative_log_likelihood, top_label};
use serde::{Deserialize, Serialize};

use super::arms::{Score, trained};
use super::settings::WhenDropoutPays;
use crate::{Lab, Platform};

/// What is measured with one seed, all of one network.
#[derive(Serialize, Deserialize)]
pub(super) struct AveragingMeasurement {
    /// One pass with dropout off. Dropout is inverted: the scaling is done in training.
    pub(super) scaled: Score,
    /// Averages over the first 1, 2, … passes with dropout on.
    pub(super) averaged: Vec<Score>,
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
    Ok(Score {
        accuracy: right as f64 / labels.len() as f64,
        loss: negative_log_likelihood(&means, labels, classes)?,
    })
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
