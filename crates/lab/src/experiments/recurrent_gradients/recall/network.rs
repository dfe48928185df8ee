//! A recurrent network that answers after its last step.

use anyhow::Result;
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use burn_mlp::{Fans, Init, Key, Lstm, LstmConfig, Rnn, RnnConfig};

use super::settings::RecallParameters;

/// What remembers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Memory {
    /// A plain network.
    Plain,
    /// An LSTM with this initial bias of its forget gate.
    Lstm { forget_bias: f64 },
}

#[allow(clippy::large_enum_variant, reason = "a network has one, and few networks live at a time")]
#[derive(Module, Debug)]
enum Recurrent<B: Backend> {
    Plain(Rnn<B>),
    Lstm(Lstm<B>),
}

/// A recurrent network with a linear layer after its last state.
#[derive(Module, Debug)]
pub(super) struct RecallNetwork<B: Backend> {
    recurrent: Recurrent<B>,
    output: Linear<B>,
}

impl<B: Backend> RecallNetwork<B> {
    /// A network with Xavier weights and, but for the forget gate, zero biases.
    pub(super) fn new(memory: Memory, parameters: &RecallParameters, seed: u64, device: &B::Device) -> Result<Self> {
        let &RecallParameters { d_hidden, symbols, .. } = parameters;
        let d_input = parameters.features();
        let recurrent = match memory {
            Memory::Plain => Recurrent::Plain(RnnConfig::new(d_input, d_hidden).with_seed(seed).init(device)?),
            Memory::Lstm { forget_bias } => {
                let config = LstmConfig::new(d_input, d_hidden).with_forget_bias(Some(forget_bias));
                Recurrent::Lstm(config.with_seed(seed).init(device)?)
            }
        };
        let fans = Fans { fan_in: d_hidden, fan_out: symbols };
        let init = Init::XavierUniform { gain: 1.0 };
        let weight = init.sample(d_hidden * symbols, fans, Key::new(seed, *b"readout\0"));
        let output = Linear {
            weight: Param::from_data(TensorData::new(weight, [d_hidden, symbols]), device),
            bias: Some(Param::from_tensor(Tensor::zeros([symbols], device))),
        };
        Ok(Self { recurrent, output })
    }

    /// Logits after the last step.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, time, features]`
    /// - output: `[batch, symbols]`
    pub(super) fn forward(&self, x: Tensor<B, 3>) -> Tensor<B, 2> {
        let states = match &self.recurrent {
            Recurrent::Plain(rnn) => rnn.forward(x, None),
            Recurrent::Lstm(lstm) => lstm.forward(x, None).0,
        };
        let last = states.dims()[1] - 1;
        self.output.forward(states.narrow(1, last, 1).squeeze_dim(1))
    }
}
