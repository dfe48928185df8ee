//! One probability for all hidden layers, and the control: without dropout, another seed.

use anyhow::Result;
use burn_mlp::Probability;
use mlp_settings::config::Config;
use serde::{Deserialize, Serialize};

use super::arms::Score;
use super::settings::WhenDropoutPays;
use crate::{Lab, Platform};

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub(super) struct RateMeasurement {
    /// For each probability.
    pub(super) scores: Vec<Score>,
    /// Without dropout on the same images, from other initial weights in another order.
    pub(super) other_seed: Score,
}

impl WhenDropoutPays {
    pub(super) fn measure_rate<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<RateMeasurement> {
        let rate = &self.experiment.rate;
        let train = lab.train_subset(rate.images, seed)?;
        let score = |&probability: &Probability| {
            lab.tell(format!("seed {seed}: p = {}", probability.get()));
            Score::of(lab, &self.rate_config(seed, probability), &train)
        };
        let scores = rate.probabilities.iter().map(score).collect::<Result<_>>()?;
        // Far from the seeds of the experiment, which follow each other.
        let other = seed ^ 1 << 40;
        Ok(RateMeasurement { scores, other_seed: Score::of(lab, &self.rate_config(other, Probability::ZERO), &train)? })
    }

    fn rate_config(&self, seed: u64, probability: Probability) -> Config {
        let mut config = self.config(seed);
        config.model.dropout = vec![probability; config.model.hidden.len()];
        config.training.epochs = self.experiment.rate.epochs;
        config
    }
}
