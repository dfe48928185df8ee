//! The interface between a module and the training loop.

use burn::module::Module;
use burn::tensor::{Tensor, backend::Backend};
use burn_mlp::{DeepMlp, Mlp, ResidualNetwork};

/// A module that computes a logit for each class.
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
/// use burn_mlp_train::Classifier;
///
/// #[derive(Module, Debug)]
/// struct Net<B: Backend> {
///     hidden: Linear<B>,
///     output: Linear<B>,
/// }
///
/// impl<B: Backend> Classifier<B> for Net<B> {
///     fn logits(&self, rows: Tensor<B, 2>) -> Tensor<B, 2> {
///         self.output.forward(relu(self.hidden.forward(rows)))
///     }
///
///     fn has_independent_rows(&self) -> bool {
///         true // nothing here mixes the examples of a batch
///     }
/// }
/// ```
pub trait Classifier<B: Backend, F = Tensor<B, 2>>: Module<B> {
    /// Logits of a batch: `[batch, classes]`.
    fn logits(&self, features: F) -> Tensor<B, 2>;

    /// Positions every dropout layer at row `row` of mask `mask`. Does nothing by default.
    fn seek_dropout(&self, mask: u64, row: u64) {
        let _ = (mask, row);
    }

    /// Whether each example's logits depend on that example alone, so that a batch may be computed in micro-batches.
    ///
    /// They do not with batch normalization, nor with dropout layers that [`seek_dropout`](Self::seek_dropout) does not
    /// position. False by default.
    fn has_independent_rows(&self) -> bool {
        false
    }
}

impl<B: Backend> Classifier<B> for Mlp<B> {
    fn logits(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        self.forward(images)
    }

    fn seek_dropout(&self, mask: u64, row: u64) {
        self.seek_dropout_row(mask, row);
    }

    fn has_independent_rows(&self) -> bool {
        Self::has_independent_rows(self)
    }
}

impl<B: Backend> Classifier<B> for DeepMlp<B> {
    fn logits(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        self.forward(images)
    }
}

impl<B: Backend> Classifier<B> for ResidualNetwork<B> {
    fn logits(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        self.forward(images)
    }
}
