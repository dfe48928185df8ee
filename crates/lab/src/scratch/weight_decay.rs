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
/// use mlp_lab::scratch::weight_decay::soft_threshold;
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
/// use mlp_lab::scratch::weight_decay::{LinearRegression, Penalty};
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
mod tests;
