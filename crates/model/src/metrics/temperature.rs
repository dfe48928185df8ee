//! Confidence that is earned, by one number.

use alloc::vec::Vec;

use super::MetricsError;

/// Temperature scaling (Guo, Pleiss, Sun and Weinberger 2017): the one `T > 0` for which `softmax(z/T)` makes the labels
/// of held-out examples most likely.
///
/// `T > 1` for a network that is too sure of itself. Every prediction stays what it was: only the confidence changes,
/// and with it the [calibration](crate::Calibration).
///
/// The mean negative log-likelihood is convex in `1/T`. Its root of the derivative is enclosed between two powers of
/// two and refined by Newton's method, halving the interval where a step would leave it, until the relative change of
/// `1/T` is at most 10⁻¹². Computed in `f64`.
///
/// # Examples
///
/// Logits 4 apart claim 98.2 %, but only three of four labels agree: 75 %, or logits `ln 3` apart.
///
/// ```
/// use burn_mlp::Temperature;
///
/// let logits = [4.0, 0.0, 4.0, 0.0, 4.0, 0.0, 4.0, 0.0];
/// let temperature = Temperature::fit(&logits, &[0_u8, 0, 0, 1], 2)?;
/// assert!((temperature.value - 4.0 / 3.0_f64.ln()).abs() < 1e-9);
/// assert!(temperature.nll_after < temperature.nll_before);
/// let probabilities = temperature.probabilities(&[4.0, 0.0]);
/// assert!((probabilities[0] - 0.75).abs() < 1e-9 && (probabilities[1] - 0.25).abs() < 1e-9);
/// # Ok::<(), burn_mlp::MetricsError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Temperature {
    /// The temperature, above 0.
    pub value: f64,
    /// Mean negative log-likelihood of the labels at temperature 1, in nats.
    pub nll_before: f64,
    /// The same at [`value`](Self::value); never more than before.
    pub nll_after: f64,
    /// Number of classes.
    pub classes: usize,
}

impl Temperature {
    /// Finds the temperature on examples the network was not trained on.
    ///
    /// # Shapes
    ///
    /// - `logits`: `[examples, classes]`, row by row
    /// - `labels`: `[examples]`, each below `classes`
    ///
    /// # Errors
    ///
    /// There is no example or no class, the lengths do not fit together, a logit is not finite, or a label is
    /// `classes` or more. Also where no temperature is best: every label has the largest logit of its row
    /// ([`MetricsError::Separable`], the best `T` would be 0), or the logits of the labels are on average not above the
    /// others ([`MetricsError::Uninformative`], the best `T` would be infinite).
    pub fn fit<L: Copy + Into<usize>>(logits: &[f32], labels: &[L], classes: usize) -> Result<Self, MetricsError> {
        let rows = Rows::new(logits, labels, classes)?;
        if rows.at(0.0).slope >= 0.0 {
            return Err(MetricsError::Uninformative);
        }
        if rows.separable() {
            return Err(MetricsError::Separable);
        }
        let inverse = rows.minimum()?;
        let nll_before = rows.at(1.0).value;
        // Rounding can leave the found minimum a last digit above a start that was optimal.
        let nll_after = rows.at(inverse).value.min(nll_before);
        Ok(Self { value: 1.0 / inverse, nll_before, nll_after, classes })
    }

    /// `softmax(z/T)` of each row.
    ///
    /// # Shapes
    ///
    /// - `logits`: `[examples, classes]`, row by row
    /// - output: the same
    ///
    /// # Panics
    ///
    /// If `logits` does not divide into rows of [`classes`](Self::classes).
    #[must_use]
    pub fn probabilities(&self, logits: &[f32]) -> Vec<f64> {
        let (rows, rest) = (logits.chunks_exact(self.classes), logits.len() % self.classes);
        assert_eq!(rest, 0, "{} logits are not rows of {} classes", logits.len(), self.classes);
        let mut probabilities = Vec::with_capacity(logits.len());
        for row in rows {
            let (start, largest) = (probabilities.len(), largest(row));
            probabilities.extend(row.iter().map(|&z| libm::exp((f64::from(z) - largest) / self.value)));
            let sum: f64 = probabilities[start..].iter().sum();
            probabilities[start..].iter_mut().for_each(|p| *p /= sum);
        }
        probabilities
    }
}

/// Logits and the labels of their rows.
struct Rows<'a, L> {
    logits: &'a [f32],
    labels: &'a [L],
    classes: usize,
}

/// The mean negative log-likelihood at one `s = 1/T`, and its first two derivatives by `s`.
#[derive(Default)]
struct Likelihood {
    value: f64,
    slope: f64,
    curvature: f64,
}

