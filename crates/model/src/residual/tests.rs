mod pytorch;

use alloc::vec::Vec;

use burn::module::{AutodiffModule, Module, Param};
use burn::nn::conv::Conv2d;
use burn::tensor::{DType, Tensor, TensorData, backend::Backend};
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use burn_ndarray::NdArray;

use super::*;
use crate::reference::{assert_probe, double, single, wave};
use crate::{Init, Key, LayerInit, MlpError};
use pytorch::{NETWORK, V1_CONVOLUTION, V1_IDENTITY, V2_CONVOLUTION, V2_IDENTITY};

type Double = Autodiff<NdArray<f64>>;

fn waves<const D: usize>(seed: u32, shape: [usize; D]) -> Param<Tensor<Double, D>> {
    Param::from_tensor(wave(seed, shape))
}

fn gradient<const D: usize>(
    param: &Param<Tensor<Double, D>>,
    gradients: &<Double as burn::tensor::backend::AutodiffBackend>::Gradients,
) -> Tensor<NdArray<f64>, D> {
    param.val().grad(gradients).unwrap()
}

fn values<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().into_vec().unwrap()
}

/// Fills the parameters and the input of a block with waves. Compares the output and the gradients of the input,
/// `conv1`, `conv2`, `norm1`, `norm2` and the shortcut with PyTorch's.
macro_rules! assert_matches_pytorch {
    ($init:ident, $channels_in:expr, $channels_out:expr, $stride:expr, $expected:expr) => {{
        let (i, o) = ($channels_in, $channels_out);
        let config = ResidualBlockConfig::new(i, o).with_stride($stride);
        let mut block = double(config.$init::<Double>(&Default::default()).unwrap());
        let normed = block.norm1.gamma.dims();
        block.conv1.weight = waves(2, [o, i, 3, 3]);
        block.conv2.weight = waves(3, [o, o, 3, 3]);
        (block.norm1.gamma, block.norm1.beta) = (waves(4, normed), waves(5, normed));
        (block.norm2.gamma, block.norm2.beta) = (waves(6, [o]), waves(7, [o]));
        if let Some(shortcut) = &mut block.shortcut {
            shortcut.weight = waves(8, [o, i, 1, 1]);
        }
        let x = wave::<Double, 4>(1, [2, i, 4, 4]).require_grad();
        let y = block.forward(x.clone());
        let gradients = (y.clone() * wave(9, y.dims())).sum().backward();
        let mut expected = $expected.into_iter();
        let mut next = || expected.next().unwrap();
        assert_probe("y", y.inner(), next());
        assert_probe("x", x.grad(&gradients).unwrap(), next());
        assert_probe("conv1", gradient(&block.conv1.weight, &gradients), next());
        assert_probe("conv2", gradient(&block.conv2.weight, &gradients), next());
        assert_probe("norm1.gamma", gradient(&block.norm1.gamma, &gradients), next());
        assert_probe("norm1.beta", gradient(&block.norm1.beta, &gradients), next());
        assert_probe("norm2.gamma", gradient(&block.norm2.gamma, &gradients), next());
        assert_probe("norm2.beta", gradient(&block.norm2.beta, &gradients), next());
        assert_eq!(block.shortcut.is_some(), i != o || $stride != 1);
        if let Some(shortcut) = &block.shortcut {
            assert_probe("shortcut", gradient(&shortcut.weight, &gradients), next());
        }
    }};
}

// With wave and probe of src/reference.rs, and .requires_grad_() on every wave but the last:
// from torch.nn.functional import conv2d, batch_norm, relu
// def norm(x, g, b): return batch_norm(x, None, None, g, b, True)
// def block(version, i, o, s):
//     x, w1, w2 = wave(1, 2, i, 4, 4), wave(2, o, i, 3, 3), wave(3, o, o, 3, 3)
//     n = o if version == 1 else i
//     g1, b1, g2, b2 = wave(4, n), wave(5, n), wave(6, o), wave(7, o)
//     w = wave(8, o, i, 1, 1) if i != o or s != 1 else None
//     h = x if w is None else conv2d(x, w, stride=s)
//     if version == 1:
//         r = relu(norm(conv2d(x, w1, stride=s, padding=1), g1, b1))
//         y = relu(h + norm(conv2d(r, w2, padding=1), g2, b2))
//     else:
//         r = conv2d(relu(norm(x, g1, b1)), w1, stride=s, padding=1)
//         y = h + conv2d(relu(norm(r, g2, b2)), w2, padding=1)
//     (y * wave(9, *y.shape)).sum().backward(); print(probe(y))
//     for p in (x, w1, w2, g1, b1, g2, b2, w):
//         if p is not None: print(probe(p.grad))
// block(1, 2, 2, 1); block(1, 2, 3, 2); block(2, 2, 2, 1); block(2, 2, 3, 2)

