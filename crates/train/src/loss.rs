//! What a network is trained for: targets, and the loss that compares outputs with them.

use std::sync::Arc;

use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Int, Tensor};
use burn_mlp::CrossEntropy;

/// A loss: compares the outputs of a batch with its targets.
///
/// [`CrossEntropy`] is for classes, [`MeanSquaredError`] for numbers. A closure is a loss too:
/// `|outputs: Tensor<B, 2>, targets: Tensor<B, 2>| (outputs - targets).abs().mean_dim(1).squeeze_dim(1)`.
pub trait Loss<B: Backend, Y>: Send + Sync {
    /// Loss of each example, `[batch]`. The loss of a batch is their mean.
    ///
    /// # Shapes
    ///
    /// - `outputs`: `[batch, outputs]`
    fn each(&self, outputs: Tensor<B, 2>, targets: Y) -> Tensor<B, 1>;

    /// Loss of each example outside of training, `[batch]`. The same by default; [`CrossEntropy`] leaves out label
    /// smoothing and class weights, so that the losses of differently trained networks can be compared.
    fn each_held_out(&self, outputs: Tensor<B, 2>, targets: Y) -> Tensor<B, 1> {
        self.each(outputs, targets)
    }
}

impl<B: Backend> Loss<B, Tensor<B, 1, Int>> for CrossEntropy {
    fn each(&self, logits: Tensor<B, 2>, classes: Tensor<B, 1, Int>) -> Tensor<B, 1> {
        self.forward_each(logits, classes)
    }

    fn each_held_out(&self, logits: Tensor<B, 2>, classes: Tensor<B, 1, Int>) -> Tensor<B, 1> {
        Self::default().forward_each(logits, classes)
    }
}

/// Mean squared error: for each example the mean of `(output - target)²` over its outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeanSquaredError;

impl<B: Backend> Loss<B, Tensor<B, 2>> for MeanSquaredError {
    fn each(&self, outputs: Tensor<B, 2>, targets: Tensor<B, 2>) -> Tensor<B, 1> {
        (outputs - targets).square().mean_dim(1).squeeze_dim(1)
    }
}

impl<B: Backend, Y, F: Fn(Tensor<B, 2>, Y) -> Tensor<B, 1> + Send + Sync> Loss<B, Y> for F {
    fn each(&self, outputs: Tensor<B, 2>, targets: Y) -> Tensor<B, 1> {
        self(outputs, targets)
    }
}

impl<B: Backend, Y, L: Loss<B, Y> + ?Sized> Loss<B, Y> for Arc<L> {
    fn each(&self, outputs: Tensor<B, 2>, targets: Y) -> Tensor<B, 1> {
        (**self).each(outputs, targets)
    }

    fn each_held_out(&self, outputs: Tensor<B, 2>, targets: Y) -> Tensor<B, 1> {
        (**self).each_held_out(outputs, targets)
    }
}

/// Targets of a batch on an autodiff backend: classes, `Tensor<B, 1, Int>`, or numbers, `Tensor<B, 2>`.
pub trait Targets<B: AutodiffBackend>: Sized {
    /// The same on the backend inside.
    type Inner: Send;

    /// Targets from those on the backend inside.
    fn from_inner(inner: Self::Inner) -> Self;

    /// The loss for such targets, unless another is chosen: cross-entropy of classes, mean squared error of numbers.
    fn usual_loss() -> Arc<dyn Loss<B, Self>>;
}

impl<B: AutodiffBackend> Targets<B> for Tensor<B, 1, Int> {
    type Inner = Tensor<B::InnerBackend, 1, Int>;

    fn from_inner(inner: Self::Inner) -> Self {
        Tensor::from_inner(inner)
    }

    fn usual_loss() -> Arc<dyn Loss<B, Self>> {
        Arc::new(CrossEntropy::default())
    }
}

impl<B: AutodiffBackend> Targets<B> for Tensor<B, 2> {
    type Inner = Tensor<B::InnerBackend, 2>;

    fn from_inner(inner: Self::Inner) -> Self {
        Tensor::from_inner(inner)
    }

    fn usual_loss() -> Arc<dyn Loss<B, Self>> {
        Arc::new(MeanSquaredError)
    }
}
