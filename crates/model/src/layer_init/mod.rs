//! Initialization of the layers inside a module.

mod initializer;
#[cfg(test)]
mod tests;

use burn::module::Module;
use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

use self::initializer::{Distributions, Initializer, Streams};
use crate::{FanMode, Init};

/// Initialization of a layer: one distribution for its weight, another for its bias.
///
/// [`apply`](Self::apply) re-initializes every linear and convolutional layer inside *any* module. The bias is zero by
/// default, unlike with `burn::nn::LinearConfig::with_initializer`, which draws the bias from the distribution of the
/// weight.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerInit {
    /// Distribution of the weight.
    pub weight: Init,
    /// Distribution of the bias, with the fans of its layer.
    pub bias: Init,
    /// Distribution of the rows of embeddings, `None` to leave them as Burn draws them. Their fan-in is the width of a
    /// row and their fan-out the number of rows, as in PyTorch; the usual choice is a normal distribution, which needs
    /// neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding: Option<Init>,
}

impl Default for LayerInit {
    /// Xavier uniform with gain 1, bias zero.
    fn default() -> Self {
        Self::weight(Init::XavierUniform { gain: 1.0 })
    }
}

impl LayerInit {
    /// Draws the weight from `weight` and sets the bias to zero.
    pub const fn weight(weight: Init) -> Self {
        Self { weight, bias: Init::Zeros, embedding: None }
    }

    /// Sets the distribution of the bias.
    pub const fn with_bias(mut self, bias: Init) -> Self {
        self.bias = bias;
        self
    }

    /// Also initializes embeddings.
    pub const fn with_embedding(mut self, embedding: Init) -> Self {
        self.embedding = Some(embedding);
        self
    }

    /// The default of `torch.nn.Linear` and `burn::nn::Linear`: weight and bias uniform on `±1/√fan_in`.
    pub fn torch() -> Self {
        let init = Init::KaimingUniform { gain: 1.0 / libm::sqrt(3.0), mode: FanMode::FanIn };
        Self { weight: init, bias: init, embedding: None }
    }

    /// Re-initializes every `burn::nn` linear and convolutional layer inside `module`, and its embeddings if
    /// [`embedding`](Self::embedding) is set.
    ///
    /// Layers are recognized by Burn's type names (`Linear`, `Embedding`, `Conv1d` to `Conv3d`, `DeformConv2d`,
    /// `ConvTranspose1d` to `ConvTranspose3d`) and the rank of their parameters. A type of your own with one of these
    /// names and the same rank is taken for Burn's. The path of a parameter inside the module and `seed` select its
    /// random stream, so that a field that is added changes the values of no other. Parameter ids and `requires_grad`
    /// flags are kept.
    ///
    /// Burn 0.21 draws parameters on first use, so that two clones made before that differ. All parameters that this
    /// does not initialize, such as those of a layer of your own, are therefore drawn now, from Burn's generator
    /// (`B::seed`).
    ///
    /// # Examples
    ///
    /// ```
    /// use burn::{module::Module, nn::{Linear, LinearConfig}, tensor::backend::Backend};
    /// use burn_flex::Flex;
    /// use burn_mlp::{Init, LayerInit};
    ///
    /// #[derive(Module, Debug)]
    /// struct Mine<B: Backend> {
    ///     first: Linear<B>,
    ///     second: Linear<B>,
    /// }
    /// let device = Default::default();
    /// let mine = Mine::<Flex> {
    ///     first: LinearConfig::new(4, 3).init(&device),
    ///     second: LinearConfig::new(3, 2).init(&device),
    /// };
    /// let mine = LayerInit::weight(Init::Normal { mean: 0.0, std: 0.01 }).apply(mine, 42);
    /// assert_eq!(mine.second.bias.unwrap().to_data().to_vec::<f32>().unwrap(), [0.0, 0.0]);
    /// ```
    pub fn apply<B: Backend, M: Module<B>>(&self, module: M, seed: u64) -> M {
        module.map(&mut self.initializer(seed, Streams::Paths))
    }

    /// The same with streams numbered in the order of the layers. For the networks of this crate, whose fields are
    /// fixed: recorded runs depend on their numbers.
    pub(crate) fn apply_numbered<B: Backend, M: Module<B>>(&self, module: M, seed: u64) -> M {
        module.map(&mut self.initializer(seed, Streams::Numbers))
    }

    fn initializer(&self, seed: u64, streams: Streams) -> Initializer {
        let Self { weight, bias, embedding } = *self;
        Initializer::new(Distributions { weight, bias, embedding }, seed, streams)
    }
}
