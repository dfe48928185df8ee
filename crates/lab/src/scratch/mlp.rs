//! A multilayer perceptron with its backward pass and SGD written out.

use burn::tensor::{Int, Tensor, backend::Backend};

use super::cross_entropy::{cross_entropy, cross_entropy_gradient};
use super::dropout::apply;
use burn_mlp::{Activation, Mlp};

/// `max(0, x)`, by comparing with zeros.
///
/// # Shapes
///
/// - input, output: `[..]`, the same
pub fn relu<B: Backend, const D: usize>(x: Tensor<B, D>) -> Tensor<B, D> {
    let zeros = x.zeros_like();
    x.max_pair(zeros)
}

/// Derivative of [`relu`]: 1 where `x > 0`, else 0, also at 0.
///
/// # Shapes
///
/// - input, output: `[..]`, the same
pub fn relu_derivative<B: Backend, const D: usize>(x: Tensor<B, D>) -> Tensor<B, D> {
    x.zeros_like().mask_fill(x.greater_elem(0.0), 1.0)
}

/// Weight and bias of one layer, or the gradients of both.
#[derive(Clone, Debug)]
pub struct Dense<B: Backend> {
    /// `[d_input, d_output]`
    pub weight: Tensor<B, 2>,
    /// `[1, d_output]`, the same for every example.
    pub bias: Tensor<B, 2>,
}

/// A multilayer perceptron with ReLU from bare tensors.
///
/// # Examples
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_flex::Flex;
/// use burn_mlp::MlpConfig;
/// use mlp_lab::scratch::mlp::ScratchMlp;
///
/// let device = Default::default();
/// let concise = MlpConfig::new(2, [4], 2).with_seed(1).init::<Flex>(&device)?;
/// let mut scratch = ScratchMlp::from_mlp(&concise)?;
///
/// let x = Tensor::from_floats([[0.0, 1.0], [1.0, 0.0]], &device);
/// let targets = Tensor::from_ints([0, 1], &device);
/// let before = scratch.train_step(x.clone(), targets.clone(), &[], 0.5).into_scalar();
/// let after = scratch.train_step(x, targets, &[], 0.5).into_scalar();
/// assert!(after < before);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ScratchMlp<B: Backend> {
    /// The layers, from the input on; the last one gives the logits.
    pub layers: Vec<Dense<B>>,
}

/// What the forward pass leaves for the backward pass.
#[derive(Clone, Debug)]
pub struct Forward<B: Backend> {
    /// What each layer was applied to: the batch, then the hidden activations after dropout. `[batch, d_input]` each.
    pub inputs: Vec<Tensor<B, 2>>,
    /// What each hidden layer's linear map gave, before ReLU: `[batch, d_output]` each.
    pub linear: Vec<Tensor<B, 2>>,
    /// `[batch, d_output]` of the last layer.
    pub logits: Tensor<B, 2>,
}

impl<B: Backend> Forward<B> {
    /// Bytes of all of it.
    pub fn stored_bytes(&self) -> usize {
        let tensors = self.inputs.iter().chain(&self.linear).chain([&self.logits]);
        tensors.map(|tensor| tensor.shape().num_elements() * tensor.dtype().size()).sum()
    }
}

impl<B: Backend> ScratchMlp<B> {
    /// A network with the weights of `mlp`, without its dropout.
    ///
    /// # Errors
    ///
    /// [`ScratchError`] where `mlp` is more than linear maps and ReLU.
    pub fn from_mlp(mlp: &Mlp<B>) -> Result<Self, ScratchError> {
        for (layer, hidden) in mlp.hidden.iter().enumerate() {
            if hidden.activation.function() != Activation::Relu {
                return Err(ScratchError::Activation { layer, found: hidden.activation.function() });
            }
            if hidden.norm.is_some() {
                return Err(ScratchError::BatchNorm { layer });
            }
        }
        let linear = mlp.hidden.iter().map(|hidden| &hidden.linear).chain([&mlp.output]);
        let dense = |(layer, linear): (usize, &burn::nn::Linear<B>)| match &linear.bias {
            Some(bias) => Ok(Dense {
                weight: linear.weight.val().set_require_grad(false),
                bias: bias.val().set_require_grad(false).unsqueeze(),
            }),
            None => Err(ScratchError::NoBias { layer }),
        };
        Ok(Self { layers: linear.enumerate().map(dense).collect::<Result<_, _>>()? })
    }

