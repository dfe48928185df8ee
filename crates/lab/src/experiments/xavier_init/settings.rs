//! What the experiment is configured by.

use burn_mlp::Activation;
use burn_mlp_train::range;
use mlp_settings::Invalid;
use mlp_settings::config::{Config, InitKind, ModelConfig};
use serde::{Deserialize, Serialize};

use crate::recipe::{Parameters, Recipe};

/// Settings of `xavier-init`; the sections of a training run describe the sigmoid networks.
pub type XavierInit = Recipe<XavierInitParameters>;

/// Settings of the experiment itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct XavierInitParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Weights drawn for each measured variance.
    pub samples: usize,
    /// Linear nets drawn for each seed.
    #[serde(deserialize_with = "range::at_least_one")]
    pub networks: usize,
    /// Inputs of each, and gradients at its output.
    #[serde(deserialize_with = "range::at_least_one")]
    pub examples: usize,
    /// Layers of the nets of equal layers.
    pub depth: usize,
    /// Their units.
    pub width: usize,
    /// Units from the input to the output of the nets of unequal layers.
    pub widths: Vec<usize>,
}

impl Parameters for XavierInitParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        Invalid::unless(self.samples >= 1000, "experiment.samples", self.samples, "at least 1000")?;
        Invalid::unless((1..=100).contains(&self.depth), "experiment.depth", self.depth, "1 to 100")?;
        Invalid::unless((1..=4096).contains(&self.width), "experiment.width", self.width, "1 to 4096")?;
        let widths = self.widths.len() >= 2 && self.widths.iter().all(|width| (1..=4096).contains(width));
        Invalid::unless(widths, "experiment.widths", &self.widths, "at least two numbers, each 1 to 4096")
    }

    fn validate_run(&self, run: &Config) -> Result<(), Invalid> {
        let ModelConfig { activation, init, hidden, .. } = &run.model;
        Invalid::unless(!hidden.is_empty(), "model.hidden", hidden, "at least one hidden layer")?;
        let sigmoid = *activation == Activation::Sigmoid;
        Invalid::unless(sigmoid, "model.activation", activation, "sigmoid, to which 4σ(x) - 2 is compared")?;
        let xavier = init.kind == InitKind::XavierNormal;
        Invalid::unless(xavier, "model.init.kind", init.kind, "xavier-normal, to which normal is compared")
    }
}
