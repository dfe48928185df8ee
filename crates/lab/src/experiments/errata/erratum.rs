//! A printed formula, the right one, and a measurement that knows neither.

use serde::{Deserialize, Serialize};

/// Relative error of a right formula against differences or a closed form: rounding.
pub const ROUNDING: f64 = 1e-6;
/// Relative error of a right formula against a layer in single precision.
pub const SINGLE: f64 = 1e-3;
/// Relative error of a right formula against a mean of random numbers: about eight standard errors.
pub const SAMPLING: f64 = 0.03;

/// A formula that a text prints wrong.
pub struct Erratum {
    /// Text and section.
    pub place: &'static str,
    /// What the formula is of.
    pub quantity: &'static str,
    /// The formula as printed.
    pub printed: &'static str,
    /// The right one.
    pub right: &'static str,
    /// What the quantity is measured by.
    pub measured_by: &'static str,
    /// Relative error that the right formula may have.
    pub tolerance: f64,
}

/// What the two formulas of an [`Erratum`] give with one seed, and what is measured.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Comparison {
    /// By the printed formula; of several elements the one that is furthest from what is measured.
    pub printed: f64,
    /// The same element by the right formula.
    pub right: f64,
    /// The same element, measured.
    pub measured: f64,
    /// [`relative_error`] of the printed formula.
    pub printed_error: f64,
    /// That of the right formula.
    pub right_error: f64,
}

impl Comparison {
    /// Compares element by element.
    ///
    /// # Panics
    ///
    /// If there are none, or not equally many.
    pub fn new(printed: &[f64], right: &[f64], measured: &[f64]) -> Self {
        assert!(!measured.is_empty() && printed.len() == measured.len() && right.len() == measured.len());
        let distance = |index: usize| (printed[index] - measured[index]).abs();
        let furthest = (0..measured.len()).max_by(|&a, &b| distance(a).total_cmp(&distance(b))).unwrap_or_default();
        Self {
            printed: printed[furthest],
            right: right[furthest],
            measured: measured[furthest],
            printed_error: relative_error(printed, measured),
            right_error: relative_error(right, measured),
        }
    }

    /// Compares single numbers.
    pub fn of(printed: f64, right: f64, measured: f64) -> Self {
        Self::new(&[printed], &[right], &[measured])
    }
}

/// The norm of the error over the norm of what is measured.
pub fn relative_error(values: &[f64], measured: &[f64]) -> f64 {
    let error: f64 = values.iter().zip(measured).map(|(value, measured)| (value - measured).powi(2)).sum();
    (error / measured.iter().map(|measured| measured * measured).sum::<f64>()).sqrt()
}

/// Gradient of `f` by central differences.
pub fn differences(at: &[f64], f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    const STEP: f64 = 1e-4;
    let moved = |index: usize, by: f64| {
        let mut at = at.to_vec();
        at[index] += by;
        f(&at)
    };
    (0..at.len()).map(|index| (moved(index, STEP) - moved(index, -STEP)) / (2.0 * STEP)).collect()
}

/// Mean.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Mean squared distance from the mean.
pub fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_in_units_of_the_norm_measured() {
        let comparison = Comparison::new(&[3.0, 1.0], &[3.0, -4.0], &[3.0, -4.0]);
        assert_eq!((comparison.printed, comparison.right, comparison.measured), (1.0, -4.0, -4.0));
        assert_eq!((comparison.printed_error, comparison.right_error), (1.0, 0.0));
    }

    #[test]
    fn differences_of_a_cube() {
        let slope = differences(&[2.0, 1.0], |x| x[0].powi(3) * x[1]);
        assert!((slope[0] - 12.0).abs() < 1e-6 && (slope[1] - 8.0).abs() < 1e-6, "{slope:?}");
    }
}
