//! Calibration: whether confidence matches accuracy.

use crate::MetricsError;

/// Confidence against accuracy in equal-width bins: a reliability diagram and its summary (Guo, Pleiss, Sun and
/// Weinberger 2017).
///
/// Bin `b` of `n` is `[b/n, (b+1)/n)`; the last bin includes 1. A confidence on an edge belongs to the upper bin. (Guo
/// et al. assign it to the lower bin, which leaves 0 without a bin.)
///
/// The expected error depends on the number of bins, and is biased upwards in small samples. Compare values only for
/// equal numbers of bins and similar sample sizes.
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
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    bins: Vec<CalibrationBin>,
}

/// The examples whose confidence falls into one bin.
#[derive(Clone, Copy, Debug, PartialEq)]
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
    /// - `confidences`, `correct`: one value per example
    ///
    /// # Errors
    ///
    /// If there is no example, the lengths differ, a confidence is NaN or not in `[0, 1]`, or `bins` is not in
    /// `1..=`[`MAX_BINS`](Self::MAX_BINS).
    pub fn new(confidences: &[f64], correct: &[bool], bins: usize) -> Result<Self, MetricsError> {
        if !(1..=Self::MAX_BINS).contains(&bins) {
            return Err(MetricsError::Count { name: "bins", limit: Self::MAX_BINS, found: bins });
        }
        if confidences.len() != correct.len() {
            let (expected, found) = (correct.len(), confidences.len());
            return Err(MetricsError::Length { name: "confidences, one for each outcome", expected, found });
        }
        if confidences.is_empty() {
            return Err(MetricsError::Empty);
        }
        if let Some(index) = confidences.iter().position(|confidence| !(0.0..=1.0).contains(confidence)) {
            return Err(MetricsError::Confidence { index, found: confidences[index] });
        }
        let empty = |bin| CalibrationBin {
            lower: edge(bin, bins),
            upper: edge(bin + 1, bins),
            count: 0,
            confidence: 0.0,
            accuracy: 0.0,
        };
        let mut bins: Vec<CalibrationBin> = (0..bins).map(empty).collect();
        for (&confidence, &correct) in confidences.iter().zip(correct) {
            let index = bin_of(confidence, bins.len());
            let bin = &mut bins[index];
            bin.count += 1;
            bin.confidence += confidence;
            bin.accuracy += f64::from(u8::from(correct));
        }
        for bin in bins.iter_mut().filter(|bin| bin.count > 0) {
            bin.confidence /= bin.count as f64;
            bin.accuracy /= bin.count as f64;
        }
        Ok(Self { bins })
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

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn zero_and_one_have_a_bin_and_edges_go_up() {
        for bins in [1, 2, 10, 15, 100, 1000] {
            assert_eq!((bin_of(0.0, bins), bin_of(-0.0, bins), bin_of(1.0, bins)), (0, 0, bins - 1));
            assert_eq!(bin_of(1.0_f64.next_down(), bins), bins - 1);
            for bin in 1..bins {
                let edge = edge(bin, bins);
                assert_eq!((bin_of(edge.next_down(), bins), bin_of(edge, bins)), (bin - 1, bin), "{bin} of {bins}");
            }
        }
    }

    #[test]
    fn agrees_with_an_independent_computation() {
        // import numpy as np
        // c = np.array([0.05, 0.31, 0.32, 0.5, 0.55, 0.61, 0.77, 0.78, 0.93, 1.0]); r = np.array([0,1,0,1,0,1,1,0,1,1])
        // b = np.minimum((c * 4).astype(int), 3)
        // e = [(b == i).sum() / 10 * abs(r[b == i].mean() - c[b == i].mean()) for i in range(4)]; sum(e)
        // max(abs(r[b == i].mean() - c[b == i].mean()) for i in range(4))
        let confidences = [0.05, 0.31, 0.32, 0.5, 0.55, 0.61, 0.77, 0.78, 0.93, 1.0];
        let correct = [0, 1, 0, 1, 0, 1, 1, 0, 1, 1].map(|hit| hit == 1);
        let calibration = Calibration::new(&confidences, &correct, 4).unwrap();
        assert_eq!(calibration.bins().iter().map(|bin| bin.count).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert!((calibration.expected_error() - 0.124).abs() < 1e-12, "{}", calibration.expected_error());
        assert!((calibration.maximum_error() - 0.185).abs() < 1e-12, "{}", calibration.maximum_error());
    }

    #[test]
    fn empty_bins_do_not_count() {
        let calibration = Calibration::new(&[1.0, 1.0], &[true, true], Calibration::DEFAULT_BINS).unwrap();
        assert_eq!((calibration.expected_error(), calibration.maximum_error()), (0.0, 0.0));
        assert_eq!(calibration.bins().iter().filter(|bin| bin.count == 0).count(), 14);
    }

    #[test]
    fn what_is_no_confidence_is_refused() {
        let message =
            |confidences: &[f64], bins| Calibration::new(confidences, &[true, false], bins).unwrap_err().to_string();
        assert_eq!(message(&[0.5], 15), "expected 2 confidences, one for each outcome, found 1");
        assert_eq!(message(&[0.5, 1.5], 15), "confidence 1 is 1.5; expected a probability in [0, 1]");
        assert_eq!(message(&[-0.1, 0.5], 15), "confidence 0 is -0.1; expected a probability in [0, 1]");
        assert!(message(&[0.5, f64::NAN], 15).starts_with("confidence 1 is NaN"));
        assert!(Calibration::new(&[0.0, 1.0_f64.next_up()], &[true, true], 15).is_err());
        assert_eq!(message(&[0.5, 0.5], 0), "expected 1 to 1048576 bins, found 0");
        assert_eq!(Calibration::new(&[], &[], 15), Err(MetricsError::Empty));
    }

    #[test]
    fn the_first_of_equal_labels_wins_and_nan_is_noticed() {
        assert_eq!(top_label(&[0.5, 0.5]), (0, 0.5));
        let (class, probability) = top_label(&[0.9_f32, f32::NAN, 1.0]);
        assert!(class == 1 && probability.is_nan());
        let (class, probability) = top_label(&[f32::NAN, 1.0]);
        assert!(class == 0 && probability.is_nan());
    }

    proptest! {
        #[test]
        fn every_example_lies_in_the_bin_that_counts_it(
            confidences in proptest::collection::vec(0.0..=1.0_f64, 1..50),
            bins in 1_usize..200,
        ) {
            for confidence in confidences {
                let calibration = Calibration::new(&[confidence], &[true], bins).unwrap();
                let filled: Vec<_> = calibration.bins().iter().filter(|bin| bin.count == 1).collect();
                prop_assert_eq!(filled.len(), 1);
                let (lower, upper) = (filled[0].lower, filled[0].upper);
                prop_assert!(lower <= confidence && (confidence < upper || (upper == 1.0 && confidence == 1.0)));
                prop_assert_eq!(calibration.expected_error(), 1.0 - confidence);
            }
        }

        #[test]
        fn the_expected_error_is_between_the_overall_gap_and_the_maximum(
            examples in proptest::collection::vec((0.0..=1.0_f64, any::<bool>()), 1..200),
        ) {
            let (confidences, correct): (Vec<f64>, Vec<bool>) = examples.into_iter().unzip();
            let calibration = Calibration::new(&confidences, &correct, 15).unwrap();
            let n = confidences.len() as f64;
            let hits = correct.iter().filter(|&&correct| correct).count() as f64;
            let gap = (hits / n - confidences.iter().sum::<f64>() / n).abs();
            prop_assert!(calibration.expected_error() >= gap - 1e-12);
            prop_assert!(calibration.expected_error() <= calibration.maximum_error() + 1e-12);
        }
    }
}
