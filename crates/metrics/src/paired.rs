//! Whether a difference between two variants exceeds the spread over seeds.

use serde::{Deserialize, Serialize};
use statrs::function::beta::beta_reg;

use crate::{MetricsError, Values, checks};

/// The paired t-test (Student 1908) on differences `a_i - b_i` of two variants under equal conditions, for example
/// final accuracies with the same seeds.
///
/// Pairing removes the effect of the seed that both variants have in common, and so detects smaller effects than
/// comparing two separate means. The test assumes that the differences are independent and approximately normal.
///
/// # Examples
///
/// Three differences, 1, 2 and 3: mean 2, standard deviation 1.
///
/// ```
/// use mlp_metrics::PairedDifference;
///
/// let difference = PairedDifference::new(&[11.0, 14.0, 13.0], &[10.0, 12.0, 10.0])?;
/// assert_eq!((difference.mean, difference.standard_deviation), (2.0, 1.0));
/// assert!((difference.t - 2.0 * 3.0_f64.sqrt()).abs() < 1e-12);
/// // With two degrees of freedom p = 1 - t/√(t² + 2).
/// assert!((difference.p_value - 0.074_179_9).abs() < 1e-7);
/// # Ok::<(), mlp_metrics::MetricsError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PairedDifference {
    /// Number of pairs, at least 2.
    pub pairs: usize,
    /// Mean of the differences.
    pub mean: f64,
    /// Standard deviation of the differences (divisor `n - 1`).
    pub standard_deviation: f64,
    /// Standard error of the mean: `standard_deviation/√n`.
    pub standard_error: f64,
    /// `mean/standard_error`. Infinite if all differences are equal and not 0; 0 if the mean is 0. JSON
    /// has no infinity: it is written as `null`, which cannot be read back.
    pub t: f64,
    /// Probability of a `|t|` at least this large if the true mean is 0: both tails of Student's t-distribution with
    /// `n - 1` degrees of freedom. Differences that are equal up to rounding, and not 0, say nothing about the spread: for
    /// them it is that of `n` equal signs, `2¹⁻ⁿ`.
    pub p_value: f64,
}

/// Differences that vary by a smaller part of their mean are equal up to rounding.
const ROUNDING: f64 = 1e-12;

impl PairedDifference {
    /// Compares `a` with `b`, pair by pair.
    ///
    /// # Errors
    ///
    /// If the lengths differ, there are fewer than two pairs, or a difference is not finite.
    pub fn new(a: impl Values, b: impl Values) -> Result<Self, MetricsError> {
        let (a, b) = (a.values(), b.values());
        checks::same_length("second values, one for each first value", a.len(), b.len())?;
        if a.len() < 2 {
            return Err(MetricsError::Length { name: "pairs or more", expected: 2, found: a.len() });
        }
        let differences: Vec<f64> = a.iter().zip(b.iter()).map(|(a, b)| a - b).collect();
        checks::finite("difference", &differences)?;
        let (mean, standard_deviation) = mean_and_deviation(&differences);
        let pairs = differences.len();
        let standard_error = standard_deviation / libm::sqrt(pairs as f64);
        let t = if mean == 0.0 { 0.0 } else { mean / standard_error };
        let p_value = if mean != 0.0 && standard_deviation <= ROUNDING * mean.abs() {
            libm::exp2(1.0 - pairs as f64)
        } else {
            two_sided_p(t, (pairs - 1) as f64)
        };
        Ok(Self { pairs, mean, standard_deviation, standard_error, t, p_value })
    }
}

/// Mean and standard deviation with divisor `n - 1`.
///
/// Without values both are NaN. For a single value the deviation is NaN.
///
/// # Examples
///
/// ```
/// use mlp_metrics::mean_and_deviation;
///
/// assert_eq!(mean_and_deviation(&[1.0, 2.0, 3.0]), (2.0, 1.0));
/// assert!(mean_and_deviation(&[1.0]).1.is_nan());
/// ```
#[must_use]
pub fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    // For one value or none this is 0/0, which is NaN as documented.
    (mean, libm::sqrt(squares / (n - 1.0).max(0.0)))
}

