//! Class distribution of an unlabelled target sample, from the confusion matrix of a classifier.

use serde::{Deserialize, Serialize};

use super::ImportanceError;
use super::singular::SingularValues;
use crate::{ConfusionMatrix, Labels, Values, checks};

/// The estimated class distribution of an unlabelled target sample, and the importance weights that adapt a classifier
/// trained on a source sample to it.
///
/// Assumes label shift: `P(x | y)` is the same in source and target, only `P(y)` differs.
///
/// There are two estimators. [`from_confusion`](Self::from_confusion) needs only predicted classes and no calibration:
/// use it when in doubt. [`from_probabilities`](Self::from_probabilities) uses the predicted probabilities, and is more
/// precise if they are calibrated for each class (Alexandari, Kundaje and Shrikumar 2020). A single
/// [`Temperature`](crate::Temperature) does not correct a classifier that favors a class.
///
/// To train for the target, multiply the losses of source examples of class `y` by `weights[y]`. To correct an already
/// trained classifier, [`adjust`](Self::adjust) its output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LabelShift {
    /// Estimated class distribution of the target, `[classes]`; sums to 1.
    pub target: Vec<f64>,
    /// Importance weights `P_target(y)/P_source(y)`, `[classes]`.
    pub weights: Vec<f64>,
    /// The estimator, with diagnostics of how far to trust the estimate.
    pub method: ShiftMethod,
}

/// How a [`LabelShift`] was estimated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ShiftMethod {
    /// From the confusion matrix.
    ConfusionMatrix {
        /// Condition number of the matrix, at least 1: the largest factor by which sampling error in the predictions is
        /// amplified.
        condition_number: f64,
        /// Absolute sum of the negative entries that were set to 0. If it is not small compared to 1, there are too few
        /// examples or the shift is not a label shift.
        clipped: f64,
    },
    /// By expectation-maximization.
    ExpectationMaximization {
        /// Number of iterations.
        iterations: usize,
        /// Whether the last iteration changed no entry by more than [`LabelShift::TOLERANCE`].
        converged: bool,
    },
}

impl LabelShift {
    /// The largest condition number that [`from_confusion`](Self::from_confusion) accepts. With 10,000 target examples
    /// the predictions have a sampling error of about 0.01: amplified a hundred times, it makes the estimate useless.
    pub const MAX_CONDITION_NUMBER: f64 = 100.0;
    /// Convergence threshold of [`from_probabilities`](Self::from_probabilities): the largest change of an entry.
    pub const TOLERANCE: f64 = 1e-9;
    /// Largest number of iterations of [`from_probabilities`](Self::from_probabilities).
    pub const MAX_ITERATIONS: usize = 10_000;

