//! Configuration of the multilayer perceptron.

use alloc::vec::Vec;

use burn::module::{Module, Param};
use burn::nn::{BatchNormConfig, Linear};
use burn::tensor::{Tensor, backend::Backend};
use serde::{Deserialize, Serialize};

use super::{DropoutRates, HiddenLayer, Mlp, MlpError};
use crate::{Activation, Dropout, Key, LayerInit, Probability};

/// Configuration of [`Mlp`].
///
/// # Examples
///
/// A 784-256-256-10 network with dropout 0.2 and 0.5:
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_flex::Flex;
/// use burn_mlp::MlpConfig;
///
/// let device = Default::default();
/// let mlp = MlpConfig::new(784, [256, 256], 10).with_dropout([0.2, 0.5]).with_seed(42).init::<Flex>(&device)?;
/// assert_eq!(mlp.forward(Tensor::<Flex, 2>::zeros([32, 784], &device)).dims(), [32, 10]);
/// # Ok::<(), burn_mlp::MlpError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MlpConfig {
    /// Number of input features, at least 1.
    pub d_input: usize,
    /// Number of units of each hidden layer, each at least 1; empty for a linear model.
    pub d_hidden: Vec<usize>,
    /// Number of outputs (logits), at least 1.
    pub d_output: usize,
    /// Activation function of the hidden layers.
    #[serde(default)]
    pub activation: Activation,
    /// Dropout probabilities of the hidden layers.
    #[serde(default)]
    pub dropout: DropoutRates,
    /// Dropout probability of the input features, in `[0, 1]`.
    #[serde(default)]
    pub input_dropout: f64,
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
            dropout: DropoutRates::default(),
            input_dropout: 0.0,
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

    /// Sets the dropout probability of every hidden layer, `with_dropout(0.5)`, or one for each,
    /// `with_dropout([0.2, 0.5])`.
    pub fn with_dropout(mut self, dropout: impl Into<DropoutRates>) -> Self {
        self.dropout = dropout.into();
        self
    }

    /// Sets the dropout probability of the input features.
    pub fn with_input_dropout(mut self, prob: impl Into<f64>) -> Self {
        self.input_dropout = prob.into();
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

    /// Creates the network on `device`. Its parameters are drawn immediately, so a clone has the same weights. A clone
    /// of a freshly configured Burn 0.21 module does not: it draws its own on first use.
    ///
    /// # Errors
    ///
    /// [`MlpError`] if a width is zero, a dropout probability is outside `[0, 1]`, or the number of dropout
    /// probabilities is neither zero nor the number of hidden layers.
    pub fn init<B: Backend>(&self, device: &B::Device) -> Result<Mlp<B>, MlpError> {
        self.check_widths()?;
        let dropout = self.dropout.probabilities(self.d_hidden.len())?;
        let input_dropout =
            Probability::new(self.input_dropout).map_err(|_| MlpError::InputDropout { found: self.input_dropout })?;
        let dropout_key = |layer: usize| Key::new(self.seed, *b"dropout\0").at((layer as u64) << 32, 0);
        let mut d_input = self.d_input;
        let mut hidden = Vec::with_capacity(self.d_hidden.len());
        for (layer, (&d_output, prob)) in self.d_hidden.iter().zip(dropout).enumerate() {
            hidden.push(HiddenLayer {
                linear: zeros(d_input, d_output, device),
                norm: self.batch_norm.then(|| materialized(BatchNormConfig::new(d_output).init(device))),
                activation: self.activation.init(device),
                dropout: Dropout::with_key(prob, dropout_key(layer + 1)),
            });
            d_input = d_output;
        }
        let mlp = Mlp {
            input_dropout: Dropout::with_key(input_dropout, dropout_key(0)),
            hidden,
            output: zeros(d_input, self.d_output, device),
        };
        Ok(self.init.apply_numbered(mlp, self.seed))
    }

    fn check_widths(&self) -> Result<(), MlpError> {
        let widths = [(MlpError::NoInputs, self.d_input), (MlpError::NoOutputs, self.d_output)];
        for (error, width) in widths {
            if width == 0 {
                return Err(error);
            }
        }
        if let Some(layer) = self.d_hidden.iter().position(|&width| width == 0) {
            return Err(MlpError::NoUnits { layer });
        }
        Ok(())
    }
}

fn zeros<B: Backend>(d_input: usize, d_output: usize, device: &B::Device) -> Linear<B> {
    Linear {
        weight: Param::from_tensor(Tensor::zeros([d_input, d_output], device)),
        bias: Some(Param::from_tensor(Tensor::zeros([d_output], device))),
    }
}

/// Forces Burn 0.21 to draw the parameters now by counting them. It otherwise draws them on first use, so that clones
/// made before that differ.
fn materialized<B: Backend, M: Module<B>>(module: M) -> M {
    let _ = module.num_params();
    module
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Init;
    use burn_autodiff::Autodiff;
    use burn_flex::Flex;
    use burn_ndarray::NdArray;

    fn dropout_net() -> MlpConfig {
        MlpConfig::new(784, [256, 256], 10).with_dropout([0.2, 0.5])
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
        let config = MlpConfig::new(2, [2, 2], 2).with_dropout([0.0]);
        assert_eq!(refused(config), MlpError::DropoutCount { found: 1, layers: 2 });
        let config = MlpConfig::new(2, [2, 2], 2);
        assert_eq!(refused(config.clone().with_dropout(-0.1)), MlpError::Dropout { layer: 0, found: -0.1 });
        assert_eq!(refused(config.with_input_dropout(2.0)), MlpError::InputDropout { found: 2.0 });
    }

    #[test]
    fn one_rate_is_that_of_every_layer_also_in_a_file() {
        let rates = |config: &MlpConfig| {
            let mlp = config.init::<Flex>(&Default::default()).unwrap();
            mlp.hidden.iter().map(|layer| layer.dropout.prob().get()).collect::<Vec<f64>>()
        };
        let read = |text: &str| serde_json::from_str::<MlpConfig>(text);
        let text = |rate| std::format!(r#"{{"d_input": 3, "d_hidden": [4, 4], "d_output": 2, "dropout": {rate}}}"#);
        assert_eq!(rates(&MlpConfig::new(3, [4, 4], 2).with_dropout(0.3)), [0.3, 0.3]);
        assert_eq!(rates(&read(&text("0.3")).unwrap()), [0.3, 0.3]);
        assert_eq!(rates(&read(&text("[0, 0.5]")).unwrap()), [0.0, 0.5]);
        let error = read(&text("true")).unwrap_err();
        assert!(std::format!("{error}").contains("expected a probability for all hidden layers"), "{error}");
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
    fn input_dropout_zeroes_inputs() {
        let config = MlpConfig::new(1000, [], 1)
            .with_input_dropout(0.5)
            .with_init(LayerInit::weight(Init::Constant { value: 1.0 }));
        let mlp = config.init::<Autodiff<Flex>>(&Default::default()).unwrap();
        let y = values(mlp.forward(Tensor::<_, 2>::ones([1, 1000], &Default::default())))[0];
        // 2·Binomial(1000, 1/2): outside 1000 ± 200 with probability 3·10⁻¹⁰.
        assert!(y != 1000.0 && (800.0..1200.0).contains(&y), "{y}");
    }
}
