//! What the experiment is configured by.

use burn_mlp_train::range;
use mlp_settings::config::{Config, OptimizerConfig, ScheduleConfig, TrainingConfig};
use mlp_settings::{Invalid, Layered};
use serde::{Deserialize, Serialize};

use crate::Seeded;
use crate::recipe::{Parameters, seeds, validate, validate_run};

/// Settings of `residual`: those of a training run, without a perceptron.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Residual {
    /// The rule that turns gradients into steps.
    pub optimizer: OptimizerConfig,
    /// The learning rate over time.
    pub schedule: ScheduleConfig,
    /// The loop of the fully connected networks; the convolutional one has its own epochs and learning rate.
    pub training: TrainingConfig,
    /// What only this experiment knows.
    pub experiment: ResidualParameters,
}

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
    /// Training images of the convolutional network.
    pub network_images: usize,
    /// Test images of the convolutional network, the first ones; 0 for all.
    pub network_test_images: usize,
    /// Epochs of the convolutional network.
    #[serde(deserialize_with = "range::at_least_one")]
    pub network_epochs: usize,
    /// Learning rate of the convolutional network.
    pub network_learning_rate: f64,
}

impl Parameters for ResidualParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        let allowed = matches!(self.blocks[..], [shallow, deep] if shallow < deep);
        Invalid::unless(allowed, "experiment.blocks", &self.blocks, "two ascending numbers")?;
        let rate = self.network_learning_rate;
        let positive = rate > 0.0 && rate.is_finite();
        Invalid::unless(positive, "experiment.network_learning_rate", rate, "a finite number greater than 0")
    }
}

impl Residual {
    /// The training run of a fully connected network with a seed of its own.
    pub fn config(&self, seed: u64) -> Config {
        Config {
            optimizer: self.optimizer,
            schedule: self.schedule,
            training: TrainingConfig { seed, ..self.training },
            ..Config::default()
        }
    }
}

impl Seeded for Residual {
    fn seeds(&self) -> Vec<u64> {
        seeds(self.training.seed, self.experiment.seeds)
    }
}

impl Layered for Residual {
    fn validate(&self) -> Result<(), Invalid> {
        validate_run(&self.config(self.training.seed))?;
        validate(&self.experiment)
    }
}
