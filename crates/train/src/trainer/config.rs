//! Configuration of a training run.

use crate::{OptimizerConfig, ScheduleConfig};

/// Configuration of a training run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainerConfig {
    /// Passes over the training examples; 0 evaluates the initial network.
    pub epochs: usize,
    /// Examples in each step, at least 1; the last step of an epoch may have fewer.
    pub batch_size: usize,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Chooses the order of the examples in each epoch.
    pub seed: u64,
    /// Largest global norm of the gradient; 0 for no limit.
    pub gradient_clip: f64,
    /// The rule that turns gradients into steps.
    pub optimizer: OptimizerConfig,
    /// The learning rate over time.
    pub schedule: ScheduleConfig,
}

impl Default for TrainerConfig {
    /// Ten epochs of gradient descent in batches of 256, at a constant rate of 0.1.
    fn default() -> Self {
        Self {
            epochs: 10,
            batch_size: 256,
            learning_rate: 0.1,
            seed: 0,
            gradient_clip: 0.0,
            optimizer: OptimizerConfig::default(),
            schedule: ScheduleConfig::default(),
        }
    }
}

/// The validation metric that decides which epoch is best.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Watched {
    /// The lowest loss is best.
    #[default]
    Loss,
    /// The highest accuracy is best.
    Accuracy,
}

impl Watched {
    /// Whether `new` is better than `old`.
    pub(super) fn improves(self, new: f64, old: f64) -> bool {
        match self {
            Self::Loss => new < old,
            Self::Accuracy => new > old,
        }
    }
}

/// Early stopping on the validation examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlyStopping {
    /// The metric that is compared.
    pub watched: Watched,
    /// Epochs without improvement after which training stops; 0 for never.
    pub patience: usize,
    /// Whether the network kept at the end is that of the best epoch instead of the last.
    pub restore_best: bool,
}

impl Default for EarlyStopping {
    /// Never stops, and keeps the network with the lowest loss.
    fn default() -> Self {
        Self { watched: Watched::Loss, patience: 0, restore_best: true }
    }
}
