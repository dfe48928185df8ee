//! Initialization of the layers inside a module.

use alloc::vec::Vec;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData, backend::Backend};
use serde::{Deserialize, Serialize};

use crate::{FanMode, Fans, Init, Key};

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
        Self { weight, bias: Init::Zeros }
    }

    /// Sets the distribution of the bias.
    pub const fn with_bias(mut self, bias: Init) -> Self {
        self.bias = bias;
        self
    }

    /// The default of `torch.nn.Linear` and `burn::nn::Linear`: weight and bias uniform on `±1/√fan_in`.
    pub fn torch() -> Self {
        let init = Init::KaimingUniform { gain: 1.0 / libm::sqrt(3.0), mode: FanMode::FanIn };
        Self { weight: init, bias: init }
    }

    /// Re-initializes every `burn::nn` linear and convolutional layer inside `module`, and touches nothing else.
    ///
    /// Layers are recognized by Burn's type names (`Linear`, `Conv1d` to `Conv3d`, `DeformConv2d`, `ConvTranspose1d` to
    /// `ConvTranspose3d`) and numbered in the order of the module's fields. The number and `seed` select the random
    /// stream. Parameter ids and `requires_grad` flags are kept.
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
        module.map(&mut Initializer { init: *self, seed, path: Vec::new(), layers: 0, fans: None })
    }
}

/// Memory layout of a layer's weight, which determines its fans.
#[derive(Clone, Copy)]
enum Layout {
    /// `[input, output]`
    Linear,
    /// `[output, input/groups, kernel..]`
    Convolution,
    /// `[input, output/groups, kernel..]`
    Transposed,
}

impl Layout {
    /// The layout of the layer type `container`, as reported by Burn's `Module` derive.
    fn of(container: &str) -> Option<Self> {
        match container.strip_prefix("Struct:")? {
            "Linear" => Some(Self::Linear),
            "Conv1d" | "Conv2d" | "Conv3d" | "DeformConv2d" => Some(Self::Convolution),
            "ConvTranspose1d" | "ConvTranspose2d" | "ConvTranspose3d" => Some(Self::Transposed),
            _ => None,
        }
    }

    fn fans(self, dims: &[usize]) -> Fans {
        let kernel: usize = dims[2..].iter().product();
        let (inputs, outputs) = match self {
            Self::Linear | Self::Transposed => (dims[0], dims[1]),
            Self::Convolution => (dims[1], dims[0]),
        };
        Fans { fan_in: inputs * kernel, fan_out: outputs * kernel }
    }
}

struct Initializer {
    init: LayerInit,
    seed: u64,
    /// The kind of each field on the path from the module's root to the current parameter.
    path: Vec<Field>,
    layers: u64,
    /// Fans of the layer whose weight was visited last. Its bias is visited next.
    fans: Option<Fans>,
}

#[derive(Clone, Copy)]
enum Field {
    Weight(Layout),
    Bias,
    Other,
}

