//! The long short-term memory.

use alloc::vec::Vec;

use burn::module::Module;
use burn::tensor::{Tensor, backend::Backend};
use serde::{Deserialize, Serialize};

use super::rnn::xavier;
use super::{Recurrence, RecurrentError, at};
use crate::activation::sigmoid;
use crate::{DropoutLayers, Init, LayerInit};

/// Configuration of [`Lstm`].
///
/// # Examples
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_flex::Flex;
/// use burn_mlp::LstmConfig;
///
/// let device = Default::default();
/// let lstm = LstmConfig::new(3, 8).with_forget_bias(Some(2.0)).init::<Flex>(&device)?;
/// let (states, last) = lstm.forward(Tensor::ones([2, 50, 3], &device), None);
/// assert_eq!(states.dims(), [2, 50, 8]);
/// assert_eq!(last.cell.dims(), [2, 8]);
/// # Ok::<(), burn_mlp::RecurrentError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LstmConfig {
    /// Number of input features, at least 1.
    pub d_input: usize,
    /// Number of units of the state, at least 1.
    pub d_hidden: usize,
    /// Initial values of the input weights and the biases.
    #[serde(default)]
    pub init: LayerInit,
    /// Initial values of the recurrent weights.
    #[serde(default = "xavier")]
    pub recurrent_init: Init,
    /// Initial bias of the forget gate. `None`: drawn like the other biases.
    #[serde(default = "ajar")]
    pub forget_bias: Option<f64>,
    /// Seed of the initial values.
    #[serde(default)]
    pub seed: u64,
}

const fn ajar() -> Option<f64> {
    Some(1.0)
}

impl LstmConfig {
    /// A network with Xavier weights, zero biases, and a forget-gate bias of 1. The forget gate then starts at
    /// `σ(1) = 0.73` instead of 0.5 (Jozefowicz et al. 2015).
    pub fn new(d_input: usize, d_hidden: usize) -> Self {
        let (init, recurrent_init) = (LayerInit::default(), xavier());
        Self { d_input, d_hidden, init, recurrent_init, forget_bias: ajar(), seed: 0 }
    }

    /// Sets the initial values of the input weights and the biases.
    pub const fn with_init(mut self, init: LayerInit) -> Self {
        self.init = init;
        self
    }

    /// Sets the initial values of the recurrent weights.
    pub const fn with_recurrent_init(mut self, init: Init) -> Self {
        self.recurrent_init = init;
        self
    }

    /// Sets the initial bias of the forget gate. `None`: drawn like the other biases.
    pub const fn with_forget_bias(mut self, bias: Option<f64>) -> Self {
        self.forget_bias = bias;
        self
    }

    /// Sets the seed of the initial values.
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Creates the network on `device`. Its parameters are drawn immediately.
    ///
    /// # Errors
    ///
    /// [`RecurrentError`] if a width is zero.
    pub fn init<B: Backend>(&self, device: &B::Device) -> Result<Lstm<B>, RecurrentError> {
        let zeros = || Recurrence::zeros(self.d_input, self.d_hidden, device);
        let lstm = Lstm { input: zeros()?, forget: zeros()?, candidate: zeros()?, output: zeros()? };
        let lstm = self.init.apply_numbered(lstm, self.seed);
        let forget = match self.forget_bias {
            Some(value) => {
                LayerInit { bias: Init::Constant { value }, ..self.init }.apply_numbered(lstm.clone(), self.seed).forget
            }
            None => lstm.forget.clone(),
        };
        let recurrent = LayerInit::weight(self.recurrent_init).apply_numbered(lstm.clone(), self.seed);
        let gate = |gate: Recurrence<B>, recurrent: Recurrence<B>| Recurrence { hidden: recurrent.hidden, ..gate };
        Ok(Lstm {
            input: gate(lstm.input, recurrent.input),
            forget: gate(forget, recurrent.forget),
            candidate: gate(lstm.candidate, recurrent.candidate),
            output: gate(lstm.output, recurrent.output),
        })
    }
}

/// Hidden and cell state of an [`Lstm`].
#[derive(Clone, Debug)]
pub struct LstmState<B: Backend> {
    /// The hidden state `h`: `[batch, d_hidden]`.
    pub hidden: Tensor<B, 2>,
    /// The cell state `c`: `[batch, d_hidden]`.
    pub cell: Tensor<B, 2>,
}

/// A long short-term memory (Hochreiter and Schmidhuber 1997) with forget gate (Gers et al. 2000), unrolled over time:
///
/// `c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t` and `h_t = o_t ⊙ tanh(c_t)`. The gates are `i, f, o = σ(x_t·W + h_{t-1}·U + b)`
/// and the candidate is `g = tanh(x_t·W + h_{t-1}·U + b)`, each with its own `W`, `U` and `b`.
///
/// Along the cell state, each step back multiplies the gradient by `f_t` alone: with the forget gate near 1 it neither
/// vanishes nor explodes. Along the paths through `h` it still can, as in [`Rnn`](crate::Rnn).
///
/// PyTorch stacks the four maps in `weight_ih` and `weight_hh` in the order of the fields here: input, forget,
/// candidate, output.
#[derive(Module, Debug, DropoutLayers)]
pub struct Lstm<B: Backend> {
    /// The input gate `i`.
    pub input: Recurrence<B>,
    /// The forget gate `f`: 1 keeps the cell state, 0 erases it.
    pub forget: Recurrence<B>,
    /// The candidate `g`.
    pub candidate: Recurrence<B>,
    /// The output gate `o`.
    pub output: Recurrence<B>,
}

impl<B: Backend> Lstm<B> {
    /// The hidden states after every time step, and the state after the last one. `state` is the initial state; `None`
    /// means zeros.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, time, d_input]`, at least one step
    /// - output: `[batch, time, d_hidden]`
    ///
    /// # Panics
    ///
    /// If a shape does not match, or `x` has no time step.
    pub fn forward(&self, x: Tensor<B, 3>, state: Option<LstmState<B>>) -> (Tensor<B, 3>, LstmState<B>) {
        let [batch, time, _] = x.dims();
        let zeros = || Tensor::zeros([batch, self.input.d_hidden()], (&x.device(), x.dtype()));
        let mut state = state.unwrap_or_else(|| LstmState { hidden: zeros(), cell: zeros() });
        let mut states = Vec::with_capacity(time);
        for time in 0..time {
            state = self.step(at(&x, time), state);
            states.push(state.hidden.clone());
        }
        (Tensor::stack(states, 1), state)
    }

    /// The state after one time step.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, d_input]`
    ///
    /// # Panics
    ///
    /// If a shape does not match.
    pub fn step(&self, x: Tensor<B, 2>, state: LstmState<B>) -> LstmState<B> {
        let linear = |gate: &Recurrence<B>| gate.forward(x.clone(), state.hidden.clone());
        let input = sigmoid(linear(&self.input));
        let forget = sigmoid(linear(&self.forget));
        let candidate = linear(&self.candidate).tanh();
        let output = sigmoid(linear(&self.output));
        let cell = forget * state.cell + input * candidate;
        LstmState { hidden: output * cell.clone().tanh(), cell }
    }
}
