//! Keys of the optimizer and of the learning rate over time.

use serde::{Deserialize, Serialize};

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
