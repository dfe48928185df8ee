//! Configuration of an optimizer.

use serde::{Deserialize, Serialize};

use crate::range;

/// Name of an optimizer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptimizerKind {
    /// Stochastic gradient descent, with momentum if it is not 0.
    #[default]
    Sgd,
    /// Adam, with weight decay as an L2 penalty in the gradient.
    Adam,
    /// Adam with decoupled weight decay.
    Adamw,
}

/// The rule that turns gradients into steps. Weight decay applies to weight matrices only, never to biases, the scales
/// of batch normalization or learned slopes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerConfig {
    /// `sgd`, `adam` or `adamw`.
    pub kind: OptimizerKind,
    /// Momentum of SGD in `[0, 1)`, without dampening.
    #[serde(deserialize_with = "range::below_one")]
    pub momentum: f64,
    /// Whether SGD uses Nesterov momentum.
    pub nesterov: bool,
    /// Weight decay λ, at least 0.
    #[serde(deserialize_with = "range::not_negative")]
    pub weight_decay: f64,
    /// Adam's β₁, the decay rate of its mean of gradients, in `[0, 1)`.
    #[serde(deserialize_with = "range::below_one")]
    pub beta1: f64,
    /// Adam's β₂, the decay rate of its mean of squared gradients, in `[0, 1)`.
    #[serde(deserialize_with = "range::below_one")]
    pub beta2: f64,
    /// Adam's ε, which prevents division by zero; greater than 0.
    #[serde(deserialize_with = "range::positive")]
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
