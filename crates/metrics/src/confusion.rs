//! The confusion matrix and the metrics derived from it.

use serde::Serialize;

use crate::{Labels, MetricsError, checks};

/// How often each class was predicted for examples of each class.
///
/// Rows are predicted classes and columns true classes. With `C` normalized by column ([`fraction`](Self::fraction)),
/// `C·p(y) = μ` maps the distribution of the true labels to that of the predictions. Texts and libraries disagree about
/// the orientation (scikit-learn uses the transpose), so arguments are always named: first `predicted`, then `actual`.
///
/// Prints as a table of the counts, one of precision, recall and F1 of each class (`-` where undefined), and the
/// accuracy. Serialized, `counts` is one list, row by row.
///
/// # Examples
///
/// ```
/// use mlp_metrics::ConfusionMatrix;
///
/// //                                       predicted        actual
/// let matrix = ConfusionMatrix::from_labels(&[0, 0, 1, 1_u8], &[0, 0, 0, 1_u8], 2)?;
/// assert_eq!(matrix.count(/* predicted */ 1, /* actual */ 0), 1);
/// assert_eq!(matrix.accuracy(), 0.75);
/// assert_eq!(matrix.precision(1), Some(0.5));
/// assert_eq!(matrix.recall(1), Some(1.0));
/// # Ok::<(), mlp_metrics::MetricsError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    /// - `predicted`, `actual`: one label per example, each below `classes`
    ///
    /// # Errors
    ///
    /// If there is no example, the lengths differ, a label is not below `classes`, or `classes` is not in
    /// `1..=`[`MAX_CLASSES`](Self::MAX_CLASSES).
    pub fn from_labels(predicted: impl Labels, actual: impl Labels, classes: usize) -> Result<Self, MetricsError> {
        if !(1..=Self::MAX_CLASSES).contains(&classes) {
            return Err(MetricsError::Count { name: "classes", limit: Self::MAX_CLASSES, found: classes });
        }
        let predicted = checks::class_indices("prediction", predicted, classes)?;
        let actual = checks::class_indices("label", actual, classes)?;
        checks::same_length("predictions, one for each label", actual.len(), predicted.len())?;
        checks::not_empty("example", actual.len())?;
        let mut counts = vec![0; classes * classes];
        for (predicted, actual) in predicted.into_iter().zip(actual) {
            counts[predicted * classes + actual] += 1;
        }
        Ok(Self { counts, classes })
    }

    /// Number of classes, including those without examples.
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

    /// `P(predicted | actual)`: the fraction of the examples of class `actual` for which `predicted` was predicted.
    ///
    /// The sum over all `predicted` is 1. If no example has class `actual`, all fractions are 0.
    ///
    /// # Panics
    ///
    /// If either is not below [`classes`](Self::classes).
    ///
    /// # Examples
    ///
    /// ```
    /// use mlp_metrics::ConfusionMatrix;
    ///
    /// let matrix = ConfusionMatrix::from_labels(&[0, 1, 1, 1_u8], &[0, 0, 0, 1_u8], 2)?;
    /// assert_eq!(matrix.fraction(/* predicted */ 1, /* actual */ 0), 2.0 / 3.0);
    /// assert_eq!(matrix.fraction(/* predicted */ 0, /* actual */ 1), 0.0);
    /// # Ok::<(), mlp_metrics::MetricsError>(())
    /// ```
    #[must_use]
    pub fn fraction(&self, predicted: usize, actual: usize) -> f64 {
        quotient(self.count(predicted, actual), self.actual_total(actual)).unwrap_or(0.0)
    }

    /// Fraction of the examples that were predicted correctly.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        let hits: u64 = (0..self.classes).map(|class| self.hits(class)).sum();
        hits as f64 / self.total() as f64
    }

    /// Fraction of the predictions of `class` that are correct; `None` if it was never predicted.
    ///
    /// # Panics
    ///
    /// If `class` is not below [`classes`](Self::classes).
    #[must_use]
    pub fn precision(&self, class: usize) -> Option<f64> {
        self.check(class);
        quotient(self.hits(class), self.predicted_total(class))
    }

    /// Fraction of the examples of `class` that were predicted as `class`; `None` if there are none.
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
    /// Zero, not `None`, for a class without true positives that occurs among the labels or the predictions. `None` for
    /// a class that occurs in neither.
    ///
    /// # Panics
    ///
    /// If `class` is not below [`classes`](Self::classes).
    ///
    /// # Examples
    ///
    /// ```
    /// use mlp_metrics::ConfusionMatrix;
    ///
    /// let matrix = ConfusionMatrix::from_labels(&[0, 0, 1, 1_u8], &[0, 0, 0, 1_u8], 3)?;
    /// assert_eq!(matrix.f1(0), Some(0.8)); // precision 1, recall 2/3
    /// assert_eq!(matrix.f1(2), None);
    /// # Ok::<(), mlp_metrics::MetricsError>(())
    /// ```
    #[must_use]
    pub fn f1(&self, class: usize) -> Option<f64> {
        self.check(class);
        quotient(2 * self.hits(class), self.predicted_total(class) + self.actual_total(class))
    }

    /// Mean F1 of the classes, each with the same weight, in `[0, 1]`.
    ///
    /// Classes that occur neither among the labels nor among the predictions are left out. So does scikit-learn's
    /// `f1_score(average="macro")` unless it is given other `labels`.
    ///
    /// # Examples
    ///
    /// ```
    /// use mlp_metrics::ConfusionMatrix;
    ///
    /// let matrix = ConfusionMatrix::from_labels(&[0, 0, 1, 1], &[0, 0, 0, 1], 3)?;
    /// assert_eq!(matrix.macro_f1(), (0.8 + 2.0 / 3.0) / 2.0);
    /// assert_eq!(matrix.weighted_f1(), 0.75 * 0.8 + 0.25 * 2.0 / 3.0);
    /// # Ok::<(), mlp_metrics::MetricsError>(())
    /// ```
    #[must_use]
    pub fn macro_f1(&self) -> f64 {
        let of_classes: Vec<f64> = (0..self.classes).filter_map(|class| self.f1(class)).collect();
        of_classes.iter().sum::<f64>() / of_classes.len() as f64
    }

    /// Mean F1 of the classes, each weighted by its share of the true labels, in `[0, 1]`.
    #[must_use]
    pub fn weighted_f1(&self) -> f64 {
        let shares = self.actual_share().into_iter().enumerate();
        shares.filter_map(|(class, share)| Some(share * self.f1(class)?)).sum()
    }

    /// Fraction of the true labels in each class, `[classes]`; sums to 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use mlp_metrics::ConfusionMatrix;
    ///
    /// let matrix = ConfusionMatrix::from_labels(&[0, 0, 1, 1_u8], &[0, 0, 0, 1_u8], 2)?;
    /// assert_eq!(matrix.actual_share(), [0.75, 0.25]);
    /// assert_eq!(matrix.predicted_share(), [0.5, 0.5]);
    /// # Ok::<(), mlp_metrics::MetricsError>(())
    /// ```
    #[must_use]
    pub fn actual_share(&self) -> Vec<f64> {
        self.share(Self::actual_total)
    }

    /// Fraction of the predictions in each class, `[classes]`; sums to 1.
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

/// The quotient, or `None` if the denominator is zero.
fn quotient(numerator: u64, denominator: u64) -> Option<f64> {
    (denominator > 0).then(|| numerator as f64 / denominator as f64)
}

mod display;

#[cfg(test)]
mod tests;
