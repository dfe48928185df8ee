//! What the experiment is configured by.

use burn_mlp_train::range;
use mlp_settings::Invalid;
use serde::{Deserialize, Serialize};

use crate::recipe::{Parameters, Regimen};
use crate::tuning::validate_factors;

/// Settings of `residual`.
pub type Residual = Regimen<ResidualParameters>;

/// Settings of the experiment itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResidualParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Training images, a stratified subset of all; 0 for all.
    pub images: usize,
    /// Units of each hidden layer.
    #[serde(deserialize_with = "range::at_least_one")]
    pub d_hidden: usize,
    /// Blocks of two layers of the shallow and of the deep network.
    pub blocks: Vec<usize>,
    /// What `training.learning_rate` is multiplied by: each network is trained at each of these rates.
    pub rates: Vec<f64>,
}

impl Parameters for ResidualParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        let allowed = matches!(self.blocks[..], [shallow, deep] if shallow < deep);
        Invalid::unless(allowed, "experiment.blocks", &self.blocks, "two ascending numbers")?;
        validate_factors("experiment.rates", &self.rates)
    }
}
