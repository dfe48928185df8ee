//! Temperature scaling.

use serde::{Deserialize, Serialize};

use crate::{Labels, MetricsError, Values, checks};

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
/// let probabilities = temperature.probabilities(&[4.0, 0.0])?;
/// assert!((probabilities[0] - 0.75).abs() < 1e-9 && (probabilities[1] - 0.25).abs() < 1e-9);
/// # Ok::<(), mlp_metrics::MetricsError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
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
    /// If there is no example or no class, the lengths do not match, a logit is not finite or above 10¹⁰⁰ in magnitude,
    /// or a label is not below `classes`. Also if there is no optimal temperature: every label has the largest logit of
    /// its row ([`MetricsError::Separable`], the optimum would be `T = 0`), or the logits of the labels do not exceed
    /// the mean logit of their rows on average ([`MetricsError::Uninformative`], the optimum would be `T = ∞`).
    pub fn fit(logits: impl Values, labels: impl Labels, classes: usize) -> Result<Self, MetricsError> {
        let logits = logits.values();
        let rows = Rows::new(&logits, labels, classes)?;
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
    /// # Errors
    ///
    /// If the number of logits is not a multiple of [`classes`](Self::classes), a logit is not finite, or
    /// [`value`](Self::value) has been changed to what is no temperature.
    pub fn probabilities(&self, logits: impl Values) -> Result<Vec<f64>, MetricsError> {
        let logits = logits.values();
        checks::rows("logits", &logits, self.classes)?;
        checks::finite("logit", &logits)?;
        if !(self.value > 0.0 && self.value.is_finite()) {
            let expected = "a finite number above 0";
            return Err(MetricsError::Parameter { name: "temperature", expected, found: self.value });
        }
        let mut probabilities = Vec::with_capacity(logits.len());
        for row in logits.chunks_exact(self.classes) {
            let (start, largest) = (probabilities.len(), largest(row));
            probabilities.extend(row.iter().map(|&z| libm::exp((z - largest) / self.value)));
            let sum: f64 = probabilities[start..].iter().sum();
            probabilities[start..].iter_mut().for_each(|p| *p /= sum);
        }
        Ok(probabilities)
    }
}

/// Rows of logits and their labels.
struct Rows<'a> {
    logits: &'a [f64],
    labels: Vec<usize>,
    classes: usize,
}

/// The mean negative log-likelihood at `s = 1/T`, and its first two derivatives with respect to `s`.
#[derive(Default)]
struct Likelihood {
    value: f64,
    slope: f64,
    curvature: f64,
}

impl<'a> Rows<'a> {
    fn new(logits: &'a [f64], labels: impl Labels, classes: usize) -> Result<Self, MetricsError> {
        /// Squares of larger differences, summed over many examples, would overflow.
        const LARGEST: f64 = 1e100;

        let labels = checks::row_labels("logits, one for each label and class", logits, labels, classes)?;
        checks::all("logit", "a finite number from -1e100 to 1e100", logits, |logit| logit.abs() <= LARGEST)?;
        Ok(Self { logits, labels, classes })
    }

    fn iter(&self) -> impl Iterator<Item = (&'a [f64], usize)> {
        self.logits.chunks_exact(self.classes).zip(self.labels.iter().copied())
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
                let below = logit - largest;
                let weight = libm::exp(s * below);
                mass += weight;
                first += weight * below;
                second += weight * below * below;
            }
            let (mean, of_label) = (first / mass, row[label] - largest);
            sum.value += libm::log(mass) - s * of_label;
            sum.slope += mean - of_label;
            sum.curvature += second / mass - mean * mean;
        }
        let n = self.labels.len() as f64;
        Likelihood { value: sum.value / n, slope: sum.slope / n, curvature: sum.curvature / n }
    }

    /// The `s` at which the slope is zero. Requires a slope that is negative at 0 and positive at infinity.
    fn minimum(&self) -> Result<f64, MetricsError> {
        /// The minimum is about as large as the inverse of a difference of logits. At 2¹⁰⁰⁰ it is still finite.
        const SCALES: usize = 1000;
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

fn largest(row: &[f64]) -> f64 {
    row.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

#[cfg(test)]
mod tests;