/// `P(|T| >= |t|)` for Student's t-distribution: the regularized incomplete beta function `I_x(ν/2, 1/2)` at
/// `x = ν/(ν + t²)`.
pub(crate) fn two_sided_p(t: f64, freedom: f64) -> f64 {
    beta_reg(freedom / 2.0, 0.5, freedom / (freedom + t * t))
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_tails_agree_with_high_precision() {
        // from mpmath import *; mp.dps = 40
        // p = lambda t, v: betainc(mpf(v) / 2, .5, 0, v / (v + mpf(t)**2), regularized=True)
        for (t, freedom, expected) in [
            (1.0, 1.0, 0.5),
            (0.001, 1.0, 0.999_363_380_439_838_9),
            (12.706_204_736_174_7, 1.0, 0.050_000_000_000_000_02),
            (2.5, 2.0, 0.129_611_720_221_510_81),
            (2.776_445_105, 4.0, 0.050_000_000_010_119_48),
            (0.1, 9.0, 0.922_536_447_956_681_2),
            (2.262_157_163, 9.0, 0.049_999_999_983_508_67),
            (25.0, 9.0, 1.258_945_037_899_036_9e-9),
            (1.96, 1000.0, 0.050_273_184_955_748_72),
            (40.0, 1000.0, 1.047_885_215_517_336_1e-209),
            (3.0, 100_000.0, 0.002_700_460_884_064_719),
        ] {
            let found = two_sided_p(t, freedom);
            assert!((found / expected - 1.0_f64).abs() < 1e-10, "t = {t}, {freedom} degrees of freedom: {found}");
        }
    }

    #[test]
    fn differences_without_spread() {
        let same = PairedDifference::new(&[1.0, 2.0], &[1.0, 2.0]).unwrap();
        assert_eq!((same.mean, same.t, same.p_value), (0.0, 0.0, 1.0));
        let shifted = PairedDifference::new(&[1.0, 2.0], &[0.0, 1.0]).unwrap();
        assert_eq!((shifted.standard_deviation, shifted.t, shifted.p_value), (0.0, f64::INFINITY, 0.5));
        let rounded = PairedDifference::new(&[0.1; 3], &[0.0; 3]).unwrap();
        assert_eq!(rounded.p_value, 0.25, "{rounded:?}");
    }

    #[test]
    fn what_is_no_set_of_pairs_is_refused() {
        let refused = |a: &[f64], b: &[f64]| PairedDifference::new(a, b).unwrap_err().to_string();
        assert_eq!(refused(&[1.0, 2.0], &[1.0]), "expected 2 second values, one for each first value, found 1");
        assert_eq!(refused(&[1.0], &[1.0]), "expected 2 pairs or more, found 1");
        assert_eq!(refused(&[1.0, f64::NAN], &[1.0, 2.0]), "difference 1 is NaN; expected a finite number");
        assert_eq!(refused(&[-f64::MAX, 2.0], &[f64::MAX, 2.0]), "difference 0 is -inf; expected a finite number");
    }

    #[test]
    fn it_is_serialized_and_read_back() {
        let difference = PairedDifference::new(&[1.0_f32, 2.5, 3.0], &[0.5, 0.25, 4.0]).unwrap();
        let json = serde_json::to_string(&difference).unwrap();
        assert_eq!(serde_json::from_str::<PairedDifference>(&json).unwrap(), difference);
    }

    #[test]
    fn a_mean_of_nothing_is_nan() {
        let (mean, deviation) = mean_and_deviation(&[]);
        assert!(mean.is_nan() && deviation.is_nan());
    }

    #[test]
    fn a_large_offset_does_not_spoil_the_deviation() {
        let (mean, deviation) = mean_and_deviation(&[1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0]);
        assert_eq!((mean, deviation), (1e9 + 2.0, 1.0));
    }

    proptest! {
        #[test]
        fn exchanging_the_variants_turns_the_sign(
            pairs in proptest::collection::vec((-1.0..1.0_f64, -1.0..1.0_f64), 2..20),
        ) {
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let forth = PairedDifference::new(&a, &b).unwrap();
            let back = PairedDifference::new(&b, &a).unwrap();
            prop_assert_eq!((forth.mean, forth.t, forth.p_value), (-back.mean, -back.t, back.p_value));
        }

        #[test]
        fn p_is_a_probability_that_falls_with_t(t in 0.0..100.0_f64, step in 0.01..1.0_f64, freedom in 1_u16..500) {
            let freedom = f64::from(freedom);
            let (near, far) = (two_sided_p(t, freedom), two_sided_p(t + step, freedom));
            prop_assert!((0.0..=1.0).contains(&near));
            prop_assert!(far < near || near < 1e-300, "{near} {far}");
        }

        #[test]
        fn two_degrees_of_freedom_have_a_closed_form(t in 0.0..1e3_f64) {
            let closed = 2.0 / ((t * t + 2.0) * (1.0 + t / (t * t + 2.0).sqrt()));
            prop_assert!((two_sided_p(t, 2.0) / closed - 1.0).abs() < 1e-12);
        }
    }
}
