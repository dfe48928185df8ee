//! Calibration: whether confidence matches accuracy.

use serde::{Deserialize, Serialize};

use crate::{Labels, MetricsError, Values, checks};

/// Confidence against accuracy in equal-width bins: a reliability diagram and its summary (Guo, Pleiss, Sun and
/// Weinberger 2017).
///
/// Bin `b` of `n` is `[b/n, (b+1)/n)`; the last bin includes 1. A confidence on an edge belongs to the upper bin. (Guo
/// et al. assign it to the lower bin, which leaves 0 without a bin.)
///
/// The expected error depends on the number of bins, and is biased upwards in small samples. Compare values only for
/// equal numbers of bins and similar sample sizes.
///
/// Prints as a table of the bins and the two errors.
///
/// # Examples
///
/// Two predictions with confidence 0.9, one of them right, and two with 0.6, one of them right.
///
/// ```
/// use mlp_metrics::Calibration;
///
/// let calibration = Calibration::new(&[0.9, 0.9, 0.6, 0.6], &[true, false, true, false], 10)?;
/// let bin = calibration.bins()[9];
/// assert_eq!((bin.lower, bin.upper, bin.count, bin.confidence, bin.accuracy), (0.9, 1.0, 2, 0.9, 0.5));
/// assert!((calibration.expected_error() - 0.25).abs() < 1e-15); // (0.4 + 0.1)/2
/// assert!((calibration.maximum_error() - 0.4).abs() < 1e-15);
/// # Ok::<(), mlp_metrics::MetricsError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    bins: Vec<CalibrationBin>,
}

/// The examples whose confidence falls into one bin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CalibrationBin {
    /// Lower edge, inclusive.
    pub lower: f64,
    /// Upper edge, exclusive except in the last bin, where it is 1.
    pub upper: f64,
    /// Number of examples.
    pub count: u64,
    /// Mean confidence of the examples, not the center of the bin; 0 in an empty bin.
    pub confidence: f64,
    /// Fraction of the examples that were predicted correctly; 0 in an empty bin.
    pub accuracy: f64,
}

impl Calibration {
    /// The number of bins used by Guo et al.
    pub const DEFAULT_BINS: usize = 15;
    /// The largest number of bins.
    pub const MAX_BINS: usize = 1 << 20;

    /// Sorts examples into `bins` bins by their confidence, the probability of the predicted class ([`top_label`]).
    ///
    /// # Shapes
    ///
    /// - `confidences`: one per example
    /// - `correct`: whether each prediction is right; if not `bool`, 1 for right and 0 for wrong
    ///
    /// # Errors
    ///
    /// If there is no example, the lengths differ, a confidence is NaN or not in `[0, 1]`, an outcome is neither 0 nor
    /// 1, or `bins` is not in `1..=`[`MAX_BINS`](Self::MAX_BINS).
    pub fn new(confidences: impl Values, correct: impl Labels, bins: usize) -> Result<Self, MetricsError> {
        if !(1..=Self::MAX_BINS).contains(&bins) {
            return Err(MetricsError::Count { name: "bins", limit: Self::MAX_BINS, found: bins });
        }
        let (confidences, correct) = (confidences.values(), checks::class_indices("outcome", correct, 2)?);
        checks::same_length("confidences, one for each outcome", correct.len(), confidences.len())?;
        checks::not_empty("example", confidences.len())?;
        let is_probability = |confidence| (0.0..=1.0).contains(&confidence);
        checks::all("confidence", "a probability in [0, 1]", &confidences, is_probability)?;
        let mut bins: Vec<CalibrationBin> = (0..bins).map(|bin| CalibrationBin::empty(bin, bins)).collect();
        for (&confidence, correct) in confidences.iter().zip(correct) {
            let index = bin_of(confidence, bins.len());
            let bin = &mut bins[index];
            bin.count += 1;
            bin.confidence += confidence;
            bin.accuracy += correct as f64;
        }
        for bin in bins.iter_mut().filter(|bin| bin.count > 0) {
            bin.confidence /= bin.count as f64;
            bin.accuracy /= bin.count as f64;
        }
        Ok(Self { bins })
    }

