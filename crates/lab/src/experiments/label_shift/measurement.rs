//! What is measured with one seed.

use serde::{Deserialize, Serialize};

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    /// Names of the classes.
    pub(super) classes: Vec<String>,
    /// Share of each class in the target.
    pub(super) truth: Vec<f64>,
    /// Share of each class in the training images.
    pub(super) source: Vec<f64>,
    /// Shares in the target as estimated by the confusion matrix.
    pub(super) by_confusion: Vec<f64>,
    /// Shares in the target as estimated by expectation-maximization.
    pub(super) by_maximization: Vec<f64>,
    /// For each predicted class: the fraction of the validation images of each true class for which it is predicted.
    pub(super) confusion: Vec<Vec<f64>>,
    /// Condition number of that matrix.
    pub(super) condition_number: f64,
    /// Whether the confusion matrix of an untrained network is refused.
    pub(super) singular_reported: bool,
    /// Accuracy on the target of a network trained without weights.
    pub(super) unweighted: f64,
    /// That of one trained with weights.
    pub(super) weighted: f64,
    /// That of the first one with its probabilities adjusted.
    pub(super) adjusted: f64,
}
