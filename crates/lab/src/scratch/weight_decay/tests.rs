use super::*;
use crate::scratch::reference::wave;
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::{GradientsParams, Optimizer, SgdConfig};
use burn::tensor::{DType, TensorData};
use burn_autodiff::Autodiff;
use burn_mlp::Key;
use burn_ndarray::NdArray;

type Double = NdArray<f64>;
type Train = Autodiff<Double>;

fn values<const D: usize>(tensor: Tensor<Double, D>) -> Vec<f64> {
    tensor.into_data().into_vec().unwrap()
}

fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < tolerance, "{found} is not {expected}");
    }
}

/// Five examples of four features.
fn batch<B: Backend>(step: u32) -> (Tensor<B, 2>, Tensor<B, 2>) {
    (wave(10 + step, [5, 4]), wave(20 + step, [5, 1]))
}

// With wave of src/reference.rs:
// for kind in ("ridge", "lasso"):
//     w, b = wave(1, 4, 1).requires_grad_(), torch.zeros(1, requires_grad=True); losses = []
//     for step in range(3):
//         x, y = wave(10 + step, 5, 4), wave(20 + step, 5, 1)
//         p = 1.5 * (w ** 2).sum() / 2 if kind == "ridge" else 0.3 * w.abs().sum()
//         each = (x @ w + b - y) ** 2 / 2 + p
//         w.grad = b.grad = None; each.sum().backward()
//         with torch.no_grad(): w -= 0.1 * w.grad / 5; b -= 0.1 * b.grad / 5
//         losses.append(each.mean().item())
//     print(losses, w, b)
#[test]
fn a_penalty_in_every_examples_loss_summed_and_divided_is_this_step() {
    let references = [
        (
            Penalty::L2(1.5),
            [3.4461559833, 1.8419132512, 0.9386494582],
            [0.3114501505, 0.3665666834, 0.0846634981, -0.2750789169],
            -0.0300418645,
        ),
        (
            Penalty::L1(0.3),
            [2.6450931811, 1.9368919202, 1.2638009195],
            [0.4718105233, 0.5635301113, 0.0543971288, -0.4074939080],
            -0.0244940476,
        ),
    ];
    for (penalty, losses, weight, bias) in references {
        let mut model = LinearRegression::<Double>::new(wave(1, [4, 1]));
        let step = |step| {
            let (x, y) = batch(step);
            model.step(x, y, penalty, 0.1).into_scalar()
        };
        assert_close(&(0..3).map(step).collect::<Vec<_>>(), &losses, 1e-9);
        assert_close(&values(model.weight), &weight, 1e-9);
        assert_close(&values(model.bias), &[bias], 1e-9);
    }
}

#[test]
fn gradients_by_hand_are_those_of_autodiff() {
    for penalty in [Penalty::None, Penalty::L2(1.5), Penalty::L1(0.3)] {
        let (x, y) = batch::<Train>(0);
        let tracked = LinearRegression {
            weight: wave::<Train, 2>(1, [4, 1]).require_grad(),
            bias: wave::<Train, 2>(2, [1, 1]).require_grad(),
        };
        let gradients = (tracked.loss(x, y) + penalty.value(tracked.weight.clone())).backward();
        let mut stepped =
            LinearRegression { weight: tracked.weight.clone().inner(), bias: tracked.bias.clone().inner() };
        let before = stepped.clone();
        let (x, y) = batch(0);
        stepped.step(x, y, penalty, 1.0);
        // With a learning rate of one the step is the gradient.
        let (weight, bias) = (before.weight - stepped.weight, before.bias - stepped.bias);
        assert_close(&values(weight), &values(tracked.weight.grad(&gradients).unwrap()), 1e-14);
        assert_close(&values(bias), &values(tracked.bias.grad(&gradients).unwrap()), 1e-14);
    }
}

#[derive(Module, Debug)]
struct Concise<B: Backend> {
    linear: Linear<B>,
}

