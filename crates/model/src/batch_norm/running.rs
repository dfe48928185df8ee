//! The running statistics of batch normalization.

use burn::nn::BatchNorm;
use burn::tensor::{Tensor, backend::Backend};

/// Updates the running statistics with those of a batch of `values` values per channel. The variance has `values` as
/// divisor.
pub(crate) fn update_running_statistics<B: Backend, const D: usize>(
    norm: &BatchNorm<B>,
    values: usize,
    mean: Tensor<B, D>,
    variance: Tensor<B, D>,
) {
    if values < 2 {
        return;
    }
    let bessel = values as f64 / (values - 1) as f64;
    for (state, batch) in [(&norm.running_mean, mean), (&norm.running_var, variance.mul_scalar(bessel))] {
        let old = state.value_sync();
        let batch = batch.detach().reshape(old.dims());
        let broken = batch.clone().is_finite().bool_not();
        let update = old.clone().mul_scalar(1.0 - norm.momentum) + batch.mul_scalar(norm.momentum);
        state.update(update.mask_where(broken, old).detach());
    }
}
