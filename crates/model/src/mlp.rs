//! The multilayer perceptron.

use alloc::string::String;
use alloc::vec::Vec;

use burn::module::{Module, Param};
use burn::nn::{BatchNorm, BatchNormConfig, Linear};
use burn::tensor::{Tensor, backend::Backend};
use serde::{Deserialize, Serialize};

use crate::batch_norm::batch_norm;
use crate::{Activation, ActivationLayer, Dropout, DropoutMode, Key, LayerInit, Probability};

/// Configuration of [`Mlp`].
///
/// # Examples
///
/// The network of the dropout chapter, 784-256-256-10 with dropout 0.2 and 0.5:
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_flex::Flex;
/// use burn_mlp::{MlpConfig, Probability};
///
/// let device = Default::default();
/// let mlp = MlpConfig::new(784, [256, 256], 10)
///     .with_dropout([Probability::new(0.2)?, Probability::new(0.5)?])
///     .with_seed(42)
///     .init::<Flex>(&device)?;
/// assert_eq!(mlp.forward(Tensor::zeros([32, 784], &device)).dims(), [32, 10]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MlpConfig {
    /// Number of input features, at least 1.
    pub d_input: usize,
    /// Number of units of each hidden layer, each at least 1; empty for a linear model.
    pub d_hidden: Vec<usize>,
    /// Number of outputs (logits), at least 1.
    pub d_output: usize,
    /// Function applied to each hidden unit.
    #[serde(default)]
    pub activation: Activation,
    /// Probability of zeroing a unit of each hidden layer. Empty: no dropout.
    #[serde(default)]
    pub dropout: Vec<Probability>,
    /// Probability of zeroing an input feature.
    #[serde(default)]
    pub input_dropout: Probability,
    /// Whether to normalize each hidden layer over the batch, between the linear map and the activation.
    #[serde(default)]
    pub batch_norm: bool,
    /// Initial values of the linear layers.
    #[serde(default)]
    pub init: LayerInit,
    /// Seed of the initial values and the dropout masks.
    #[serde(default)]
    pub seed: u64,
}

impl MlpConfig {
    /// A network with ReLU, Xavier weights, zero biases, and neither dropout nor batch normalization.
    pub fn new(d_input: usize, d_hidden: impl Into<Vec<usize>>, d_output: usize) -> Self {
        Self {
            d_input,
            d_hidden: d_hidden.into(),
            d_output,
            activation: Activation::default(),
            dropout: Vec::new(),
            input_dropout: Probability::ZERO,
            batch_norm: false,
            init: LayerInit::default(),
            seed: 0,
        }
    }

    /// Sets the activation function of the hidden layers.
    pub fn with_activation(mut self, activation: Activation) -> Self {
        self.activation = activation;
        self
    }

    /// Sets one dropout probability for each hidden layer.
    pub fn with_dropout(mut self, dropout: impl Into<Vec<Probability>>) -> Self {
        self.dropout = dropout.into();
        self
    }

    /// Sets the dropout probability of the input features.
    pub fn with_input_dropout(mut self, prob: Probability) -> Self {
        self.input_dropout = prob;
        self
    }

    /// Sets whether the hidden layers are batch-normalized.
    pub fn with_batch_norm(mut self, batch_norm: bool) -> Self {
        self.batch_norm = batch_norm;
        self
    }

    /// Sets the initial values of the linear layers.
    pub fn with_init(mut self, init: LayerInit) -> Self {
        self.init = init;
        self
    }

    /// Sets the seed of the initial values and the dropout masks.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The network on `device`, its parameters drawn at once: a clone has the same weights, unlike a clone of a
    /// freshly configured Burn 0.21 module, which draws its own on first use.
    ///
    /// # Errors
    ///
    /// [`MlpError`] for a width of zero, or for a number of dropout probabilities other than zero and the number of
    /// hidden layers.
    pub fn init<B: Backend>(&self, device: &B::Device) -> Result<Mlp<B>, MlpError> {
        self.check()?;
        let dropout_key = |layer: usize| Key::new(self.seed, *b"dropout\0").at(layer as u64, 0);
        let mut d_input = self.d_input;
        let mut hidden = Vec::with_capacity(self.d_hidden.len());
        for (layer, &d_output) in self.d_hidden.iter().enumerate() {
            let prob = self.dropout.get(layer).copied().unwrap_or_default();
            hidden.push(HiddenLayer {
                linear: zeros(d_input, d_output, device),
                norm: self.batch_norm.then(|| materialized(BatchNormConfig::new(d_output).init(device))),
                activation: self.activation.init(device),
                dropout: Dropout::with_key(prob, dropout_key(layer + 1)),
            });
            d_input = d_output;
        }
        let mlp = Mlp {
            input_dropout: Dropout::with_key(self.input_dropout, dropout_key(0)),
            hidden,
            output: zeros(d_input, self.d_output, device),
        };
        Ok(self.init.apply(mlp, self.seed))
    }

