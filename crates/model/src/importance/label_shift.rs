//! How often each class occurs where no labels are known.

use alloc::vec;
use alloc::vec::Vec;

use super::ImportanceError;
use super::singular::SingularValues;
use crate::ConfusionMatrix;

/// The distribution of the labels in a target sample without labels, and the weights that adapt to it what was
/// learned on a source sample.
///
/// Assumes label shift: `P(x | y)` is the same in source and target, only `P(y)` differs.
///
/// Two estimators: [`from_confusion`](Self::from_confusion) needs hard predictions only, and a classifier however badly
/// calibrated: the one to take when in doubt. [`from_probabilities`](Self::from_probabilities) uses more of what the
/// classifier says, and is the more precise one where that can be believed class by class (Alexandari, Kundaje and
/// Shrikumar 2020). One [`Temperature`](crate::Temperature) does not mend a classifier that favors a class.
///
/// Multiply the losses of source examples of class `y` by `weights[y]` to train for the target, or
/// [`adjust`](Self::adjust) the output of a classifier trained already.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LabelShift {
    /// Estimated share of each class in the target, `[classes]`; sums to 1.
    pub target: Vec<f64>,
    /// Share in the target over share in the source, `[classes]`.
    pub weights: Vec<f64>,
    /// How the estimate was made, and how far it is to be trusted.
    pub method: ShiftMethod,
}

/// How a [`LabelShift`] was estimated.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ShiftMethod {
    /// By the confusion matrix.
    ConfusionMatrix {
        /// Ratio of the largest singular value of the matrix to its smallest, at least 1: how far sampling error in the
        /// predictions may be enlarged.
        condition_number: f64,
        /// Sum of the negative shares that were set to 0. What is not small beside 1 speaks of too few examples, or
        /// against label shift.
        clipped: f64,
    },
    /// By expectation-maximization.
    ExpectationMaximization {
        /// Steps taken.
        iterations: usize,
        /// Whether the last step changed no share by more than [`LabelShift::TOLERANCE`].
        converged: bool,
    },
}

impl LabelShift {
    /// The largest condition number [`from_confusion`](Self::from_confusion) accepts. At 10,000 target examples the
    /// predictions have a sampling error of about 0.01: enlarged a hundred times, nothing is left of the estimate.
    pub const MAX_CONDITION_NUMBER: f64 = 100.0;
    /// Largest change of a share in the last step of [`from_probabilities`](Self::from_probabilities).
    pub const TOLERANCE: f64 = 1e-9;
    /// Most steps of [`from_probabilities`](Self::from_probabilities).
    pub const MAX_ITERATIONS: usize = 10_000;

