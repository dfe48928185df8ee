//! The forward pass of batch normalization for `[batch, features]`.

use burn::nn::BatchNorm;
use burn::tensor::{Tensor, backend::Backend};

/// Applies `norm` to a batch of feature vectors: `γ·(x - μ)/√(σ² + ε) + β` (Ioffe and Szegedy 2015).
///
/// On autodiff backends μ and σ² are the batch's (σ² with divisor N) and move the running statistics by the momentum;
/// elsewhere they are the running statistics. The parameters live in `burn::nn::BatchNorm`, so that records and
/// adapters know them, but its own forward pass transposes and copies the batch six times and lets the running
/// variance follow the biased estimate. Here it follows the unbiased one (divisor N - 1), as PyTorch's does, so that
/// weights carried over keep their statistics. A batch of one leaves the running statistics as they are: it has no
/// variance.
///
/// # Shapes
///
/// - `x`, output: `[batch, features]`
pub(crate) fn batch_norm<B: Backend>(norm: &BatchNorm<B>, x: Tensor<B, 2>) -> Tensor<B, 2> {
    let (centered, variance) = if B::ad_enabled(&x.device()) {
        let mean = x.clone().mean_dim(0);
        let centered = x - mean.clone();
        let variance = centered.clone().square().mean_dim(0);
        update_running_statistics(norm, centered.dims()[0], mean, variance.clone());
        (centered, variance)
    } else {
        let mean = norm.running_mean.value_sync().unsqueeze();
        (x - mean, norm.running_var.value_sync().unsqueeze())
    };
    // A power rather than root and quotient: on ndarray the gradients of those two differ in their last bits from run
    // to run, with the place in memory.
    let scale = norm.gamma.val().unsqueeze() * variance.add_scalar(norm.epsilon).powf_scalar(-0.5);
    centered * scale + norm.beta.val().unsqueeze()
}

fn update_running_statistics<B: Backend>(
    norm: &BatchNorm<B>,
    batch_size: usize,
    mean: Tensor<B, 2>,
    variance: Tensor<B, 2>,
) {
    if batch_size < 2 {
        return;
    }
    let bessel = batch_size as f64 / (batch_size - 1) as f64;
    for (state, batch) in [(&norm.running_mean, mean), (&norm.running_var, variance.mul_scalar(bessel))] {
        let kept = state.value_sync().mul_scalar(1.0 - norm.momentum);
        let update = batch.detach().squeeze_dim(0).mul_scalar(norm.momentum);
        state.update((kept + update).detach());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use burn::module::AutodiffModule;
    use burn::nn::BatchNormConfig;
    use burn_autodiff::Autodiff;
    use burn_ndarray::NdArray;

    type Double = NdArray<f64>;

    fn norm() -> BatchNorm<Autodiff<Double>> {
        let device = Default::default();
        let mut norm = BatchNormConfig::new(2).init(&device);
        norm.gamma = norm.gamma.map(|_| Tensor::from_data([1.5_f64, 0.5], &device).require_grad());
        norm
    }

    fn read<const D: usize>(tensor: Tensor<Double, D>) -> Vec<f64> {
        tensor.into_data().into_vec().unwrap()
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-8, "{found} is not {expected}");
        }
    }

    // import torch; torch.set_default_dtype(torch.float64)
    // n = torch.nn.BatchNorm1d(2); n.weight.data = torch.tensor([1.5, .5])
    // x = torch.tensor([[1., 2.], [3., -1.], [4., 0.]], requires_grad=True)
    // y = n(x); (y * torch.tensor([[1., 2.], [3., 4.], [5., 6.]])).sum().backward()
    // print(y, x.grad, n.weight.grad, n.running_mean, n.running_var); n.eval(); print(n(x))
    #[test]
    fn forward_gradients_and_running_statistics_match_pytorch() {
        let device = Default::default();
        let norm = norm();
        let x = Tensor::from_data([[1.0_f64, 2.0], [3.0, -1.0], [4.0, 0.0]], &device).require_grad();
        let y = batch_norm(&norm, x.clone());
        let coefficients = Tensor::from_data([[1.0_f64, 2.0], [3.0, 4.0], [5.0, 6.0]], &device);
        let gradients = (y.clone() * coefficients).sum().backward();

        assert_close(&read(y.inner()), &Y);
        assert_close(&read(x.grad(&gradients).unwrap()), &DX);
        assert_close(&read(norm.gamma.val().grad(&gradients).unwrap()), &DGAMMA);
        assert_close(&read(norm.running_mean.value_sync().inner()), &MEAN);
        assert_close(&read(norm.running_var.value_sync().inner()), &VAR);
        assert_close(&read(batch_norm(&norm.valid(), x.inner())), &EVAL);
    }

    #[test]
    fn a_single_example_leaves_the_running_statistics() {
        let norm = norm();
        let y = batch_norm(&norm, Tensor::ones([1, 2], &Default::default()));
        assert_eq!(read(y.inner()), [0.0, 0.0]);
        assert_eq!(read(norm.running_var.value_sync().inner()), [1.0, 1.0]);
    }

    const Y: [f64; 6] = [-2.0044528715, 0.6681509572, 0.4008905743, -0.5345207657, 1.6035622972, -0.1336301914];
    const DX: [f64; 6] = [0.1717936788, -0.2290840098, -0.5154274249, -0.4581577110, 0.3436337461, 0.6872417208];
    const DGAMMA: [f64; 2] = [4.8106868915, -3.2071245944];
    const MEAN: [f64; 2] = [0.2666666667, 0.0333333333];
    const VAR: [f64; 2] = [1.1333333333, 1.1333333333];
    const EVAL: [f64; 6] = [1.0332655218, 0.9236767543, 3.8512623993, -0.4853216845, 5.2602608381, -0.0156555382];
}