    fn check(&self) -> Result<(), MlpError> {
        let widths = [(MlpError::NoInputs, self.d_input), (MlpError::NoOutputs, self.d_output)];
        for (error, width) in widths {
            if width == 0 {
                return Err(error);
            }
        }
        if let Some(layer) = self.d_hidden.iter().position(|&width| width == 0) {
            return Err(MlpError::NoUnits { layer });
        }
        let (found, layers) = (self.dropout.len(), self.d_hidden.len());
        if found != 0 && found != layers {
            return Err(MlpError::DropoutCount { found, layers });
        }
        Ok(())
    }
}

/// What [`MlpConfig::init`] refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MlpError {
    /// `d_input` is zero.
    #[error("expected at least one input feature, found 0")]
    NoInputs,
    /// `d_output` is zero.
    #[error("expected at least one output, found 0")]
    NoOutputs,
    /// A hidden layer has no units.
    #[error("expected at least one unit in hidden layer {layer} (counted from 0), found 0")]
    NoUnits {
        /// Index of the layer.
        layer: usize,
    },
    /// Neither no dropout probability nor one for each hidden layer.
    #[error("expected one dropout probability for each of the {layers} hidden layers (or none), found {found}")]
    DropoutCount {
        /// Number of probabilities given.
        found: usize,
        /// Number of hidden layers.
        layers: usize,
    },
}

fn zeros<B: Backend>(d_input: usize, d_output: usize, device: &B::Device) -> Linear<B> {
    Linear {
        weight: Param::from_tensor(Tensor::zeros([d_input, d_output], device)),
        bias: Some(Param::from_tensor(Tensor::zeros([d_output], device))),
    }
}

/// Burn 0.21 draws parameters on first use, and every clone made before that draws its own; counting them is a use.
fn materialized<B: Backend, M: Module<B>>(module: M) -> M {
    let _ = module.num_params();
    module
}

/// One hidden layer: linear map, batch normalization where configured, activation, dropout.
#[derive(Module, Debug)]
pub struct HiddenLayer<B: Backend> {
    /// The linear map; weight `[d_input, d_output]`, bias `[d_output]`.
    pub linear: Linear<B>,
    /// Batch normalization of the linear map's outputs.
    pub norm: Option<BatchNorm<B>>,
    /// The activation function.
    pub activation: ActivationLayer<B>,
    /// Dropout of the activations.
    #[module(skip)]
    pub dropout: Dropout,
}

impl<B: Backend> HiddenLayer<B> {
    /// Applies the layer.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, d_input]`
    /// - output: `[batch, d_output]`
    ///
    /// # Panics
    ///
    /// If `x` has another number of features than the layer's weight has rows.
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let x = self.linear.forward(x);
        let x = match &self.norm {
            Some(norm) => batch_norm(norm, x),
            None => x,
        };
        self.dropout.forward(self.activation.forward(x))
    }
}

/// A multilayer perceptron: hidden layers of any number and width, then a linear map to logits.
///
/// Made by [`MlpConfig::init`]. It contains plain `burn::nn::Linear` and `burn::nn::BatchNorm`, so Burn's records,
/// adapters and optimizers work with it.
///
/// Dropout and batch normalization are in training exactly when the backend is an autodiff one; evaluate with
/// `mlp.valid()`.
#[derive(Module, Debug)]
pub struct Mlp<B: Backend> {
    /// Dropout of the input features.
    #[module(skip)]
    pub input_dropout: Dropout,
    /// Hidden layers, from the input on.
    pub hidden: Vec<HiddenLayer<B>>,
    /// The map to logits; weight `[d_hidden, d_output]`, bias `[d_output]`.
    pub output: Linear<B>,
}

