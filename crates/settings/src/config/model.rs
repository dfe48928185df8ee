//! Configuration of the network.

use anyhow::{Result, ensure};
use burn::tensor::backend::Backend;
use burn_mlp::{Activation, FanMode, Init, LayerInit, Mlp, MlpConfig, Probability};
use burn_mlp_train::range;
use serde::{Deserialize, Serialize};

use super::is_one;
use crate::Invalid;

/// Largest number of weights in a network, 1 GiB in single precision. With gradients and both of Adam's moments a run
/// takes four times that.
pub const LARGEST_NETWORK: usize = 1 << 28;
/// Largest number of hidden layers.
pub const DEEPEST_NETWORK: usize = 1024;

/// The network between the images and the classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Number of units of each hidden layer.
    pub hidden: Vec<usize>,
    /// Dropout probability of the units of each hidden layer; empty for no dropout.
    pub dropout: Vec<Probability>,
    /// Dropout probability of the pixels.
    pub input_dropout: Probability,
    /// `relu`, `parametric-relu`, `sigmoid`, `tanh`, `rescaled-sigmoid` or `silu`.
    pub activation: Activation,
    /// Whether hidden layers have batch normalization.
    pub batch_norm: bool,
    /// Initial weights; biases start at zero except for `torch`.
    pub init: InitConfig,
}

impl Default for ModelConfig {
    fn default() -> Self {
        let probability = |value| Probability::new(value).unwrap_or_default();
        Self {
            hidden: vec![256, 256],
            dropout: vec![probability(0.2), probability(0.5)],
            input_dropout: Probability::ZERO,
            activation: Activation::Relu,
            batch_norm: false,
            init: InitConfig::default(),
        }
    }
}

impl ModelConfig {
    /// Refuses a network that is too large, before any memory is allocated.
    ///
    /// # Errors
    ///
    /// If it has more than [`LARGEST_NETWORK`] weights or [`DEEPEST_NETWORK`] hidden layers.
    ///
    /// # Examples
    ///
    /// ```
    /// use mlp_settings::config::ModelConfig;
    ///
    /// let mut model = ModelConfig::default();
    /// assert!(model.check_size(784, 10).is_ok());
    /// model.hidden = vec![usize::MAX, usize::MAX];
    /// assert!(model.check_size(784, 10).is_err());
    /// ```
    pub fn check_size(&self, d_input: usize, classes: usize) -> Result<()> {
        let layers = self.hidden.len();
        ensure!(layers <= DEEPEST_NETWORK, "model.hidden has {layers} layers; at most {DEEPEST_NETWORK} are allowed");
        let widths: Vec<usize> = [d_input].into_iter().chain(self.hidden.iter().copied()).chain([classes]).collect();
        let weights = widths.windows(2).try_fold(0_usize, |sum, pair| sum.checked_add(pair[0].checked_mul(pair[1])?));
        ensure!(
            weights.is_some_and(|weights| weights <= LARGEST_NETWORK),
            "a network of {d_input} inputs, model.hidden = {:?} and {classes} classes has more than the {} weights \
             allowed",
            self.hidden,
            LARGEST_NETWORK
        );
        Ok(())
    }

    /// Initializes the network, for images of `d_input` pixels and `classes` classes.
    ///
    /// # Errors
    ///
    /// As for [`check_size`](Self::check_size), or if the configuration of the network is invalid.
    pub fn build<B: Backend>(&self, d_input: usize, classes: usize, seed: u64, device: &B::Device) -> Result<Mlp<B>> {
        self.check_size(d_input, classes)?;
        Ok(self.mlp(d_input, classes, seed).init(device)?)
    }

    /// Refuses layers without units, probabilities that do not fit the layers, and images of which dropout leaves nothing.
    pub(super) fn validate(&self) -> Result<(), Invalid> {
        let Self { hidden, input_dropout, .. } = self;
        Invalid::unless(!hidden.contains(&0), "model.hidden", hidden, "at least 1 unit in each layer")?;
        let dropout: Vec<f64> = self.dropout.iter().map(|prob| prob.get()).collect();
        let fits = [0, hidden.len()].contains(&dropout.len());
        let expected = format!("one probability for each of the {} hidden layers, or []", hidden.len());
        Invalid::unless(fits, "model.dropout", dropout, &expected)?;
        let seen = !is_one(*input_dropout);
        Invalid::unless(
            seen,
            "model.input_dropout",
            input_dropout.get(),
            "less than 1, which leaves nothing of an image",
        )
    }

    /// The configuration of the network, for images of `d_input` pixels and `classes` classes.
    pub fn mlp(&self, d_input: usize, classes: usize, seed: u64) -> MlpConfig {
        MlpConfig::new(d_input, self.hidden.clone(), classes)
            .with_dropout(self.dropout.clone())
            .with_input_dropout(self.input_dropout)
            .with_activation(self.activation)
            .with_batch_norm(self.batch_norm)
            .with_init(self.init.layer_init())
            .with_seed(seed)
    }
}

/// Name of an initialization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InitKind {
    /// Uniform with variance `2·gain²/(fan_in + fan_out)`.
    #[default]
    XavierUniform,
    /// Normal with variance `2·gain²/(fan_in + fan_out)`.
    XavierNormal,
    /// Uniform with variance `gain²/fan`.
    KaimingUniform,
    /// Normal with variance `gain²/fan`.
    KaimingNormal,
    /// `N(0, std²)`.
    Normal,
    /// The same value in every weight.
    Constant,
    /// PyTorch's default: weight and bias uniform on `±1/√fan_in`.
    Torch,
}

/// Initial weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InitConfig {
    /// Distribution of the weights.
    pub kind: InitKind,
    /// Factor on the standard deviation of Xavier and Kaiming, greater than 0.
    #[serde(deserialize_with = "range::positive")]
    pub gain: f64,
    /// The fan Kaiming divides by: `fan-in` or `fan-out`.
    pub fan_mode: FanMode,
    /// Standard deviation of `normal`, at least 0.
    #[serde(deserialize_with = "range::not_negative")]
    pub std: f64,
    /// Value of `constant`.
    #[serde(deserialize_with = "range::finite")]
    pub value: f64,
}

impl Default for InitConfig {
    fn default() -> Self {
        Self { kind: InitKind::default(), gain: 1.0, fan_mode: FanMode::FanIn, std: 0.01, value: 0.0 }
    }
}

impl InitConfig {
    /// The initialization of weights and biases.
    pub fn layer_init(&self) -> LayerInit {
        let (gain, mode) = (self.gain, self.fan_mode);
        LayerInit::weight(match self.kind {
            InitKind::XavierUniform => Init::XavierUniform { gain },
            InitKind::XavierNormal => Init::XavierNormal { gain },
            InitKind::KaimingUniform => Init::KaimingUniform { gain, mode },
            InitKind::KaimingNormal => Init::KaimingNormal { gain, mode },
            InitKind::Normal => Init::Normal { mean: 0.0, std: self.std },
            InitKind::Constant => Init::Constant { value: self.value },
            InitKind::Torch => return LayerInit::torch(),
        })
    }
}