    /// Black-box shift estimation (Lipton, Wang and Smola 2018): solves `C·p = μ` for the shares `p` of the target.
    ///
    /// `C` is `P(predicted | actual)` on labeled source examples (row: predicted, column: actual) that the classifier
    /// was not trained on, `μ` the shares of its predictions on the target. Sampling error can make shares negative:
    /// they are set to 0, the others scaled to sum to 1, and [`ShiftMethod`] says how much that was.
    ///
    /// # Errors
    ///
    /// There is no target prediction or one is out of range, a class does not occur in the source, or the condition
    /// number of `C` in the 2-norm exceeds [`MAX_CONDITION_NUMBER`](Self::MAX_CONDITION_NUMBER): a small sample
    /// would then decide the result. [`from_confusion_within`](Self::from_confusion_within) takes another limit.
    ///
    /// # Examples
    ///
    /// Of class 0 the classifier recognizes 3/4, of class 1 all. It calls 3 of 8 target examples 0: half of them are.
    ///
    /// ```
    /// use burn_mlp::{ConfusionMatrix, LabelShift};
    ///
    /// let source = ConfusionMatrix::from_labels(&[0, 0, 0, 1, 1_u8], &[0, 0, 0, 0, 1_u8], 2)?;
    /// let shift = LabelShift::from_confusion(&source, &[0, 0, 0, 1, 1, 1, 1, 1_u8])?;
    /// assert!((shift.target[0] - 0.5).abs() < 1e-12);
    /// assert!((shift.weights[0] - 0.5 / 0.8).abs() < 1e-12);
    /// assert!((shift.weights[1] - 0.5 / 0.2).abs() < 1e-12);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_confusion<P: Copy + Into<usize>>(
        source: &ConfusionMatrix,
        target_predictions: &[P],
    ) -> Result<Self, ImportanceError> {
        Self::from_confusion_within(source, target_predictions, Self::MAX_CONDITION_NUMBER)
    }

    /// [`from_confusion`](Self::from_confusion) with another limit of the condition number.
    ///
    /// # Errors
    ///
    /// As there, with `limit` instead.
    ///
    /// # Examples
    ///
    /// A classifier that guesses: half of each class is called 0, and no limit below infinity accepts that.
    ///
    /// ```
    /// use burn_mlp::{ConfusionMatrix, ImportanceError, LabelShift};
    ///
    /// let source = ConfusionMatrix::from_labels(&[0, 1, 0, 1_u8], &[0, 0, 1, 1_u8], 2)?;
    /// let refused = LabelShift::from_confusion_within(&source, &[0, 1_u8], 1e6);
    /// assert!(matches!(refused, Err(ImportanceError::NearSingular { limit: 1e6, .. })));
    /// # Ok::<(), burn_mlp::MetricsError>(())
    /// ```
    pub fn from_confusion_within<P: Copy + Into<usize>>(
        source: &ConfusionMatrix,
        target_predictions: &[P],
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
        // So that a limit of NaN accepts nothing.
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
        // Every column of C sums to 1, and so does μ: the solution as well, and its positive part to at least 1.
        let sum: f64 = target.iter().sum();
        target.iter_mut().for_each(|share| *share /= sum);
        Ok(Self::new(&prior, target, ShiftMethod::ConfusionMatrix { condition_number, clipped }))
    }

    pub(super) fn new(prior: &[f64], target: Vec<f64>, method: ShiftMethod) -> Self {
        Self { weights: quotients(&target, prior), target, method }
    }

    /// The probabilities a classifier of the source should give in the target: `P(y | x)·weights[y]`, scaled to sum to 1.
    ///
    /// A row that leaves no probability to any class of the target becomes [`target`](Self::target): its prediction
    /// says only what is impossible.
    ///
    /// # Shapes
    ///
    /// - `probabilities`: `[examples, classes]`, row by row
    /// - output: the same
    ///
    /// # Panics
    ///
    /// If `probabilities` does not divide into rows of one a class.
    ///
    /// # Examples
    ///
    /// ```
    /// use burn_mlp::LabelShift;
    ///
    /// let shift = LabelShift::from_probabilities(&[0.5, 0.5], &[1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0])?;
    /// assert_eq!(shift.adjust(&[0.5, 0.5]), [0.25, 0.75]);
    /// assert_eq!(shift.adjust(&[0.75, 0.25]), [0.5, 0.5]);
    /// # Ok::<(), burn_mlp::ImportanceError>(())
    /// ```
    #[must_use]
    pub fn adjust<P: Copy + Into<f64>>(&self, probabilities: &[P]) -> Vec<f64> {
        let classes = self.weights.len();
        let rest = probabilities.len() % classes;
        assert_eq!(rest, 0, "{} probabilities are not rows of {classes} classes", probabilities.len());
        let mut adjusted = Vec::with_capacity(probabilities.len());
        for row in probabilities.chunks_exact(classes) {
            let mass = mass(&self.weights, row);
            if mass > 0.0 {
                adjusted.extend(products(&self.weights, row).map(|product| product / mass));
            } else {
                adjusted.extend_from_slice(&self.target);
            }
        }
        adjusted
    }
}

pub(super) fn products<P: Copy + Into<f64>>(weights: &[f64], row: &[P]) -> impl Iterator<Item = f64> {
    weights.iter().zip(row).map(|(weight, &probability)| weight * probability.into())
}

pub(super) fn mass<P: Copy + Into<f64>>(weights: &[f64], row: &[P]) -> f64 {
    products(weights, row).sum()
}

pub(super) fn quotients(target: &[f64], prior: &[f64]) -> Vec<f64> {
    target.iter().zip(prior).map(|(target, prior)| target / prior).collect()
}

