use alloc::vec::Vec;

use super::initializer::Layout;
use super::*;
use burn::module::Param;
use burn::nn::conv::{Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig};
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig, LinearLayout};
use burn::tensor::Tensor;
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

#[derive(Module, Debug)]
struct Words<B: Backend> {
    words: Embedding<B>,
    output: Linear<B>,
}

#[derive(Module, Debug)]
struct Longer<B: Backend> {
    added: Linear<B>,
    words: Embedding<B>,
    output: Linear<B>,
}

fn words<B: Backend>() -> Words<B> {
    let device = Default::default();
    Words { words: EmbeddingConfig::new(100, 8).init(&device), output: LinearConfig::new(8, 2).init(&device) }
}

#[test]
fn embeddings_are_initialized_where_asked_for_and_drawn_at_once_elsewhere() {
    let init = LayerInit::default();
    let seeded = init.with_embedding(Init::Normal { mean: 0.0, std: 1.0 });
    let [one, same, other] = [1, 1, 2].map(|seed| values(&seeded.apply(words::<Flex>(), seed).words.weight));
    assert!(one == same && one != other);
    let square = one.iter().map(|value| value * value).sum::<f32>() / one.len() as f32;
    // The variance of 800 normal numbers scatters by 0.05.
    assert!((square - 1.0).abs() < 0.25, "{square}");
    let left = init.apply(words::<Flex>(), 1);
    assert_eq!(values(&left.clone().words.weight), values(&left.words.weight), "clones of drawn parameters agree");
}

#[test]
fn a_field_that_is_added_changes_the_values_of_no_other() {
    let (init, device) = (LayerInit::default(), Default::default());
    let Words { words, output } = words::<Flex>();
    let added = LinearConfig::new(8, 8).init(&device);
    let longer = init.apply(Longer { added, words: words.clone(), output: output.clone() }, 5);
    let short = init.apply(Words { words, output }, 5);
    assert_eq!(values(&longer.output.weight), values(&short.output.weight));
    assert_ne!(values(&longer.added.weight)[..16], values(&short.output.weight)[..]);
}

/// Types with the names of Burn's layers and parameters of other ranks.
mod of_another_rank {
    use super::*;

    #[derive(Module, Debug)]
    pub struct Linear<B: Backend> {
        pub weight: Param<Tensor<B, 3>>,
        pub bias: Option<Param<Tensor<B, 1>>>,
    }

    #[derive(Module, Debug)]
    pub struct Conv2d<B: Backend> {
        pub weight: Param<Tensor<B, 1>>,
    }
}

#[test]
fn a_type_of_the_same_name_and_another_rank_is_left_alone() {
    let device = Default::default();
    let sevens = |shape| Param::from_tensor(Tensor::<Flex, 3>::full(shape, 7.0, &device));
    let seven = || Param::from_tensor(Tensor::<Flex, 1>::full([2], 7.0, &device));
    let linear = of_another_rank::Linear { weight: sevens([2, 2, 2]), bias: Some(seven()) };
    let linear = LayerInit::default().apply(linear, 1);
    assert_eq!(values(&linear.weight), [7.0; 8]);
    assert_eq!(values(&linear.bias.unwrap()), [7.0; 2]);
    let convolution = LayerInit::default().apply(of_another_rank::Conv2d { weight: seven() }, 1);
    assert_eq!(values(&convolution.weight), [7.0; 2]);
}
