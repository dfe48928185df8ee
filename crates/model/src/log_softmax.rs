//! The logarithm of the softmax.

use burn::tensor::{Tensor, backend::Backend};

/// Logarithm of the softmax of each row: `z - l`, where `l` is the log-sum-exp of the row.
///
/// The gradient of `l` is the softmax, which the forward pass computes anyway. `l` is written as a constant plus
/// `Σ p·(z - z₀)`, where the constants `p` and `z₀` equal the softmax and `z`. Autodiff then obtains exactly that
/// gradient from two products instead of the chain through exponential, sum and logarithm.
///
/// This also makes the gradient reproducible to the bit: Burn 0.21's ndarray backend differentiates a logarithm with a
/// vectorized reciprocal whose rounding depends on the alignment of the buffer.
pub(crate) fn log_softmax<B: Backend>(logits: Tensor<B, 2>) -> Tensor<B, 2> {
    let constant = logits.clone().detach();
    let value = log_probabilities(constant.clone());
    let softmax = value.clone().exp();
    // `change` is 0. It only contributes the gradient of z - l.
    let change = logits - constant;
    value + change.clone() - (softmax * change).sum_dim(1)
}

/// The values of [`log_softmax`], computed directly.
pub(crate) fn log_probabilities<B: Backend>(logits: Tensor<B, 2>) -> Tensor<B, 2> {
    let shifted = logits.clone() - logits.max_dim(1);
    let log_sum = shifted.clone().exp().sum_dim(1).log();
    shifted - log_sum
}
