//! What is expected of a variance.

use burn_mlp::Init;

use crate::finding::Bound;

/// Xavier's variance with normal weights.
pub const NORMAL: Init = Init::XavierNormal { gain: 1.0 };
/// Xavier's variance with uniform weights.
pub const UNIFORM: Init = Init::XavierUniform { gain: 1.0 };
/// Standard errors that an interval reaches to each side of what is expected.
const ERRORS: f64 = 4.0;

/// The interval around what is expected, from the standard error of what is measured.
pub fn around(expected: f64, error: f64) -> Bound {
    Bound::Between(expected - ERRORS * error, expected + ERRORS * error)
}

/// Mean of the squares: the variance of what has mean 0.
pub fn mean_square(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>() / values.len() as f64
}
