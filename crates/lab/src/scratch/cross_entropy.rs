//! Softmax and cross-entropy by log-sum-exp.

use burn::tensor::{Int, Tensor, backend::Backend};

/// `log Σ_c exp(z_c)` of each row, as `m + log Σ_c exp(z_c - m)` with `m` the largest: no exponential overflows, and
/// the sum is at least 1.
///
/// # Shapes
///
/// - `logits`: `[batch, classes]`
/// - output: `[batch, 1]`
///
/// # Examples
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_flex::Flex;
/// use mlp_lab::scratch::cross_entropy::log_sum_exp;
///
/// let logits = Tensor::<Flex, 2>::from_floats([[1000.0, 1000.0]], &Default::default());
/// assert_eq!(log_sum_exp(logits).into_scalar(), 1000.0 + 2.0_f32.ln());
/// ```
pub fn log_sum_exp<B: Backend>(logits: Tensor<B, 2>) -> Tensor<B, 2> {
    let largest = logits.clone().max_dim(1);
    largest.clone() + (logits - largest).exp().sum_dim(1).log()
}

/// `exp(z - log_sum_exp(z))` of each row: positive, with sum 1.
///
/// # Shapes
///
/// - `logits`, output: `[batch, classes]`
pub fn softmax<B: Backend>(logits: Tensor<B, 2>) -> Tensor<B, 2> {
    let normalizer = log_sum_exp(logits.clone());
    (logits - normalizer).exp()
}

/// Mean over the batch of `-log softmax(z)_y = log_sum_exp(z) - z_y`.
///
/// # Shapes
///
/// - `logits`: `[batch, classes]`
/// - `targets`: `[batch]`, each in `0..classes`
/// - output: `[1]`
pub fn cross_entropy<B: Backend>(logits: Tensor<B, 2>, targets: Tensor<B, 1, Int>) -> Tensor<B, 1> {
    let of_target = logits.clone().gather(1, targets.unsqueeze_dim(1));
    (log_sum_exp(logits) - of_target).mean()
}

/// Gradient of [`cross_entropy`] by the logits: `(softmax(z) - e_y)/n`, with `e_y` one in the place of the target and
/// zero elsewhere, and `n` the size of the batch.
///
/// # Shapes
///
/// - `logits`, output: `[batch, classes]`
/// - `targets`: `[batch]`, each in `0..classes`
pub fn cross_entropy_gradient<B: Backend>(logits: Tensor<B, 2>, targets: Tensor<B, 1, Int>) -> Tensor<B, 2> {
    let [batch, classes] = logits.dims();
    let one_hot = targets.one_hot::<2>(classes).float().cast(logits.dtype());
    (softmax(logits) - one_hot).div_scalar(batch as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::DType;
    use burn_ndarray::NdArray;

    type Double = NdArray<f64>;

    fn values(tensor: Tensor<Double, 2>) -> Vec<f64> {
        tensor.into_data().into_vec().unwrap()
    }

    // import torch; torch.set_default_dtype(torch.float64)
    // x = torch.tensor([[1., -2., .5], [0., 3., -1.]], requires_grad=True); t = torch.tensor([2, 1])
    // l = torch.nn.functional.cross_entropy(x, t); l.backward(); print(l.item(), x.grad, x.softmax(1))
    #[test]
    fn loss_and_gradient_match_pytorch() {
        let device = Default::default();
        let logits = Tensor::<Double, 2>::from_data([[1.0_f64, -2.0, 0.5], [0.0, 3.0, -1.0]], (&device, DType::F64));
        let targets = || Tensor::from_ints([2, 1], &device);
        let loss = cross_entropy(logits.clone(), targets()).into_scalar();
        assert!((loss - 0.535240403050).abs() < 1e-11, "{loss}");
        let expected =
            [0.301874448074, 0.015029443785, -0.316903891859, 0.023306311289, -0.031880224062, 0.008573912773];
        for (found, expected) in values(cross_entropy_gradient(logits.clone(), targets())).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-11, "{found} is not {expected}");
        }
        for row in values(softmax(logits)).chunks(3) {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-15 && row.iter().all(|&p| p > 0.0));
        }
    }

    #[test]
    fn loss_and_gradient_stay_finite_for_logits_of_any_size() {
        let device = Default::default();
        let logits = Tensor::<Double, 2>::from_data([[1e4_f64, -1e4]], (&device, DType::F64));
        let targets = || Tensor::from_ints([1], &device);
        assert_eq!(cross_entropy(logits.clone(), targets()).into_scalar(), 2e4);
        let gradient = cross_entropy_gradient(logits, targets());
        assert_eq!(values(gradient), [1.0, -1.0]);
    }
}