    /// Black-box shift estimation (Lipton, Wang and Smola 2018): solves `C·p = μ` for the class distribution `p` of the
    /// target.
    ///
    /// `C` is `P(predicted | actual)` (rows: predicted, columns: actual) on labelled source examples that the
    /// classifier was not trained on. `μ` is the distribution of its predictions on the target. Sampling error can make
    /// entries of `p` negative: they are set to 0, the others are scaled to sum to 1, and [`ShiftMethod`] reports the
    /// clipped mass.
    ///
    /// # Errors
    ///
    /// If there is no target prediction or one is out of range, a class does not occur in the source, or the condition
    /// number of `C` in the 2-norm exceeds [`MAX_CONDITION_NUMBER`](Self::MAX_CONDITION_NUMBER), so that sampling error
    /// would dominate the result. [`from_confusion_within`](Self::from_confusion_within) takes another limit.
    ///
    /// # Examples
    ///
    /// The classifier recognizes 3/4 of class 0 and all of class 1. It predicts class 0 for 3 of 8 target examples, so
    /// half of them are of class 0:
    ///
    /// ```
    /// use mlp_metrics::{ConfusionMatrix, LabelShift};
    ///
    /// let source = ConfusionMatrix::from_labels(&[0, 0, 0, 1, 1_u8], &[0, 0, 0, 0, 1_u8], 2)?;
    /// let shift = LabelShift::from_confusion(&source, &[0, 0, 0, 1, 1, 1, 1, 1_u8])?;
    /// assert!((shift.target[0] - 0.5).abs() < 1e-12);
    /// assert!((shift.weights[0] - 0.5 / 0.8).abs() < 1e-12);
    /// assert!((shift.weights[1] - 0.5 / 0.2).abs() < 1e-12);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_confusion(source: &ConfusionMatrix, target_predictions: impl Labels) -> Result<Self, ImportanceError> {
        Self::from_confusion_within(source, target_predictions, Self::MAX_CONDITION_NUMBER)
    }

    /// [`from_confusion`](Self::from_confusion) with another limit on the condition number.
    ///
    /// # Errors
    ///
    /// As for [`from_confusion`](Self::from_confusion), with `limit` instead of
    /// [`MAX_CONDITION_NUMBER`](Self::MAX_CONDITION_NUMBER).
    ///
    /// # Examples
    ///
    /// A classifier that guesses predicts class 0 for half of each class. No finite limit accepts its matrix:
    ///
    /// ```
    /// use mlp_metrics::{ConfusionMatrix, ImportanceError, LabelShift};
    ///
    /// let source = ConfusionMatrix::from_labels(&[0, 1, 0, 1_u8], &[0, 0, 1, 1_u8], 2)?;
    /// let refused = LabelShift::from_confusion_within(&source, &[0, 1_u8], 1e6);
    /// assert!(matches!(refused, Err(ImportanceError::NearSingular { limit: 1e6, .. })));
    /// # Ok::<(), mlp_metrics::MetricsError>(())
    /// ```
    pub fn from_confusion_within(
        source: &ConfusionMatrix,
        target_predictions: impl Labels,
        limit: f64,
    ) -> Result<Self, ImportanceError> {
        let classes = source.classes();
        let predicted = shares(target_predictions, classes)?;
        let prior = source.actual_share();
        if let Some(class) = prior.iter().position(|&share| share == 0.0) {
            return Err(ImportanceError::MissingClass { class });
        }
        let column = |actual| (0..classes).map(|predicted| source.fraction(predicted, actual)).collect();
        let confusion = SingularValues::of((0..classes).map(column).collect());
        let condition_number = confusion.condition_number();
        // Not `>`: a limit of NaN has to reject everything.
        let invertible = condition_number <= limit;
        if !invertible {
            return Err(ImportanceError::NearSingular { condition_number, limit });
        }
        let mut target = confusion.solve(&predicted);
        let mut clipped = 0.0;
        for share in target.iter_mut().filter(|share| **share < 0.0) {
            clipped -= *share;
            *share = 0.0;
        }
        // Every column of C sums to 1, and so does μ. Hence the solution sums to 1, and its positive entries to at
        // least 1.
        let sum: f64 = target.iter().sum();
        target.iter_mut().for_each(|share| *share /= sum);
        Ok(Self::new(&prior, target, ShiftMethod::ConfusionMatrix { condition_number, clipped }))
    }

    pub(super) fn new(prior: &[f64], target: Vec<f64>, method: ShiftMethod) -> Self {
        Self { weights: quotients(&target, prior), target, method }
    }

    /// Adapts the class probabilities of a source classifier to the target: `P(y | x)·weights[y]`, scaled to sum to 1.
    ///
    /// A row with zero probability for every class of the target becomes [`target`](Self::target).
    ///
    /// # Shapes
    ///
    /// - `probabilities`: `[examples, classes]`, row by row; each row sums to 1
    /// - output: the same
    ///
    /// # Errors
    ///
    /// If the number of probabilities is not a multiple of the number of classes, a probability is negative or not
    /// finite, or a row does not sum to 1 within 10⁻³.
    ///
    /// # Examples
    ///
    /// ```
    /// use mlp_metrics::LabelShift;
    ///
    /// let shift = LabelShift::from_probabilities(&[0.5, 0.5], &[1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0])?;
    /// assert_eq!(shift.adjust(&[0.5, 0.5])?, [0.25, 0.75]);
    /// assert_eq!(shift.adjust(&[0.75, 0.25])?, [0.5, 0.5]);
    /// # Ok::<(), mlp_metrics::ImportanceError>(())
    /// ```
    pub fn adjust(&self, probabilities: impl Values) -> Result<Vec<f64>, ImportanceError> {
        let (probabilities, classes) = (probabilities.values(), self.weights.len());
        checks::distributions(&probabilities, classes)?;
        let mut adjusted = Vec::with_capacity(probabilities.len());
        for row in probabilities.chunks_exact(classes) {
            let mass = mass(&self.weights, row);
            if mass > 0.0 {
                adjusted.extend(products(&self.weights, row).map(|product| product / mass));
            } else {
                adjusted.extend_from_slice(&self.target);
            }
        }
        Ok(adjusted)
    }
}

pub(super) fn products(weights: &[f64], row: &[f64]) -> impl Iterator<Item = f64> {
    weights.iter().zip(row).map(|(weight, probability)| weight * probability)
}

pub(super) fn mass(weights: &[f64], row: &[f64]) -> f64 {
    products(weights, row).sum()
}

pub(super) fn quotients(target: &[f64], prior: &[f64]) -> Vec<f64> {
    target.iter().zip(prior).map(|(target, prior)| target / prior).collect()
}

fn shares(predictions: impl Labels, classes: usize) -> Result<Vec<f64>, ImportanceError> {
    let predictions = checks::class_indices("prediction", predictions, classes)?;
    checks::not_empty("target prediction", predictions.len())?;
    let mut counts = vec![0.0; classes];
    predictions.iter().for_each(|&class| counts[class] += 1.0);
    counts.iter_mut().for_each(|count| *count /= predictions.len() as f64);
    Ok(counts)
}

#[cfg(test)]
mod tests;
