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
}

impl Parameters for NumericalStabilityParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        let limit = self.limit;
        Invalid::unless(limit > 0.0 && limit <= 80.0, "experiment.limit", limit, "a number in (0, 80]")?;
        Invalid::unless((1..=64).contains(&self.side), "experiment.side", self.side, "1 to 64")?;
        Invalid::unless((1..=10_000).contains(&self.factors), "experiment.factors", self.factors, "1 to 10000")?;
        Invalid::unless((3..=64).contains(&self.depth), "experiment.depth", self.depth, "3 to 64")?;
        Ok(())
    }

    fn validate_run(&self, run: &Config) -> Result<(), Invalid> {
        let dropout: Vec<f64> = run.model.dropout.iter().map(|prob| prob.get()).collect();
        let drops = dropout.first().is_some_and(|&prob| prob > 0.0);
        Invalid::unless(drops, "model.dropout", dropout, "a probability greater than 0 for the first hidden layer")
    }
}
