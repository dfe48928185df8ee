//! What is measured with one seed.

use burn::tensor::backend::Backend;
use burn_mlp::Mlp;
use burn_mlp_train::parameters::collect;
use burn_mlp_train::values;
use serde::{Deserialize, Serialize};

/// How the size of the weights is controlled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    Nothing,
    Decay,
    MaxNorm,
}

impl Control {
    pub(super) const ALL: [Self; 3] = [Self::Nothing, Self::Decay, Self::MaxNorm];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Decay => "weight decay",
            Self::MaxNorm => "max-norm",
        }
    }
}

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    /// Without dropout, in the order of [`Control::ALL`].
    pub(super) without: [Run; 3],
    /// The same with dropout.
    pub(super) with: [Run; 3],
    /// Without dropout and control, from other weights.
    pub(super) other: Run,
}

/// What is measured of a trained network, dropout off.
#[derive(Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) train_accuracy: f64,
    pub(super) test_accuracy: f64,
    pub(super) test_loss: f64,
    /// Of all weights, without biases.
    pub(super) norm: f64,
    /// Of the difference between them and the initial ones.
    pub(super) moved: f64,
    /// Of the weights into the hidden unit where it is largest.
    pub(super) largest: f64,
}

/// The weights of a network, without biases, one after the other.
pub(super) fn weights<B: Backend>(mlp: &Mlp<B>) -> Vec<f32> {
    let weights = collect(mlp).into_iter().filter(|(path, _)| path.ends_with("weight"));
    weights.flat_map(|(_, data)| data.iter::<f32>().collect::<Vec<_>>()).collect()
}

/// Norm of the difference of two vectors.
pub(super) fn distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt()
}

/// Largest norm of the weights into a hidden unit.
pub(super) fn largest_norm<B: Backend>(mlp: &Mlp<B>) -> f64 {
    let of_layer = |layer: &burn_mlp::HiddenLayer<B>| values(layer.linear.weight.val().square().sum_dim(0).sqrt());
    mlp.hidden.iter().flat_map(of_layer).map(f64::from).fold(0.0, f64::max)
}
