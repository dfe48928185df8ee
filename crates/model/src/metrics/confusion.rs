//! Which classes a classifier takes for which.

use alloc::vec;
use alloc::vec::Vec;

use super::MetricsError;

/// How often each class was predicted for examples of each class.
///
/// A row is a predicted class and a column a true one, so that `C·p(y) = μ` turns the distribution of the true labels
/// into that of the predictions ([`fraction`](Self::fraction)). Texts and libraries disagree about the orientation
/// (scikit-learn has the transpose): nothing here takes a bare pair of indices, the arguments are always
/// `predicted` first, then `actual`.
///
/// # Examples
///
/// ```
/// use burn_mlp::ConfusionMatrix;
///
/// //                                       predicted        actual
/// let matrix = ConfusionMatrix::from_labels(&[0, 0, 1, 1_u8], &[0, 0, 0, 1_u8], 2)?;
/// assert_eq!(matrix.count(/* predicted */ 1, /* actual */ 0), 1);
/// assert_eq!(matrix.accuracy(), 0.75);
/// assert_eq!(matrix.precision(1), Some(0.5));
/// assert_eq!(matrix.recall(1), Some(1.0));
/// # Ok::<(), burn_mlp::MetricsError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfusionMatrix {
    /// Row by row: `counts[predicted * classes + actual]`.
    counts: Vec<u64>,
    classes: usize,
}

impl ConfusionMatrix {
    /// The largest number of classes.
    pub const MAX_CLASSES: usize = 1 << 16;

    /// Counts pairs of predicted and true labels.
    ///
    /// # Shapes
    ///
    /// - `predicted`, `actual`: one label an example, each below `classes`
    ///
    /// # Errors
    ///
    /// There is no example, the lengths differ, a label is `classes` or more, or `classes` is not in
    /// `1..=`[`MAX_CLASSES`](Self::MAX_CLASSES).
    pub fn from_labels<P, A>(predicted: &[P], actual: &[A], classes: usize) -> Result<Self, MetricsError>
    where
        P: Copy + Into<usize>,
        A: Copy + Into<usize>,
    {
        if !(1..=Self::MAX_CLASSES).contains(&classes) {
            return Err(MetricsError::Count { name: "classes", limit: Self::MAX_CLASSES, found: classes });
        }
        if predicted.len() != actual.len() {
            let (expected, found) = (actual.len(), predicted.len());
            return Err(MetricsError::Length { name: "predictions, one for each label", expected, found });
        }
        if actual.is_empty() {
            return Err(MetricsError::Empty);
        }
        let mut counts = vec![0; classes * classes];
        for (index, (&predicted, &actual)) in predicted.iter().zip(actual).enumerate() {
            let (predicted, actual) = (predicted.into(), actual.into());
            for (name, found) in [("prediction", predicted), ("label", actual)] {
                if found >= classes {
                    return Err(MetricsError::Label { name, index, found, classes });
                }
            }
            counts[predicted * classes + actual] += 1;
        }
        Ok(Self { counts, classes })
    }

    /// Number of classes, those without an example included.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Number of examples.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Number of examples of class `actual` for which `predicted` was predicted.
    ///
    /// # Panics
    ///
    /// If either is not below [`classes`](Self::classes).
    #[must_use]
    pub fn count(&self, predicted: usize, actual: usize) -> u64 {
        self.check(predicted);
        self.check(actual);
        self.counts[predicted * self.classes + actual]
    }

    /// `P(predicted | actual)`: the part of the examples of class `actual` for which `predicted` was predicted.
    ///
    /// Over all `predicted` these sum to 1; where no example has class `actual`, all are 0.
    ///
    /// # Panics
    ///
    /// If either is not below [`classes`](Self::classes).
    ///
    /// # Examples
    ///
    /// ```
    /// use burn_mlp::ConfusionMatrix;
    ///
    /// let matrix = ConfusionMatrix::from_labels(&[0, 1, 1, 1_u8], &[0, 0, 0, 1_u8], 2)?;
    /// assert_eq!(matrix.fraction(/* predicted */ 1, /* actual */ 0), 2.0 / 3.0);
    /// assert_eq!(matrix.fraction(/* predicted */ 0, /* actual */ 1), 0.0);
    /// # Ok::<(), burn_mlp::MetricsError>(())
    /// ```
    #[must_use]
    pub fn fraction(&self, predicted: usize, actual: usize) -> f64 {
        quotient(self.count(predicted, actual), self.actual_total(actual)).unwrap_or(0.0)
    }

