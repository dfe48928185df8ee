//! What is measured with one seed.

use serde::{Deserialize, Serialize};

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    pub(super) brighter: Case,
    pub(super) extremes: Case,
    pub(super) drawings: Case,
    pub(super) none: Case,
}

/// What is measured of one shift.
#[derive(Serialize, Deserialize)]
pub(super) struct Case {
    /// By a logistic regression.
    pub(super) linear: Estimated,
    /// By a classifier with a hidden layer, where one is tried.
    pub(super) hidden: Option<Estimated>,
    /// Accuracy on target test images of a network trained on source images without weights.
    pub(super) unweighted: f64,
    /// That of one trained with the true weights, where there are any.
    pub(super) true_weights: Option<f64>,
    /// That of one trained on target images with their labels, for drawings.
    pub(super) target_labels: Option<f64>,
    /// True and estimated `ln β` of some source images, where there is a true one.
    pub(super) ratios: Vec<(f64, f64)>,
}

/// Estimated weights.
#[derive(Serialize, Deserialize)]
pub(super) struct Estimated {
    /// Slope of the estimated on the true `ln β` over the source images.
    pub(super) slope: Option<f64>,
    /// Mean over the source images. That of `p(x)/q(x)` is 1, wherever the source has all that the target has.
    pub(super) mean_weight: f64,
    /// Effective sample size `(Σβ)²/Σβ²`, as a part of the source images.
    pub(super) effective: f64,
    /// Accuracy of the domain classifier on held-out images.
    pub(super) domain_accuracy: f64,
    /// Accuracy on target test images of a network trained with the weights.
    pub(super) accuracy: f64,
}
