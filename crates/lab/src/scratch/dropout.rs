//! Dropout from uniform random numbers.

use burn::tensor::{Shape, Tensor, TensorData, backend::Backend};

use burn_mlp::{Key, Probability};

/// Numbers uniform on `[0, 1)`, the same for the same `key` on every backend.
///
/// # Shapes
///
/// - output: `shape`
pub fn uniform<B: Backend, const D: usize>(shape: [usize; D], key: Key, device: &B::Device) -> Tensor<B, D> {
    let shape = Shape::from(shape);
    let numbers = key.uniforms().take(shape.num_elements()).collect();
    Tensor::from_data(TensorData::new::<f64, _>(numbers, shape), device)
}

/// Which elements stay: 1 where `u > p`, 0 where `u ≤ p`.
///
/// For `u` uniform on `[0, 1)` that has the probability `1 - p`. At `p = 0` everything stays: `u` may be 0 itself.
///
/// # Shapes
///
/// - `uniform`, output: `[..]`, the same
pub fn keep<B: Backend, const D: usize>(prob: Probability, uniform: Tensor<B, D>) -> Tensor<B, D> {
    if prob == Probability::ZERO {
        uniform.ones_like()
    } else {
        uniform.zeros_like().mask_fill(uniform.greater_elem(prob.get()), 1.0)
    }
}

/// The factor of each element in inverted dropout: [`keep`] divided by `1 - p`, whose mean is 1. All zeros at `p = 1`,
/// where the quotient would be 0/0.
///
/// # Shapes
///
/// - `uniform`, output: `[..]`, the same
pub fn dropout_mask<B: Backend, const D: usize>(prob: Probability, uniform: Tensor<B, D>) -> Tensor<B, D> {
    if prob == Probability::ONE { uniform.zeros_like() } else { keep(prob, uniform).div_scalar(1.0 - prob.get()) }
}

/// Inverted dropout: `h' = 0` where `u ≤ p`, else `h/(1 - p)`, so that `E[h'] = h` and prediction needs no change.
///
/// The backward pass multiplies by the same mask.
///
/// # Shapes
///
/// - `x`, `uniform`, output: `[..]`, the same
///
/// # Examples
///
/// The numbers 0 to 15 as two rows of eight, with `p` = 0, 0.5 and 1:
///
/// ```
/// use burn::tensor::{Int, Tensor};
/// use burn_flex::Flex;
/// use burn_mlp::{Key, Probability};
/// use mlp_lab::scratch::dropout::{dropout_layer, uniform};
///
/// let device = Default::default();
/// let x = Tensor::<Flex, 1, Int>::arange(0..16, &device).float().reshape([2, 8]);
/// let u = uniform([2, 8], Key::new(42, *b"example\0"), &device);
/// let values = |p: f64| {
///     let y = dropout_layer(x.clone(), Probability::new(p).unwrap(), u.clone());
///     y.to_data().to_vec::<f32>().unwrap()
/// };
/// let numbers: Vec<f32> = (0..16).map(|i| i as f32).collect();
/// assert_eq!(values(0.0), numbers);
/// assert!(values(0.5).iter().zip(&numbers).all(|(y, x)| *y == 0.0 || *y == 2.0 * x));
/// assert_eq!(values(1.0), [0.0; 16]);
/// ```
pub fn dropout_layer<B: Backend, const D: usize>(
    x: Tensor<B, D>,
    prob: Probability,
    uniform: Tensor<B, D>,
) -> Tensor<B, D> {
    if prob == Probability::ZERO {
        return x;
    }
    if prob == Probability::ONE {
        return x.zeros_like();
    }
    let mask = dropout_mask(prob, uniform).cast(x.dtype());
    x * mask
}

/// Vanilla dropout in training: `h' = 0` where `u ≤ p`, else `h`, so that `E[h'] = (1 - p)·h`. Predictions must then be
/// made with [`vanilla_prediction`].
///
/// # Shapes
///
/// - `x`, `uniform`, output: `[..]`, the same
pub fn vanilla_dropout_layer<B: Backend, const D: usize>(
    x: Tensor<B, D>,
    prob: Probability,
    uniform: Tensor<B, D>,
) -> Tensor<B, D> {
    let mask = keep(prob, uniform).cast(x.dtype());
    x * mask
}

