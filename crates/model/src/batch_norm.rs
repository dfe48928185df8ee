//! The forward pass of batch normalization.

mod running;
#[cfg(test)]
mod tests;

use burn::nn::BatchNorm;
use burn::tensor::{Tensor, backend::Backend};

pub(crate) use self::running::update_running_statistics;

/// Normalizes each channel of a batch: `γ·(x - μ)/√(σ² + ε) + β` (Ioffe and Szegedy 2015).
///
/// On autodiff backends μ and σ² are the statistics of the batch, and the running statistics are updated with the
/// momentum. The divisor of σ² is N, the number of examples times the number of positions. On other backends μ and σ²
/// are the running statistics.
///
/// The running variance is updated with the unbiased estimate (divisor N - 1), as in PyTorch, so that imported weights
/// keep their statistics. With a single value per channel, that estimate does not exist and the running statistics stay
/// unchanged. They also stay unchanged for channels in which a statistic of the batch is not finite: one broken example
/// makes the loss of its batch NaN, and does not ruin the network for all later ones. A batch without examples is
/// returned as it is.
///
/// The parameters live in `burn::nn::BatchNorm`, so Burn's records and adapters work with them. Its forward pass is not
/// used: it transposes and copies the batch six times, and updates the running variance with the biased estimate.
///
/// # Shapes
///
/// - `x`, output: `[batch, channels, ..]`, the same
///
/// # Panics
///
/// If `x` has one dimension only, or another number of channels than `norm`.
///
/// # Examples
///
/// ```
/// use burn::nn::BatchNormConfig;
/// use burn::tensor::Tensor;
/// use burn_autodiff::Autodiff;
/// use burn_flex::Flex;
/// use burn_mlp::batch_norm;
///
/// let device = Default::default();
/// let norm = BatchNormConfig::new(2).init(&device);
/// let x = Tensor::<Autodiff<Flex>, 2>::from_floats([[1.0, 5.0], [3.0, 5.0]], &device);
/// let y = batch_norm(&norm, x).into_data().to_vec::<f32>().unwrap();
/// assert!((y[0] + 1.0).abs() < 1e-4 && (y[2] - 1.0).abs() < 1e-4, "{y:?}");
/// assert_eq!((y[1], y[3]), (0.0, 0.0));
/// ```
pub fn batch_norm<B: Backend, const D: usize>(norm: &BatchNorm<B>, x: Tensor<B, D>) -> Tensor<B, D> {
    #[cfg(any(feature = "flex", feature = "ndarray"))]
    if let [rows, columns] = x.dims()[..]
        && let Some(y) = crate::fused::batch_norm(norm, &x.clone().reshape([rows, columns]))
    {
        return y.reshape(x.shape());
    }
    composed(norm, x)
}

/// The same from Burn's operations, on any backend.
pub(crate) fn composed<B: Backend, const D: usize>(norm: &BatchNorm<B>, x: Tensor<B, D>) -> Tensor<B, D> {
    let mut per_channel = [1; D];
    per_channel[1] = x.dims()[1];
    if x.shape().num_elements() == 0 {
        return x;
    }
    let (centered, variance) = if B::ad_enabled(&x.device()) {
        let mean = mean_of_channels(x.clone());
        let centered = x - mean.clone();
        let variance = mean_of_channels(centered.clone().square());
        let values = centered.dims().iter().product::<usize>() / per_channel[1].max(1);
        update_running_statistics(norm, values, mean, variance.clone());
        (centered, variance)
    } else {
        let mean = norm.running_mean.value_sync().reshape(per_channel);
        (x - mean, norm.running_var.value_sync().reshape(per_channel))
    };
    // `powf(-0.5)`, not a square root and a division: on ndarray the last bits of the gradients of those two depend on
    // memory alignment and so differ from run to run.
    let scale = norm.gamma.val().reshape(per_channel) * variance.add_scalar(norm.epsilon).powf_scalar(-0.5);
    centered * scale + norm.beta.val().reshape(per_channel)
}

/// Mean over every dimension but the second. Starting with the innermost dimension keeps the remaining values
/// contiguous.
fn mean_of_channels<B: Backend, const D: usize>(x: Tensor<B, D>) -> Tensor<B, D> {
    (0..D).rev().filter(|&dim| dim != 1).fold(x, |x, dim| x.mean_dim(dim))
}
