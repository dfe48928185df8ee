//! Configuration of a training run: every key with its default and range.

mod model;

use burn_fashion_mnist::Normalization;
use burn_mlp::{CrossEntropy, Probability};
use burn_mlp_train::{EarlyStopping, TrainerConfig, Watched, range};
use serde::{Deserialize, Serialize};

use crate::{Invalid, Layered};

pub use burn_mlp_train::{OptimizerConfig, OptimizerKind, ScheduleConfig, ScheduleKind};
pub use model::{DEEPEST_NETWORK, InitConfig, InitKind, LARGEST_NETWORK, ModelConfig};

/// Configuration of a training run. The defaults are the chapter's network with dropout.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The data and its normalization.
    pub data: DataConfig,
    /// The network.
    pub model: ModelConfig,
    /// The rule that turns gradients into steps.
    pub optimizer: OptimizerConfig,
    /// The learning rate over time.
    pub schedule: ScheduleConfig,
    /// The training loop.
    pub training: TrainingConfig,
    /// The validation split and early stopping.
    pub validation: ValidationConfig,
}

/// The data and its normalization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// `auto`, `sample`, or a folder of IDX files; not empty.
    pub source: String,
    /// Whether the files must be the published Fashion-MNIST; `false` for your own data.
    pub verify: bool,
    /// Mean in the normalization of a pixel, `(value / 255 - mean) / std`.
    #[serde(deserialize_with = "range::finite_single")]
    pub mean: f32,
    /// Standard deviation in the normalization of a pixel, `(value / 255 - mean) / std`; greater than 0.
    #[serde(deserialize_with = "range::positive_single")]
    pub std: f32,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self { source: "auto".into(), verify: true, mean: 0.0, std: 1.0 }
    }
}

impl DataConfig {
    /// The normalization of pixels.
    pub fn normalization(&self) -> Normalization {
        Normalization { mean: self.mean, std: self.std }
    }
}

/// The training loop.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingConfig {
    /// Passes over the training set; 0 evaluates the initial model.
    pub epochs: usize,
    /// Examples in each step, at least 1.
    #[serde(deserialize_with = "range::at_least_one")]
    pub batch_size: usize,
    /// Peak learning rate, greater than 0.
    #[serde(deserialize_with = "range::positive")]
    pub learning_rate: f64,
    /// Seed of initial weights, batches, dropout masks and splits.
    #[serde(deserialize_with = "range::seed")]
    pub seed: u64,
    /// Fraction of the target probability spread evenly over all classes.
    pub label_smoothing: Probability,
    /// Largest global norm of the gradient; 0 for no limit.
    #[serde(deserialize_with = "range::not_negative")]
    pub gradient_clip: f64,
    /// Steps between two checkpoints within an epoch; 0 for checkpoints at the end of each epoch only.
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

/// The validation split and early stopping.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidationConfig {
    /// Fraction of the training set held out for validation, stratified by class, in `[0, 1)`; 0 for none.
    #[serde(deserialize_with = "range::below_one")]
    pub fraction: f64,
    /// Number of folds of cross-validation; 0 for none. The run holds out one of them instead of a fraction.
    pub folds: usize,
    /// Which fold is held out, counted from 0.
    pub fold: usize,
    /// Metric that decides which epoch is best: `loss` or `accuracy`.
    pub metric: Watched,
    /// Epochs without improvement after which training stops; 0 for never.
    pub patience: usize,
    /// Whether the model kept at the end is the best one on the validation split instead of the last one.
    pub restore_best: bool,
}

impl Default for ValidationConfig {
    fn default() -> Self {
        Self { fraction: 0.0, folds: 0, fold: 0, metric: Watched::Loss, patience: 0, restore_best: true }
    }
}

