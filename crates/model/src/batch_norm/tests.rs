use super::*;
use alloc::vec::Vec;
use burn::module::AutodiffModule;
use burn::nn::BatchNormConfig;
use burn::tensor::{DType, Int};
use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;

use crate::reference::{double, wave};

type Double = NdArray<f64>;

fn norm() -> BatchNorm<Autodiff<Double>> {
    let device = Default::default();
    let mut norm = double(BatchNormConfig::new(2).init(&device));
    norm.gamma = norm.gamma.map(|_| Tensor::from_data([1.5_f64, 0.5], (&device, DType::F64)).require_grad());
    norm
}

fn read<const D: usize>(tensor: Tensor<Double, D>) -> Vec<f64> {
    tensor.into_data().into_vec().unwrap()
}

fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-8, "{found} is not {expected}");
    }
}

// import torch; torch.set_default_dtype(torch.float64)
// n = torch.nn.BatchNorm1d(2); n.weight.data = torch.tensor([1.5, .5])
// x = torch.tensor([[1., 2.], [3., -1.], [4., 0.]], requires_grad=True)
// y = n(x); (y * torch.tensor([[1., 2.], [3., 4.], [5., 6.]])).sum().backward()
// print(y, x.grad, n.weight.grad, n.running_mean, n.running_var); n.eval(); print(n(x))
#[test]
fn forward_gradients_and_running_statistics_match_pytorch() {
    let device = Default::default();
    let norm = norm();
    let x = Tensor::<_, 2>::from_data([[1.0_f64, 2.0], [3.0, -1.0], [4.0, 0.0]], (&device, DType::F64)).require_grad();
    let y = batch_norm(&norm, x.clone());
    let coefficients = Tensor::from_data([[1.0_f64, 2.0], [3.0, 4.0], [5.0, 6.0]], (&device, DType::F64));
    let gradients = (y.clone() * coefficients).sum().backward();

    assert_close(&read(y.inner()), &Y);
    assert_close(&read(x.grad(&gradients).unwrap()), &DX);
    assert_close(&read(norm.gamma.val().grad(&gradients).unwrap()), &DGAMMA);
    assert_close(&read(norm.running_mean.value_sync().inner()), &MEAN);
    assert_close(&read(norm.running_var.value_sync().inner()), &VAR);
    assert_close(&read(batch_norm(&norm.valid(), x.inner())), &EVAL);
}

// n = torch.nn.BatchNorm2d(2); n.weight.data = torch.tensor([1.5, .5])
// x = torch.sin(torch.arange(16.)).reshape(2, 2, 2, 2).requires_grad_()
// y = n(x); (y * torch.arange(16.).reshape(2, 2, 2, 2)).sum().backward()
// and the same lines printed
#[test]
fn images_are_normalized_by_channel_as_in_pytorch() {
    let device = Default::default();
    let norm = norm();
    let x = wave::<Autodiff<Double>, 4>(0, [2, 2, 2, 2]).require_grad();
    let y = batch_norm(&norm, x.clone());
    let coefficients = Tensor::<_, 1, Int>::arange(0..16, &device).float().cast(DType::F64);
    let gradients = (y.clone() * coefficients.reshape([2, 2, 2, 2])).sum().backward();

    assert_close(&read(y.inner()), &IMAGES_Y);
    assert_close(&read(x.grad(&gradients).unwrap()), &IMAGES_DX);
    assert_close(&read(norm.gamma.val().grad(&gradients).unwrap()), &[-16.8860739166, 22.9813950744]);
    assert_close(&read(norm.running_mean.value_sync().inner()), &[0.0218669229, 0.0023291706]);
    assert_close(&read(norm.running_var.value_sync().inner()), &[0.9516698714, 0.9552325458]);
    assert_close(&read(batch_norm(&norm.valid(), x.inner())), &IMAGES_EVAL);
}

#[test]
fn a_single_example_leaves_the_running_statistics() {
    let norm = norm();
    let y = batch_norm(&norm, wave::<_, 2>(1, [1, 2]));
    assert_eq!(read(y.inner()), [0.0, 0.0]);
    assert_eq!(read(norm.running_var.value_sync().inner()), [1.0, 1.0]);
}

