//! What an experiment is configured by: the sections of a training run it uses, and its own.

use burn_mlp_train::range;
use mlp_settings::config::{Config, ModelConfig, OptimizerConfig, ScheduleConfig, TrainingConfig};
use mlp_settings::{Invalid, Layered};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Seeded;

/// Most seeds of an experiment. All of its measurements are listed in memory.
pub const MOST_SEEDS: usize = 10_000;

/// The `[experiment]` section of an experiment.
pub trait Parameters: Serialize + DeserializeOwned + Default {
    /// How many seeds it is repeated with: `training.seed`, `training.seed + 1`, …
    fn seeds(&self) -> usize;

    /// Checks ranges.
    ///
    /// # Errors
    ///
    /// [`Invalid`] for the first key out of range.
    fn validate(&self) -> Result<(), Invalid> {
        Ok(())
    }

    /// Checks what the experiment demands of the sections of a training run, where it has them.
    ///
    /// # Errors
    ///
    /// [`Invalid`] for the first key that it cannot work with.
    fn validate_run(&self, run: &Config) -> Result<(), Invalid> {
        let _ = run;
        Ok(())
    }
}

/// Settings of an experiment that trains a perceptron as `runner train` does: a file without `[experiment]` works for
/// both.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe<P> {
    /// The network.
    pub model: ModelConfig,
    /// The rule that turns gradients into steps.
    pub optimizer: OptimizerConfig,
    /// The learning rate over time.
    pub schedule: ScheduleConfig,
    /// The loop.
    pub training: TrainingConfig,
    /// What only this experiment knows.
    pub experiment: P,
}

impl<P: Parameters> Recipe<P> {
    /// The training run with a seed of its own.
    pub fn config(&self, seed: u64) -> Config {
        Config {
            model: self.model.clone(),
            optimizer: self.optimizer,
            schedule: self.schedule,
            training: TrainingConfig { seed, ..self.training },
            ..Config::default()
        }
    }
}

impl<P: Parameters> Seeded for Recipe<P> {
    fn seeds(&self) -> Vec<u64> {
        seeds(self.training.seed, self.experiment.seeds())
    }
}

impl<P: Parameters> Layered for Recipe<P> {
    fn validate(&self) -> Result<(), Invalid> {
        let run = self.config(self.training.seed);
        validate_run(&run)?;
        validate(&self.experiment)?;
        self.experiment.validate_run(&run)
    }
}

/// Settings of an experiment that trains networks of its own: those of a training run, without a perceptron.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regimen<P> {
    /// The rule that turns gradients into steps.
    pub optimizer: OptimizerConfig,
    /// The learning rate over time.
    pub schedule: ScheduleConfig,
    /// The loop.
    pub training: TrainingConfig,
    /// What only this experiment knows.
    pub experiment: P,
}

impl<P> Regimen<P> {
    /// The training run with a seed of its own.
    pub fn config(&self, seed: u64) -> Config {
        Config {
            optimizer: self.optimizer,
            schedule: self.schedule,
            training: TrainingConfig { seed, ..self.training },
            ..Config::default()
        }
    }
}

impl<P: Parameters> Seeded for Regimen<P> {
    fn seeds(&self) -> Vec<u64> {
        seeds(self.training.seed, self.experiment.seeds())
    }
}

impl<P: Parameters> Layered for Regimen<P> {
    fn validate(&self) -> Result<(), Invalid> {
        let run = self.config(self.training.seed);
        validate_run(&run)?;
        validate(&self.experiment)?;
        self.experiment.validate_run(&run)
    }
}

/// Settings of an experiment with loops of its own, or none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup<P> {
    /// Where its random numbers start.
    pub training: SeedConfig,
    /// What only this experiment knows.
    pub experiment: P,
}

/// Where random numbers start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedConfig {
    /// The first seed.
    #[serde(deserialize_with = "range::seed")]
    pub seed: u64,
}

impl<P: Parameters> Seeded for Setup<P> {
    fn seeds(&self) -> Vec<u64> {
        seeds(self.training.seed, self.experiment.seeds())
    }
}

impl<P: Parameters> Layered for Setup<P> {
    fn validate(&self) -> Result<(), Invalid> {
        validate(&self.experiment)
    }
}

/// `count` seeds from `first` on.
pub fn seeds(first: u64, count: usize) -> Vec<u64> {
    (0..count as u64).map(|offset| first.wrapping_add(offset)).collect()
}

/// Checks the training run of an experiment, in which some of what `runner train` can do would do nothing.
///
/// # Errors
///
/// [`Invalid`] for the first key out of range or without effect.
pub fn validate_run(run: &Config) -> Result<(), Invalid> {
    let TrainingConfig { epochs, checkpoint_steps, .. } = run.training;
    Invalid::unless(epochs > 0, "training.epochs", epochs, "at least 1: an experiment looks at what was learned")?;
    let none = checkpoint_steps == 0;
    Invalid::unless(none, "training.checkpoint_steps", checkpoint_steps, "0: an experiment keeps no checkpoints")?;
    run.validate()
}

/// Checks the `[experiment]` section.
///
/// # Errors
///
/// [`Invalid`] for the first key out of range.
pub fn validate<P: Parameters>(parameters: &P) -> Result<(), Invalid> {
    let (seeds, expected) = (parameters.seeds(), format!("1 to {MOST_SEEDS}"));
    Invalid::unless((1..=MOST_SEEDS).contains(&seeds), "experiment.seeds", seeds, &expected)?;
    parameters.validate()
}
