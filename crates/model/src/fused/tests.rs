use alloc::vec::Vec;

use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::{log_softmax, relu};
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{DType, TensorData};
use burn_flex::Flex;
use burn_ndarray::NdArray;

use super::product::{Matrix, product};
use super::*;
use crate::{HiddenLayer, Key, MlpConfig, Probability};

type Train = Autodiff<Flex>;

const SHAPES: [[usize; 3]; 4] = [[1, 1, 1], [5, 7, 3], [64, 40, 30], [0, 3, 2]];

pub(super) fn random<B: Backend, const D: usize>(seed: u64, shape: [usize; D]) -> Tensor<B, D> {
    let values: Vec<f32> =
        Key::new(seed, *b"fused\0\0\0").normals().map(|z| z as f32).take(shape.iter().product()).collect();
    // The type is explicit because the first backend that uses a device sets its default type for the whole process.
    Tensor::from_data(TensorData::new(values, shape), (&Default::default(), DType::F32))
}

fn layer<B: Backend>(d_input: usize, d_output: usize) -> Linear<B> {
    let mut linear: Linear<B> = LinearConfig::new(d_input, d_output).init(&Default::default());
    linear.weight = linear.weight.map(|_| random(1, [d_input, d_output]).require_grad());
    linear.bias = linear.bias.map(|bias| bias.map(|_| random(2, [d_output]).require_grad()));
    linear
}

/// 0 for every third element, 2 for the others.
pub(super) fn mask([rows, columns]: [usize; 2]) -> Vec<f32> {
    (0..rows * columns).map(|i| if i % 3 == 0 { 0.0 } else { 2.0 }).collect()
}

pub(super) fn bits<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<u32> {
    tensor.into_data().to_vec::<f32>().unwrap().into_iter().map(f32::to_bits).collect()
}

/// What follows a layer: the fused version and the one composed of Burn's operations.
#[derive(Clone, Copy, Debug)]
pub(super) enum Follows {
    Nothing,
    Relu,
    Dropout,
}

impl Follows {
    pub(super) const ALL: [Self; 3] = [Self::Nothing, Self::Relu, Self::Dropout];

    pub(super) fn fused(self, shape: [usize; 2]) -> After {
        match self {
            Self::Nothing => After::Nothing,
            Self::Relu => After::Relu,
            Self::Dropout => After::ReluDropout { mask: mask(shape), scale: 2.0 },
        }
    }

    fn plain<B: Backend>(self, sum: Tensor<B, 2>) -> Tensor<B, 2> {
        let mask = TensorData::new(mask(sum.dims()), sum.shape());
        match self {
            Self::Nothing => sum,
            Self::Relu => relu(sum),
            Self::Dropout => relu(sum) * Tensor::from_data(mask, &Default::default()),
        }
    }
}

/// Bits of the output, then of the gradients of input, weight and bias.
fn output_and_gradients<B: AutodiffBackend>(
    layer: &Linear<B>,
    x: &Tensor<B, 2>,
    forward: impl Fn(&Tensor<B, 2>) -> Tensor<B, 2>,
) -> [Vec<u32>; 4] {
    let x = x.clone().require_grad();
    let y = forward(&x);
    // The output is used twice, so that its gradient is a sum of two.
    let gradients = (y.clone() * random(3, y.dims()) + y.clone()).sum().backward();
    let bias = layer.bias.as_ref().unwrap();
    [
        bits(y),
        bits(x.grad(&gradients).unwrap()),
        bits(layer.weight.grad(&gradients).unwrap()),
        bits(bias.grad(&gradients).unwrap()),
    ]
}

#[test]
fn outputs_and_gradients_are_those_of_burns_operations_to_the_bit() {
    for [examples, d_input, d_output] in SHAPES {
        let (layer, x) = (layer::<Train>(d_input, d_output), random(4, [examples, d_input]));
        for follows in Follows::ALL {
            let fused = output_and_gradients(&layer, &x, |x| linear(&layer, x, |shape| follows.fused(shape)).unwrap());
            let plain = output_and_gradients(&layer, &x, |x| follows.plain(layer.forward(x.clone())));
            assert_eq!(fused, plain, "{examples} examples, {d_input} to {d_output}, {follows:?}");
        }
    }
}

