//! Settings of the experiment.

use mlp_settings::Invalid;
use serde::{Deserialize, Serialize};

use crate::recipe::{Parameters, Setup};

/// Settings of `weight-decay`.
pub type WeightDecay = Setup<WeightDecayParameters>;

/// Settings of the experiment itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightDecayParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Features.
    pub d_input: usize,
    /// Training examples.
    pub train_examples: usize,
    /// Test examples.
    pub test_examples: usize,
    /// Every true weight.
    pub weight: f64,
    /// True bias.
    pub bias: f64,
    /// Standard deviation of the noise on the targets.
    pub noise: f64,
    /// Learning rate of sets A and B, and of SGD against Adam.
    pub learning_rate: f64,
    /// Epochs of the same.
    pub epochs: usize,
    /// Set A, with standard normal inputs.
    pub normal: SetParameters,
    /// Set B, with inputs uniform on `[0, 1)`.
    pub uniform: SetParameters,
    /// L1 against L2, on set A.
    pub lasso: LassoParameters,
    /// Penalties λ at which SGD and Adam are compared on set A, ascending; also the stronger one of set A is.
    pub adam_penalties: Vec<f64>,
}

/// One set of examples.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetParameters {
    /// Examples in a step.
    pub batch_size: usize,
    /// The weaker and the stronger penalty λ.
    pub penalties: Vec<f64>,
}

/// L1 against L2.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LassoParameters {
    /// Penalty λ of both.
    pub penalty: f64,
    /// Learning rate of both.
    pub learning_rate: f64,
    /// Steps of both, each on all training examples.
    pub steps: usize,
}

impl Parameters for WeightDecayParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        for (key, count) in [
            ("experiment.d_input", self.d_input),
            ("experiment.train_examples", self.train_examples),
            ("experiment.test_examples", self.test_examples),
            ("experiment.epochs", self.epochs),
            ("experiment.normal.batch_size", self.normal.batch_size),
            ("experiment.uniform.batch_size", self.uniform.batch_size),
            ("experiment.lasso.steps", self.lasso.steps),
        ] {
            Invalid::unless(count > 0, key, count, "at least 1")?;
        }
        for (key, value) in [("experiment.weight", self.weight), ("experiment.bias", self.bias)] {
            Invalid::unless(value.is_finite(), key, value, "a finite number")?;
        }
        let noise = self.noise;
        Invalid::unless(noise >= 0.0 && noise.is_finite(), "experiment.noise", noise, "a finite number of at least 0")?;
        for (key, value) in [
            ("experiment.learning_rate", self.learning_rate),
            ("experiment.lasso.learning_rate", self.lasso.learning_rate),
            ("experiment.lasso.penalty", self.lasso.penalty),
        ] {
            Invalid::unless(value > 0.0 && value.is_finite(), key, value, "a finite number greater than 0")?;
        }
        for (key, penalties) in [
            ("experiment.normal.penalties", &self.normal.penalties),
            ("experiment.uniform.penalties", &self.uniform.penalties),
        ] {
            let two = penalties.len() == 2 && ascending(penalties);
            Invalid::unless(two, key, penalties, "two finite numbers of at least 0, ascending")?;
        }
        let penalties = &self.adam_penalties;
        let allowed = ascending(penalties) && penalties.first().is_some_and(|&penalty| penalty > 0.0);
        Invalid::unless(
            allowed,
            "experiment.adam_penalties",
            penalties,
            "one or more finite numbers above 0, ascending",
        )
    }
}

fn ascending(penalties: &[f64]) -> bool {
    let finite = penalties.iter().all(|&penalty| penalty >= 0.0 && penalty.is_finite());
    finite && penalties.is_sorted_by(|a, b| a < b)
}

/// Rounding of 32-bit floats in a weight, over a few thousand steps that add up as a random walk.
pub(super) const ROUNDING: f64 = 1e-5;