fn shares<P: Copy + Into<usize>>(predictions: &[P], classes: usize) -> Result<Vec<f64>, ImportanceError> {
    if predictions.is_empty() {
        return Err(ImportanceError::Empty { name: "target prediction" });
    }
    let mut counts = vec![0.0; classes];
    for (index, &prediction) in predictions.iter().enumerate() {
        let found = prediction.into();
        *counts.get_mut(found).ok_or(ImportanceError::Label { index, found, classes })? += 1.0;
    }
    counts.iter_mut().for_each(|count| *count /= predictions.len() as f64);
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use proptest::prelude::*;

    use super::*;

    /// `P(predicted | actual)` is 0.8, 0.4 in the first row and 0.2, 0.6 in the second.
    fn source() -> ConfusionMatrix {
        ConfusionMatrix::from_labels(&[0, 0, 0, 0, 1, 0, 0, 1, 1, 1_u8], &[0, 0, 0, 0, 0, 1, 1, 1, 1, 1_u8], 2).unwrap()
    }

    fn diagnosis(shift: &LabelShift) -> (f64, f64) {
        match shift.method {
            ShiftMethod::ConfusionMatrix { condition_number, clipped } => (condition_number, clipped),
            method => panic!("{method:?}"),
        }
    }

    #[test]
    fn a_hand_computed_case() {
        // 0.8·p + 0.4·(1 - p) = 0.5 for p = 0.25; the condition number is np.linalg.cond([[.8, .4], [.2, .6]]).
        let shift = LabelShift::from_confusion(&source(), &[0_u8, 1]).unwrap();
        assert!((shift.target[0] - 0.25).abs() < 1e-15 && (shift.weights[1] - 1.5).abs() < 1e-15, "{shift:?}");
        let (condition_number, clipped) = diagnosis(&shift);
        assert!((condition_number - 2.618_033_988_749_895).abs() < 1e-12, "{condition_number}");
        assert_eq!(clipped, 0.0);
    }

    #[test]
    fn a_negative_share_is_clipped_and_told() {
        // 0.8·p + 0.4·(1 - p) = 0 for p = -1.
        let shift = LabelShift::from_confusion(&source(), &[1_u8; 7]).unwrap();
        assert_eq!((&shift.target[..], &shift.weights[..]), (&[0.0, 1.0][..], &[0.0, 2.0][..]));
        assert!((diagnosis(&shift).1 - 1.0).abs() < 1e-12, "{shift:?}");
    }

    #[test]
    fn a_class_that_is_never_predicted_makes_the_matrix_singular() {
        let source = ConfusionMatrix::from_labels(&[0_u8, 0, 1], &[0_u8, 2, 1], 3).unwrap();
        let error = LabelShift::from_confusion(&source, &[0_u8]).unwrap_err();
        assert_eq!(error, ImportanceError::NearSingular { condition_number: f64::INFINITY, limit: 100.0 });
        assert_eq!(error.to_string(), "the condition number of the confusion matrix is inf; expected at most 100");
    }

    #[test]
    fn the_limit_of_the_condition_number_is_the_callers() {
        let within = |limit| LabelShift::from_confusion_within(&source(), &[0_u8, 1], limit);
        assert!(within(2.619).is_ok());
        assert!(matches!(within(2.617), Err(ImportanceError::NearSingular { .. })));
        assert!(within(f64::NAN).is_err());
    }

    #[test]
    fn what_gives_no_estimate_is_refused() {
        let refused = |predictions: &[u8]| LabelShift::from_confusion(&source(), predictions).unwrap_err().to_string();
        assert_eq!(refused(&[]), "expected at least one target prediction, found none");
        assert_eq!(refused(&[0, 2]), "prediction 1 is 2; expected 0 to 1 (2 classes)");
        let source = ConfusionMatrix::from_labels(&[0_u8, 1], &[0_u8, 0], 2).unwrap();
        let error = LabelShift::from_confusion(&source, &[0_u8]).unwrap_err();
        assert_eq!(error, ImportanceError::MissingClass { class: 1 });
    }

    #[test]
    fn an_impossible_row_becomes_the_prior() {
        let shift = LabelShift::from_confusion(&source(), &[1_u8]).unwrap();
        assert_eq!(shift.target, [0.0, 1.0]);
        assert_eq!(shift.adjust(&[1.0, 0.0, 0.5, 0.5]), [0.0, 1.0, 0.0, 1.0]);
    }

    #[test]
    #[should_panic(expected = "3 probabilities are not rows of 2 classes")]
    fn part_of_a_row_panics() {
        let _ = LabelShift::from_confusion(&source(), &[1_u8]).unwrap().adjust(&[0.0; 3]);
    }

    proptest! {
        /// The target repeats all source examples of class `y` as often as `repeats[y]` says: label shift without
        /// sampling error, so that the estimate has to be exact.
        #[test]
        fn a_shift_without_sampling_error_is_found(
            wrong in proptest::collection::vec(0_usize..4, 16),
            repeats in proptest::collection::vec(0_usize..5, 4),
        ) {
            prop_assume!(repeats.iter().any(|&repeats| repeats > 0));
            let (mut predicted, mut actual, mut target) = (Vec::new(), Vec::new(), Vec::new());
            for (pair, &wrong) in wrong.iter().enumerate() {
                let (row, column) = (pair / 4, pair % 4);
                let count = wrong + if row == column { 20 } else { 0 };
                predicted.extend(core::iter::repeat_n(row, count));
                actual.extend(core::iter::repeat_n(column, count));
                target.extend(core::iter::repeat_n(row, count * repeats[column]));
            }
            let source = ConfusionMatrix::from_labels(&predicted, &actual, 4).unwrap();
            let shift = LabelShift::from_confusion(&source, &target).unwrap();
            for (class, &prior) in source.actual_share().iter().enumerate() {
                let share = prior * (actual.len() * repeats[class]) as f64 / target.len() as f64;
                prop_assert!((shift.target[class] - share).abs() < 1e-12);
                prop_assert!((shift.weights[class] - share / prior).abs() < 1e-11);
            }
            prop_assert!(diagnosis(&shift).1 < 1e-12);
        }
    }
}
