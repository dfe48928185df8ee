//! What the experiment is configured by.

use burn_mlp::Probability;
use burn_mlp_train::range;
use mlp_settings::Invalid;
use serde::{Deserialize, Serialize};

use crate::recipe::{Parameters, Regimen};
use crate::tuning::validate_factors;

/// Settings of `residual-convolutions`.
pub type ResidualConvolutions = Regimen<ResidualConvolutionsParameters>;

/// Settings of the experiment itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResidualConvolutionsParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Training images, a stratified subset of all; 0 for all.
    pub images: usize,
    /// Test images, the first ones.
    #[serde(deserialize_with = "range::at_least_one")]
    pub test_images: usize,
    /// Side of the squares of pixels that are averaged to one.
    #[serde(deserialize_with = "range::at_least_one")]
    pub pool: usize,
    /// Channels of every convolution.
    #[serde(deserialize_with = "range::at_least_one")]
    pub channels: usize,
    /// Blocks of two convolutions of the shallow and of the deep network.
    pub blocks: Vec<usize>,
    /// Probability of dropout behind the last convolution of a block.
    pub dropout: Probability,
    /// What `training.learning_rate` is multiplied by: each network is trained at each of these rates.
    pub rates: Vec<f64>,
}

impl Parameters for ResidualConvolutionsParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        let allowed = matches!(self.blocks[..], [shallow, deep] if 0 < shallow && shallow < deep);
        Invalid::unless(allowed, "experiment.blocks", &self.blocks, "two ascending numbers, at least 1")?;
        let drops = (0.0..1.0).contains(&self.dropout.get()) && self.dropout != Probability::ZERO;
        Invalid::unless(drops, "experiment.dropout", self.dropout.get(), "greater than 0 and less than 1")?;
        validate_factors("experiment.rates", &self.rates)
    }
}
