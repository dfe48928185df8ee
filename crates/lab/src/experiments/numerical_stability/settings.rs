//! Settings of `numerical-stability`.

use burn_mlp_train::range;
use mlp_settings::Invalid;
use mlp_settings::config::Config;
use serde::{Deserialize, Serialize};

use crate::recipe::{Parameters, Recipe};

/// Settings of `numerical-stability`; the sections of a training run describe the network that starts with constant
/// weights.
pub type NumericalStability = Recipe<NumericalStabilityParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumericalStabilityParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// The sigmoid is looked at over `[-limit, limit]`.
    pub limit: f64,
    /// Rows and columns of each random matrix.
    pub side: usize,
    /// Matrices in a product.
    pub factors: usize,
    /// Products for each seed.
    #[serde(deserialize_with = "range::at_least_one")]
    pub products: usize,
    /// Hidden layers of the deepest network.
    pub depth: usize,
    /// Units of each of them.
    #[serde(deserialize_with = "range::at_least_one")]
    pub width: usize,
    /// Units of each hidden layer of the networks that learning rates are tried with.
    #[serde(deserialize_with = "range::at_least_one")]
    pub rate_width: usize,
    /// Steps of training with each learning rate.
    #[serde(deserialize_with = "range::at_least_one")]
    pub rate_steps: usize,
    /// The lowest and the highest learning rate, as powers of ten.
    pub rate_powers: [i32; 2],
}

impl Parameters for NumericalStabilityParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        let limit = self.limit;
        Invalid::unless(limit > 0.0 && limit <= 80.0, "experiment.limit", limit, "a number in (0, 80]")?;
        Invalid::unless((2..=64).contains(&self.side), "experiment.side", self.side, "2 to 64")?;
        Invalid::unless((1..=10_000).contains(&self.factors), "experiment.factors", self.factors, "1 to 10000")?;
        Invalid::unless((3..=64).contains(&self.depth), "experiment.depth", self.depth, "3 to 64")?;
        let [lowest, highest] = self.rate_powers;
        let ascending = (-30..=30).contains(&lowest) && (-30..=30).contains(&highest) && lowest < highest;
        Invalid::unless(ascending, "experiment.rate_powers", self.rate_powers, "two ascending numbers in [-30, 30]")
    }

    fn validate_run(&self, run: &Config) -> Result<(), Invalid> {
        let dropout: Vec<f64> = run.model.dropout.iter().map(|prob| prob.get()).collect();
        let drops = dropout.first().is_some_and(|&prob| prob > 0.0);
        Invalid::unless(drops, "model.dropout", dropout, "a probability greater than 0 for the first hidden layer")
    }
}