    /// Sorts examples into `bins` bins by the probability of their predicted class, which is [`top_label`].
    ///
    /// A probability that rounding has put above 1 counts as 1.
    ///
    /// # Shapes
    ///
    /// - `probabilities`: `[examples, classes]`, row by row; each row sums to 1
    /// - `labels`: `[examples]`, the true classes, each below `classes`
    ///
    /// # Errors
    ///
    /// If there is no example or no class, the lengths do not match, a label is not below `classes`, a probability is
    /// negative or not finite, a row does not sum to 1 within 10⁻³, or `bins` is not in
    /// `1..=`[`MAX_BINS`](Self::MAX_BINS).
    ///
    /// # Examples
    ///
    /// ```
    /// use mlp_metrics::Calibration;
    ///
    /// let probabilities = [0.9, 0.1, 0.4, 0.6_f32];
    /// let calibration = Calibration::from_probabilities(&probabilities, &[0, 0], /* classes */ 2, 10)?;
    /// assert_eq!(calibration, Calibration::new(&[0.9_f32, 0.6], &[true, false], 10)?);
    /// # Ok::<(), mlp_metrics::MetricsError>(())
    /// ```
    pub fn from_probabilities(
        probabilities: impl Values,
        labels: impl Labels,
        classes: usize,
        bins: usize,
    ) -> Result<Self, MetricsError> {
        let probabilities = probabilities.values();
        let labels = checks::distribution_labels(&probabilities, labels, classes)?;
        let tops = probabilities.chunks_exact(classes).map(top_label);
        let outcome = |((class, confidence), label): ((usize, f64), usize)| (confidence.min(1.0), class == label);
        let (confidences, correct): (Vec<f64>, Vec<bool>) = tops.zip(labels).map(outcome).unzip();
        Self::new(&confidences, &correct, bins)
    }

    /// All bins from the lowest confidence to the highest, empty ones included.
    #[must_use]
    pub fn bins(&self) -> &[CalibrationBin] {
        &self.bins
    }

    /// Expected calibration error: `Σ n_b/n · |accuracy_b - confidence_b|`, in `[0, 1]`.
    #[must_use]
    pub fn expected_error(&self) -> f64 {
        let total: u64 = self.bins.iter().map(|bin| bin.count).sum();
        self.bins.iter().map(|bin| bin.count as f64 / total as f64 * bin.error()).sum()
    }

    /// Maximum calibration error: the largest `|accuracy - confidence|` of the non-empty bins, in `[0, 1]`.
    #[must_use]
    pub fn maximum_error(&self) -> f64 {
        self.bins.iter().map(CalibrationBin::error).fold(0.0, f64::max)
    }
}

impl CalibrationBin {
    fn empty(bin: usize, bins: usize) -> Self {
        Self { lower: edge(bin, bins), upper: edge(bin + 1, bins), count: 0, confidence: 0.0, accuracy: 0.0 }
    }

    /// `|accuracy - confidence|`; 0 in an empty bin.
    fn error(&self) -> f64 {
        (self.accuracy - self.confidence).abs()
    }
}

fn edge(bin: usize, bins: usize) -> f64 {
    bin as f64 / bins as f64
}

/// The index of the bin whose reported edges enclose `confidence`, a number in `[0, 1]`.
fn bin_of(confidence: f64, bins: usize) -> usize {
    // The product is rounded: 0.29·100 is below 29 although the edge 29/100 is 0.29. The guess is off by at most one.
    let guess = ((confidence * bins as f64) as usize).min(bins - 1);
    if confidence < edge(guess, bins) {
        guess - 1
    } else if guess + 1 < bins && confidence >= edge(guess + 1, bins) {
        guess + 1
    } else {
        guess
    }
}

/// The class with the largest probability, and that probability: the confidence for [`Calibration`].
///
/// Ties go to the first class. If a probability is NaN, the first such class is returned, so that the NaN is not
/// hidden.
///
/// # Panics
///
/// If `probabilities` is empty.
///
/// # Examples
///
/// ```
/// use mlp_metrics::top_label;
///
/// assert_eq!(top_label(&[0.25_f32, 0.5, 0.25]), (1, 0.5));
/// ```
#[must_use]
pub fn top_label<P: Copy + Into<f64>>(probabilities: &[P]) -> (usize, f64) {
    assert!(!probabilities.is_empty(), "no class to choose from");
    let (mut top, mut best) = (0, f64::NEG_INFINITY);
    for (class, &probability) in probabilities.iter().enumerate() {
        let probability = probability.into();
        if probability > best || (probability.is_nan() && !best.is_nan()) {
            (top, best) = (class, probability);
        }
    }
    (top, best)
}

mod display;

#[cfg(test)]
mod tests;
