//! What a training run is configured by: every key with its default and range.

mod model;
mod optimization;

use burn_fashion_mnist::Normalization;
use burn_mlp::Probability;
use serde::{Deserialize, Serialize};

use crate::settings::{Invalid, Layered};

pub use model::{DEEPEST_NETWORK, InitConfig, InitKind, LARGEST_NETWORK, ModelConfig};
pub use optimization::{OptimizerConfig, OptimizerKind, ScheduleConfig, ScheduleKind};

/// Configuration of a training run. The defaults are the dropout network of the chapter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The data and how pixels become numbers.
    pub data: DataConfig,
    /// The network.
    pub model: ModelConfig,
    /// The rule that turns gradients into steps.
    pub optimizer: OptimizerConfig,
    /// The learning rate over time.
    pub schedule: ScheduleConfig,
    /// The loop.
    pub training: TrainingConfig,
    /// The part of the training set held out, and what it decides.
    pub validation: ValidationConfig,
}

/// The data and how pixels become numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// `auto`, `sample`, or a folder of IDX files.
    pub source: String,
    /// Whether the files must be the published Fashion-MNIST; `false` for a set of one's own.
    pub verify: bool,
    /// Subtracted from `value / 255`.
    pub mean: f32,
    /// Divides what is left, greater than 0.
    pub std: f32,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self { source: "auto".into(), verify: true, mean: 0.0, std: 1.0 }
    }
}

impl DataConfig {
    /// How pixels become numbers.
    pub fn normalization(&self) -> Normalization {
        Normalization { mean: self.mean, std: self.std }
    }
}

/// The loop.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingConfig {
    /// Passes over the training set; 0 evaluates the initial model.
    pub epochs: usize,
    /// Examples in a step, at least 1.
    pub batch_size: usize,
    /// Peak learning rate, greater than 0.
    pub learning_rate: f64,
    /// Seed of weights, batches, masks and splits.
    pub seed: u64,
    /// Part of the target probability spread evenly over all classes.
    pub label_smoothing: Probability,
    /// Largest global norm of the gradient; 0 for no limit.
    pub gradient_clip: f64,
    /// Steps between two checkpoints inside an epoch; 0 for one at the end of each epoch only.
    pub checkpoint_steps: usize,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            epochs: 10,
            batch_size: 256,
            learning_rate: 0.5,
            seed: 42,
            label_smoothing: Probability::ZERO,
            gradient_clip: 0.0,
            checkpoint_steps: 0,
        }
    }
}

/// What is watched on the validation split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValidationMetric {
    /// The lowest loss is best.
    #[default]
    Loss,
    /// The highest accuracy is best.
    Accuracy,
}

/// The part of the training set held out, and what it decides.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidationConfig {
    /// Part of the training set held out, stratified by class, in `[0, 1)`; 0 for none.
    pub fraction: f64,
    /// `loss` or `accuracy`.
    pub metric: ValidationMetric,
    /// Epochs without improvement after which training stops; 0 for never.
    pub patience: usize,
    /// Whether the model kept at the end is the best one on the validation split, not the last one.
    pub restore_best: bool,
}

impl Default for ValidationConfig {
    fn default() -> Self {
        Self { fraction: 0.0, metric: ValidationMetric::Loss, patience: 0, restore_best: true }
    }
}

impl Layered for Config {
    fn validate(&self) -> Result<(), Invalid> {
        let finite_positive = |value: f64| value > 0.0 && value.is_finite();
        let finite_not_negative = |value: f64| value >= 0.0 && value.is_finite();
        let (model, optimizer, schedule, training) = (&self.model, &self.optimizer, &self.schedule, &self.training);

        Invalid::unless(self.data.mean.is_finite(), "data.mean", self.data.mean, "a finite number")?;
        Invalid::unless(finite_positive(self.data.std.into()), "data.std", self.data.std, "a number greater than 0")?;

        Invalid::unless(!model.hidden.contains(&0), "model.hidden", &model.hidden, "at least 1 unit in each layer")?;
        let dropout: Vec<f64> = model.dropout.iter().map(|prob| prob.get()).collect();
        let entries = [0, model.hidden.len()].contains(&dropout.len());
        let expected = format!("one probability for each of the {} hidden layers, or []", model.hidden.len());
        Invalid::unless(entries, "model.dropout", dropout, &expected)?;
        let init = &model.init;
        Invalid::unless(finite_positive(init.gain), "model.init.gain", init.gain, "a number greater than 0")?;
        Invalid::unless(finite_not_negative(init.std), "model.init.std", init.std, "a number of at least 0")?;
        Invalid::unless(init.value.is_finite(), "model.init.value", init.value, "a finite number")?;

        for (key, value) in [
            ("optimizer.momentum", optimizer.momentum),
            ("optimizer.beta1", optimizer.beta1),
            ("optimizer.beta2", optimizer.beta2),
        ] {
            Invalid::unless((0.0..1.0).contains(&value), key, value, "a number in [0, 1)")?;
        }
        let decay = optimizer.weight_decay;
        Invalid::unless(finite_not_negative(decay), "optimizer.weight_decay", decay, "a number of at least 0")?;
        let epsilon = optimizer.epsilon;
        Invalid::unless(finite_positive(epsilon), "optimizer.epsilon", epsilon, "a number greater than 0")?;

        let warmup = schedule.warmup_epochs;
        Invalid::unless(finite_not_negative(warmup), "schedule.warmup_epochs", warmup, "a number of at least 0")?;
        for (key, value) in [
            ("schedule.final_fraction", schedule.final_fraction),
            ("schedule.initial_fraction", schedule.initial_fraction),
        ] {
            Invalid::unless((0.0..=1.0).contains(&value), key, value, "a number in [0, 1]")?;
        }
        let rise = schedule.rise_fraction;
        Invalid::unless((0.0..1.0).contains(&rise), "schedule.rise_fraction", rise, "a number in [0, 1)")?;
        Invalid::unless(schedule.step_epochs > 0, "schedule.step_epochs", schedule.step_epochs, "at least 1")?;
        let factor = schedule.step_factor;
        let allowed = factor > 0.0 && factor <= 1.0;
        Invalid::unless(allowed, "schedule.step_factor", factor, "a number in (0, 1]")?;

        Invalid::unless(training.batch_size > 0, "training.batch_size", training.batch_size, "at least 1")?;
        let rate = training.learning_rate;
        Invalid::unless(finite_positive(rate), "training.learning_rate", rate, "a finite number greater than 0")?;
        // TOML's whole numbers are signed.
        let seed = training.seed;
        Invalid::unless(i64::try_from(seed).is_ok(), "training.seed", seed, "a number below 2^63")?;
        let clip = training.gradient_clip;
        Invalid::unless(finite_not_negative(clip), "training.gradient_clip", clip, "a number of at least 0")?;

        let fraction = self.validation.fraction;
        Invalid::unless((0.0..1.0).contains(&fraction), "validation.fraction", fraction, "a number in [0, 1)")?;
        let watched = self.validation.patience == 0 || fraction > 0.0;
        let patience = self.validation.patience;
        Invalid::unless(watched, "validation.patience", patience, "0 while validation.fraction is 0")
    }
}