    /// The forward pass: `h_l = relu(h_{l-1}·W_l + b_l) ⊙ m_l`, from `h_0 = x`, and no ReLU after the last layer.
    ///
    /// `masks` has one dropout mask for each hidden layer, zero or `1/(1 - p)` for each unit and example, as
    /// [`dropout_mask`](super::dropout::dropout_mask) makes them; or none, for prediction.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, d_input]`
    /// - `masks`: `[batch, d_hidden]` each
    ///
    /// # Panics
    ///
    /// If a shape is another.
    pub fn forward(&self, x: Tensor<B, 2>, masks: &[Tensor<B, 2>]) -> Forward<B> {
        let (mut inputs, mut linear) = (Vec::new(), Vec::new());
        let mut output = x;
        for (index, layer) in self.layers.iter().enumerate() {
            if let Some(z) = linear.last() {
                output = apply(relu(Tensor::clone(z)), masks.get(index - 1));
            }
            inputs.push(output.clone());
            output = output.matmul(layer.weight.clone()) + layer.bias.clone();
            linear.push(output.clone());
        }
        linear.pop();
        Forward { inputs, linear, logits: output }
    }

    /// The backward pass: the gradients of the mean cross-entropy by every weight and bias.
    ///
    /// With `δ` the gradient by a layer's linear output, from the last layer back:
    /// `∂W = h_{l-1}ᵀ·δ`, `∂b = Σ_examples δ`, and for the layer before `δ ← (δ·Wᵀ) ⊙ m ⊙ relu'(z)`.
    ///
    /// `masks` are those of the forward pass.
    ///
    /// # Shapes
    ///
    /// - `targets`: `[batch]`, each in `0..d_output`
    ///
    /// # Panics
    ///
    /// If a shape is another.
    pub fn backward(&self, forward: &Forward<B>, targets: Tensor<B, 1, Int>, masks: &[Tensor<B, 2>]) -> Vec<Dense<B>> {
        let mut delta = cross_entropy_gradient(forward.logits.clone(), targets);
        let mut gradients = Vec::with_capacity(self.layers.len());
        for (index, (layer, input)) in self.layers.iter().zip(&forward.inputs).enumerate().rev() {
            gradients.push(Dense {
                weight: input.clone().transpose().matmul(delta.clone()),
                bias: delta.clone().sum_dim(0),
            });
            if index > 0 {
                let z = forward.linear[index - 1].clone();
                let hidden = delta.matmul(layer.weight.clone().transpose());
                delta = apply(hidden, masks.get(index - 1)) * relu_derivative(z);
            }
        }
        gradients.reverse();
        gradients
    }

    /// One step of gradient descent: `W ← W - η·∂W`, and the same for the biases.
    pub fn descend(&mut self, gradients: Vec<Dense<B>>, learning_rate: f64) {
        for (layer, gradient) in self.layers.iter_mut().zip(gradients) {
            layer.weight = layer.weight.clone() - gradient.weight.mul_scalar(learning_rate);
            layer.bias = layer.bias.clone() - gradient.bias.mul_scalar(learning_rate);
        }
    }

    /// Forward, backward and descent on one batch; the mean loss before the step.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, d_input]`
    /// - `targets`: `[batch]`, each in `0..d_output`
    /// - `masks`: `[batch, d_hidden]` for each hidden layer, or none
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// If a shape is another.
    pub fn train_step(
        &mut self,
        x: Tensor<B, 2>,
        targets: Tensor<B, 1, Int>,
        masks: &[Tensor<B, 2>],
        learning_rate: f64,
    ) -> Tensor<B, 1> {
        let forward = self.forward(x, masks);
        let gradients = self.backward(&forward, targets.clone(), masks);
        self.descend(gradients, learning_rate);
        cross_entropy(forward.logits, targets)
    }
}

/// What [`ScratchMlp::from_mlp`] has no twin for. Layers are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScratchError {
    /// A hidden layer with another activation function.
    #[error("expected ReLU in hidden layer {layer} (counted from 0), found {found:?}")]
    Activation {
        /// Index of the layer.
        layer: usize,
        /// Its function.
        found: Activation,
    },
    /// A hidden layer with batch normalization.
    #[error("expected no batch normalization, found it in hidden layer {layer} (counted from 0)")]
    BatchNorm {
        /// Index of the layer.
        layer: usize,
    },
    /// A linear map without bias.
    #[error("expected a bias in layer {layer} (counted from 0), found none")]
    NoBias {
        /// Index of the layer.
        layer: usize,
    },
}

#[cfg(test)]
mod tests;