impl Config {
    /// The configuration of the training loop.
    pub fn trainer(&self) -> TrainerConfig {
        let TrainingConfig { epochs, batch_size, learning_rate, seed, gradient_clip, .. } = self.training;
        let (optimizer, schedule) = (self.optimizer, self.schedule);
        TrainerConfig { epochs, batch_size, learning_rate, seed, gradient_clip, optimizer, schedule }
    }

    /// The loss of the training examples.
    pub fn loss(&self) -> CrossEntropy {
        CrossEntropy::default().with_label_smoothing(self.training.label_smoothing)
    }
}

impl ValidationConfig {
    /// Whether any training examples are held out.
    pub fn holds_out(&self) -> bool {
        self.fraction > 0.0 || self.folds > 0
    }

    fn validate(&self) -> Result<(), Invalid> {
        let Self { fraction, folds, fold, patience, .. } = *self;
        Invalid::unless(folds != 1, "validation.folds", folds, "0, or at least 2")?;
        let expected = format!("a fold from 0 to {}, of validation.folds = {folds}", folds.saturating_sub(1));
        Invalid::unless(fold < folds.max(1), "validation.fold", fold, &expected)?;
        let one = fraction == 0.0 || folds == 0;
        Invalid::unless(one, "validation.fraction", fraction, "0 while validation.folds is not")?;
        let watched = patience == 0 || self.holds_out();
        let expected = "0 while validation.fraction and validation.folds are 0";
        Invalid::unless(watched, "validation.patience", patience, expected)
    }

    /// The configuration of early stopping.
    pub fn early_stopping(&self) -> EarlyStopping {
        EarlyStopping { watched: self.metric, patience: self.patience, restore_best: self.restore_best }
    }
}

impl Layered for Config {
    fn validate(&self) -> Result<(), Invalid> {
        let source = &self.data.source;
        Invalid::unless(!source.is_empty(), "data.source", source, "auto, sample, or a folder of IDX files")?;
        self.model.validate()?;
        self.data.validate()?;
        self.training.validate(&self.model)?;
        let OptimizerConfig { kind, momentum, nesterov, .. } = self.optimizer;
        let moves = !nesterov || momentum > 0.0 || kind != OptimizerKind::Sgd;
        Invalid::unless(moves, "optimizer.nesterov", nesterov, "false while optimizer.momentum is 0")?;
        let ScheduleConfig { kind, warmup_epochs, .. } = self.schedule;
        let epochs = self.training.epochs;
        let warm = epochs == 0 || kind == ScheduleKind::OneCycle || warmup_epochs <= epochs as f64;
        let expected = format!("at most training.epochs = {epochs}, or the rate never reaches training.learning_rate");
        Invalid::unless(warm, "schedule.warmup_epochs", warmup_epochs, &expected)?;
        self.validation.validate()
    }
}

impl DataConfig {
    /// Refuses a normalization after which pixels are not finite, or black and white are the same.
    fn validate(&self) -> Result<(), Invalid> {
        let [black, white] = [0, u8::MAX].map(|value| self.normalization().apply(value));
        let seen = (white - black).is_normal();
        let expected = format!(
            "a normalization that tells black from white; with data.std = {:?} they are {black:?} and {white:?}",
            self.std
        );
        Invalid::unless(seen, "data.mean", self.mean, &expected)
    }
}

impl TrainingConfig {
    fn validate(&self, model: &ModelConfig) -> Result<(), Invalid> {
        let normalizes = model.batch_norm && !model.hidden.is_empty();
        let enough = self.batch_size > 1 || !normalizes;
        Invalid::unless(enough, "training.batch_size", self.batch_size, "at least 2 while model.batch_norm is true")?;
        let smoothing = self.label_smoothing;
        let expected = "less than 1, at which all classes are equal";
        Invalid::unless(!is_one(smoothing), "training.label_smoothing", smoothing.get(), expected)
    }
}

/// Whether a probability is 1 in single precision.
fn is_one(probability: Probability) -> bool {
    probability.get() as f32 >= 1.0
}