impl<B: Backend> Mlp<B> {
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
        self.output.forward(self.features(x))
    }

    /// Activations of the last hidden layer, the features that the output layer sees.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, d_input]`
    /// - output: `[batch, d_hidden]` of the last hidden layer, or `x` where there is none
    ///
    /// # Panics
    ///
    /// If `x` has another number of features than `d_input`.
    pub fn features(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let x = self.input_dropout.forward(x);
        self.hidden.iter().fold(x, |x, layer| layer.forward(x))
    }

    /// The same network with every dropout layer in `mode`.
    ///
    /// # Examples
    ///
    /// Monte-Carlo dropout: two passes over the same input differ.
    ///
    /// ```
    /// # use burn::tensor::Tensor;
    /// # use burn_flex::Flex;
    /// # use burn_mlp::{DropoutMode, MlpConfig, Probability};
    /// let device = Default::default();
    /// let mlp = MlpConfig::new(4, [64], 2)
    ///     .with_dropout([Probability::new(0.5)?])
    ///     .init::<Flex>(&device)?
    ///     .with_dropout_mode(DropoutMode::MonteCarlo);
    /// let x = Tensor::ones([1, 4], &device);
    /// assert_ne!(mlp.forward(x.clone()).to_data(), mlp.forward(x).to_data());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_dropout_mode(mut self, mode: DropoutMode) -> Self {
        self.input_dropout = self.input_dropout.with_mode(mode);
        for layer in &mut self.hidden {
            layer.dropout = layer.dropout.clone().with_mode(mode);
        }
        self
    }

    /// Makes mask number `mask`, counted from 0, the next one of every dropout layer.
    ///
    /// With one training step a mask, seeking to the step before each forward pass makes the masks a function of the
    /// seed and the step alone.
    pub fn seek_dropout(&self, mask: u64) {
        self.input_dropout.seek(mask);
        for layer in &self.hidden {
            layer.dropout.seek(mask);
        }
    }

    /// Number of input features.
    pub fn d_input(&self) -> usize {
        let first = self.hidden.first().map_or(&self.output, |layer| &layer.linear);
        first.weight.dims()[0]
    }

    /// Number of outputs.
    pub fn d_output(&self) -> usize {
        self.output.weight.dims()[1]
    }

    /// The layers in the order of a `torch.nn.Sequential` of this network: dropout with probability zero and absent
    /// batch normalization have no entry.
    pub fn layers(&self) -> Vec<LayerSummary> {
        let mut layers = Vec::new();
        let mut push = |name: String, path: String, d_output, parameters| {
            layers.push(LayerSummary { name, path, d_output, parameters });
        };
        let dropout = |dropout: &Dropout| alloc::format!("Dropout({})", dropout.prob());
        if self.input_dropout.prob() != Probability::ZERO {
            push(dropout(&self.input_dropout), "input_dropout".into(), self.d_input(), 0);
        }
        for (index, layer) in self.hidden.iter().enumerate() {
            let [d_input, d_output] = layer.linear.weight.dims();
            let path = |field| alloc::format!("hidden.{index}.{field}");
            let parameters = layer.linear.num_params();
            push(alloc::format!("Linear({d_input}, {d_output})"), path("linear"), d_output, parameters);
            if layer.norm.is_some() {
                push("BatchNorm".into(), path("norm"), d_output, 2 * d_output);
            }
            let slopes = layer.activation.num_params();
            push(alloc::format!("{:?}", layer.activation.function()), path("activation"), d_output, slopes);
            if layer.dropout.prob() != Probability::ZERO {
                push(dropout(&layer.dropout), path("dropout"), d_output, 0);
            }
        }
        let [d_input, d_output] = self.output.weight.dims();
        let parameters = self.output.num_params();
        push(alloc::format!("Linear({d_input}, {d_output})"), "output".into(), d_output, parameters);
        layers
    }
}

