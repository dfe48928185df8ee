//! One hidden layer with the gradients of its objective.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor, TensorData};
use burn_mlp::{Activation, Key};

use super::settings::BackpropParameters;
use crate::Platform;
use crate::platform::{InnerDouble, double, doubles};
use crate::scratch::backprop::{Forward, OneHiddenLayer, Targets};
use crate::scratch::derivative::{activate, central_differences};

/// What the gradients are by, in the order in which the backward pass reaches it.
pub const BY: [&str; 6] = ["o", "W₂", "h", "z", "W₁", "x"];
/// Hidden units stay this far from the kink of ReLU at 0; a thousand times the usual step of a difference.
const MARGIN: f64 = 1e-2;

/// What outputs are compared by.
#[derive(Clone, Copy)]
pub enum Loss {
    /// `½‖o - y‖²`, mean over the batch.
    SquaredError,
    /// Of the softmax of `o`, mean over the batch.
    CrossEntropy,
}

/// Gradients in the order of [`BY`].
pub type Gradients = [Vec<f64>; 6];

/// Weights, inputs and targets, examples as columns.
pub struct Problem {
    /// Sizes and penalty.
    pub shape: BackpropParameters,
    w1: Vec<f64>,
    w2: Vec<f64>,
    x: Vec<f64>,
    values: Vec<f64>,
    classes: Vec<i32>,
}

impl Problem {
    /// A problem of these sizes.
    pub fn draw(parameters: &BackpropParameters, seed: u64) -> Self {
        let BackpropParameters { inputs, hidden, outputs, examples, .. } = *parameters;
        let normals = |part: u64, len: usize, std: f64| -> Vec<f64> {
            Key::new(seed, *b"backprop").at(part, 0).normals().take(len).map(|normal| std * normal).collect()
        };
        let w1 = normals(0, hidden * inputs, (inputs as f64).powf(-0.5));
        let columns = inputs_off_kinks(&w1, inputs, examples, Key::new(seed, *b"examples").normals());
        let classes = Key::new(seed, *b"classes\0").uniforms().map(|uniform| (uniform * outputs as f64) as i32);
        Self {
            shape: parameters.clone(),
            w2: normals(1, outputs * hidden, (hidden as f64).powf(-0.5)),
            x: transposed(&columns, inputs),
            values: normals(2, outputs * examples, 1.0),
            classes: classes.take(examples).collect(),
            w1,
        }
    }

    fn network<P: Platform, B: Backend>(&self, activation: Activation) -> OneHiddenLayer<B> {
        let BackpropParameters { inputs, hidden, outputs, penalty, .. } = self.shape;
        let (w1, w2) = (self.w1.clone(), self.w2.clone());
        OneHiddenLayer {
            w1: double::<P, B, 2>(w1, [hidden, inputs]),
            w2: double::<P, B, 2>(w2, [outputs, hidden]),
            activation,
            penalty,
        }
    }

    fn inputs<P: Platform, B: Backend>(&self) -> Tensor<B, 2> {
        double::<P, B, 2>(self.x.clone(), [self.shape.inputs, self.shape.examples])
    }

    fn targets<P: Platform, B: Backend>(&self, loss: Loss) -> Targets<B> {
        let BackpropParameters { outputs, examples, .. } = self.shape;
        match loss {
            Loss::SquaredError => Targets::Values(double::<P, B, 2>(self.values.clone(), [outputs, examples])),
            Loss::CrossEntropy => {
                let classes = TensorData::new(self.classes.clone(), [examples]);
                Targets::Classes(Tensor::<B, 1, Int>::from_data(classes, &Default::default()))
            }
        }
    }

    /// By the formulas.
    pub fn by_hand<P: Platform>(&self, activation: Activation, loss: Loss) -> Gradients {
        let (network, targets) = (self.network::<P, InnerDouble<P>>(activation), self.targets::<P, _>(loss));
        let gradients = network.backward(&network.forward(self.inputs::<P, _>(), &targets), &targets);
        [gradients.o, gradients.w2, gradients.h, gradients.z, gradients.w1, gradients.x].map(doubles)
    }