#[test]
fn a_large_layer_is_the_same_to_the_bit() {
    // Large enough for the product to be divided among threads.
    let (layer, x) = (layer::<Train>(784, 256), random(5, [128, 784]));
    let fused = output_and_gradients(&layer, &x, |x| linear(&layer, x, |shape| Follows::Dropout.fused(shape)).unwrap());
    let plain = output_and_gradients(&layer, &x, |x| Follows::Dropout.plain(layer.forward(x.clone())));
    assert!(fused == plain);
}

#[cfg(feature = "ndarray")]
#[test]
fn layers_and_losses_on_ndarray_are_those_of_flex_to_the_bit_also_out_of_order() {
    fn results<B: AutodiffBackend>(layout: fn(Tensor<B, 2>) -> Tensor<B, 2>) -> [Vec<u32>; 6] {
        let (layer, x) = (layer::<B>(40, 30), layout(random(4, [50, 40])));
        let [y, dx, dw, db] =
            output_and_gradients(&layer, &x, |x| linear(&layer, x, |shape| Follows::Dropout.fused(shape)).unwrap());
        let logits = random::<B, 2>(10, [20, 5]).require_grad();
        let losses = cross_entropy(&logits, &Tensor::from_data([2; 20], &Default::default())).unwrap();
        let gradients = losses.clone().sum().backward();
        // Exponentials are the backend's own.
        let of_logits = bits(logits.grad(&gradients).unwrap()).into_iter().map(|bits| bits >> 8).collect();
        [y, dx, dw, db, bits(losses).into_iter().map(|bits| bits >> 8).collect(), of_logits]
    }
    let (flex, ndarray) = (results::<Train>, results::<Autodiff<NdArray>>);
    assert_eq!(flex(|x| x), ndarray(|x| x));
    assert_eq!(
        flex(|x| random::<Train, 2>(6, [40, 50]).transpose() + x.zeros_like()),
        ndarray(|x| random::<Autodiff<NdArray>, 2>(6, [40, 50]).transpose() + x.zeros_like())
    );
    let transposed = random::<NdArray, 2>(6, [7, 5]).transpose();
    let plain = layer::<NdArray>(7, 3);
    let found = linear(&plain, &transposed, |_| After::Relu).unwrap();
    let expected = relu(plain.forward(transposed));
    assert!((found - expected).abs().max().into_scalar() < 1e-5);
}

#[test]
fn inputs_need_not_lie_in_order() {
    let layer = layer::<Flex>(7, 3);
    let forward = |x: &Tensor<Flex, 2>| bits(linear(&layer, x, |_| After::Relu).unwrap());
    let x = random::<Flex, 2>(6, [7, 5]).transpose();
    assert_eq!(forward(&x), bits(relu(layer.forward(x))));
    let x = random::<Flex, 2>(7, [9, 7]).narrow(0, 2, 4);
    assert_eq!(forward(&x), bits(relu(layer.forward(x))));
}

#[test]
fn an_input_without_gradient_gets_none() {
    let (layer, x) = (layer::<Train>(7, 3), random::<Train, 2>(8, [5, 7]));
    let gradients = linear(&layer, &x, |_| After::Relu).unwrap().sum().backward();
    assert!(x.grad(&gradients).is_none());
    assert!(layer.weight.grad(&gradients).is_some());
}

#[test]
fn other_backends_and_precisions_and_layers_without_bias_are_left_to_burn() {
    let left = |_| -> After { panic!("the mask of a layer that is left to Burn was drawn") };
    assert!(linear(&layer::<NdArray<f64>>(2, 3), &random(9, [4, 2]), left).is_none());
    assert!(linear(&layer::<Autodiff<NdArray<f64>>>(2, 3), &random(9, [4, 2]), left).is_none());
    let without_bias = LinearConfig::new(2, 3).with_bias(false).init::<Flex>(&Default::default());
    assert!(linear(&without_bias, &random(9, [4, 2]), left).is_none());
    assert!(linear(&layer::<Flex>(2, 3), &random(9, [4, 2]).cast(DType::F64), left).is_none());
    assert!(linear(&layer::<Flex>(2, 3), &random(9, [4, 5]), left).is_none());
}

/// The hidden layer of a network with one.
fn fused(layer: &HiddenLayer<Train>, x: &Tensor<Train, 2>) -> Option<Tensor<Train, 2>> {
    hidden_layer(&layer.linear, layer.norm.as_ref(), layer.activation.function(), &layer.dropout, x)
}