#[test]
fn the_original_block_matches_pytorch() {
    assert_matches_pytorch!(init_v1, 2, 2, 1, V1_IDENTITY);
    assert_matches_pytorch!(init_v1, 2, 3, 2, V1_CONVOLUTION);
}

#[test]
fn the_pre_activation_block_matches_pytorch() {
    assert_matches_pytorch!(init_v2, 2, 2, 1, V2_IDENTITY);
    assert_matches_pytorch!(init_v2, 2, 3, 2, V2_CONVOLUTION);
}

// def v2(x, k, i, o, s): the block above from waves k to k + 6 in the order w1, w2, g1, b1, g2, b2, w
// x, stem, stem_b = wave(1, 4, 1, 5, 5), wave(2, 2, 1, 3, 3), wave(3, 2)
// g, b, W, c = wave(30, 3), wave(31, 3), wave(32, 12, 3), wave(33, 3)
// y = relu(conv2d(x, stem, stem_b, stride=2, padding=1)); y = v2(v2(y, 10, 2, 2, 1), 20, 2, 3, 2)
// y = norm(y, g, b).flatten(1) @ W + c; (y * wave(9, *y.shape)).sum().backward(); print(probe(y))
// for p in (x, stem, stem_b, w1 of the first block, w of the second, g, W, c): print(probe(p.grad))
#[test]
fn the_network_matches_pytorch() {
    let stage = |channels, stride| ResidualStage { channels, stride };
    let config =
        ResidualNetworkConfig::new([1, 5, 5], 3).with_stem(stage(2, 2)).with_blocks([stage(2, 1), stage(3, 2)]);
    let mut network = double(config.init::<Double>(&Default::default()).unwrap());
    network.stem.weight = waves(2, [2, 1, 3, 3]);
    network.stem.bias = Some(waves(3, [2]));
    for (block, (seed, i, o)) in network.blocks.iter_mut().zip([(10, 2, 2), (20, 2, 3)]) {
        block.conv1.weight = waves(seed, [o, i, 3, 3]);
        block.conv2.weight = waves(seed + 1, [o, o, 3, 3]);
        (block.norm1.gamma, block.norm1.beta) = (waves(seed + 2, [i]), waves(seed + 3, [i]));
        (block.norm2.gamma, block.norm2.beta) = (waves(seed + 4, [o]), waves(seed + 5, [o]));
        if let Some(shortcut) = &mut block.shortcut {
            shortcut.weight = waves(seed + 6, [o, i, 1, 1]);
        }
    }
    (network.norm.gamma, network.norm.beta) = (waves(30, [3]), waves(31, [3]));
    network.output.weight = waves(32, [12, 3]);
    network.output.bias = Some(waves(33, [3]));

    let x = wave::<Double, 4>(1, [4, 1, 5, 5]).require_grad();
    let y = network.forward(x.clone());
    let gradients = (y.clone() * wave(9, y.dims())).sum().backward();
    assert_probe("y", y.inner(), NETWORK[0]);
    assert_probe("x", x.grad(&gradients).unwrap(), NETWORK[1]);
    assert_probe("stem", gradient(&network.stem.weight, &gradients), NETWORK[2]);
    assert_probe("stem.bias", gradient(network.stem.bias.as_ref().unwrap(), &gradients), NETWORK[3]);
    assert_probe("blocks.0.conv1", gradient(&network.blocks[0].conv1.weight, &gradients), NETWORK[4]);
    let shortcut = network.blocks[1].shortcut.as_ref().unwrap();
    assert_probe("blocks.1.shortcut", gradient(&shortcut.weight, &gradients), NETWORK[5]);
    assert_probe("norm.gamma", gradient(&network.norm.gamma, &gradients), NETWORK[6]);
    assert_probe("output", gradient(&network.output.weight, &gradients), NETWORK[7]);
    assert_probe("output.bias", gradient(network.output.bias.as_ref().unwrap(), &gradients), NETWORK[8]);
}

