//! Linear regression with a penalty on the weight: ridge (L2) and lasso (L1), by minibatch gradient descent.
//!
//! The loss of an example is `½(y - ŷ)²` and that of a batch the **mean** of its examples; the penalty is added **once**
//! for each batch, whatever its size. Programs that add it to every example's loss, sum, and divide the step by the
//! batch size do the same. A penalty written as `λ/(2N)·‖w‖²`, with the step `(1 - ηλ/|B|)·w`, is this one with
//! `λ/|B|` for `λ`: equal for batches of one.

use burn::tensor::{Tensor, backend::Backend};

/// What is added to the loss of a batch, and how its part of a step is taken. The bias is never penalized: it says where
/// the data lie, not how complicated the function is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Penalty {
    /// Nothing.
    #[default]
    None,
    /// `(λ/2)·‖w‖²` (ridge), gradient `λw`: each step multiplies the weight by `1 - ηλ`, hence weight decay. Spreads
    /// weight over all features; none becomes exactly zero.
    L2(f64),
    /// `λ·‖w‖₁` (lasso), by the subgradient `λ·sign(w)`. Steps across zero instead of stopping there.
    L1(f64),
    /// `λ·‖w‖₁` again, by [`soft_threshold`] of the step without penalty, at `ηλ` (Daubechies et al. 2004): weights
    /// reach exactly zero and stay.
    L1Proximal(f64),
}

impl Penalty {
    /// The term added to the loss.
    ///
    /// # Shapes
    ///
    /// - `weight`: `[d_input, 1]`
    /// - output: `[1]`
    pub fn value<B: Backend>(&self, weight: Tensor<B, 2>) -> Tensor<B, 1> {
        match *self {
            Self::None => Tensor::zeros([1], (&weight.device(), weight.dtype())),
            Self::L2(penalty) => (weight.clone() * weight).sum().mul_scalar(penalty / 2.0),
            Self::L1(penalty) | Self::L1Proximal(penalty) => weight.abs().sum().mul_scalar(penalty),
        }
    }
}

/// `sign(w)·max(0, |w| - t)`: every weight moved towards zero by `threshold`, and stopped there.
///
/// # Shapes
///
/// - `weight`, output: `[..]`, the same
///
/// # Examples
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_flex::Flex;
/// use burn_mlp::scratch::weight_decay::soft_threshold;
///
/// let weight = Tensor::<Flex, 1>::from_floats([-3.0, -0.5, 0.0, 1.0, 2.0], &Default::default());
/// let moved = soft_threshold(weight, 1.0);
/// assert_eq!(moved.to_data().to_vec::<f32>().unwrap(), [-2.0, 0.0, 0.0, 0.0, 1.0]);
/// ```
pub fn soft_threshold<B: Backend, const D: usize>(weight: Tensor<B, D>, threshold: f64) -> Tensor<B, D> {
    let size = weight.clone().abs().sub_scalar(threshold);
    let zeros = size.zeros_like();
    weight.sign() * size.max_pair(zeros)
}

/// `ŷ = x·w + b`.
///
/// # Examples
///
/// With nothing to learn, ten steps at `η = 0.1` and `λ = 3` multiply the weight by `(1 - 0.3)¹⁰`:
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_flex::Flex;
/// use burn_mlp::scratch::weight_decay::{LinearRegression, Penalty};
///
/// let device = Default::default();
/// let mut model = LinearRegression::<Flex>::new(Tensor::ones([4, 1], &device));
/// for _ in 0..10 {
///     model.step(Tensor::zeros([5, 4], &device), Tensor::zeros([5, 1], &device), Penalty::L2(3.0), 0.1);
/// }
/// // ‖w‖ was 2.
/// assert!((model.norm().into_scalar() - 2.0 * 0.7_f32.powi(10)).abs() < 1e-6);
/// ```
#[derive(Clone, Debug)]
pub struct LinearRegression<B: Backend> {
    /// `[d_input, 1]`
    pub weight: Tensor<B, 2>,
    /// `[1, 1]`
    pub bias: Tensor<B, 2>,
}

impl<B: Backend> LinearRegression<B> {
    /// A model that starts at `weight` of `[d_input, 1]` and a bias of zero.
    pub fn new(weight: Tensor<B, 2>) -> Self {
        let bias = Tensor::zeros([1, 1], (&weight.device(), weight.dtype()));
        Self { weight, bias }
    }

