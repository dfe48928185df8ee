//! A deep fully connected network with or without shortcuts.

use burn::module::Module;
use burn::tensor::{Tensor, backend::Backend};
use serde::{Deserialize, Serialize};

use crate::{Activation, DropoutLayers, LayerInit, Mlp, MlpConfig, MlpError};

/// Configuration of [`DeepMlp`].
///
/// # Examples
///
/// Twenty layers with weights: nine blocks of two between the first and the last. Shortcuts add no parameters:
///
/// ```
/// use burn::module::Module;
/// use burn_flex::Flex;
/// use burn_mlp::DeepMlpConfig;
///
/// let device = Default::default();
/// let residual = DeepMlpConfig::new(784, 64, 9, 10).init::<Flex>(&device)?;
/// let plain = DeepMlpConfig::new(784, 64, 9, 10).with_shortcuts(false).init::<Flex>(&device)?;
/// assert_eq!(residual.depth(), 20);
/// // 784·64 + 64, then 18 times 64·64 + 64, then 64·10 + 10
/// assert_eq!((residual.num_params(), plain.num_params()), (125_770, 125_770));
/// # Ok::<(), burn_mlp::MlpError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeepMlpConfig {
    /// Number of input features, at least 1.
    pub d_input: usize,
    /// Number of units of every hidden layer, at least 1.
    pub d_hidden: usize,
    /// Number of blocks of two hidden layers each, after a first hidden layer; 0 for the first layer alone.
    pub blocks: usize,
    /// Number of outputs (logits), at least 1.
    pub d_output: usize,
    /// Whether each block's input is added to its output.
    #[serde(default = "yes")]
    pub shortcuts: bool,
    /// Whether to normalize each hidden layer over the batch, between the linear map and the activation.
    #[serde(default)]
    pub batch_norm: bool,
    /// Activation function of the hidden layers.
    #[serde(default)]
    pub activation: Activation,
    /// Initial values of the linear layers.
    #[serde(default)]
    pub init: LayerInit,
    /// Seed of the initial values.
    #[serde(default)]
    pub seed: u64,
}

const fn yes() -> bool {
    true
}

impl DeepMlpConfig {
    /// A network with shortcuts, ReLU, Xavier weights and no batch normalization.
    pub fn new(d_input: usize, d_hidden: usize, blocks: usize, d_output: usize) -> Self {
        Self {
            d_input,
            d_hidden,
            blocks,
            d_output,
            shortcuts: true,
            batch_norm: false,
            activation: Activation::default(),
            init: LayerInit::default(),
            seed: 0,
        }
    }

    /// Sets whether each block's input is added to its output.
    pub const fn with_shortcuts(mut self, shortcuts: bool) -> Self {
        self.shortcuts = shortcuts;
        self
    }

    /// Sets whether the hidden layers are batch-normalized.
    pub const fn with_batch_norm(mut self, batch_norm: bool) -> Self {
        self.batch_norm = batch_norm;
        self
    }

    /// Sets the activation function of the hidden layers.
    pub const fn with_activation(mut self, activation: Activation) -> Self {
        self.activation = activation;
        self
    }

    /// Sets the initial values of the linear layers.
    pub const fn with_init(mut self, init: LayerInit) -> Self {
        self.init = init;
        self
    }

    /// Sets the seed of the initial values.
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Creates the network on `device`. Its parameters are drawn immediately. The same seed produces the same weights
    /// with and without shortcuts.
    ///
    /// # Errors
    ///
    /// [`MlpError`] if a width is zero.
    pub fn init<B: Backend>(&self, device: &B::Device) -> Result<DeepMlp<B>, MlpError> {
        let d_hidden = alloc::vec![self.d_hidden; 1 + 2 * self.blocks];
        let layers = MlpConfig::new(self.d_input, d_hidden, self.d_output)
            .with_activation(self.activation)
            .with_batch_norm(self.batch_norm)
            .with_init(self.init)
            .with_seed(self.seed)
            .init(device)?;
        Ok(DeepMlp { layers, shortcuts: self.shortcuts })
    }
}

/// A deep multilayer perceptron whose hidden layers, after the first, form blocks of two: `h ← h + φ(W₂ φ(W₁ h))` with
/// shortcuts, `h ← φ(W₂ φ(W₁ h))` without. Biases and batch normalization are omitted here.
///
/// Each branch ends in the activation, before the addition, so that with ReLU a block adds nothing negative. That is
/// neither of the two arrangements of He et al., which [`ResidualBlockConfig`](crate::ResidualBlockConfig) has.
///
/// The two differ only in the addition. Comparing their training loss as blocks are added shows the degradation problem
/// that residual networks solve (He et al. 2015). Without batch normalization, activations grow with every block that
/// is added to the sum: deep networks with shortcuts need [`batch_norm`](DeepMlpConfig::batch_norm) or smaller initial
/// weights.
///
/// Created by [`DeepMlpConfig::init`].
#[derive(Module, Debug, DropoutLayers)]
pub struct DeepMlp<B: Backend> {
    /// The layers without the shortcuts: a first hidden layer, two per block, the output layer.
    pub layers: Mlp<B>,
    /// Whether each block's input is added to its output.
    #[module(skip)]
    pub shortcuts: bool,
}

impl<B: Backend> DeepMlp<B> {
    /// Logits of a batch.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, d_input]`
    /// - output: `[batch, d_output]`
    ///
    /// # Panics
    ///
    /// If `x` has another number of features than `d_input`.
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let (first, blocks) = self.layers.hidden.split_at(self.layers.hidden.len().min(1));
        let hidden = first.iter().fold(x, |x, layer| layer.forward(x));
        let hidden = blocks.chunks(2).fold(hidden, |hidden, block| {
            let residual = block.iter().fold(hidden.clone(), |hidden, layer| layer.forward(hidden));
            if self.shortcuts { hidden + residual } else { residual }
        });
        self.layers.output.forward(hidden)
    }

    /// Number of layers with weights: the hidden layers and the output layer.
    pub fn depth(&self) -> usize {
        self.layers.hidden.len() + 1
    }
}