#[test]
fn flattened_images_are_the_images() {
    let network = ResidualNetworkConfig::new([2, 4, 3], 5).init::<Flex>(&Default::default()).unwrap();
    let images = wave::<Flex, 4>(0, [2, 2, 4, 3]).cast(DType::F32);
    let flat = images.clone().reshape([2, 24]);
    assert_eq!(values(network.forward(images)), values(network.forward(flat)));
}

#[test]
fn an_identity_shortcut_passes_the_gradient_whatever_the_depth() {
    let device = Default::default();
    let config = ResidualBlockConfig::new(3, 3).with_init(LayerInit::weight(Init::Zeros));
    let block = double(config.init_v2::<Double>(&device).unwrap());
    let x = wave::<Double, 4>(1, [2, 3, 4, 4]).require_grad();
    let y = (0..20).fold(x.clone(), |x, _| block.forward(x));
    let gradients = y.sum().backward();
    assert!(values(x.grad(&gradients).unwrap()).iter().all(|&g| g == 1.0));
    // In the original order a ReLU follows the addition: the gradient passes only where that ReLU does.
    let block = double(config.init_v1::<Double>(&device).unwrap());
    let gradients = block.forward(x.clone()).sum().backward();
    let positive = values(x.clone().inner().greater_elem(0.0).float());
    assert_eq!(values(x.grad(&gradients).unwrap()), positive);
}

#[test]
fn initialization_reaches_every_convolution_and_draws_other_numbers_for_each() {
    let network = ResidualNetworkConfig::new([1, 8, 8], 10).init::<Flex>(&Default::default()).unwrap();
    let first = |conv: &Conv2d<Flex>| values(conv.weight.val())[0];
    let mut firsts: Vec<f32> = network.blocks.iter().flat_map(|b| [first(&b.conv1), first(&b.conv2)]).collect();
    firsts.push(first(&network.stem));
    firsts.push(first(network.blocks[1].shortcut.as_ref().unwrap()));
    assert!(firsts.iter().all(|&weight| weight != 0.0));
    firsts.sort_by(f32::total_cmp);
    firsts.dedup();
    assert_eq!(firsts.len(), 6);
    // He-normal: variance 2/fan_in. The relative standard error of the variance of n weights is √(2/n), for n = 4·10³;
    // the bound is five of them.
    let weights = values(network.output.weight.val());
    let (n, fan_in) = (weights.len() as f32, network.output.weight.dims()[0] as f32);
    let variance = weights.iter().map(|w| w * w).sum::<f32>() / n;
    assert!((variance * fan_in / 2.0 - 1.0).abs() < 5.0 * (2.0 / n).sqrt(), "{variance}");
}

#[test]
fn clones_equal_their_originals_and_validation_repeats() {
    let network = double(ResidualNetworkConfig::new([1, 8, 8], 4).init::<Double>(&Default::default()).unwrap());
    let x = wave::<NdArray<f64>, 2>(3, [5, 64]);
    let _ = network.forward(Tensor::from_inner(x.clone()));
    let (valid, clone) = (network.valid(), network.clone().valid());
    assert_eq!(values(valid.forward(x.clone())), values(clone.forward(x.clone())));
    assert_eq!(values(valid.forward(x.clone())), values(valid.forward(x)));
}

