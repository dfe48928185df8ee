//! The multilayer perceptron.

mod config;
mod error;
mod rates;
mod summary;

use alloc::vec::Vec;

use burn::module::Module;
use burn::nn::{BatchNorm, Linear};
use burn::tensor::{Tensor, backend::Backend};

pub use self::config::MlpConfig;
pub use self::error::MlpError;
pub use self::rates::DropoutRates;
pub use self::summary::{LayerSummary, Summary};
use crate::batch_norm::batch_norm;
use crate::{ActivationLayer, Dropout, DropoutLayers};

/// One hidden layer: linear map, batch normalization if configured, activation, dropout.
#[derive(Module, Debug, DropoutLayers)]
#[non_exhaustive]
pub struct HiddenLayer<B: Backend> {
    /// The linear map; weight `[d_input, d_output]`, bias `[d_output]`.
    pub linear: Linear<B>,
    /// Batch normalization of the linear map's outputs.
    pub norm: Option<BatchNorm<B>>,
    /// The activation function.
    pub activation: ActivationLayer<B>,
    /// Dropout of the activations.
    pub dropout: Dropout<B>,
}

impl<B: Backend> HiddenLayer<B> {
    /// Applies the layer.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, d_input]`
    /// - output: `[batch, d_output]`
    ///
    /// # Panics
    ///
    /// If the number of features of `x` differs from the number of rows of the weight.
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        #[cfg(any(feature = "flex", feature = "ndarray"))]
        {
            let (norm, function) = (self.norm.as_ref(), self.activation.function());
            if let Some(y) = crate::fused::hidden_layer(&self.linear, norm, function, &self.dropout, &x) {
                return y;
            }
        }
        let shape = [x.dims()[0], self.linear.weight.dims()[1]];
        let mask = self.dropout.mask(shape, x.dtype(), &x.device());
        let x = affine(&self.linear, x);
        let x = match &self.norm {
            Some(norm) => batch_norm(norm, x),
            None => x,
        };
        mask.apply(self.activation.forward(x))
    }
}

/// A multilayer perceptron: hidden layers of any number and width, then a linear map to logits.
///
/// Created by [`MlpConfig::init`]. It contains plain `burn::nn::Linear` and `burn::nn::BatchNorm`, so Burn's records,
/// adapters and optimizers work with it.
///
/// Dropout and batch normalization are in training mode exactly when the backend is an autodiff one. Evaluate with
/// `mlp.valid()`.
#[derive(Module, Debug, DropoutLayers)]
#[non_exhaustive]
pub struct Mlp<B: Backend> {
    /// Dropout of the input features.
    pub input_dropout: Dropout<B>,
    /// Hidden layers, starting at the input.
    pub hidden: Vec<HiddenLayer<B>>,
    /// The map to logits; weight `[d_hidden, d_output]`, bias `[d_output]`.
    pub output: Linear<B>,
}

impl<B: Backend> Mlp<B> {
    /// Logits of a batch.
    ///
    /// # Shapes
    ///
    /// - `x`: `[.., d_input]`, of any rank; all dimensions but the last count as the batch
    /// - output: `[.., d_output]`
    ///
    /// # Panics
    ///
    /// If `x` has another number of features than `d_input`.
    pub fn forward<const D: usize>(&self, x: Tensor<B, D>) -> Tensor<B, D> {
        rows(x, |x| {
            let features = self.features(x);
            affine(&self.output, features)
        })
    }

    /// Activations of the last hidden layer: the input of the output layer.
    ///
    /// # Shapes
    ///
    /// - `x`: `[.., d_input]`, of any rank
    /// - output: `[.., d_hidden]` of the last hidden layer, or `x` if there are no hidden layers
    ///
    /// # Panics
    ///
    /// If `x` has another number of features than `d_input`.
    pub fn features<const D: usize>(&self, x: Tensor<B, D>) -> Tensor<B, D> {
        rows(x, |x| {
            let x = self.input_dropout.forward(x);
            self.hidden.iter().fold(x, |x, layer| layer.forward(x))
        })
    }

    /// Whether each output row depends only on the same input row, even in training. False with batch normalization.
    ///
    /// # Examples
    ///
    /// ```
    /// # use burn_flex::Flex;
    /// # use burn_mlp::MlpConfig;
    /// let config = MlpConfig::new(4, [8], 2);
    /// assert!(config.clone().init::<Flex>(&Default::default())?.has_independent_rows());
    /// assert!(!config.with_batch_norm(true).init::<Flex>(&Default::default())?.has_independent_rows());
    /// # Ok::<(), burn_mlp::MlpError>(())
    /// ```
    pub fn has_independent_rows(&self) -> bool {
        self.hidden.iter().all(|layer| layer.norm.is_none())
    }

