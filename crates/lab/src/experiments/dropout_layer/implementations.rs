//! The two implementations that are compared.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use burn_mlp::{DropoutConfig, Key, Probability};

use crate::scratch::dropout::{dropout_layer, uniform};

#[derive(Clone, Copy)]
pub(super) enum Implementation {
    ByHand,
    Layer,
}

pub(super) const IMPLEMENTATIONS: [(&str, Implementation); 2] =
    [("by hand", Implementation::ByHand), ("the library's layer", Implementation::Layer)];

impl Implementation {
    /// Dropout of `x`, in training.
    pub(super) fn apply<B: Backend>(self, x: Tensor<B, 2>, prob: Probability, seed: u64) -> Tensor<B, 2> {
        match self {
            Self::ByHand => {
                let numbers = uniform(x.dims(), Key::new(seed, *b"uniform\0"), &x.device());
                dropout_layer(x, prob, numbers)
            }
            Self::Layer => DropoutConfig::new(prob).with_seed(seed).init().forward(x),
        }
    }
}