/// Vanilla dropout in prediction: `(1 - p)·h`, the mean over the masks of training.
///
/// # Shapes
///
/// - `x`, output: `[..]`, the same
pub fn vanilla_prediction<B: Backend, const D: usize>(x: Tensor<B, D>, prob: Probability) -> Tensor<B, D> {
    x.mul_scalar(1.0 - prob.get())
}

/// `x` times the mask, where there is one.
pub(super) fn apply<B: Backend>(x: Tensor<B, 2>, mask: Option<&Tensor<B, 2>>) -> Tensor<B, 2> {
    match mask {
        Some(mask) => {
            let mask = mask.clone().cast(x.dtype());
            x * mask
        }
        None => x,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_autodiff::Autodiff;
    use burn_flex::Flex;

    const KEY: Key = Key::new(5, *b"dropout\0");

    fn probability(value: f64) -> Probability {
        Probability::new(value).unwrap()
    }

    fn values<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
        tensor.into_data().convert::<f32>().into_vec().unwrap()
    }

    #[test]
    fn the_threshold_itself_is_dropped_and_probability_zero_keeps_everything() {
        let u = || Tensor::<Flex, 1>::from_floats([0.0, 0.25, 0.5, 0.75], &Default::default());
        assert_eq!(values(keep(probability(0.5), u())), [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(values(keep(Probability::ZERO, u())), [1.0; 4]);
        assert_eq!(values(keep(Probability::ONE, u())), [0.0; 4]);
        assert_eq!(values(dropout_mask(probability(0.5), u())), [0.0, 0.0, 0.0, 2.0]);
        assert_eq!(values(dropout_mask(Probability::ONE, u())), [0.0; 4]);
    }

    #[test]
    fn infinities_survive_probability_zero_and_become_zero_at_one() {
        let x = Tensor::<Flex, 1>::from_floats([f32::INFINITY, f32::NEG_INFINITY], &Default::default());
        let u = uniform([2], KEY, &Default::default());
        assert_eq!(values(dropout_layer(x.clone(), Probability::ZERO, u.clone())), values(x.clone()));
        assert_eq!(values(dropout_layer(x, Probability::ONE, u)), [0.0; 2]);
    }

    #[test]
    fn the_gradient_uses_the_mask_of_the_forward_pass() {
        let device = Default::default();
        let x = Tensor::<Autodiff<Flex>, 1>::ones([64], &device).require_grad();
        let y = dropout_layer(x.clone(), probability(0.5), uniform([64], KEY, &device));
        let gradients = y.clone().sum().backward();
        // For inputs of one the output is the mask itself.
        assert_eq!(values(x.grad(&gradients).unwrap()), values(y));
    }

    #[test]
    fn inverted_dropout_keeps_the_mean_and_vanilla_dropout_needs_the_scale_of_prediction() {
        // 10⁵ numbers: the mean of keep/(1 - p) has standard deviation √(p/((1 - p)·n)); five of them, false alarm
        // 6·10⁻⁷ for each probability.
        let n = 100_000;
        for prob in [0.2, 0.5, 0.9].map(probability) {
            let x = || Tensor::<Flex, 1>::full([n], 3.0, &Default::default());
            let u = || uniform([n], KEY, &Default::default());
            let mean = |y: Tensor<Flex, 1>| f64::from(y.mean().into_scalar());
            let bound = 3.0 * 5.0 * (prob.get() / ((1.0 - prob.get()) * n as f64)).sqrt();
            let inverted = mean(dropout_layer(x(), prob, u()));
            assert!((inverted - 3.0).abs() < bound, "{inverted} for {prob}");
            let vanilla = mean(vanilla_dropout_layer(x(), prob, u()));
            let predicted = mean(vanilla_prediction(x(), prob));
            assert!((vanilla - predicted).abs() < bound * (1.0 - prob.get()), "{vanilla}, not {predicted} for {prob}");
        }
    }

    #[test]
    fn vanilla_dropout_is_inverted_dropout_times_the_keep_probability() {
        let device = Default::default();
        let x = uniform::<Flex, 1>([100], KEY.at(1, 0), &device);
        let u = uniform::<Flex, 1>([100], KEY, &device);
        let prob = probability(0.5);
        // Halving and doubling are exact.
        let inverted = vanilla_prediction(dropout_layer(x.clone(), prob, u.clone()), prob);
        assert_eq!(values(vanilla_dropout_layer(x, prob, u)), values(inverted));
    }
}
