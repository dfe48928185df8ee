//! The logarithm of the softmax.

use burn::tensor::{Tensor, backend::Backend};

/// Logarithm of the softmax of each row, without a gradient: `z - max z - log Σ exp(z - max z)`.
pub(crate) fn log_probabilities<B: Backend>(logits: Tensor<B, 2>) -> Tensor<B, 2> {
    let shifted = logits.clone() - logits.max_dim(1);
    let log_sum = shifted.clone().exp().sum_dim(1).log();
    shifted - log_sum
}