    /// Predictions.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, d_input]`
    /// - output: `[batch, 1]`
    ///
    /// # Panics
    ///
    /// If `x` has another number of features.
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        x.matmul(self.weight.clone()) + self.bias.clone()
    }

    /// Mean of `½(y - ŷ)²`, without penalty.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, d_input]`
    /// - `y`: `[batch, 1]`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// If a shape is another.
    pub fn loss(&self, x: Tensor<B, 2>, y: Tensor<B, 2>) -> Tensor<B, 1> {
        let residual = self.forward(x) - y;
        (residual.clone() * residual).mean().div_scalar(2.0)
    }

    /// One step on one batch; the loss before it, with the penalty's term.
    ///
    /// With the residual `r = ŷ - y` the gradients of the loss are `xᵀ·r/n` by the weight and the mean of `r` by the
    /// bias. The penalty adds its own to the weight's, or thresholds the result.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, d_input]`
    /// - `y`: `[batch, 1]`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// If a shape is another.
    pub fn step(&mut self, x: Tensor<B, 2>, y: Tensor<B, 2>, penalty: Penalty, learning_rate: f64) -> Tensor<B, 1> {
        let batch = x.dims()[0] as f64;
        let residual = self.forward(x.clone()) - y;
        let loss = (residual.clone() * residual.clone()).mean().div_scalar(2.0) + penalty.value(self.weight.clone());

        let weight_gradient = x.transpose().matmul(residual.clone()).div_scalar(batch);
        let bias_gradient = residual.sum_dim(0).div_scalar(batch);
        let weight = self.weight.clone();
        let gradient = match penalty {
            Penalty::None | Penalty::L1Proximal(_) => weight_gradient,
            Penalty::L2(penalty) => weight_gradient + weight.clone().mul_scalar(penalty),
            Penalty::L1(penalty) => weight_gradient + weight.clone().sign().mul_scalar(penalty),
        };
        self.weight = weight - gradient.mul_scalar(learning_rate);
        if let Penalty::L1Proximal(penalty) = penalty {
            self.weight = soft_threshold(self.weight.clone(), learning_rate * penalty);
        }
        self.bias = self.bias.clone() - bias_gradient.mul_scalar(learning_rate);
        loss
    }

    /// `‖w‖`, the Euclidean norm of the weight. `[1]`.
    pub fn norm(&self) -> Tensor<B, 1> {
        (self.weight.clone() * self.weight.clone()).sum().sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Key;
    use crate::reference::wave;
    use alloc::vec::Vec;
    use burn::module::{Module, Param};
    use burn::nn::Linear;
    use burn::optim::decay::WeightDecayConfig;
    use burn::optim::{GradientsParams, Optimizer, SgdConfig};
    use burn::tensor::{DType, TensorData};
    use burn_autodiff::Autodiff;
    use burn_ndarray::NdArray;

    type Double = NdArray<f64>;
    type Train = Autodiff<Double>;

    fn values<const D: usize>(tensor: Tensor<Double, D>) -> Vec<f64> {
        tensor.into_data().into_vec().unwrap()
    }

    fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < tolerance, "{found} is not {expected}");
        }
    }

    /// Five examples of four features.
    fn batch<B: Backend>(step: u32) -> (Tensor<B, 2>, Tensor<B, 2>) {
        (wave(10 + step, [5, 4]), wave(20 + step, [5, 1]))
    }

    // With wave of src/reference.rs:
    // for kind in ("ridge", "lasso"):
    //     w, b = wave(1, 4, 1).requires_grad_(), torch.zeros(1, requires_grad=True); losses = []
    //     for step in range(3):
    //         x, y = wave(10 + step, 5, 4), wave(20 + step, 5, 1)
    //         p = 1.5 * (w ** 2).sum() / 2 if kind == "ridge" else 0.3 * w.abs().sum()
    //         each = (x @ w + b - y) ** 2 / 2 + p
    //         w.grad = b.grad = None; each.sum().backward()
    //         with torch.no_grad(): w -= 0.1 * w.grad / 5; b -= 0.1 * b.grad / 5
    //         losses.append(each.mean().item())
    //     print(losses, w, b)
    #[test]
    fn a_penalty_in_every_examples_loss_summed_and_divided_is_this_step() {
        let references = [
            (
                Penalty::L2(1.5),
                [3.4461559833, 1.8419132512, 0.9386494582],
                [0.3114501505, 0.3665666834, 0.0846634981, -0.2750789169],
                -0.0300418645,
            ),
            (
                Penalty::L1(0.3),
                [2.6450931811, 1.9368919202, 1.2638009195],
                [0.4718105233, 0.5635301113, 0.0543971288, -0.4074939080],
                -0.0244940476,
            ),
        ];
        for (penalty, losses, weight, bias) in references {
            let mut model = LinearRegression::<Double>::new(wave(1, [4, 1]));
            let step = |step| {
                let (x, y) = batch(step);
                model.step(x, y, penalty, 0.1).into_scalar()
            };
            assert_close(&(0..3).map(step).collect::<Vec<_>>(), &losses, 1e-9);
            assert_close(&values(model.weight), &weight, 1e-9);
            assert_close(&values(model.bias), &[bias], 1e-9);
        }
    }

    #[test]
    fn gradients_by_hand_are_those_of_autodiff() {
        for penalty in [Penalty::None, Penalty::L2(1.5), Penalty::L1(0.3)] {
            let (x, y) = batch::<Train>(0);
            let tracked = LinearRegression {
                weight: wave::<Train, 2>(1, [4, 1]).require_grad(),
                bias: wave::<Train, 2>(2, [1, 1]).require_grad(),
            };
            let gradients = (tracked.loss(x, y) + penalty.value(tracked.weight.clone())).backward();
            let mut stepped =
                LinearRegression { weight: tracked.weight.clone().inner(), bias: tracked.bias.clone().inner() };
            let before = stepped.clone();
            let (x, y) = batch(0);
            stepped.step(x, y, penalty, 1.0);
            // With a learning rate of one the step is the gradient.
            let (weight, bias) = (before.weight - stepped.weight, before.bias - stepped.bias);
            assert_close(&values(weight), &values(tracked.weight.grad(&gradients).unwrap()), 1e-14);
            assert_close(&values(bias), &values(tracked.bias.grad(&gradients).unwrap()), 1e-14);
        }
    }

    #[derive(Module, Debug)]
    struct Concise<B: Backend> {
        linear: Linear<B>,
    }

    #[test]
    fn training_is_the_librarys_with_decay_on_the_weight_alone_step_by_step() {
        let (penalty, learning_rate) = (1.5, 0.1);
        let mut scratch = LinearRegression::<Double>::new(wave(1, [4, 1]));
        let bias = Param::from_tensor(Tensor::zeros([1], (&Default::default(), DType::F64)));
        let weight = Param::from_tensor(wave(1, [4, 1]));
        let mut concise = Concise::<Train> { linear: Linear { weight, bias: Some(bias) } };
        // The penalty is a 32-bit number in Burn's configuration; 1.5 is one.
        let decay = Some(WeightDecayConfig::new(penalty as f32));
        let mut decaying = SgdConfig::new().with_weight_decay(decay).init::<Train, Concise<Train>>();
        let mut plain = SgdConfig::new().init::<Train, Concise<Train>>();
        for step in 0..20 {
            let (x, y) = batch(step);
            let found = scratch.step(x, y, Penalty::L2(penalty), learning_rate).into_scalar();
            let (x, y) = batch::<Train>(step);
            let loss = (concise.linear.forward(x) - y).square().mean().div_scalar(2.0);
            let decayed = concise.linear.weight.val().square().sum().into_scalar() * penalty / 2.0;
            let expected = loss.clone().into_scalar() + decayed;
            assert!((found - expected).abs() < 1e-12, "step {step}: {found} is not {expected}");
            let mut gradients = loss.backward();
            let weight = [concise.linear.weight.id];
            let of_weight = GradientsParams::from_params::<Train, _>(&mut gradients, &concise, &weight);
            let of_bias = GradientsParams::from_grads(gradients, &concise);
            concise = decaying.step(learning_rate, concise, of_weight);
            concise = plain.step(learning_rate, concise, of_bias);
        }
        assert_close(&values(scratch.weight), &values(concise.linear.weight.val().inner()), 1e-12);
        assert_close(&values(scratch.bias), &values(concise.linear.bias.unwrap().val().inner()), 1e-12);
    }

    /// Full-batch descent to the minimum, and the gradient of the plain loss by the weight there. Two of six features
    /// matter.
    fn minimum(penalty: Penalty) -> (LinearRegression<Double>, Vec<f64>) {
        let features: Vec<f64> = Key::new(4, *b"features").normals().take(20 * 6).collect();
        let options = (&Default::default(), DType::F64);
        let x = Tensor::<Double, 2>::from_data(TensorData::new(features, [20, 6]), options);
        let truth = Tensor::from_data([[2.0_f64], [0.0], [0.0], [-1.0], [0.0], [0.0]], options);
        let y = x.clone().matmul(truth) + wave(5, [20, 1]).mul_scalar(0.1);
        let mut model = LinearRegression::new(wave(3, [6, 1]));
        for _ in 0..500 {
            model.step(x.clone(), y.clone(), penalty, 0.3);
        }
        let residual = model.forward(x.clone()) - y;
        let gradient = values(x.transpose().matmul(residual).div_scalar(20.0));
        (model, gradient)
    }

    #[test]
    fn ridge_ends_where_the_loss_pulls_as_hard_as_the_penalty_and_nothing_is_zero() {
        let (model, gradient) = minimum(Penalty::L2(0.1));
        let weight = values(model.weight);
        let balance: Vec<f64> = weight.iter().map(|w| -0.1 * w).collect();
        assert_close(&gradient, &balance, 1e-10);
        assert!(weight.iter().all(|&w| w != 0.0));
    }

    #[test]
    fn lasso_ends_with_exact_zeros_where_the_loss_pulls_less_than_the_penalty() {
        let penalty = 0.1;
        let (model, gradient) = minimum(Penalty::L1Proximal(penalty));
        let weight = values(model.weight);
        let (zeros, others) = (0..6).partition::<Vec<usize>, _>(|&i| weight[i] == 0.0);
        assert!(!zeros.is_empty() && !others.is_empty(), "{weight:?}");
        assert!(zeros.iter().all(|&i| gradient[i].abs() <= penalty));
        for i in others {
            assert!((gradient[i] + penalty * weight[i].signum()).abs() < 1e-10, "{weight:?} {gradient:?}");
        }
    }
}
