//! One hidden layer without biases, with every intermediate kept and every gradient by hand.
//!
//! Examples are **columns** here, so that the code reads as the mathematics does: `x` is `[d_input, batch]`.
//!
//! ```text
//! x ──(·)── z ──(φ)── h ──(·)── o ──(l)── L ──(+)── J
//!      │                   │         │         │
//!      W₁                  W₂        y         s ──(λ/2 ‖·‖²)── W₁, W₂
//! ```

use burn::tensor::{Int, Tensor, backend::Backend};

use super::cross_entropy::{cross_entropy, cross_entropy_gradient};
use super::derivative::{activate, derivative};
use burn_mlp::Activation;

/// What the outputs are compared with, which decides the loss. Losses are means over the batch.
#[derive(Clone, Debug)]
pub enum Targets<B: Backend> {
    /// `½‖o - y‖²`, for values `y` of `[d_output, batch]`.
    Values(Tensor<B, 2>),
    /// Cross-entropy of the softmax of `o`, for class indices of `[batch]`.
    Classes(Tensor<B, 1, Int>),
}

impl<B: Backend> Targets<B> {
    /// `L`, the mean over the batch.
    ///
    /// # Shapes
    ///
    /// - `output`, which is `o`: `[d_output, batch]`
    /// - the loss: `[1]`
    pub fn loss(&self, output: Tensor<B, 2>) -> Tensor<B, 1> {
        match self {
            Self::Values(values) => {
                let batch = output.dims()[1] as f64;
                let difference = output - values.clone();
                (difference.clone() * difference).sum().mul_scalar(0.5 / batch)
            }
            Self::Classes(classes) => cross_entropy(output.transpose(), classes.clone()),
        }
    }

    /// `∂L/∂o`
    fn gradient(&self, output: Tensor<B, 2>) -> Tensor<B, 2> {
        match self {
            Self::Values(values) => {
                let batch = output.dims()[1] as f64;
                (output - values.clone()).div_scalar(batch)
            }
            Self::Classes(classes) => cross_entropy_gradient(output.transpose(), classes.clone()).transpose(),
        }
    }
}

/// `o = W₂·φ(W₁·x)` with the objective `J = L + (λ/2)(‖W₁‖² + ‖W₂‖²)`.
///
/// # Examples
///
/// Two inputs, one hidden unit with ReLU, one output: `z = 1·3 + 2·4 = 11`, `o = 2·11 = 22`, and for `y = 20` the loss
/// is `½·2² = 2` with the gradients `∂J/∂W₂ = 2·11` and `∂J/∂W₁ = 2·2·xᵀ`:
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_flex::Flex;
/// use burn_mlp::Activation;
/// use mlp_lab::scratch::backprop::{OneHiddenLayer, Targets};
///
/// let device = Default::default();
/// let network = OneHiddenLayer::<Flex> {
///     w1: Tensor::from_floats([[3.0, 4.0]], &device),
///     w2: Tensor::from_floats([[2.0]], &device),
///     activation: Activation::Relu,
///     penalty: 0.0,
/// };
/// let targets = Targets::Values(Tensor::from_floats([[20.0]], &device));
/// let forward = network.forward(Tensor::from_floats([[1.0], [2.0]], &device), &targets);
/// let gradients = network.backward(&forward, &targets);
/// assert_eq!(forward.objective.into_scalar(), 2.0);
/// assert_eq!(gradients.w2.into_scalar(), 22.0);
/// assert_eq!(gradients.w1.to_data().to_vec::<f32>().unwrap(), [4.0, 8.0]);
/// ```
#[derive(Clone, Debug)]
pub struct OneHiddenLayer<B: Backend> {
    /// `W₁`: `[d_hidden, d_input]`
    pub w1: Tensor<B, 2>,
    /// `W₂`: `[d_output, d_hidden]`
    pub w2: Tensor<B, 2>,
    /// `φ`; the slope of [`Activation::ParametricRelu`] is its initial 0.25, a constant.
    pub activation: Activation,
    /// `λ`
    pub penalty: f64,
}

/// Every intermediate of the forward pass.
#[derive(Clone, Debug)]
pub struct Forward<B: Backend> {
    /// The inputs: `[d_input, batch]`
    pub x: Tensor<B, 2>,
    /// `z = W₁·x`: `[d_hidden, batch]`
    pub z: Tensor<B, 2>,
    /// `h = φ(z)`: `[d_hidden, batch]`
    pub h: Tensor<B, 2>,
    /// `o = W₂·h`: `[d_output, batch]`
    pub o: Tensor<B, 2>,
    /// `L`, the mean loss: `[1]`
    pub loss: Tensor<B, 1>,
    /// `s = (λ/2)(‖W₁‖² + ‖W₂‖²)`: `[1]`
    pub regularization: Tensor<B, 1>,
    /// `J = L + s`: `[1]`
    pub objective: Tensor<B, 1>,
}