    /// By autodiff.
    pub fn by_autodiff<P: Platform>(&self, activation: Activation, loss: Loss) -> Gradients {
        let leaf = |tensor: Tensor<P::Double, 2>| tensor.detach().require_grad();
        let targets = self.targets::<P, P::Double>(loss);
        let mut network = self.network::<P, P::Double>(activation);
        network.w1 = leaf(network.w1);
        network.w2 = leaf(network.w2);
        let x = leaf(self.inputs::<P, _>());
        let forward = network.forward(x.clone(), &targets);
        let gradients = forward.objective.backward();
        let [w1, w2, x] = [&network.w1, &network.w2, &x].map(|of| of.grad(&gradients).map(doubles).unwrap_or_default());

        // Autodiff keeps the gradients of leaves only: each intermediate once more, as the start of what follows it.
        let from = |intermediate: Intermediate, value: Tensor<P::Double, 2>| {
            let start = leaf(value);
            let gradients = intermediate.loss(&network, &targets, start.clone()).backward();
            start.grad(&gradients).map(doubles).unwrap_or_default()
        };
        let Forward { o, h, z, .. } = forward;
        [from(Intermediate::O, o), w2, from(Intermediate::H, h), from(Intermediate::Z, z), w1, x]
    }

    /// By central differences with step `epsilon`.
    pub fn by_differences<P: Platform>(&self, activation: Activation, loss: Loss, epsilon: f64) -> Gradients {
        let network = self.network::<P, InnerDouble<P>>(activation);
        let targets = self.targets::<P, _>(loss);
        let inputs = || self.inputs::<P, InnerDouble<P>>();
        let scalar = |tensor: Tensor<InnerDouble<P>, 1>| doubles(tensor)[0];
        let objective = |network: &OneHiddenLayer<_>, x| scalar(network.forward(x, &targets).objective);
        let w1 = central_differences(network.w1.clone(), epsilon, |w1| {
            objective(&OneHiddenLayer { w1, ..network.clone() }, inputs())
        });
        let w2 = central_differences(network.w2.clone(), epsilon, |w2| {
            objective(&OneHiddenLayer { w2, ..network.clone() }, inputs())
        });
        let x = central_differences(inputs(), epsilon, |x| objective(&network, x));
        let from = |intermediate: Intermediate, value: Tensor<InnerDouble<P>, 2>| {
            central_differences(value, epsilon, |start| scalar(intermediate.loss(&network, &targets, start)))
        };
        let Forward { o, h, z, .. } = network.forward(inputs(), &targets);
        [from(Intermediate::O, o), w2, from(Intermediate::H, h), from(Intermediate::Z, z), w1, x].map(doubles)
    }
}

/// What the forward pass makes on its way.
#[derive(Clone, Copy)]
enum Intermediate {
    Z,
    H,
    O,
}

impl Intermediate {
    /// The loss from here on. The penalty does not depend on it.
    fn loss<B: Backend>(self, network: &OneHiddenLayer<B>, targets: &Targets<B>, start: Tensor<B, 2>) -> Tensor<B, 1> {
        let w2 = || network.w2.clone();
        match self {
            Self::Z => targets.loss(w2().matmul(activate(network.activation, start))),
            Self::H => targets.loss(w2().matmul(start)),
            Self::O => targets.loss(start),
        }
    }
}

/// Examples row by row, without those that bring a hidden unit within [`MARGIN`] of 0.
fn inputs_off_kinks(w1: &[f64], inputs: usize, examples: usize, mut normals: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut rows = Vec::with_capacity(examples * inputs);
    while rows.len() < examples * inputs {
        let example: Vec<f64> = normals.by_ref().take(inputs).collect();
        let unit = |weights: &[f64]| weights.iter().zip(&example).map(|(weight, x)| weight * x).sum::<f64>();
        if w1.chunks_exact(inputs).all(|weights| unit(weights).abs() >= MARGIN) {
            rows.extend(example);
        }
    }
    rows
}

/// Rows of `width` as columns.
fn transposed(rows: &[f64], width: usize) -> Vec<f64> {
    (0..width).flat_map(|column| rows.iter().skip(column).step_by(width).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_near_a_kink_are_drawn_again() {
        // One unit with weight 1: the second and third numbers are too near 0.
        let numbers = [1.0, 0.001, -0.002, -3.0];
        assert_eq!(inputs_off_kinks(&[1.0], 1, 2, numbers.into_iter()), [1.0, -3.0]);
    }

    #[test]
    fn rows_become_columns() {
        assert_eq!(transposed(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }
}
