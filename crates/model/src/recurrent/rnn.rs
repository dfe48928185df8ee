//! The plain recurrent network.

use alloc::vec::Vec;

use burn::module::Module;
use burn::tensor::{Tensor, backend::Backend};
use serde::{Deserialize, Serialize};

use super::{Recurrence, RecurrentError, at};
use crate::{DropoutLayers, Init, LayerInit};

/// Configuration of [`Rnn`].
///
/// # Examples
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_flex::Flex;
/// use burn_mlp::RnnConfig;
///
/// let device = Default::default();
/// let rnn = RnnConfig::new(3, 8).with_seed(42).init::<Flex>(&device)?;
/// let states = rnn.forward(Tensor::ones([2, 50, 3], &device), None);
/// assert_eq!(states.dims(), [2, 50, 8]);
/// # Ok::<(), burn_mlp::RecurrentError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RnnConfig {
    /// Number of input features, at least 1.
    pub d_input: usize,
    /// Number of units of the state, at least 1.
    pub d_hidden: usize,
    /// Initial values of the input weight and the bias.
    #[serde(default)]
    pub init: LayerInit,
    /// Initial values of the recurrent weight.
    #[serde(default = "xavier")]
    pub recurrent_init: Init,
    /// Seed of the initial values.
    #[serde(default)]
    pub seed: u64,
}

pub(super) fn xavier() -> Init {
    LayerInit::default().weight
}

impl RnnConfig {
    /// A network with Xavier weights and zero biases.
    pub fn new(d_input: usize, d_hidden: usize) -> Self {
        Self { d_input, d_hidden, init: LayerInit::default(), recurrent_init: xavier(), seed: 0 }
    }

    /// Sets the initial values of the input weight and the bias.
    pub const fn with_init(mut self, init: LayerInit) -> Self {
        self.init = init;
        self
    }

    /// Sets the initial values of the recurrent weight.
    ///
    /// A normal distribution with standard deviation `ρ/√d_hidden` results in a spectral radius of about `ρ`: the
    /// factor on a gradient per step back in time while tanh is near 0, where its slope is 1.
    pub const fn with_recurrent_init(mut self, init: Init) -> Self {
        self.recurrent_init = init;
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
    pub fn init<B: Backend>(&self, device: &B::Device) -> Result<Rnn<B>, RecurrentError> {
        let rnn = Rnn { recurrence: Recurrence::zeros(self.d_input, self.d_hidden, device)? };
        let rnn = self.init.apply_numbered(rnn, self.seed);
        let recurrent = LayerInit::weight(self.recurrent_init).apply_numbered(rnn.clone(), self.seed).recurrence;
        Ok(Rnn { recurrence: Recurrence { hidden: recurrent.hidden, ..rnn.recurrence } })
    }
}

/// A plain recurrent network (Elman 1990): `h_t = tanh(x_t·W + h_{t-1}·U + b)`, unrolled over time.
///
/// The gradient of `h_T` with respect to `x_t` contains a product of `T - t` factors `diag(1 - h²)·Uᵀ`, which shrinks
/// or grows geometrically with the distance. The gradient of a weight is a sum over all steps, so when distant
/// contributions vanish, those of the nearest steps remain. Both gradients can be read: the first from an input that
/// requires gradients, the second from the parameters.
///
/// # Examples
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_autodiff::Autodiff;
/// use burn_flex::Flex;
/// use burn_mlp::{Init, RnnConfig};
///
/// // One unit with U = 1/2, and x = 0, where tanh has slope 1: each step back halves the gradient.
/// let device = Default::default();
/// let config = RnnConfig::new(1, 1).with_recurrent_init(Init::Constant { value: 0.5 });
/// let rnn = config.init::<Autodiff<Flex>>(&device)?;
/// let x = Tensor::zeros([1, 3, 1], &device).require_grad();
/// let last = rnn.forward(x.clone(), None).narrow(1, 2, 1);
/// let dx = x.grad(&last.sum().backward()).unwrap().to_data().to_vec::<f32>().unwrap();
/// assert_eq!([dx[0] / dx[2], dx[1] / dx[2]], [0.25, 0.5]);
/// # Ok::<(), burn_mlp::RecurrentError>(())
/// ```
#[derive(Module, Debug, DropoutLayers)]
pub struct Rnn<B: Backend> {
    /// The linear map before tanh, shared by all steps.
    pub recurrence: Recurrence<B>,
}

impl<B: Backend> Rnn<B> {
    /// The states after every time step. `hidden` is the initial state; `None` means zeros.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, time, d_input]`, at least one step
    /// - `hidden`: `[batch, d_hidden]`
    /// - output: `[batch, time, d_hidden]`
    ///
    /// # Panics
    ///
    /// If a shape does not match, or `x` has no time step.
    pub fn forward(&self, x: Tensor<B, 3>, hidden: Option<Tensor<B, 2>>) -> Tensor<B, 3> {
        let [batch, time, _] = x.dims();
        let mut hidden =
            hidden.unwrap_or_else(|| Tensor::zeros([batch, self.recurrence.d_hidden()], (&x.device(), x.dtype())));
        let mut states = Vec::with_capacity(time);
        for time in 0..time {
            hidden = self.step(at(&x, time), hidden);
            states.push(hidden.clone());
        }
        Tensor::stack(states, 1)
    }

    /// The state after one time step.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, d_input]`
    /// - `hidden`, output: `[batch, d_hidden]`
    ///
    /// # Panics
    ///
    /// If a shape does not match.
    pub fn step(&self, x: Tensor<B, 2>, hidden: Tensor<B, 2>) -> Tensor<B, 2> {
        self.recurrence.forward(x, hidden).tanh()
    }
}