    /// Part of the examples whose prediction is their class.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        let hits: u64 = (0..self.classes).map(|class| self.hits(class)).sum();
        hits as f64 / self.total() as f64
    }

    /// Part of the predictions of `class` that are right; `None` where it was never predicted.
    ///
    /// # Panics
    ///
    /// If `class` is not below [`classes`](Self::classes).
    #[must_use]
    pub fn precision(&self, class: usize) -> Option<f64> {
        self.check(class);
        quotient(self.hits(class), self.predicted_total(class))
    }

    /// Part of the examples of `class` that were recognized; `None` where there is none.
    ///
    /// # Panics
    ///
    /// If `class` is not below [`classes`](Self::classes).
    #[must_use]
    pub fn recall(&self, class: usize) -> Option<f64> {
        self.check(class);
        quotient(self.hits(class), self.actual_total(class))
    }

    /// `2·TP / (2·TP + FP + FN)`, the harmonic mean of precision and recall.
    ///
    /// Zero, not `None`, for a class that was only ever missed or only ever predicted wrongly; `None` where it occurs
    /// neither among the labels nor among the predictions.
    ///
    /// # Panics
    ///
    /// If `class` is not below [`classes`](Self::classes).
    ///
    /// # Examples
    ///
    /// ```
    /// use burn_mlp::ConfusionMatrix;
    ///
    /// let matrix = ConfusionMatrix::from_labels(&[0, 0, 1, 1_u8], &[0, 0, 0, 1_u8], 3)?;
    /// assert_eq!(matrix.f1(0), Some(0.8)); // precision 1, recall 2/3
    /// assert_eq!(matrix.f1(2), None);
    /// # Ok::<(), burn_mlp::MetricsError>(())
    /// ```
    #[must_use]
    pub fn f1(&self, class: usize) -> Option<f64> {
        self.check(class);
        quotient(2 * self.hits(class), self.predicted_total(class) + self.actual_total(class))
    }

    /// Share of each class among the true labels, `[classes]`; sums to 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use burn_mlp::ConfusionMatrix;
    ///
    /// let matrix = ConfusionMatrix::from_labels(&[0, 0, 1, 1_u8], &[0, 0, 0, 1_u8], 2)?;
    /// assert_eq!(matrix.actual_share(), [0.75, 0.25]);
    /// assert_eq!(matrix.predicted_share(), [0.5, 0.5]);
    /// # Ok::<(), burn_mlp::MetricsError>(())
    /// ```
    #[must_use]
    pub fn actual_share(&self) -> Vec<f64> {
        self.share(Self::actual_total)
    }

    /// Share of each class among the predictions, `[classes]`; sums to 1.
    #[must_use]
    pub fn predicted_share(&self) -> Vec<f64> {
        self.share(Self::predicted_total)
    }

    fn share(&self, of_class: impl Fn(&Self, usize) -> u64) -> Vec<f64> {
        let total = self.total() as f64;
        (0..self.classes).map(|class| of_class(self, class) as f64 / total).collect()
    }

    fn hits(&self, class: usize) -> u64 {
        self.counts[class * self.classes + class]
    }

    fn predicted_total(&self, predicted: usize) -> u64 {
        self.counts[predicted * self.classes..][..self.classes].iter().sum()
    }

    fn actual_total(&self, actual: usize) -> u64 {
        self.counts[actual..].iter().step_by(self.classes).sum()
    }

    fn check(&self, class: usize) {
        assert!(class < self.classes, "class {class} of {}", self.classes);
    }
}

