//! Evaluation between epochs.

use std::sync::Arc;

use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;

use crate::evaluate::evaluate_on;
use crate::{Evaluation, Examples, Loss, Network, Targets};

/// Evaluates a network on the examples the closure holds.
pub(super) type Evaluator<'a, V> = Box<dyn Fn(&V) -> Evaluation + Send + 'a>;
/// The loss of a run.
pub(super) type RunLoss<B, Y> = Arc<dyn Loss<B, Y>>;

/// Evaluates on the backend inside; only the loss, which may be a closure for one backend, is computed on the autodiff
/// backend.
pub(super) fn evaluator<'a, B, V, T, Y>(examples: T, loss: RunLoss<B, Y>, device: &B::Device) -> Evaluator<'a, V>
where
    B: AutodiffBackend,
    V: Network<B::InnerBackend, T::Features>,
    T: Examples<B::InnerBackend, Targets = Y::Inner> + 'a,
    Y: Targets<B> + 'static,
{
    let device = device.clone();
    Box::new(move |network: &V| {
        let losses = |outputs, targets| loss.each_held_out(Tensor::from_inner(outputs), Y::from_inner(targets)).inner();
        evaluate_on(network, &examples, losses, &device)
    })
}
