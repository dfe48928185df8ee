use super::*;
use alloc::vec::Vec;
use burn::tensor::{DType, TensorData};
use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;

use crate::Key;

type Double = Autodiff<NdArray<f64>>;

#[test]
fn a_logit_of_minus_infinity_is_a_class_that_cannot_be() {
    // torch.nn.functional.cross_entropy(torch.tensor([[0., -torch.inf], [1., -torch.inf]]), torch.tensor([0, 1]),
    //     reduction="none") gives 0 and inf
    fn check<B: Backend>(trained: bool) {
        let device = Default::default();
        let logits = [[0.0_f32, f32::NEG_INFINITY], [1.0, f32::NEG_INFINITY]];
        let logits = Tensor::<B, 2>::from_data(logits, (&device, DType::F32)).set_require_grad(trained);
        let targets = Tensor::from_data([0, 1], &device);
        let losses = CrossEntropy::default().forward_each(logits, targets).into_data();
        assert_eq!(losses.to_vec::<f32>().unwrap(), [0.0, f32::INFINITY], "{}", B::name(&device));
    }
    check::<Autodiff<burn_flex::Flex>>(true);
    check::<burn_flex::Flex>(false);
    check::<Autodiff<NdArray>>(true);
    check::<NdArray>(false);
    let device = Default::default();
    let logits = [[0.0_f64, f64::NEG_INFINITY, 0.0]];
    let logits = Tensor::<Double, 2>::from_data(logits, (&device, DType::F64)).require_grad();
    let loss = CrossEntropy::default().forward(logits.clone(), Tensor::from_data([0], &device));
    let gradient: Vec<f64> = logits.grad(&loss.backward()).unwrap().into_data().into_vec().unwrap();
    assert!(gradient.iter().zip([-0.5, 0.0, 0.5]).all(|(g, expected)| (g - expected).abs() < 1e-12), "{gradient:?}");
}

fn loss_and_gradient(smoothing: f64) -> (f64, Vec<f64>) {
    let device = Default::default();
    let logits = [[1.0_f64, -2.0, 0.5], [0.0, 3.0, -1.0]];
    let logits = Tensor::<Double, 2>::from_data(logits, (&device, DType::F64)).require_grad();
    let targets = Tensor::from_ints([2, 1], &device);
    let loss = CrossEntropy::default().with_label_smoothing(Probability::new(smoothing).unwrap());
    let loss = loss.forward(logits.clone(), targets);
    let gradients = loss.backward();
    let gradient = logits.grad(&gradients).unwrap().into_data().into_vec().unwrap();
    (loss.into_scalar(), gradient)
}

fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }
}

// import torch; torch.set_default_dtype(torch.float64)
// x = torch.tensor([[1., -2., .5], [0., 3., -1.]], requires_grad=True); t = torch.tensor([2, 1])
// for s in (0., .1):
//     x.grad = None; l = torch.nn.functional.cross_entropy(x, t, label_smoothing=s); l.backward()
//     print(l.item(), x.grad.flatten().tolist())
#[test]
fn the_plain_loss_and_its_gradient_match_pytorch() {
    let (loss, gradient) = loss_and_gradient(0.0);
    assert_close(&[loss], &[0.535240403050]);
    assert_close(
        &gradient,
        &[0.301874448074, 0.015029443785, -0.316903891859, 0.023306311289, -0.031880224062, 0.008573912773],
    );
}

#[test]
fn the_smoothed_loss_and_its_gradient_match_pytorch() {
    let (loss, gradient) = loss_and_gradient(0.1);
    assert_close(&[loss], &[0.685240403050]);
    assert_close(
        &gradient,
        &[0.285207781408, -0.001637222882, -0.283570558526, 0.006639644622, 0.001453109272, -0.008092753894],
    );
}

// w = torch.tensor([.5, 2., 1.])
// print(torch.nn.functional.cross_entropy(x, t, weight=w, label_smoothing=.1, reduction='none').tolist())
#[test]
fn weighted_and_smoothed_losses_match_pytorch() {
    let device = Default::default();
    let logits = Tensor::<Double, 2>::from_data([[1.0_f64, -2.0, 0.5], [0.0, 3.0, -1.0]], (&device, DType::F64));
    let loss = CrossEntropy::default().with_label_smoothing(Probability::of(0.1)).with_class_weights([0.5, 2.0, 1.0]);
    let losses = loss.forward_each(logits.inner(), Tensor::from_ints([2, 1], &device));
    assert_close(&losses.into_data().into_vec::<f64>().unwrap(), &[1.179673517381, 0.309610815508]);
}

#[test]
fn a_batch_without_examples_has_loss_zero() {
    let logits = || Tensor::<Autodiff<NdArray>, 2>::zeros([0, 3], &Default::default()).require_grad();
    let targets = || Tensor::zeros([0], &Default::default());
    for loss in [CrossEntropy::default(), CrossEntropy::default().with_class_weights([1.0; 3])] {
        assert_eq!(loss.forward(logits(), targets()).into_scalar(), 0.0);
        assert_eq!(loss.forward_each(logits(), targets()).dims(), [0]);
    }
}

#[test]
fn gradients_have_the_same_bits_every_time() {
    type Single = Autodiff<NdArray>;
    let device = Default::default();
    let gradient = || {
        let values: Vec<f32> = Key::new(1, *b"logits\0\0").normals().map(|z| z as f32).take(640).collect();
        let logits = TensorData::new(values, [64, 10]);
        // The type is explicit because the first backend that uses a device sets its default type for the whole
        // process.
        let logits = Tensor::<Single, 2>::from_data(logits, (&device, DType::F32)).require_grad();
        let loss = CrossEntropy::default().with_label_smoothing(Probability::new(0.1).unwrap());
        let loss = loss.forward(logits.clone(), Tensor::zeros([64], &device));
        logits.grad(&loss.backward()).unwrap().into_data()
    };
    let first = gradient();
    let mut elsewhere = Vec::new();
    // If the bits depended on memory alignment, about one repetition in three would differ.
    assert!((0..100).all(|repetition| {
        elsewhere.push(Vec::<u8>::with_capacity(1000 + 37 * repetition));
        gradient() == first
    }));
}

#[test]
fn logits_of_any_size_give_finite_losses_and_gradients() {
    let device = Default::default();
    let logits = Tensor::<Double, 2>::from_data([[1e4_f64, -1e4]], (&device, DType::F64)).require_grad();
    let loss = CrossEntropy::default().forward(logits.clone(), Tensor::from_ints([1], &device));
    let gradients = loss.backward();
    assert_eq!(loss.into_scalar(), 2e4);
    let gradient: Vec<f64> = logits.grad(&gradients).unwrap().into_data().into_vec().unwrap();
    assert_eq!(gradient, [1.0, -1.0]);
}