impl<'a, L: Copy + Into<usize>> Rows<'a, L> {
    fn new(logits: &'a [f32], labels: &'a [L], classes: usize) -> Result<Self, MetricsError> {
        if classes == 0 {
            return Err(MetricsError::Count { name: "classes", limit: usize::MAX, found: 0 });
        }
        if labels.is_empty() {
            return Err(MetricsError::Empty);
        }
        let (expected, found) = (labels.len().saturating_mul(classes), logits.len());
        if expected != found {
            return Err(MetricsError::Length { name: "logits, one for each label and class", expected, found });
        }
        if let Some(index) = logits.iter().position(|logit| !logit.is_finite()) {
            return Err(MetricsError::Logit { index, found: logits[index] });
        }
        if let Some(index) = labels.iter().position(|&label| label.into() >= classes) {
            return Err(MetricsError::Label { name: "label", index, found: labels[index].into(), classes });
        }
        Ok(Self { logits, labels, classes })
    }

    fn iter(&self) -> impl Iterator<Item = (&'a [f32], usize)> {
        self.logits.chunks_exact(self.classes).zip(self.labels.iter().map(|&label| label.into()))
    }

    fn separable(&self) -> bool {
        self.iter().all(|(row, label)| row.iter().all(|&logit| logit <= row[label]))
    }

    /// With `p = softmax(s·z)`: `log Σ exp(s·z) - s·z_y`, `E_p[z] - z_y` and `Var_p[z]`, averaged over the examples.
    fn at(&self, s: f64) -> Likelihood {
        let mut sum = Likelihood::default();
        for (row, label) in self.iter() {
            let largest = largest(row);
            // Relative to the largest logit, for the exponentials not to overflow.
            let (mut mass, mut first, mut second) = (0.0, 0.0, 0.0);
            for &logit in row {
                let below = f64::from(logit) - largest;
                let weight = libm::exp(s * below);
                mass += weight;
                first += weight * below;
                second += weight * below * below;
            }
            let (mean, of_label) = (first / mass, f64::from(row[label]) - largest);
            sum.value += libm::log(mass) - s * of_label;
            sum.slope += mean - of_label;
            sum.curvature += second / mass - mean * mean;
        }
        let n = self.labels.len() as f64;
        Likelihood { value: sum.value / n, slope: sum.slope / n, curvature: sum.curvature / n }
    }

    /// The `s` at which the slope is zero; it is negative at 0 and positive at infinity.
    fn minimum(&self) -> Result<f64, MetricsError> {
        /// Differences of `f32` logits span 2⁻¹⁴⁹ to 2¹²⁹, and the minimum the inverse of that.
        const SCALES: usize = 200;
        const TOLERANCE: f64 = 1e-12;
        const STEPS: usize = 100;

        let mut s = 1.0;
        let falling = self.at(s).slope < 0.0;
        let (factor, none) = if falling { (2.0, MetricsError::Separable) } else { (0.5, MetricsError::Uninformative) };
        let mut scales = core::iter::successors(Some(s * factor), |s| Some(s * factor)).take(SCALES);
        let other = scales.find(|&s| (self.at(s).slope < 0.0) != falling).ok_or(none)?;
        s = other / factor;
        let (mut lower, mut upper) = if falling { (s, other) } else { (other, s) };
        for _ in 0..STEPS {
            let Likelihood { slope, curvature, .. } = self.at(s);
            *if slope < 0.0 { &mut lower } else { &mut upper } = s;
            let newton = s - slope / curvature;
            let next = if lower <= newton && newton <= upper { newton } else { lower + (upper - lower) / 2.0 };
            let step = (next - s).abs();
            s = next;
            if step <= TOLERANCE * s {
                break;
            }
        }
        Ok(s)
    }
}