#[test]
fn training_is_the_librarys_with_decay_on_the_weight_alone_step_by_step() {
    let (penalty, learning_rate) = (1.5, 0.1);
    let mut scratch = LinearRegression::<Double>::new(wave(1, [4, 1]));
    let bias = Param::from_tensor(Tensor::zeros([1], (&Default::default(), DType::F64)));
    let weight = Param::from_tensor(wave(1, [4, 1]));
    let mut concise = Concise::<Train> { linear: Linear { weight, bias: Some(bias) } };
    // The penalty is a 32-bit number in Burn's configuration; 1.5 is one.
    let decay = Some(WeightDecayConfig::new(penalty as f32));
    let mut decaying = SgdConfig::new().with_weight_decay(decay).init::<Train, Concise<Train>>();
    let mut plain = SgdConfig::new().init::<Train, Concise<Train>>();
    for step in 0..20 {
        let (x, y) = batch(step);
        let found = scratch.step(x, y, Penalty::L2(penalty), learning_rate).into_scalar();
        let (x, y) = batch::<Train>(step);
        let loss = (concise.linear.forward(x) - y).square().mean().div_scalar(2.0);
        let decayed = concise.linear.weight.val().square().sum().into_scalar() * penalty / 2.0;
        let expected = loss.clone().into_scalar() + decayed;
        assert!((found - expected).abs() < 1e-12, "step {step}: {found} is not {expected}");
        let mut gradients = loss.backward();
        let weight = [concise.linear.weight.id];
        let of_weight = GradientsParams::from_params::<Train, _>(&mut gradients, &concise, &weight);
        let of_bias = GradientsParams::from_grads(gradients, &concise);
        concise = decaying.step(learning_rate, concise, of_weight);
        concise = plain.step(learning_rate, concise, of_bias);
    }
    assert_close(&values(scratch.weight), &values(concise.linear.weight.val().inner()), 1e-12);
    assert_close(&values(scratch.bias), &values(concise.linear.bias.unwrap().val().inner()), 1e-12);
}

/// Full-batch descent to the minimum, and the gradient of the plain loss by the weight there. Two of six features
/// matter.
fn minimum(penalty: Penalty) -> (LinearRegression<Double>, Vec<f64>) {
    let features: Vec<f64> = Key::new(4, *b"features").normals().take(20 * 6).collect();
    let options = (&Default::default(), DType::F64);
    let x = Tensor::<Double, 2>::from_data(TensorData::new(features, [20, 6]), options);
    let truth = Tensor::from_data([[2.0_f64], [0.0], [0.0], [-1.0], [0.0], [0.0]], options);
    let y = x.clone().matmul(truth) + wave(5, [20, 1]).mul_scalar(0.1);
    let mut model = LinearRegression::new(wave(3, [6, 1]));
    for _ in 0..500 {
        model.step(x.clone(), y.clone(), penalty, 0.3);
    }
    let residual = model.forward(x.clone()) - y;
    let gradient = values(x.transpose().matmul(residual).div_scalar(20.0));
    (model, gradient)
}

#[test]
fn ridge_ends_where_the_loss_pulls_as_hard_as_the_penalty_and_nothing_is_zero() {
    let (model, gradient) = minimum(Penalty::L2(0.1));
    let weight = values(model.weight);
    let balance: Vec<f64> = weight.iter().map(|w| -0.1 * w).collect();
    assert_close(&gradient, &balance, 1e-10);
    assert!(weight.iter().all(|&w| w != 0.0));
}

#[test]
fn lasso_ends_with_exact_zeros_where_the_loss_pulls_less_than_the_penalty() {
    let penalty = 0.1;
    let (model, gradient) = minimum(Penalty::L1Proximal(penalty));
    let weight = values(model.weight);
    let (zeros, others) = (0..6).partition::<Vec<usize>, _>(|&i| weight[i] == 0.0);
    assert!(!zeros.is_empty() && !others.is_empty(), "{weight:?}");
    assert!(zeros.iter().all(|&i| gradient[i].abs() <= penalty));
    for i in others {
        assert!((gradient[i] + penalty * weight[i].signum()).abs() < 1e-10, "{weight:?} {gradient:?}");
    }
}