impl<B: Backend> Forward<B> {
    /// Bytes of what the backward pass has to find: `x`, `z`, `h` and `o`.
    pub fn stored_bytes(&self) -> usize {
        let bytes = |tensor: &Tensor<B, 2>| tensor.shape().num_elements() * tensor.dtype().size();
        [&self.x, &self.z, &self.h, &self.o].map(bytes).iter().sum()
    }
}

/// Gradients of the objective `J`, each of the shape of what it is by.
#[derive(Clone, Debug)]
pub struct Gradients<B: Backend> {
    /// `∂J/∂o = ∂L/∂o`
    pub o: Tensor<B, 2>,
    /// `∂J/∂W₂ = ∂J/∂o·hᵀ + λW₂`
    pub w2: Tensor<B, 2>,
    /// `∂J/∂h = W₂ᵀ·∂J/∂o`
    pub h: Tensor<B, 2>,
    /// `∂J/∂z = ∂J/∂h ⊙ φ'(z)`
    pub z: Tensor<B, 2>,
    /// `∂J/∂W₁ = ∂J/∂z·xᵀ + λW₁`
    pub w1: Tensor<B, 2>,
    /// `∂J/∂x = W₁ᵀ·∂J/∂z`
    pub x: Tensor<B, 2>,
}

impl<B: Backend> OneHiddenLayer<B> {
    /// The forward pass, from the input to the objective.
    ///
    /// # Shapes
    ///
    /// - `x`: `[d_input, batch]`
    ///
    /// # Panics
    ///
    /// If a shape is another.
    pub fn forward(&self, x: Tensor<B, 2>, targets: &Targets<B>) -> Forward<B> {
        let z = self.w1.clone().matmul(x.clone());
        let h = activate(self.activation, z.clone());
        let o = self.w2.clone().matmul(h.clone());
        let loss = targets.loss(o.clone());
        let squares = |w: &Tensor<B, 2>| (w.clone() * w.clone()).sum();
        let regularization = (squares(&self.w1) + squares(&self.w2)).mul_scalar(self.penalty / 2.0);
        let objective = loss.clone() + regularization.clone();
        Forward { x, z, h, o, loss, regularization, objective }
    }

