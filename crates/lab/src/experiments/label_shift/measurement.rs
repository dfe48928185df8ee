//! What is measured with one seed.

use serde::{Deserialize, Serialize};

use super::estimates::{Errors, Estimates};

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    /// Names of the classes.
    pub(super) classes: Vec<String>,
    /// Where all conditions hold.
    pub(super) valid: Estimates,
    /// For each predicted class: the fraction of the validation images of each true class for which it is predicted, in
    /// thousandths.
    pub(super) confusion: Vec<Vec<f64>>,
    /// Whether the confusion matrix of an untrained network is refused.
    pub(super) singular_reported: bool,
    /// Accuracy on the target.
    pub(super) accuracies: Accuracies,
    /// Where there is no shift.
    pub(super) control: Control,
    /// By classifiers that are too weak, in the mean.
    pub(super) weak: Errors,
    /// Where the target has a class of which the source has no image; shares of the other classes.
    pub(super) new_class: Estimates,
    /// Where `P(x given y)` is another, for each amount of noise.
    pub(super) changed: Vec<Errors>,
}

/// Accuracy on the target.
#[derive(Serialize, Deserialize)]
pub(super) struct Accuracies {
    /// Of a network trained without weights.
    pub(super) unweighted: f64,
    /// That of one trained with weights.
    pub(super) weighted: f64,
    /// That of the first one with its probabilities adjusted.
    pub(super) adjusted: f64,
}

/// What is measured where the target is all test images, in which each class has the share it has in the source.
#[derive(Serialize, Deserialize)]
pub(super) struct Control {
    /// Largest distance of an estimated weight from the 1 that it should be.
    pub(super) largest_distance: f64,
    /// Accuracy of a network trained without weights.
    pub(super) unweighted: f64,
    /// That of one trained with weights.
    pub(super) weighted: f64,
}
