//! Bias and variance of a model, from its predictions after training on many training sets.

use burn_mlp::Key;
use serde::{Deserialize, Serialize};

/// Bias, variance and errors of one model, means over the test points.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Decomposition {
    /// Squared distance of the mean prediction from the true function. What the mean of so many training sets still has of
    /// the variance is taken off: without bias it is 0 on average, and can be below.
    pub(super) bias_squared: f64,
    /// Variance of the prediction over training sets (divisor one less than their number).
    pub(super) variance: f64,
    /// Squared distance of the predictions from the true function, mean over training sets.
    pub(super) distance: f64,
    /// Squared distance of the predictions from noisy targets, mean over training sets, each with its own noise.
    pub(super) error: f64,
    /// Squared error on the training sets.
    pub(super) train: f64,
}

impl Decomposition {
    /// Of one prediction of each test point for each of two or more training sets.
    pub(super) fn new(predictions: &[Vec<f64>], truth: &[f64], noise: f64, seed: u64, train: f64) -> Self {
        let (draws, points) = (predictions.len() as f64, truth.len() as f64);
        let (mut bias_squared, mut variance) = (0.0, 0.0);
        for (point, truth) in truth.iter().enumerate() {
            let at_point = predictions.iter().map(|predictions| predictions[point]);
            let mean = at_point.clone().sum::<f64>() / draws;
            let of_point = at_point.map(|prediction| (prediction - mean).powi(2)).sum::<f64>() / (draws - 1.0);
            variance += of_point / points;
            bias_squared += ((mean - truth).powi(2) - of_point / draws) / points;
        }
        let mut noises = Key::new(seed, *b"bv noise").normals().map(|normal| noise * normal);
        let (mut distance, mut error) = (0.0, 0.0);
        for (prediction, truth) in predictions.iter().flat_map(|predictions| predictions.iter().zip(truth)) {
            distance += (prediction - truth).powi(2) / (draws * points);
            let target = truth + noises.next().unwrap_or_default();
            error += (prediction - target).powi(2) / (draws * points);
        }
        Self { bias_squared, variance, distance, error, train }
    }

    /// `bias² + variance`
    pub(super) fn sum(&self) -> f64 {
        self.bias_squared + self.variance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bias_and_variance_add_up_to_the_distance() {
        // One point: mean 3, squared deviations 4, 0, 4; variance 4, bias² (3 - 1)² - 4/3, distance (0 + 4 + 16)/3.
        let found = Decomposition::new(&[vec![1.0], vec![3.0], vec![5.0]], &[1.0], 0.0, 0, 0.5);
        assert!((found.variance - 4.0).abs() < 1e-12 && (found.bias_squared - 8.0 / 3.0).abs() < 1e-12);
        assert!((found.distance - 20.0 / 3.0).abs() < 1e-12 && (found.sum() - found.distance).abs() < 1e-12);
        assert!((found.error - found.distance).abs() < 1e-12, "no noise");
    }
}