    /// Number of input features.
    pub fn d_input(&self) -> usize {
        let first = self.hidden.first().map_or(&self.output, |layer| &layer.linear);
        first.weight.dims()[0]
    }

    /// Number of outputs.
    ///
    /// # Examples
    ///
    /// ```
    /// # use burn_flex::Flex;
    /// # use burn_mlp::MlpConfig;
    /// let mlp = MlpConfig::new(4, [8, 6], 3).init::<Flex>(&Default::default())?;
    /// assert_eq!((mlp.d_input(), mlp.d_output()), (4, 3));
    /// # Ok::<(), burn_mlp::MlpError>(())
    /// ```
    pub fn d_output(&self) -> usize {
        self.output.weight.dims()[1]
    }
}

/// The linear map of a layer.
fn affine<B: Backend>(linear: &Linear<B>, x: Tensor<B, 2>) -> Tensor<B, 2> {
    #[cfg(any(feature = "flex", feature = "ndarray"))]
    if let Some(y) = crate::fused::affine(linear, &x) {
        return y;
    }
    linear.forward(x)
}

/// Applies `function` to the rows of `x` as a matrix.
fn rows<B: Backend, const D: usize>(
    x: Tensor<B, D>,
    function: impl FnOnce(Tensor<B, 2>) -> Tensor<B, 2>,
) -> Tensor<B, D> {
    let mut shape = x.shape();
    let d_input = shape[D - 1];
    let batch = shape.num_elements() / d_input.max(1);
    let y = function(x.reshape([batch, d_input]));
    shape[D - 1] = y.dims()[1];
    y.reshape(shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::AutodiffModule;
    use burn_autodiff::Autodiff;
    use burn_flex::Flex;

    fn values<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
        tensor.into_data().convert::<f32>().into_vec().unwrap()
    }

    #[test]
    fn without_hidden_layers_it_is_a_linear_model() {
        let mlp = MlpConfig::new(3, [], 2).init::<Flex>(&Default::default()).unwrap();
        let x = Tensor::<Flex, 2>::ones([1, 3], &Default::default());
        assert_eq!(values(mlp.forward(x.clone())), values(mlp.output.forward(x)));
        assert_eq!(mlp.d_input(), 3);
    }

    #[test]
    fn inputs_of_any_rank_are_rows_of_features() {
        let config = MlpConfig::new(3, [5], 2).with_batch_norm(true);
        let mlp = config.init::<Autodiff<Flex>>(&Default::default()).unwrap();
        let x = Tensor::<Autodiff<Flex>, 1, burn::tensor::Int>::arange(0..24, &Default::default()).float();
        let matrix = mlp.forward(x.clone().reshape([8, 3]));
        let cube = mlp.forward(x.clone().reshape([2, 4, 3]));
        assert_eq!(cube.dims(), [2, 4, 2]);
        assert_eq!(values(cube), values(matrix));
        let valid = mlp.valid();
        let row = valid.forward(x.clone().inner().narrow(0, 0, 3));
        assert_eq!(values(row), values(valid.forward(x.inner().reshape([8, 3])).narrow(0, 0, 1)));
    }

    #[test]
    fn masks_of_different_layers_are_independent() {
        let config = MlpConfig::new(256, [256, 256], 10).with_dropout(0.5);
        let mlp = config.init::<Autodiff<Flex>>(&Default::default()).unwrap();
        let ones = || Tensor::<Autodiff<Flex>, 2>::ones([256, 256], &Default::default());
        let masks: Vec<_> = mlp.hidden.iter().map(|layer| values(layer.dropout.forward(ones()))).collect();
        // Half of 65,536 elements agree on average, with standard deviation 128. The probability of more than 5
        // standard deviations is 6·10⁻⁷.
        let agreeing = masks[0].iter().zip(&masks[1]).filter(|(one, other)| one == other).count();
        assert!(agreeing.abs_diff(32_768) < 640, "{agreeing} of 65536 agree");
    }

    #[test]
    fn validation_is_deterministic_and_training_follows_the_step() {
        let device = Default::default();
        let config = MlpConfig::new(784, [256, 256], 10).with_dropout(0.5);
        let mlp = config.init::<Autodiff<Flex>>(&device).unwrap();
        let x = Tensor::<Autodiff<Flex>, 2>::ones([2, 784], &device);
        let valid = mlp.valid();
        let y = || values(valid.forward(x.clone().inner()));
        assert_eq!(y(), y());
        let at = |step| {
            mlp.seek_dropout(step);
            values(mlp.forward(x.clone()))
        };
        assert_eq!(at(5), at(5));
        assert_ne!(at(5), at(6));
    }
}
