use super::*;
use burn::nn::{Linear, LinearConfig};
use burn_autodiff::Autodiff;
use burn_flex::Flex;

type B = Autodiff<Flex>;

/// Weight and bias of `y = w·x + b` after some steps from `w = 1`, `b = 1`. The loss is `(w + b)² + w`, so that `w` and
/// `b` have different gradients.
fn after_steps(config: OptimizerConfig, gradient_clip: f64, steps: usize, one_pass: bool) -> (f64, f64) {
    let device = Default::default();
    let mut linear: Linear<B> = LinearConfig::new(1, 1).init(&device);
    linear.weight = linear.weight.map(|_| Tensor::ones([1, 1], &device).require_grad());
    linear.bias = linear.bias.map(|bias| bias.map(|_| Tensor::ones([1], &device).require_grad()));
    let mut optimizer = Optimizer::new(config, gradient_clip).with_one_pass(one_pass);
    for _ in 0..steps {
        let y = linear.forward(Tensor::<B, 2>::ones([1, 1], &device));
        let loss = y.square().sum() + linear.weight.val().sum();
        let gradients = GradientsParams::from_grads(loss.backward(), &linear);
        linear = optimizer.step(0.1, linear, gradients);
    }
    let read = |value: f32| f64::from(value);
    (
        read(linear.weight.val().into_scalar().elem()),
        read(linear.bias.as_ref().map(|bias| bias.val().into_scalar().elem()).unwrap_or_default()),
    )
}

/// Compares three steps, in one pass and by tensor operations, with the expected weight and bias.
fn assert_both(config: OptimizerConfig, gradient_clip: f64, expected: (f64, f64)) {
    for one_pass in [true, false] {
        assert_close(after_steps(config, gradient_clip, 3, one_pass), expected);
    }
}

fn assert_close(found: (f64, f64), expected: (f64, f64)) {
    let error = (found.0 - expected.0).abs().max((found.1 - expected.1).abs());
    assert!(error < 2e-6, "{found:?} is not {expected:?}");
}

// import torch
// def run(make, clip=None):
//     w = torch.nn.Parameter(torch.ones(1)); b = torch.nn.Parameter(torch.ones(1)); opt = make(w, b)
//     for _ in range(3):
//         opt.zero_grad(); ((w + b) ** 2 + w).sum().backward()
//         if clip: torch.nn.utils.clip_grad_norm_([w, b], clip)
//         opt.step()
//     return w.item(), b.item()
// groups = lambda w, b: [dict(params=[w], weight_decay=0.1), dict(params=[b], weight_decay=0.)]
// for each optimizer: run(lambda w, b: torch.optim.SGD(groups(w, b), lr=.1, ...))
#[test]
fn sgd_matches_pytorch() {
    let config = OptimizerConfig { weight_decay: 0.1, ..Default::default() };
    assert_both(config, 0.0, (-0.044391000, 0.272180000));
}

#[test]
fn momentum_matches_pytorch() {
    let config = OptimizerConfig { weight_decay: 0.1, momentum: 0.9, ..Default::default() };
    assert_both(config, 0.0, (-1.038711000, -0.444220000));
}

#[test]
fn nesterov_momentum_matches_pytorch() {
    let config = OptimizerConfig { weight_decay: 0.1, momentum: 0.9, nesterov: true, ..Default::default() };
    assert_both(config, 0.0, (-1.021967769, -0.194675380));
}

#[test]
fn adam_matches_pytorch() {
    let config = OptimizerConfig { kind: OptimizerKind::Adam, weight_decay: 0.1, ..Default::default() };
    assert_both(config, 0.0, (0.701162978, 0.701586726));
}

#[test]
fn adamw_matches_pytorch() {
    let config = OptimizerConfig { kind: OptimizerKind::Adamw, weight_decay: 0.1, ..Default::default() };
    assert_both(config, 0.0, (0.674518679, 0.701700126));
}

#[test]
fn clipped_sgd_matches_pytorch() {
    let config = OptimizerConfig::default();
    assert_both(config, 0.5, (0.882532308, 0.906720131));
}

#[test]
fn parameters_without_a_gradient_stay() {
    let device = Default::default();
    let linear: Linear<B> = LinearConfig::new(2, 2).init(&device);
    let before = linear.weight.to_data();
    let config = OptimizerConfig { weight_decay: 0.5, ..Default::default() };
    let after = Optimizer::new(config, 0.0).step::<B, _>(0.1, linear, GradientsParams::new());
    assert_eq!(after.weight.to_data(), before);
}