impl<B: Backend> ModuleMapper<B> for Initializer {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.push(match (name, Layout::of(container)) {
            ("weight", Some(layout)) => Field::Weight(layout),
            ("bias", Some(_)) => Field::Bias,
            _ => Field::Other,
        });
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let dims = param.lazy_shape();
        let (init, fans, purpose) = match (self.path.last(), self.fans) {
            (Some(Field::Weight(layout)), _) => {
                self.layers += 1;
                let fans = layout.fans(dims.as_slice());
                self.fans = Some(fans);
                (self.init.weight, fans, *b"weights\0")
            }
            (Some(Field::Bias), Some(fans)) => (self.init.bias, fans, *b"biases\0\0"),
            _ => return param,
        };
        let key = Key::new(self.seed, purpose).at(self.layers, 0);
        let (id, old, mapper) = param.consume();
        let values = init.sample(dims.num_elements(), fans, key);
        // Built from data: the result of tensor operations would not be a leaf of the autodiff graph, and would
        // silently not be trained.
        let new =
            Tensor::from_data(TensorData::new(values, dims), &old.device()).set_require_grad(old.is_require_grad());
        Param::from_mapped_value(id, new, mapper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::conv::{Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig};
    use burn::nn::{Linear, LinearConfig, LinearLayout};
    use burn_autodiff::Autodiff;
    use burn_flex::Flex;
    use burn_ndarray::NdArray;

    #[derive(Module, Debug)]
    struct Net<B: Backend> {
        convolution: Conv2d<B>,
        blocks: Vec<Linear<B>>,
        free: Param<Tensor<B, 1>>,
        transposed: Option<ConvTranspose2d<B>>,
    }

    fn net<B: Backend>() -> Net<B> {
        let device = Default::default();
        Net {
            convolution: Conv2dConfig::new([3, 8], [5, 5]).init(&device),
            blocks: [(4, 6), (6, 2)].map(|(i, o)| LinearConfig::new(i, o).init(&device)).into(),
            free: Param::from_tensor(Tensor::full([3], 7.0, &device)),
            transposed: Some(ConvTranspose2dConfig::new([3, 8], [2, 2]).init(&device)),
        }
    }

    fn values<B: Backend, const D: usize>(param: &Param<Tensor<B, D>>) -> Vec<f32> {
        param.to_data().convert::<f32>().into_vec().unwrap()
    }

    #[test]
    fn apply_reaches_every_layer_of_a_users_module_and_nothing_else() {
        let init = LayerInit::weight(Init::Constant { value: 2.0 }).with_bias(Init::Constant { value: 3.0 });
        let net = init.apply(net::<Flex>(), 0);
        let transposed = net.transposed.unwrap();
        assert!(values(&net.convolution.weight).iter().all(|&v| v == 2.0));
        assert!(values(net.convolution.bias.as_ref().unwrap()).iter().all(|&v| v == 3.0));
        for block in &net.blocks {
            assert!(values(&block.weight).iter().all(|&v| v == 2.0));
            assert!(values(block.bias.as_ref().unwrap()).iter().all(|&v| v == 3.0));
        }
        assert!(values(&transposed.weight).iter().all(|&v| v == 2.0));
        assert_eq!(values(&net.free), [7.0; 3]);
    }

    #[test]
    fn fans_of_convolutions_count_the_kernel() {
        let torch = Layout::Convolution.fans(&[8, 3, 5, 5]);
        assert_eq!((torch.fan_in, torch.fan_out), (75, 200));
        let transposed = Layout::Transposed.fans(&[3, 8, 2, 2]);
        assert_eq!((transposed.fan_in, transposed.fan_out), (12, 32));
    }

    #[test]
    fn initialized_parameters_still_train_and_keep_their_ids() {
        let before = net::<Autodiff<Flex>>();
        let id = before.blocks[0].weight.id;
        let after = LayerInit::default().apply(before, 1);
        assert_eq!(after.blocks[0].weight.id, id);
        assert!(after.blocks[0].weight.is_require_grad());
        let x = Tensor::<_, 2>::ones([1, 4], &Default::default());
        let gradients = after.blocks[0].forward(x).sum().backward();
        assert!(after.blocks[0].weight.grad(&gradients).is_some());
    }

    #[test]
    fn frozen_parameters_stay_frozen() {
        let mut frozen = net::<Autodiff<Flex>>();
        frozen.blocks[0] = frozen.blocks[0].clone().no_grad();
        let after = LayerInit::default().apply(frozen, 1);
        assert!(!after.blocks[0].weight.is_require_grad());
    }

    #[test]
    fn numbers_are_the_same_on_every_backend_and_other_under_another_seed() {
        let init = LayerInit::torch();
        let flex = init.apply(net::<Flex>(), 9);
        let ndarray = init.apply(net::<NdArray>(), 9);
        let other = init.apply(net::<Flex>(), 10);
        let all = |net: &Net<Flex>| {
            let bias = values(net.convolution.bias.as_ref().unwrap());
            [values(&net.blocks[0].weight), values(&net.blocks[1].weight), bias]
        };
        assert_eq!(values(&flex.blocks[0].weight), values(&ndarray.blocks[0].weight));
        for (same_seed, other_seed) in all(&flex).iter().zip(all(&other)) {
            assert_ne!(*same_seed, other_seed);
        }
    }

    #[test]
    fn a_column_layout_changes_no_number() {
        let linear = |layout| {
            let config = LinearConfig::new(30, 10).with_layout(layout);
            let linear = LayerInit::default().apply(config.init::<Flex>(&Default::default()), 3);
            values(&linear.weight)
        };
        assert_eq!(linear(LinearLayout::Row), linear(LinearLayout::Col));
    }
}