const Y: [f64; 6] = [-2.0044528715, 0.6681509572, 0.4008905743, -0.5345207657, 1.6035622972, -0.1336301914];
const DX: [f64; 6] = [0.1717936788, -0.2290840098, -0.5154274249, -0.4581577110, 0.3436337461, 0.6872417208];
const DGAMMA: [f64; 2] = [4.8106868915, -3.2071245944];
const MEAN: [f64; 2] = [0.2666666667, 0.0333333333];
const VAR: [f64; 2] = [1.1333333333, 1.1333333333];
const IMAGES_Y: [f64; 16] = [
    -0.4878108025,
    1.3893560845,
    1.5406643925,
    -0.1729980389,
    -0.5610621911,
    -0.7064329530,
    -0.2177141771,
    0.4557683479,
    1.7192653456,
    0.4315496840,
    -1.7014217690,
    -2.7186048963,
    -0.4026678728,
    0.2854421205,
    0.6957162832,
    0.4509504424,
];
const IMAGES_DX: [f64; 16] = [
    -13.8007958220,
    -5.6772835120,
    -2.9714890680,
    -6.1201055349,
    -1.6373140784,
    -0.3173907337,
    -1.6176462528,
    -3.6813808098,
    10.9740606130,
    9.1625522112,
    4.6976645240,
    3.7353965886,
    3.4619595226,
    1.3377814782,
    0.3616740565,
    2.0923168176,
];
const IMAGES_EVAL: [f64; 16] = [
    -0.0336227701,
    1.2602303057,
    1.3645208305,
    0.1833645768,
    -0.3883562361,
    -0.4917576050,
    -0.1441348109,
    0.3349093526,
    1.4876230406,
    0.6000541829,
    -0.8701143430,
    -1.5712163745,
    -0.2756912880,
    0.2137573076,
    0.5055829093,
    0.3314824047,
];
const EVAL: [f64; 6] = [1.0332655218, 0.9236767543, 3.8512623993, -0.4853216845, 5.2602608381, -0.0156555382];

#[test]
fn a_broken_row_is_seen_in_its_batch_and_ruins_no_later_one() {
    use crate::{CrossEntropy, MlpConfig};
    type Train = Autodiff<burn_flex::Flex>;
    let device = Default::default();
    let mlp = MlpConfig::new(2, [8], 2).with_batch_norm(true).init::<Train>(&device).unwrap();
    let loss = |rows: [[f32; 2]; 4]| {
        let logits = mlp.forward(Tensor::<Train, 2>::from_data(rows, &device));
        CrossEntropy::default().forward(logits, Tensor::from_ints([0, 1, 0, 1], &device)).into_scalar()
    };
    let good = [[1.0, 2.0], [2.0, 1.0], [0.0, 1.0], [3.0, 0.0]];
    assert!(loss(good).is_finite());
    let running = || mlp.hidden[0].norm.as_ref().unwrap().running_mean.value_sync().into_data();
    let before = running();
    let mut broken = good;
    broken[2][0] = f32::NAN;
    assert!(loss(broken).is_nan());
    assert_eq!(running(), before);
    assert!(loss(good).is_finite());
    let logits = mlp.valid().forward(Tensor::<burn_flex::Flex, 2>::from_data([[1.0, 2.0], [f32::NAN, 1.0]], &device));
    let logits: Vec<f32> = logits.into_data().into_vec().unwrap();
    assert!(logits[..2].iter().all(|logit| logit.is_finite() && *logit != 0.0), "{logits:?}");
    assert!(logits[2..].iter().all(|logit| logit.is_nan()), "{logits:?}");
}

#[test]
fn a_batch_without_rows_changes_nothing() {
    let norm = norm();
    let y = batch_norm(&norm, Tensor::zeros([0, 2], &Default::default()));
    assert_eq!(y.dims(), [0, 2]);
    assert_eq!(read(norm.running_var.value_sync().inner()), [1.0, 1.0]);
}
