use super::*;
use crate::scratch::memory::{Pass, stored_bytes};
use crate::scratch::reference::double;
use burn::module::AutodiffModule;
use burn::optim::{GradientsParams, Optimizer, SgdConfig};
use burn::tensor::{DType, TensorData};
use burn_autodiff::Autodiff;
use burn_mlp::{CrossEntropy, DropoutLayers as _, DropoutRates, Key, MlpConfig};
use burn_ndarray::NdArray;

type Double = NdArray<f64>;
type Train = Autodiff<Double>;

const BATCH: usize = 16;

fn config() -> MlpConfig {
    MlpConfig::new(12, [9, 7], 4).with_dropout([0.2, 0.5]).with_seed(3)
}

/// Batch number `step`.
fn batch(step: u64) -> (Tensor<Double, 2>, Tensor<Double, 1, Int>) {
    let (device, key) = (Default::default(), Key::new(8, *b"a batch\0"));
    let pixels: Vec<f64> = key.at(0, step).uniforms().take(BATCH * 12).collect();
    let classes: Vec<i64> = key.at(1, step).uniforms().map(|u| (4.0 * u) as i64).take(BATCH).collect();
    let x = Tensor::from_data(TensorData::new(pixels, [BATCH, 12]), (&device, DType::F64));
    (x, Tensor::from_data(TensorData::new(classes, [BATCH]), &device))
}

/// Trains the library's network and its twin side by side, and compares the loss of every step and the weights after
/// the last.
fn assert_equal_training(config: &MlpConfig, learning_rate: f64) {
    let mut concise = double(config.init::<Train>(&Default::default()).unwrap());
    let mut scratch = ScratchMlp::from_mlp(&concise.valid()).unwrap();
    let mut optimizer = SgdConfig::new().init::<Train, Mlp<Train>>();
    for step in 0..20 {
        let (x, targets) = batch(step);
        let mut masks = Vec::new();
        if config.dropout != DropoutRates::default() {
            // Dropout of ones is the mask.
            concise.seek_dropout(step);
            let mask = |layer: &burn_mlp::HiddenLayer<Train>| {
                let shape = [BATCH, layer.linear.weight.dims()[1]];
                let ones = Tensor::<Train, 2>::ones(shape, (&x.device(), DType::F64));
                layer.dropout.forward(ones).inner()
            };
            masks.extend(concise.hidden.iter().map(mask));
            concise.seek_dropout(step);
        }
        let found = scratch.train_step(x.clone(), targets.clone(), &masks, learning_rate).into_scalar();

        let logits = concise.forward(Tensor::from_inner(x));
        let loss = CrossEntropy::default().forward(logits, Tensor::from_inner(targets));
        let gradients = GradientsParams::from_grads(loss.backward(), &concise);
        concise = optimizer.step(learning_rate, concise, gradients);
        let expected = loss.into_scalar();
        assert!((found - expected).abs() < 1e-12, "step {step}: {found} is not {expected}");
    }
    let concise = concise.valid();
    let linear = concise.hidden.iter().map(|hidden| &hidden.linear).chain([&concise.output]);
    for (layer, linear) in scratch.layers.iter().zip(linear) {
        let weight = (layer.weight.clone() - linear.weight.val()).abs().max().into_scalar();
        let bias = linear.bias.as_ref().unwrap().val().unsqueeze();
        let bias = (layer.bias.clone() - bias).abs().max().into_scalar();
        assert!(weight < 1e-12 && bias < 1e-12, "weight {weight}, bias {bias}");
    }
}

#[test]
fn training_is_the_librarys_step_by_step() {
    assert_equal_training(&config().with_dropout(DropoutRates::default()), 0.5);
    assert_equal_training(&MlpConfig::new(12, [9], 4).with_seed(1), 0.1);
}

#[test]
fn training_with_the_same_dropout_masks_is_the_librarys_step_by_step() {
    assert_equal_training(&config(), 0.5);
}

#[test]
fn prediction_is_the_librarys() {
    let mlp = double(config().init::<Double>(&Default::default()).unwrap());
    let scratch = ScratchMlp::from_mlp(&mlp).unwrap();
    let (x, _) = batch(0);
    let difference = scratch.forward(x.clone(), &[]).logits - mlp.forward(x);
    assert!(difference.abs().max().into_scalar() < 1e-14);
}

#[test]
fn relu_and_its_derivative_at_zero() {
    let x = Tensor::<Double, 1>::from_data([-2.0_f64, 0.0, 3.0], (&Default::default(), DType::F64));
    assert_eq!(relu(x.clone()).into_data().into_vec::<f64>().unwrap(), [0.0, 0.0, 3.0]);
    assert_eq!(relu_derivative(x).into_data().into_vec::<f64>().unwrap(), [0.0, 0.0, 1.0]);
}

#[test]
fn what_a_forward_pass_keeps_grows_with_depth_as_the_formula_says() {
    for depth in [1, 2, 5] {
        let mlp = MlpConfig::new(12, vec![9; depth], 4).init::<Double>(&Default::default()).unwrap();
        let forward = ScratchMlp::from_mlp(&double(mlp)).unwrap().forward(batch(0).0, &[]);
        let widths: Vec<usize> = [12].into_iter().chain(core::iter::repeat_n(9, depth)).chain([4]).collect();
        assert_eq!(forward.stored_bytes(), stored_bytes(&widths, BATCH, Pass::Training, 8));
    }
}

#[test]
fn networks_without_a_twin_are_refused() {
    let refused =
        |config: MlpConfig| ScratchMlp::from_mlp(&config.init::<Double>(&Default::default()).unwrap()).unwrap_err();
    let tanh = config().with_activation(Activation::Tanh);
    assert_eq!(refused(tanh), ScratchError::Activation { layer: 0, found: Activation::Tanh });
    assert_eq!(refused(config().with_batch_norm(true)), ScratchError::BatchNorm { layer: 0 });
    let mut mlp = config().init::<Double>(&Default::default()).unwrap();
    mlp.output.bias = None;
    assert_eq!(ScratchMlp::from_mlp(&mlp).unwrap_err(), ScratchError::NoBias { layer: 2 });
}
