//! The interface between a module and the training loop.

use burn::module::Module;
use burn::tensor::{Tensor, backend::Backend};
use burn_mlp::{DeepMlp, DropoutLayers, Mlp, ResidualNetwork};

/// A module that computes one row of outputs for each example: the logits of its classes, or the numbers it predicts.
///
/// `F` are its input features: a matrix with one row for each example, or a struct of several tensors. Implement it for
/// every backend `B`: a module trains on an autodiff backend, and predicts on the backend inside that.
///
/// # Examples
///
/// ```
/// use burn::module::Module;
/// use burn::nn::Linear;
/// use burn::tensor::{Tensor, activation::relu, backend::Backend};
/// use burn_mlp::DropoutLayers;
/// use burn_mlp_train::Network;
///
/// #[derive(Module, Debug, DropoutLayers)]
/// struct Net<B: Backend> {
///     hidden: Linear<B>,
///     output: Linear<B>,
/// }
///
/// impl<B: Backend> Network<B> for Net<B> {
///     fn outputs(&self, rows: Tensor<B, 2>) -> Tensor<B, 2> {
///         self.output.forward(relu(self.hidden.forward(rows)))
///     }
///
///     fn has_independent_rows(&self) -> bool {
///         true // nothing here mixes the examples of a batch
///     }
/// }
/// ```
pub trait Network<B: Backend, F = Tensor<B, 2>>: Module<B> + DropoutLayers<B> {
    /// Outputs of a batch: `[batch, outputs]`.
    fn outputs(&self, features: F) -> Tensor<B, 2>;

    /// Whether each example's outputs depend on that example alone, so that a batch may be computed in micro-batches.
    /// They do not with batch normalization. False by default.
    fn has_independent_rows(&self) -> bool {
        false
    }
}

impl<B: Backend> Network<B> for Mlp<B> {
    fn outputs(&self, rows: Tensor<B, 2>) -> Tensor<B, 2> {
        self.forward(rows)
    }

    fn has_independent_rows(&self) -> bool {
        Self::has_independent_rows(self)
    }
}

impl<B: Backend> Network<B> for DeepMlp<B> {
    fn outputs(&self, rows: Tensor<B, 2>) -> Tensor<B, 2> {
        self.forward(rows)
    }
}

impl<B: Backend> Network<B> for ResidualNetwork<B> {
    fn outputs(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        self.forward(images)
    }
}
