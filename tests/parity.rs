//! The same network on wgpu and on ndarray.

use burn::module::AutodiffModule;
use burn::optim::GradientsParams;
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{Tensor, TensorData};
use burn_autodiff::Autodiff;
use burn_mlp::{CrossEntropy, Key, Mlp, MlpConfig};
use burn_mlp_train::parameters::{Tensors, collect};
use burn_mlp_train::{Optimizer, OptimizerConfig, OptimizerKind, Placement, values};
use burn_ndarray::NdArray;
use runner::backend::Train as Wgpu;

type NdArrayTrain = Autodiff<NdArray>;

struct Results {
    weights: Tensors,
    logits: Vec<f32>,
    loss: f32,
    gradients: Vec<Vec<f32>>,
}

/// One step of the default network on 32 synthetic images, computed by a backend.
fn step<B: AutodiffBackend>(dropout: f64) -> Results {
    let device = Default::default();
    let mlp: Mlp<B> = MlpConfig::new(784, [256, 256], 10).with_dropout(dropout).with_seed(42).init(&device).unwrap();
    let pixels: Vec<f32> = Key::new(1, *b"pixels\0\0").uniforms().take(32 * 784).map(|pixel| pixel as f32).collect();
    let targets: Vec<i32> = (0..32).map(|index| index % 10).collect();
    let logits = mlp.forward(Tensor::from_data(TensorData::new(pixels, [32, 784]), &device));
    let targets = Tensor::from_data(TensorData::new(targets, [32]), &device);
    let loss = CrossEntropy::default().forward(logits.clone(), targets);
    let gradients = loss.backward();
    let of = |linear: &burn::nn::Linear<B>| values(linear.weight.grad(&gradients).unwrap());
    Results {
        weights: collect(&mlp.valid()),
        logits: values(logits.inner()),
        loss: values(loss.inner())[0],
        gradients: mlp.hidden.iter().map(|layer| of(&layer.linear)).chain([of(&mlp.output)]).collect(),
    }
}

/// Largest difference, relative to the largest element.
fn difference(one: &[f32], other: &[f32]) -> f32 {
    assert_eq!(one.len(), other.len());
    let scale = one.iter().fold(0.0_f32, |largest, v| largest.max(v.abs()));
    one.iter().zip(other).fold(0.0_f32, |largest, (a, b)| largest.max((a - b).abs())) / scale
}

#[test]
fn forward_pass_and_gradients_agree_with_ndarray() {
    for dropout in [0.0, 0.5] {
        let (wgpu, ndarray) = (step::<Wgpu>(dropout), step::<NdArrayTrain>(dropout));
        assert_eq!(wgpu.weights, ndarray.weights, "initial weights, bit for bit");
        println!("dropout {dropout}: loss {} on wgpu, {} on ndarray", wgpu.loss, ndarray.loss);
        assert!((wgpu.loss - ndarray.loss).abs() < 1e-4, "{} and {}", wgpu.loss, ndarray.loss);
        let logits = difference(&wgpu.logits, &ndarray.logits);
        assert!(logits < 1e-4, "logits differ by {logits}");
        for (layer, (one, other)) in wgpu.gradients.iter().zip(&ndarray.gradients).enumerate() {
            let gradient = difference(one, other);
            assert!(gradient < 1e-3, "gradients of layer {layer} differ by {gradient}");
        }
    }
}

/// The weights after three steps of an optimizer that moves them on the device, with decay and a clipped gradient.
fn moved<B: AutodiffBackend>(kind: OptimizerKind) -> Vec<Vec<f32>> {
    let device = Default::default();
    let mut mlp: Mlp<B> = MlpConfig::new(20, [16], 5).with_seed(42).init(&device).unwrap();
    let config = OptimizerConfig { kind, momentum: 0.9, nesterov: true, weight_decay: 0.1, ..Default::default() };
    let mut optimizer = Optimizer::new(config, 0.5).with_one_pass(Placement::DEVICE.one_pass);
    for _ in 0..3 {
        let inputs: Vec<f32> = Key::new(2, *b"inputs\0\0").uniforms().take(8 * 20).map(|x| x as f32).collect();
        let logits = mlp.forward(Tensor::from_data(TensorData::new(inputs, [8, 20]), &device));
        let targets = Tensor::from_data(TensorData::from([0, 1, 2, 3, 4, 0, 1, 2]), &device);
        let loss = CrossEntropy::default().forward(logits, targets);
        let gradients = GradientsParams::from_grads(loss.backward(), &mlp);
        mlp = optimizer.step(0.1, mlp, gradients);
    }
    collect(&mlp.valid()).into_values().map(|data| data.to_vec().unwrap()).collect()
}

#[test]
fn optimizers_agree_with_ndarray() {
    for kind in [OptimizerKind::Sgd, OptimizerKind::Adam, OptimizerKind::Adamw] {
        for (one, other) in moved::<Wgpu>(kind).iter().zip(&moved::<NdArrayTrain>(kind)) {
            let difference = difference(one, other);
            assert!(difference < 1e-4, "{kind:?}: weights differ by {difference}");
        }
    }
}
