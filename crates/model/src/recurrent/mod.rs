//! Recurrent networks, unrolled over time so that every gradient through time can be read.

mod lstm;
mod rnn;
#[cfg(test)]
mod tests;

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Tensor, backend::Backend};

use crate::DropoutLayers;

pub use lstm::{Lstm, LstmConfig, LstmState};
pub use rnn::{Rnn, RnnConfig};

/// An invalid configuration of a recurrent network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecurrentError {
    /// `d_input` is zero.
    #[error("expected at least one input feature, found 0")]
    NoInputs,
    /// `d_hidden` is zero.
    #[error("expected at least one hidden unit, found 0")]
    NoUnits,
}

/// The linear part of a recurrence: `x·W + h·U + b`, the same `W`, `U` and `b` at every time step.
///
/// PyTorch stores `Wᵀ` as `weight_ih`, `Uᵀ` as `weight_hh`, and `b` as the sum `bias_ih + bias_hh`. Each of the two
/// biases has the gradient of `b`.
#[derive(Module, Debug, DropoutLayers)]
pub struct Recurrence<B: Backend> {
    /// Map of the input: weight `W` `[d_input, d_hidden]`, bias `b` `[d_hidden]`.
    pub input: Linear<B>,
    /// Map of the previous state: weight `U` `[d_hidden, d_hidden]`, no bias.
    pub hidden: Linear<B>,
}

impl<B: Backend> Recurrence<B> {
    /// A map with all parameters zero, to be initialized.
    fn zeros(d_input: usize, d_hidden: usize, device: &B::Device) -> Result<Self, RecurrentError> {
        if d_input == 0 {
            return Err(RecurrentError::NoInputs);
        }
        if d_hidden == 0 {
            return Err(RecurrentError::NoUnits);
        }
        let weight = |rows| Param::from_tensor(Tensor::zeros([rows, d_hidden], device));
        let bias = Param::from_tensor(Tensor::zeros([d_hidden], device));
        Ok(Self {
            input: Linear { weight: weight(d_input), bias: Some(bias) },
            hidden: Linear { weight: weight(d_hidden), bias: None },
        })
    }

    /// Applies the map to one time step.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, d_input]`
    /// - `hidden`, output: `[batch, d_hidden]`
    ///
    /// # Panics
    ///
    /// If a width differs from that of the weights.
    pub fn forward(&self, x: Tensor<B, 2>, hidden: Tensor<B, 2>) -> Tensor<B, 2> {
        self.input.forward(x) + self.hidden.forward(hidden)
    }

    /// Number of hidden units.
    pub fn d_hidden(&self) -> usize {
        self.hidden.weight.dims()[1]
    }
}

/// The input at step `time` of a sequence `[batch, time, d_input]`.
fn at<B: Backend>(x: &Tensor<B, 3>, time: usize) -> Tensor<B, 2> {
    x.clone().narrow(1, time, 1).squeeze_dim(1)
}