    /// The backward pass, from the objective to the input.
    pub fn backward(&self, forward: &Forward<B>, targets: &Targets<B>) -> Gradients<B> {
        let decay = |w: &Tensor<B, 2>| w.clone().mul_scalar(self.penalty);
        let o = targets.gradient(forward.o.clone());
        let w2 = o.clone().matmul(forward.h.clone().transpose()) + decay(&self.w2);
        let h = self.w2.clone().transpose().matmul(o.clone());
        let z = h.clone() * derivative(self.activation, forward.z.clone());
        let w1 = z.clone().matmul(forward.x.clone().transpose()) + decay(&self.w1);
        let x = self.w1.clone().transpose().matmul(z.clone());
        Gradients { o, w2, h, z, w1, x }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::derivative::central_differences;
    use crate::scratch::memory::{Pass, stored_bytes};
    use crate::scratch::reference::wave;
    use burn_autodiff::Autodiff;
    use burn_ndarray::NdArray;

    type Double = NdArray<f64>;

    const ACTIVATIONS: [Activation; 6] = [
        Activation::Relu,
        Activation::ParametricRelu,
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::RescaledSigmoid,
        Activation::Silu,
    ];

    /// Four inputs, five hidden units, three outputs, a batch of six; no `z` nearer to ReLU's kink than 10⁻³.
    fn network<B: Backend>(activation: Activation) -> (OneHiddenLayer<B>, Tensor<B, 2>) {
        let network = OneHiddenLayer { w1: wave(1, [5, 4]), w2: wave(2, [3, 5]), activation, penalty: 0.3 };
        (network, wave(3, [4, 6]))
    }

    fn targets<B: Backend>() -> [Targets<B>; 2] {
        let classes = Tensor::from_ints([0, 1, 2, 2, 1, 0], &Default::default());
        [Targets::Values(wave(4, [3, 6])), Targets::Classes(classes)]
    }

    /// Largest difference relative to the largest element.
    fn relative(found: Tensor<Double, 2>, expected: Tensor<Double, 2>) -> f64 {
        let scale = expected.clone().abs().max().into_scalar();
        (found - expected).abs().max().into_scalar() / scale
    }

    #[test]
    fn gradients_by_hand_are_those_of_autodiff() {
        for activation in ACTIVATIONS {
            for (targets, tracked_targets) in targets::<Double>().into_iter().zip(targets::<Autodiff<Double>>()) {
                let (network, x) = network::<Double>(activation);
                let by_hand = network.backward(&network.forward(x.clone(), &targets), &targets);

                let track = |tensor: &Tensor<Double, 2>| Tensor::from_inner(tensor.clone()).require_grad();
                let (w1, w2, x) = (track(&network.w1), track(&network.w2), track(&x));
                let tracked = OneHiddenLayer { w1, w2, activation, penalty: network.penalty };
                let gradients = tracked.forward(x.clone(), &tracked_targets).objective.backward();
                let autodiff = |tensor: &Tensor<Autodiff<Double>, 2>| tensor.grad(&gradients).unwrap();
                assert!(relative(by_hand.w1, autodiff(&tracked.w1)) < 1e-13, "{activation:?}");
                assert!(relative(by_hand.w2, autodiff(&tracked.w2)) < 1e-13, "{activation:?}");
                assert!(relative(by_hand.x, autodiff(&x)) < 1e-13, "{activation:?}");
            }
        }
    }

    #[test]
    fn gradients_by_hand_are_those_of_central_differences() {
        for activation in ACTIVATIONS {
            for targets in targets::<Double>() {
                let (network, x) = network::<Double>(activation);
                let by_hand = network.backward(&network.forward(x.clone(), &targets), &targets);
                let objective = |network: &OneHiddenLayer<Double>, x: &Tensor<Double, 2>| {
                    network.forward(x.clone(), &targets).objective.into_scalar()
                };
                let w1 = central_differences(network.w1.clone(), 1e-5, |w1| {
                    objective(&OneHiddenLayer { w1, ..network.clone() }, &x)
                });
                let w2 = central_differences(network.w2.clone(), 1e-5, |w2| {
                    objective(&OneHiddenLayer { w2, ..network.clone() }, &x)
                });
                let by_x = central_differences(x.clone(), 1e-5, |x| objective(&network, &x));
                assert!(relative(by_hand.w1, w1) < 1e-6, "{activation:?}");
                assert!(relative(by_hand.w2, w2) < 1e-6, "{activation:?}");
                assert!(relative(by_hand.x, by_x) < 1e-6, "{activation:?}");
            }
        }
    }

    #[test]
    fn gradients_of_intermediates_are_those_of_central_differences() {
        let (network, x) = network::<Double>(Activation::Tanh);
        let [targets, _] = targets();
        let forward = network.forward(x, &targets);
        let by_hand = network.backward(&forward, &targets);
        let output = |h: Tensor<Double, 2>| targets.loss(network.w2.clone().matmul(h)).into_scalar();
        let o = central_differences(forward.o, 1e-5, |o| targets.loss(o).into_scalar());
        let h = central_differences(forward.h, 1e-5, output);
        let z = central_differences(forward.z, 1e-5, |z| output(z.tanh()));
        assert!(relative(by_hand.o, o) < 1e-6 && relative(by_hand.h, h) < 1e-6 && relative(by_hand.z, z) < 1e-6);
    }

    #[test]
    fn the_objective_is_the_loss_plus_the_squared_norms() {
        let (network, x) = network::<Double>(Activation::Relu);
        let [targets, _] = targets();
        let forward = network.forward(x, &targets);
        let squares = |w: &Tensor<Double, 2>| w.clone().square().sum().into_scalar();
        let expected = 0.15 * (squares(&network.w1) + squares(&network.w2));
        assert!((forward.regularization.into_scalar() - expected).abs() < 1e-12);
        let sum = forward.loss.into_scalar() + expected;
        assert!((forward.objective.into_scalar() - sum).abs() < 1e-12);
    }

    #[test]
    fn what_a_forward_pass_keeps_is_what_the_formula_says() {
        let (network, x) = network::<Double>(Activation::Relu);
        let [targets, _] = targets();
        let forward = network.forward(x, &targets);
        assert_eq!(forward.stored_bytes(), stored_bytes(&[4, 5, 3], 6, Pass::Training, 8));
    }
}