/// One line of a model summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerSummary {
    /// What the layer is, with its sizes.
    pub name: String,
    /// Path of the module inside [`Mlp`], as in its record.
    pub path: String,
    /// Number of features the layer gives for each example.
    pub d_output: usize,
    /// Number of learned parameters.
    pub parameters: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Init;
    use burn::module::AutodiffModule;
    use burn_autodiff::Autodiff;
    use burn_flex::Flex;
    use burn_ndarray::NdArray;

    fn probability(value: f64) -> Probability {
        Probability::new(value).unwrap()
    }

    fn dropout_net() -> MlpConfig {
        MlpConfig::new(784, [256, 256], 10).with_dropout([probability(0.2), probability(0.5)])
    }

    fn values<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
        tensor.into_data().convert::<f32>().into_vec().unwrap()
    }

    #[test]
    fn the_chapters_networks_have_the_parameters_they_print() {
        let count = |config: MlpConfig| config.init::<Flex>(&Default::default()).unwrap().num_params();
        assert_eq!(count(MlpConfig::new(784, [256], 10)), 203_530);
        assert_eq!(count(dropout_net()), 269_322);
    }

    #[test]
    fn impossible_shapes_are_refused() {
        let refused = |config: MlpConfig| config.init::<Flex>(&Default::default()).unwrap_err();
        assert_eq!(refused(MlpConfig::new(0, [2], 2)), MlpError::NoInputs);
        assert_eq!(refused(MlpConfig::new(2, [2], 0)), MlpError::NoOutputs);
        assert_eq!(refused(MlpConfig::new(2, [2, 0], 2)), MlpError::NoUnits { layer: 1 });
        let config = MlpConfig::new(2, [2, 2], 2).with_dropout([Probability::ZERO]);
        assert_eq!(refused(config), MlpError::DropoutCount { found: 1, layers: 2 });
    }

    #[test]
    fn without_hidden_layers_it_is_a_linear_model() {
        let mlp = MlpConfig::new(3, [], 2).init::<Flex>(&Default::default()).unwrap();
        let x = Tensor::<Flex, 2>::ones([1, 3], &Default::default());
        assert_eq!(values(mlp.forward(x.clone())), values(mlp.output.forward(x)));
        assert_eq!(mlp.d_input(), 3);
    }

    #[test]
    fn a_clone_has_the_weights_of_the_original() {
        let mlp = dropout_net().with_batch_norm(true).init::<Flex>(&Default::default()).unwrap();
        let clone = mlp.clone();
        assert_eq!(values(mlp.output.weight.val()), values(clone.output.weight.val()));
        let gamma = |mlp: &Mlp<Flex>| values(mlp.hidden[0].norm.as_ref().unwrap().gamma.val());
        assert_eq!(gamma(&mlp), gamma(&clone));
    }

    #[test]
    fn weights_are_the_same_on_every_backend() {
        let flex = dropout_net().init::<Flex>(&Default::default()).unwrap();
        let ndarray = dropout_net().init::<Autodiff<NdArray>>(&Default::default()).unwrap();
        assert_eq!(values(flex.hidden[1].linear.weight.val()), values(ndarray.hidden[1].linear.weight.val()));
    }

    #[test]
    fn validation_is_deterministic_and_training_follows_the_step() {
        let device = Default::default();
        let mlp = dropout_net().init::<Autodiff<Flex>>(&device).unwrap();
        let x = Tensor::<Autodiff<Flex>, 2>::ones([2, 784], &device);
        let valid = mlp.valid();
        let y = || values(valid.forward(x.clone().inner()));
        assert_eq!(y(), y());
        let at = |step| {
            mlp.seek_dropout(step);
            values(mlp.forward(x.clone()))
        };
        assert_eq!(at(5), at(5));
        assert_ne!(at(5), at(6));
    }

    #[test]
    fn input_dropout_zeroes_inputs() {
        let config = MlpConfig::new(1000, [], 1)
            .with_input_dropout(probability(0.5))
            .with_init(LayerInit::weight(Init::Constant { value: 1.0 }));
        let mlp = config.init::<Autodiff<Flex>>(&Default::default()).unwrap();
        let y = values(mlp.forward(Tensor::ones([1, 1000], &Default::default())))[0];
        // 2·Binomial(1000, 1/2): outside 1000 ± 200 with probability 3·10⁻¹⁰.
        assert!(y != 1000.0 && (800.0..1200.0).contains(&y), "{y}");
    }

    #[test]
    fn the_summary_is_in_sequential_order_and_counts_every_parameter() {
        let config = dropout_net()
            .with_batch_norm(true)
            .with_activation(Activation::ParametricRelu)
            .with_input_dropout(probability(0.1));
        let mlp = config.init::<Flex>(&Default::default()).unwrap();
        let layers = mlp.layers();
        let names: Vec<&str> = layers.iter().map(|layer| layer.name.as_str()).collect();
        let block = ["BatchNorm", "ParametricRelu"];
        assert_eq!(names[..2], ["Dropout(0.1)", "Linear(784, 256)"]);
        assert_eq!(names[2..4], block);
        assert_eq!(names[4..6], ["Dropout(0.2)", "Linear(256, 256)"]);
        assert_eq!(names[8..], ["Dropout(0.5)", "Linear(256, 10)"]);
        let sum: usize = layers.iter().map(|layer| layer.parameters).sum();
        // The running mean and variance of batch normalization are counted by Burn but not learned.
        assert_eq!(sum, mlp.num_params() - 4 * 256);
    }
}
