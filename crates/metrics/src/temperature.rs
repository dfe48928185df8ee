//! Temperature scaling.

use crate::MetricsError;

/// Temperature scaling (Guo, Pleiss, Sun and Weinberger 2017): the `T > 0` for which `softmax(z/T)` maximizes the
/// likelihood of the labels of held-out examples.
///
/// `T > 1` for an overconfident network. The predicted classes do not change, only the confidence and with it the
/// [calibration](crate::Calibration).
///
/// The mean negative log-likelihood is convex in `1/T`. The root of its derivative is bracketed between two powers of
/// two and refined by Newton's method until the relative change of `1/T` is at most 10⁻¹². A step that would leave the
/// bracket is replaced by bisection. Computed in `f64`.
///
/// # Examples
///
/// A difference of 4 between the logits claims a confidence of 98.2 %. Only three of four labels agree: 75 %, which is
/// a difference of `ln 3`.
///
/// ```
/// use mlp_metrics::Temperature;
///
/// let logits = [4.0, 0.0, 4.0, 0.0, 4.0, 0.0, 4.0, 0.0];
/// let temperature = Temperature::fit(&logits, &[0_u8, 0, 0, 1], 2)?;
/// assert!((temperature.value - 4.0 / 3.0_f64.ln()).abs() < 1e-9);
/// assert!(temperature.nll_after < temperature.nll_before);
/// let probabilities = temperature.probabilities(&[4.0, 0.0]);
/// assert!((probabilities[0] - 0.75).abs() < 1e-9 && (probabilities[1] - 0.25).abs() < 1e-9);
/// # Ok::<(), mlp_metrics::MetricsError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Temperature {
    /// The temperature, above 0.
    pub value: f64,
    /// Mean negative log-likelihood of the labels at temperature 1, in nats.
    pub nll_before: f64,
    /// The same at temperature [`value`](Self::value); never larger than [`nll_before`](Self::nll_before).
    pub nll_after: f64,
    /// Number of classes.
    pub classes: usize,
}

impl Temperature {
    /// Finds the temperature on examples that the network was not trained on.
    ///
    /// # Shapes
    ///
    /// - `logits`: `[examples, classes]`, row by row
    /// - `labels`: `[examples]`, each below `classes`
    ///
    /// # Errors
    ///
    /// If there is no example or no class, the lengths do not match, a logit is not finite, or a label is not below
    /// `classes`. Also if there is no optimal temperature: every label has the largest logit of its row
    /// ([`MetricsError::Separable`], the optimum would be `T = 0`), or the logits of the labels do not exceed the mean
    /// logit of their rows on average ([`MetricsError::Uninformative`], the optimum would be `T = ∞`).
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
        // If `T = 1` was already optimal, rounding can put the value at the minimum slightly above `nll_before`.
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
    /// If the length of `logits` is not a multiple of [`classes`](Self::classes).
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

/// Rows of logits and their labels.
struct Rows<'a, L> {
    logits: &'a [f32],
    labels: &'a [L],
    classes: usize,
}

/// The mean negative log-likelihood at `s = 1/T`, and its first two derivatives with respect to `s`.
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
            // Relative to the largest logit, so that the exponentials do not overflow.
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

    /// The `s` at which the slope is zero. Requires a slope that is negative at 0 and positive at infinity.
    fn minimum(&self) -> Result<f64, MetricsError> {
        /// Differences of `f32` logits range from 2⁻¹⁴⁹ to 2¹²⁹, so the minimum ranges over their inverses.
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
mod tests;
