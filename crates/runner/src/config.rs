//! What a training run is configured by: every key with its default and range.

use burn_fashion_mnist::Normalization;
use burn_mlp::{Activation, FanMode, Init, LayerInit, MlpConfig, Probability};
use serde::{Deserialize, Serialize};

use crate::settings::{Invalid, Layered};

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

/// The network between the images and the classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
    /// Probability of zeroing a unit, one for each hidden layer; empty for none.
    pub dropout: Vec<Probability>,
    /// Probability of zeroing a pixel.
    pub input_dropout: Probability,
    /// `relu`, `parametric-relu`, `sigmoid`, `tanh`, `rescaled-sigmoid` or `silu`.
    pub activation: Activation,
    /// Whether hidden layers are normalized over the batch.
    pub batch_norm: bool,
    /// Initial weights; biases start at zero except for `torch`.
    pub init: InitConfig,
}

impl Default for ModelConfig {
    fn default() -> Self {
        let probability = |value| Probability::new(value).unwrap_or_default();
        Self {
            hidden: vec![256, 256],
            dropout: vec![probability(0.2), probability(0.5)],
            input_dropout: Probability::ZERO,
            activation: Activation::Relu,
            batch_norm: false,
            init: InitConfig::default(),
        }
    }
}

impl ModelConfig {
    /// The network for images of `d_input` pixels and `classes` classes.
    pub fn mlp(&self, d_input: usize, classes: usize, seed: u64) -> MlpConfig {
        MlpConfig::new(d_input, self.hidden.clone(), classes)
            .with_dropout(self.dropout.clone())
            .with_input_dropout(self.input_dropout)
            .with_activation(self.activation)
            .with_batch_norm(self.batch_norm)
            .with_init(self.init.layer_init())
            .with_seed(seed)
    }
}

/// Name of an initialization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InitKind {
    /// Uniform with variance `2·gain²/(fan_in + fan_out)`.
    #[default]
    XavierUniform,
    /// Normal with variance `2·gain²/(fan_in + fan_out)`.
    XavierNormal,
    /// Uniform with variance `gain²/fan`.
    KaimingUniform,
    /// Normal with variance `gain²/fan`.
    KaimingNormal,
    /// `N(0, std²)`.
    Normal,
    /// The same value in every weight.
    Constant,
    /// PyTorch's default: weight and bias uniform on `±1/√fan_in`.
    Torch,
}

/// Initial weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InitConfig {
    /// Which distribution.
    pub kind: InitKind,
    /// Factor on the standard deviation of Xavier and Kaiming, greater than 0.
    pub gain: f64,
    /// The fan Kaiming divides by: `fan-in` or `fan-out`.
    pub fan_mode: FanMode,
    /// Standard deviation of `normal`, at least 0.
    pub std: f64,
    /// Value of `constant`.
    pub value: f64,
}

impl Default for InitConfig {
    fn default() -> Self {
        Self { kind: InitKind::default(), gain: 1.0, fan_mode: FanMode::FanIn, std: 0.01, value: 0.0 }
    }
}

impl InitConfig {
    /// The initialization of weights and biases.
    pub fn layer_init(&self) -> LayerInit {
        let (gain, mode) = (self.gain, self.fan_mode);
        LayerInit::weight(match self.kind {
            InitKind::XavierUniform => Init::XavierUniform { gain },
            InitKind::XavierNormal => Init::XavierNormal { gain },
            InitKind::KaimingUniform => Init::KaimingUniform { gain, mode },
            InitKind::KaimingNormal => Init::KaimingNormal { gain, mode },
            InitKind::Normal => Init::Normal { mean: 0.0, std: self.std },
            InitKind::Constant => Init::Constant { value: self.value },
            InitKind::Torch => return LayerInit::torch(),
        })
    }
}

/// Name of an optimizer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptimizerKind {
    /// Stochastic gradient descent, with momentum where it is not 0.
    #[default]
    Sgd,
    /// Adam; weight decay is a penalty added to the gradient.
    Adam,
    /// Adam with decoupled weight decay.
    Adamw,
}

/// The rule that turns gradients into steps. Weight decay acts on weight matrices only, never on biases, the scales
/// of batch normalization or learned slopes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerConfig {
    /// `sgd`, `adam` or `adamw`.
    pub kind: OptimizerKind,
    /// Momentum of SGD in `[0, 1)`, without dampening.
    pub momentum: f64,
    /// Nesterov's form of momentum.
    pub nesterov: bool,
    /// Penalty λ on the weights, at least 0.
    pub weight_decay: f64,
    /// Decay of Adam's mean of gradients, in `[0, 1)`.
    pub beta1: f64,
    /// Decay of Adam's mean of squared gradients, in `[0, 1)`.
    pub beta2: f64,
    /// Adam's guard against division by zero, greater than 0.
    pub epsilon: f64,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            kind: OptimizerKind::Sgd,
            momentum: 0.0,
            nesterov: false,
            weight_decay: 0.0,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
        }
    }
}

/// Name of a learning-rate schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleKind {
    /// The same rate throughout.
    #[default]
    Constant,
    /// Half a cosine from the rate down to `final_fraction` of it.
    Cosine,
    /// Up by half a cosine from `initial_fraction` during `rise_fraction` of the run, then down (Smith 2018).
    OneCycle,
    /// Times `step_factor` every `step_epochs`.
    Step,
}

/// The learning rate over time; `training.learning_rate` is its peak.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleConfig {
    /// `constant`, `cosine`, `one-cycle` or `step`.
    pub kind: ScheduleKind,
    /// Epochs over which the rate first rises linearly from 0; not for `one-cycle`, which rises by itself.
    pub warmup_epochs: f64,
    /// Last rate of `cosine` and `one-cycle` as a fraction of the peak, in `[0, 1]`.
    pub final_fraction: f64,
    /// First rate of `one-cycle` as a fraction of the peak, in `[0, 1]`.
    pub initial_fraction: f64,
    /// Part of the run in which `one-cycle` rises, in `[0, 1)`.
    pub rise_fraction: f64,
    /// Epochs between two reductions of `step`, at least 1.
    pub step_epochs: usize,
    /// Factor of each reduction of `step`, in `(0, 1]`.
    pub step_factor: f64,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self {
            kind: ScheduleKind::Constant,
            warmup_epochs: 0.0,
            final_fraction: 0.0,
            initial_fraction: 0.04,
            rise_fraction: 0.3,
            step_epochs: 10,
            step_factor: 0.1,
        }
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