fn hidden(config: MlpConfig) -> HiddenLayer<Train> {
    config.init(&Default::default()).unwrap().hidden.remove(0)
}

#[test]
fn a_hidden_layer_drops_by_the_masks_of_its_dropout_layer() {
    let x = || random::<Train, 2>(13, [30, 20]);
    for prob in [0.0, 0.3] {
        let config = MlpConfig::new(20, [40], 2).with_dropout([Probability::new(prob).unwrap()]);
        let (layer, twin) = (hidden(config.clone()), hidden(config));
        for mask in 0..2 {
            let plain = twin.dropout.forward(relu(layer.linear.forward(x())));
            assert_eq!(bits(fused(&layer, &x()).unwrap()), bits(plain), "dropout {prob}, mask {mask}");
        }
    }
}

#[test]
fn layers_with_other_parts_are_left_to_burn() {
    let config = || MlpConfig::new(20, [40], 2);
    let x = random::<Train, 2>(13, [30, 20]);
    assert!(fused(&hidden(config()), &x).is_some());
    assert!(fused(&hidden(config().with_activation(Activation::Tanh)), &x).is_none());
    assert!(fused(&hidden(config().with_dropout([Probability::ONE])), &x).is_none());
}

#[test]
fn the_loss_and_its_gradient_are_those_of_burns_operations() {
    for [examples, classes] in [[1, 1], [1, 2], [7, 10], [64, 10], [5, 33]] {
        let targets: Vec<i32> = (0..examples).map(|i| (i * 7 % classes) as i32).collect();
        let targets = || Tensor::<Train, 1, Int>::from_data(&targets[..], &Default::default());
        let loss_and_gradient = |losses: fn(Tensor<Train, 2>, Tensor<Train, 1, Int>) -> Tensor<Train, 1>| {
            let logits = random::<Train, 2>(10, [examples, classes]).mul_scalar(5.0).require_grad();
            let losses = losses(logits.clone(), targets());
            let gradients = (losses.clone() * random(11, [examples])).sum().backward();
            (losses.inner(), logits.grad(&gradients).unwrap())
        };
        let (loss, gradient) = loss_and_gradient(|logits, targets| cross_entropy(&logits, &targets).unwrap());
        let (expected_loss, expected_gradient) = loss_and_gradient(|logits, targets| {
            log_softmax(logits, 1).gather(1, targets.unsqueeze_dim(1)).neg().squeeze_dim(1)
        });
        let loss = (loss - expected_loss).abs().max().into_scalar();
        let gradient = (gradient - expected_gradient).abs().max().into_scalar();
        assert!(loss < 1e-5 && gradient < 1e-6, "{examples} examples in {classes} classes: {loss}, {gradient}");
    }
}

#[test]
fn the_loss_elsewhere_is_left_to_burn() {
    let targets = || Tensor::zeros([4], &Default::default());
    assert!(cross_entropy(&random::<Flex, 2>(12, [4, 3]), &targets()).is_none());
    let targets = || Tensor::zeros([4], &Default::default());
    assert!(cross_entropy(&random::<Autodiff<NdArray<f64>>, 2>(12, [4, 3]), &targets()).is_none());
}

#[test]
fn a_product_by_hand() {
    let (one, other) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 0.0, -1.0, 2.0]);
    let (one, other) = (Matrix::new(&one, [3, 2]), Matrix::new(&other, [2, 2]));
    assert_eq!(product(&one.plain(), &other.plain()), [-1.0, 4.0, -1.0, 8.0, -1.0, 12.0]);
    assert_eq!(product(&one.plain(), &other.transposed()), [1.0, 3.0, 3.0, 5.0, 5.0, 7.0]);
    assert_eq!(product(&one.transposed(), &one.plain()), [35.0, 44.0, 44.0, 56.0]);
    // The sum of no products is zero.
    let nothing = Matrix::new(&[], [0, 2]);
    assert_eq!(product(&nothing.transposed(), &nothing.plain()), [0.0; 4]);
}

#[test]
#[should_panic(expected = "the inner dimensions agree")]
fn matrices_that_do_not_fit_have_no_product() {
    let matrix = Matrix::new(&[0.0; 6], [3, 2]);
    let _ = product(&matrix.plain(), &matrix.plain());
}

#[test]
#[should_panic(expected = "a value for each place")]
fn a_matrix_has_a_value_for_each_place() {
    let _ = Matrix::new(&[0.0; 5], [3, 2]);
}