/// `None` for a denominator of zero.
fn quotient(numerator: u64, denominator: u64) -> Option<f64> {
    (denominator > 0).then(|| numerator as f64 / denominator as f64)
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rows_are_predictions_and_columns_are_labels() {
        // Class 0 is always taken for 2, never the other way around.
        let matrix = ConfusionMatrix::from_labels(&[2_u8, 2, 2, 1], &[0_usize, 0, 2, 1], 4).unwrap();
        assert_eq!((matrix.count(2, 0), matrix.count(0, 2)), (2, 0));
        assert_eq!((matrix.fraction(2, 0), matrix.fraction(2, 2), matrix.fraction(0, 2)), (1.0, 1.0, 0.0));
        assert_eq!((matrix.accuracy(), matrix.total(), matrix.classes()), (0.5, 4, 4));
    }

    #[test]
    fn agrees_with_an_independent_computation() {
        // import numpy as np
        // p, a = np.array([0, 2, 1, 0, 0, 1, 2, 2, 1, 0]), np.array([0, 1, 2, 0, 1, 1, 2, 2, 1, 2])
        // for k in range(3):
        //     tp = ((p == k) & (a == k)).sum(); n, m = (p == k).sum(), (a == k).sum()
        //     print(tp / n, tp / m, 2 * tp / (n + m))
        let predicted = [0, 2, 1, 0, 0, 1, 2, 2, 1, 0_u8];
        let actual = [0, 1, 2, 0, 1, 1, 2, 2, 1, 2_u8];
        let matrix = ConfusionMatrix::from_labels(&predicted, &actual, 3).unwrap();
        let expected = [
            (0.5, 1.0, 0.666_666_666_666_666_6),
            (0.666_666_666_666_666_6, 0.5, 0.571_428_571_428_571_4),
            (0.666_666_666_666_666_6, 0.5, 0.571_428_571_428_571_4),
        ];
        for (class, (precision, recall, f1)) in expected.into_iter().enumerate() {
            assert!((matrix.precision(class).unwrap() - precision).abs() < 1e-15);
            assert!((matrix.recall(class).unwrap() - recall).abs() < 1e-15);
            assert!((matrix.f1(class).unwrap() - f1).abs() < 1e-15);
        }
    }

    #[test]
    fn what_is_undefined_is_none() {
        // Class 1 is never predicted, class 2 never occurs, class 3 neither.
        let matrix = ConfusionMatrix::from_labels(&[0_u8, 2], &[0_u8, 1], 4).unwrap();
        assert_eq!((matrix.precision(1), matrix.recall(1), matrix.f1(1)), (None, Some(0.0), Some(0.0)));
        assert_eq!((matrix.precision(2), matrix.recall(2), matrix.f1(2)), (Some(0.0), None, Some(0.0)));
        assert_eq!((matrix.precision(3), matrix.recall(3), matrix.f1(3)), (None, None, None));
        assert_eq!(matrix.fraction(0, 3), 0.0);
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        let message = |predicted: &[u8], actual: &[u8], classes| {
            ConfusionMatrix::from_labels(predicted, actual, classes).unwrap_err().to_string()
        };
        assert_eq!(message(&[], &[], 2), "expected at least one example, found none");
        assert_eq!(message(&[0], &[0, 1], 2), "expected 2 predictions, one for each label, found 1");
        assert_eq!(message(&[0, 2], &[0, 0], 2), "prediction 1 is 2; expected 0 to 1 (2 classes)");
        assert_eq!(message(&[0, 1], &[5, 0], 2), "label 0 is 5; expected 0 to 1 (2 classes)");
        assert_eq!(message(&[0], &[0], 0), "expected 1 to 65536 classes, found 0");
        assert_eq!(message(&[0], &[0], 65_537), "expected 1 to 65536 classes, found 65537");
    }

    #[test]
    #[should_panic(expected = "class 2 of 2")]
    fn a_class_past_the_end_panics() {
        let _ = ConfusionMatrix::from_labels(&[0_u8], &[0_u8], 2).unwrap().count(0, 2);
    }

    proptest! {
        #[test]
        fn shares_and_columns_are_distributions(
            pairs in proptest::collection::vec((0_usize..5, 0_usize..5), 1..200),
        ) {
            let (predicted, actual): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
            let matrix = ConfusionMatrix::from_labels(&predicted, &actual, 5).unwrap();
            prop_assert_eq!(matrix.total(), pairs.len() as u64);
            let hits = pairs.iter().filter(|(predicted, actual)| predicted == actual).count();
            prop_assert_eq!(matrix.accuracy(), hits as f64 / pairs.len() as f64);

            let (source, predictions) = (matrix.actual_share(), matrix.predicted_share());
            prop_assert!((source.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            for (predicted, share) in predictions.into_iter().enumerate() {
                // C·p(y) = μ: what the orientation is for.
                let mixed: f64 = (0..5).map(|actual| matrix.fraction(predicted, actual) * source[actual]).sum();
                prop_assert!((mixed - share).abs() < 1e-12);
            }
        }

        #[test]
        fn exchanging_predictions_and_labels_exchanges_precision_and_recall(
            pairs in proptest::collection::vec((0_u8..4, 0_u8..4), 1..100),
        ) {
            let (predicted, actual): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
            let matrix = ConfusionMatrix::from_labels(&predicted, &actual, 4).unwrap();
            let exchanged = ConfusionMatrix::from_labels(&actual, &predicted, 4).unwrap();
            for class in 0..4 {
                prop_assert_eq!(matrix.precision(class), exchanged.recall(class));
                prop_assert_eq!(matrix.f1(class), exchanged.f1(class));
            }
        }
    }
}
