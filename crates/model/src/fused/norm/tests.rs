use burn::module::{AutodiffModule, Param};
use burn::nn::BatchNormConfig;
use burn::tensor::TensorData;
use burn::tensor::activation::relu;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{DType, Tensor};
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use burn_ndarray::NdArray;

use super::super::tests::{Follows, bits, random};
use super::super::{BatchNorm, normalized};
use super::*;
use crate::reference::{double, single};

type Train = Autodiff<Flex>;
type Double = NdArray<f64>;

/// The last is divided among threads.
const SHAPES: [[usize; 2]; 5] = [[2, 1], [5, 7], [33, 3], [64, 40], [300, 200]];

fn float<B: Backend, const D: usize>(data: TensorData) -> Tensor<B, D> {
    Tensor::from_data(data, (&Default::default(), DType::F32))
}

fn layer<B: AutodiffBackend>(columns: usize) -> BatchNorm<B> {
    let mut norm: BatchNorm<B> = single(BatchNormConfig::new(columns).init(&Default::default()));
    norm.gamma = Param::from_tensor(random::<B, 1>(1, [columns])).set_require_grad(true);
    norm.beta = Param::from_tensor(random::<B, 1>(2, [columns])).set_require_grad(true);
    norm
}

/// Columns whose means are far from zero, and of very different scales.
fn input<B: Backend>(shape @ [_, columns]: [usize; 2]) -> Tensor<B, 2> {
    let scales = random::<B, 1>(5, [columns]).exp().unsqueeze_dim(0);
    (random::<B, 2>(4, shape) + 3.0) * scales
}

/// Output, the gradients of input, γ and β, and the running mean and variance.
fn results<B: AutodiffBackend>(
    norm: &BatchNorm<B>,
    x: Tensor<B, 2>,
    coefficients: Tensor<B, 2>,
    forward: impl Fn(&BatchNorm<B>, Tensor<B, 2>) -> Tensor<B, 2>,
) -> [TensorData; 6] {
    let x = x.detach().require_grad();
    let y = forward(norm, x.clone());
    let gradients = (y.clone() * coefficients).sum().backward();
    [
        y.inner().into_data(),
        x.grad(&gradients).unwrap().into_data(),
        norm.gamma.grad(&gradients).unwrap().into_data(),
        norm.beta.grad(&gradients).unwrap().into_data(),
        norm.running_mean.value_sync().into_data(),
        norm.running_var.value_sync().into_data(),
    ]
}

fn fused<B: AutodiffBackend>(shape: [usize; 2], follows: Follows) -> [TensorData; 6] {
    results(&layer::<B>(shape[1]), input(shape), random(3, shape), |norm, x| {
        normalized(norm, x, |shape| follows.fused(shape)).unwrap()
    })
}

/// Composed of Burn's operations in double precision.
fn exact(shape: [usize; 2], follows: Follows) -> [TensorData; 6] {
    let wide = |x: Tensor<Train, 2>| Tensor::from_data(x.into_data(), (&Default::default(), DType::F64));
    let vector = |x: Tensor<Train, 1>| Tensor::from_data(x.into_data(), (&Default::default(), DType::F64));
    let mut norm = double(BatchNormConfig::new(shape[1]).init::<Autodiff<Double>>(&Default::default()));
    norm.gamma = norm.gamma.map(|_| vector(random(1, [shape[1]])).require_grad());
    norm.beta = norm.beta.map(|_| vector(random(2, [shape[1]])).require_grad());
    results(&norm, wide(input(shape)), wide(random(3, shape)), |norm, x| {
        let y = crate::batch_norm::composed(norm, x);
        match follows {
            Follows::Nothing => y,
            Follows::Relu => relu(y),
            Follows::Dropout => {
                let mask = TensorData::new(super::super::tests::mask(shape), shape);
                relu(y) * Tensor::from_data(mask, (&Default::default(), DType::F64))
            }
        }
    })
}

#[test]
fn outputs_gradients_and_running_statistics_are_those_of_burns_operations_in_double_precision() {
    for shape in SHAPES {
        for follows in Follows::ALL {
            for (which, (found, expected)) in
                fused::<Train>(shape, follows).iter().zip(exact(shape, follows)).enumerate()
            {
                let expected: Vec<f64> = expected.iter().collect();
                let largest = expected.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
                // With two examples the gradient of the input is zero up to ε: a difference of terms that nearly cancel.
                let limit = 1e-5 * largest.max(1.0);
                for (found, expected) in found.iter::<f64>().zip(&expected) {
                    assert!(
                        (found - expected).abs() < limit,
                        "{shape:?}, {follows:?}, result {which}: {found} is not {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn results_on_ndarray_are_those_of_flex_to_the_bit_on_any_number_of_threads() {
    let shape = SHAPES[4];
    let flex = fused::<Train>(shape, Follows::Dropout);
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| fused::<Train>(shape, Follows::Dropout)), flex, "{threads} threads");
        assert_eq!(pool.install(|| fused::<Autodiff<NdArray>>(shape, Follows::Dropout)), flex, "{threads} threads");
    }
}

#[test]
fn evaluation_uses_the_running_statistics() {
    let (norm, x) = (layer::<Train>(40), input::<Train>([64, 40]));
    normalized(&norm, x.clone(), |_| After::Relu).unwrap();
    let (norm, x) = (norm.valid(), x.inner());
    let found = normalized(&norm, x.clone(), |_| After::Relu).unwrap();
    let expected = relu(crate::batch_norm::composed(&norm, x));
    assert!((found - expected).abs().max().into_scalar() < 1e-5);
}

#[test]
fn a_broken_example_is_seen_in_its_batch_and_not_in_the_running_statistics() {
    for value in [f32::NAN, f32::INFINITY] {
        let norm = layer::<Train>(3);
        let x = random::<Train, 2>(6, [5, 3]).slice_assign([1..2, 2..3], float(TensorData::from([[value]])));
        let y = normalized(&norm, x, |_| After::Relu).unwrap().into_data().to_vec::<f32>().unwrap();
        assert!(y.iter().skip(2).step_by(3).all(|y| y.is_nan()), "{y:?}");
        let mean = bits(norm.running_mean.value_sync());
        assert_eq!(f32::from_bits(mean[2]), 0.0);
        assert_ne!(f32::from_bits(mean[1]), 0.0);
    }
}

#[test]
fn other_precisions_and_batches_without_examples_are_left_to_burn() {
    let left = |_| -> After { panic!("the mask of a layer that is left to Burn was drawn") };
    assert!(normalized(&layer::<Train>(3), random(1, [0, 3]), left).is_none());
    assert!(normalized(&layer::<Train>(3), random::<Train, 2>(1, [4, 3]).cast(DType::F64), left).is_none());
    assert!(normalized(&layer::<Train>(3), random(1, [4, 2]), left).is_none());
}