#[test]
fn gradients_have_the_same_bits_every_time() {
    type Single = Autodiff<NdArray>;
    let device = Default::default();
    let network = single(ResidualNetworkConfig::new([1, 8, 8], 10).init::<Single>(&device).unwrap());
    let pixels: Vec<f32> = Key::new(1, *b"pixels\0\0").uniforms().map(|u| u as f32).take(4 * 64).collect();
    let gradient = || {
        let images = Tensor::<Single, 2>::from_data(TensorData::new(pixels.clone(), [4, 64]), (&device, DType::F32));
        let gradients = (network.forward(images) * wave(1, [4, 10]).cast(DType::F32)).sum().backward();
        network.stem.weight.val().grad(&gradients).unwrap().into_data()
    };
    let first = gradient();
    let mut elsewhere = Vec::new();
    assert!((0..15).all(|repetition| {
        elsewhere.push(Vec::<u8>::with_capacity(1000 + 37 * repetition));
        gradient() == first
    }));
}

#[test]
fn impossible_shapes_are_refused() {
    let block = |config: ResidualBlockConfig| config.init_v1::<Flex>(&Default::default()).unwrap_err();
    let no_channels = |channels_in, channels_out| ResidualError::NoChannels { channels_in, channels_out };
    assert_eq!(block(ResidualBlockConfig::new(0, 3)), no_channels(0, 3));
    assert_eq!(block(ResidualBlockConfig::new(3, 0)), no_channels(3, 0));
    assert_eq!(block(ResidualBlockConfig::new(1, 1).with_stride(0)), ResidualError::NoStride);
    let network = |config: ResidualNetworkConfig| config.init::<Flex>(&Default::default()).unwrap_err();
    let no_pixels = ResidualError::NoPixels { channels: 1, height: 0, width: 28 };
    assert_eq!(network(ResidualNetworkConfig::new([1, 0, 28], 10)), no_pixels);
    assert_eq!(network(ResidualNetworkConfig::new([1, 28, 28], 0)), ResidualError::NoOutputs);
    assert_eq!(network(ResidualNetworkConfig::new([1, 28, 28], 10).with_strides([0, 1, 1])), ResidualError::NoStride);
    assert_eq!(network(ResidualNetworkConfig::new([1, 28, 28], 10).with_strides([1, 1, 0])), ResidualError::NoStride);
    let empty = DeepMlpConfig::new(3, 0, 2, 2).init::<Flex>(&Default::default()).unwrap_err();
    assert_eq!(empty, MlpError::NoUnits { layer: 0 });
}

#[test]
fn a_deep_network_adds_each_block_to_its_input() {
    let device = Default::default();
    let config = DeepMlpConfig::new(3, 4, 2, 2).with_seed(5);
    let (residual, plain) = (config.init::<Flex>(&device), config.with_shortcuts(false).init::<Flex>(&device));
    let (residual, plain) = (residual.unwrap(), plain.unwrap());
    let x = wave::<Flex, 2>(1, [6, 3]).cast(DType::F32);
    let layers = &residual.layers.hidden;
    let h = layers[0].forward(x.clone());
    let h = h.clone() + layers[2].forward(layers[1].forward(h));
    let h = h.clone() + layers[4].forward(layers[3].forward(h));
    assert_eq!(values(residual.forward(x.clone())), values(residual.layers.output.forward(h)));
    // Without shortcuts it equals the plain perceptron with the same weights.
    assert_eq!(values(plain.forward(x.clone())), values(residual.layers.forward(x)));
    assert_eq!((residual.depth(), residual.num_params()), (6, plain.num_params()));
}

#[test]
fn shortcuts_carry_the_gradient_past_blocks_of_zeros() {
    let device = Default::default();
    for shortcuts in [true, false] {
        let config = DeepMlpConfig::new(3, 3, 30, 1).with_shortcuts(shortcuts);
        let mut deep = config.with_init(LayerInit::weight(Init::Zeros)).init::<Autodiff<Flex>>(&device).unwrap();
        deep.layers.hidden[0].linear.weight = Param::from_tensor(Tensor::eye(3, &device));
        deep.layers.output.weight = Param::from_tensor(Tensor::ones([3, 1], &device));
        let x = Tensor::<Autodiff<Flex>, 2>::ones([1, 3], &device).require_grad();
        let gradients = deep.forward(x.clone()).sum().backward();
        let expected = if shortcuts { 1.0 } else { 0.0 };
        assert_eq!(values(x.grad(&gradients).unwrap()), [expected; 3]);
    }
}