fn largest(row: &[f32]) -> f64 {
    row.iter().fold(f64::NEG_INFINITY, |largest, &logit| largest.max(f64::from(logit)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn probabilities_are_those_whose_likelihood_was_minimized() {
        let logits = [2.0, -1.0, 0.5, 0.1, 3.0, -2.0, 1.5, 1.0, 0.0, -1.0, 0.25, 4.0, 2.5, 2.0, -0.5];
        let labels = [0_u8, 1, 1, 2, 1];
        let temperature = Temperature::fit(&logits, &labels, 3).unwrap();
        let probabilities = temperature.probabilities(&logits);
        let of_label = probabilities.chunks_exact(3).zip(labels).map(|(row, label)| row[usize::from(label)]);
        let nll = -of_label.map(libm::log).sum::<f64>() / labels.len() as f64;
        assert!((nll - temperature.nll_after).abs() < 1e-14, "{nll} is not {}", temperature.nll_after);
    }

    #[test]
    fn agrees_with_an_independent_minimization() {
        // from mpmath import *; import numpy as np; mp.dps = 40
        // z = np.float32([2, -1, .5, .1, 3, -2, 1.5, 1, 0, -1, .25, 4, 2.5, 2, -.5]).reshape(5, 3); y = [0, 1, 1, 2, 1]
        // rows = [([mpf(float(v)) for v in row], label) for row, label in zip(z, y)]
        // f = lambda s: sum(log(sum(exp(s * v) for v in r)) - s * r[k] for r, k in rows) / 5
        // s = findroot(lambda s: diff(f, s), 1); print(1 / s, f(1), f(s))
        let logits = [2.0, -1.0, 0.5, 0.1, 3.0, -2.0, 1.5, 1.0, 0.0, -1.0, 0.25, 4.0, 2.5, 2.0, -0.5];
        let temperature = Temperature::fit(&logits, &[0_u8, 1, 1, 2, 1], 3).unwrap();
        assert!((temperature.value - 0.854_100_046_373_436).abs() < 1e-10, "{temperature:?}");
        assert!((temperature.nll_before - 0.487_954_965_817_499_65).abs() < 1e-12, "{temperature:?}");
        assert!((temperature.nll_after - 0.483_132_926_529_155_3).abs() < 1e-12, "{temperature:?}");
    }

    #[test]
    fn logits_of_any_scale_are_fitted() {
        // Three of four labels have the larger logit: T = difference / ln 3.
        for difference in [1e-40_f32, 1e-10, 1.0, 1e10, 1e38] {
            let logits = [difference, 0.0].repeat(4);
            let temperature = Temperature::fit(&logits, &[0_usize, 1, 0, 0], 2).unwrap();
            let expected = f64::from(difference) / libm::log(3.0);
            assert!((temperature.value / expected - 1.0).abs() < 1e-10, "{difference}: {temperature:?}");
        }
    }

    #[test]
    fn where_no_temperature_is_best_there_is_none() {
        let fit = |logits: &[f32], labels: &[u8]| Temperature::fit(logits, labels, 2);
        assert_eq!(fit(&[1.0, 0.0, 0.0, 2.0], &[0, 1]), Err(MetricsError::Separable));
        assert_eq!(fit(&[1.0, 1.0, 0.0, 2.0], &[0, 1]), Err(MetricsError::Separable));
        assert_eq!(fit(&[1.0, 0.0, 0.0, 2.0], &[1, 0]), Err(MetricsError::Uninformative));
        assert_eq!(fit(&[1.0, 0.0, 1.0, 0.0], &[1, 0]), Err(MetricsError::Uninformative));
        assert_eq!(fit(&[3.0, 3.0], &[1]), Err(MetricsError::Uninformative));
    }

    #[test]
    fn what_is_no_set_of_logits_is_refused() {
        let refused = |logits: &[f32], labels: &[u8], classes| Temperature::fit(logits, labels, classes).unwrap_err();
        assert_eq!(refused(&[], &[], 2), MetricsError::Empty);
        assert!(matches!(refused(&[], &[0], 0), MetricsError::Count { found: 0, .. }));
        assert!(matches!(refused(&[1.0; 3], &[0, 1], 2), MetricsError::Length { expected: 4, found: 3, .. }));
        assert!(matches!(refused(&[1.0; 2], &[2], 2), MetricsError::Label { index: 0, found: 2, .. }));
        assert!(matches!(refused(&[1.0, f32::NAN], &[0], 2), MetricsError::Logit { index: 1, .. }));
        assert!(matches!(refused(&[f32::INFINITY, 1.0], &[0], 2), MetricsError::Logit { index: 0, .. }));
    }

    #[test]
    #[should_panic(expected = "3 logits are not rows of 2 classes")]
    fn part_of_a_row_panics() {
        let temperature = Temperature { value: 1.0, nll_before: 0.0, nll_after: 0.0, classes: 2 };
        let _ = temperature.probabilities(&[0.0; 3]);
    }

    proptest! {
        #[test]
        fn no_neighboring_temperature_is_better(
            logits in proptest::collection::vec(-5.0_f32..5.0, 60),
            labels in proptest::collection::vec(0_u8..3, 20),
        ) {
            let rows = Rows::new(&logits, &labels, 3).unwrap();
            match Temperature::fit(&logits, &labels, 3) {
                Ok(found) => {
                    for factor in [0.5, 0.99, 1.01, 2.0] {
                        prop_assert!(rows.at(factor / found.value).value >= found.nll_after - 1e-14);
                    }
                    prop_assert!(found.nll_after <= found.nll_before);
                    let probabilities = found.probabilities(&logits);
                    for (row, z) in probabilities.chunks(3).zip(logits.chunks(3)) {
                        prop_assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                        prop_assert!((0..3).all(|i| (0..3).all(|j| z[i] >= z[j] || row[i] <= row[j])));
                    }
                }
                // The likelihood does not fall anywhere on the way to an infinite temperature.
                Err(MetricsError::Uninformative) => {
                    prop_assert!(rows.at(0.0).value <= rows.at(0.01).value && rows.at(0.01).value <= rows.at(1.0).value);
                }
                Err(error) => prop_assert_eq!(error, MetricsError::Separable),
            }
        }

        #[test]
        fn the_derivatives_are_those_of_the_likelihood(
            logits in proptest::collection::vec(-5.0_f32..5.0, 12),
            labels in proptest::collection::vec(0_u8..3, 4),
            s in 0.1..3.0_f64,
        ) {
            let rows = Rows::new(&logits, &labels, 3).unwrap();
            let (below, here, above) = (rows.at(s - 1e-4), rows.at(s), rows.at(s + 1e-4));
            prop_assert!(((above.value - below.value) / 2e-4 - here.slope).abs() < 1e-5);
            prop_assert!(((above.slope - below.slope) / 2e-4 - here.curvature).abs() < 1e-4);
        }
    }
}
