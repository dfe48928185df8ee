//! Scaling of input features.

use alloc::vec::Vec;

use burn::module::{Module, Param};
use burn::tensor::{Tensor, TensorData, backend::Backend};

use crate::DropoutLayers;

/// Scales each feature to mean 0 and standard deviation 1 on the examples it was fitted on: `(x - mean)/std`.
///
/// Make it the first layer of a module: its numbers are parameters that are not trained, so they are saved with the
/// module, and prediction cannot forget them. Fit it on the training examples alone.
///
/// # Examples
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_flex::Flex;
/// use burn_mlp::Standardize;
///
/// let device = Default::default();
/// // Two features: the second is the same for every example and becomes 0.
/// let scaling = Standardize::<Flex>::fit(&[1.0, 7.0, 3.0, 7.0], 2, &device)?;
/// let scaled = scaling.forward(Tensor::<Flex, 2>::from_floats([[1.0, 7.0], [3.0, 7.0]], &device));
/// assert_eq!(scaled.to_data().to_vec::<f32>().unwrap(), [-1.0, 0.0, 1.0, 0.0]);
/// # Ok::<(), burn_mlp::StandardizeError>(())
/// ```
#[derive(Module, Debug, DropoutLayers)]
#[non_exhaustive]
pub struct Standardize<B: Backend> {
    /// Mean of each feature, `[features]`.
    pub mean: Param<Tensor<B, 1>>,
    /// Standard deviation of each feature (divisor N), `[features]`; 1 for a feature that does not vary.
    pub std: Param<Tensor<B, 1>>,
}

/// Why numbers cannot be scaled.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StandardizeError {
    /// The number of values is not a multiple of the number of features, or one of them is zero.
    #[error("expected rows of {features} features, found {found} values")]
    Shape {
        /// Number of features.
        features: usize,
        /// Number of values.
        found: usize,
    },
    /// A value is infinite or not a number.
    #[error("expected finite numbers, found {found} in row {row}, feature {feature} (counted from 0)")]
    NotFinite {
        /// Index of the row.
        row: usize,
        /// Index of the feature.
        feature: usize,
        /// The value.
        found: f32,
    },
}

impl<B: Backend> Standardize<B> {
    /// Scaling that changes nothing, to be replaced by loaded numbers.
    pub fn identity(features: usize, device: &B::Device) -> Self {
        Self::new(alloc::vec![0.0; features], alloc::vec![1.0; features], device)
    }

    /// Mean and standard deviation of each of `features` features. Computed in 64 bits.
    ///
    /// # Shapes
    ///
    /// - `values`: `[examples, features]`, row by row
    ///
    /// # Errors
    ///
    /// [`StandardizeError`] if there are no values, they are not whole rows, or one is not finite.
    pub fn fit(values: &[f32], features: usize, device: &B::Device) -> Result<Self, StandardizeError> {
        if features == 0 || values.is_empty() || !values.len().is_multiple_of(features) {
            return Err(StandardizeError::Shape { features, found: values.len() });
        }
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            let (row, feature) = (index / features, index % features);
            return Err(StandardizeError::NotFinite { row, feature, found: values[index] });
        }
        let examples = (values.len() / features) as f64;
        let column = |feature: usize| values[feature..].iter().step_by(features).map(|&value| f64::from(value));
        let (mut means, mut deviations) = (Vec::with_capacity(features), Vec::with_capacity(features));
        for feature in 0..features {
            let mean = column(feature).sum::<f64>() / examples;
            let variance = column(feature).map(|value| (value - mean) * (value - mean)).sum::<f64>() / examples;
            let deviation = libm::sqrt(variance) as f32;
            means.push(mean as f32);
            // Rounding alone makes the mean of equal numbers differ from them, by less than 2⁻²⁴ of their size.
            let varies = f64::from(deviation) > mean.abs() * 1e-7;
            deviations.push(if varies { deviation } else { 1.0 });
        }
        Ok(Self::new(means, deviations, device))
    }

    fn new(mean: Vec<f32>, std: Vec<f32>, device: &B::Device) -> Self {
        let fixed = |values: Vec<f32>| {
            let length = values.len();
            let tensor = Tensor::from_data(TensorData::new(values, [length]), device);
            Param::from_tensor(tensor).set_require_grad(false)
        };
        Self { mean: fixed(mean), std: fixed(std) }
    }

    /// The scaled features.
    ///
    /// # Shapes
    ///
    /// - `x`, output: `[.., features]`, of any rank
    ///
    /// # Panics
    ///
    /// If the last dimension of `x` is not the number of features.
    pub fn forward<const D: usize>(&self, x: Tensor<B, D>) -> Tensor<B, D> {
        (x - self.mean.val().unsqueeze()) / self.std.val().unsqueeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::AutodiffModule;
    use burn_autodiff::Autodiff;
    use burn_flex::Flex;

    type Train = Autodiff<Flex>;

    #[test]
    fn it_is_saved_and_not_trained() {
        let device = Default::default();
        let scaling = Standardize::<Train>::fit(&[1.0, 10.0, 2.0, 30.0, 6.0, 20.0], 2, &device).unwrap();
        assert!(!scaling.mean.is_require_grad() && !scaling.std.is_require_grad());
        assert_eq!(scaling.mean.to_data().to_vec::<f32>().unwrap(), [3.0, 20.0]);
        let loaded = Standardize::<Train>::identity(2, &device).load_record(scaling.clone().into_record());
        assert_eq!(loaded.valid().std.to_data(), scaling.valid().std.to_data());
        assert!(!loaded.std.is_require_grad());
    }

    #[test]
    fn a_feature_of_equal_numbers_is_not_blown_up() {
        let scaling = Standardize::<Flex>::fit(&[0.1; 3000], 1, &Default::default()).unwrap();
        assert_eq!(scaling.std.to_data().to_vec::<f32>().unwrap(), [1.0]);
    }

    #[test]
    fn what_cannot_be_scaled_is_refused() {
        let fit = |values: &[f32], features| {
            Standardize::<Flex>::fit(values, features, &Default::default()).map(|_| ()).unwrap_err()
        };
        assert_eq!(fit(&[1.0; 5], 2), StandardizeError::Shape { features: 2, found: 5 });
        assert_eq!(fit(&[], 2), StandardizeError::Shape { features: 2, found: 0 });
        let error = fit(&[1.0, 2.0, 3.0, f32::INFINITY], 2);
        assert_eq!(error, StandardizeError::NotFinite { row: 1, feature: 1, found: f32::INFINITY });
    }
}
