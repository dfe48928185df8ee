//! Errors in formulas of layers, which are measured on the layers themselves.

use anyhow::Result;
use burn::nn::BatchNormConfig;
use burn::tensor::{Tensor, TensorData};
use burn_mlp::{Init, Key, LayerInit, ResidualBlockConfig};
use burn_mlp_train::values;

use super::erratum::{Comparison, Erratum, SINGLE, mean, variance};
use crate::Platform;
use crate::platform::Device;

const BATCH: usize = 256;
const FEATURES: usize = 4;
/// ε of the normalization.
const EPSILON: f64 = 1e-5;

pub const ERRATA: [Erratum; 3] = [
    Erratum {
        place: "course notes 1, section on residual blocks",
        quantity: "Output of batch normalization, four features of different sizes",
        printed: "normalized over the last axis",
        right: "normalized over the batch",
        measured_by: "Burn's layer",
        tolerance: SINGLE,
    },
    Erratum {
        place: "course notes 1, section on residual blocks",
        quantity: "Output of batch normalization, features with a deviation of 0.001",
        printed: "(x - μ)/(σ + ε)",
        right: "(x - μ)/√(σ² + ε)",
        measured_by: "Burn's layer",
        tolerance: SINGLE,
    },
    Erratum {
        place: "course notes 1, section on residual blocks",
        quantity: "Output of the program of the first residual block, with a branch of zeros",
        printed: "h(x) + F(x)",
        right: "max(0, h(x) + F(x))",
        measured_by: "the library's block",
        tolerance: SINGLE,
    },
];

/// Compares the formulas of [`ERRATA`].
///
/// # Errors
///
/// If the shape of the block is impossible.
pub fn measure<P: Platform>(seed: u64, device: &Device<P>) -> Result<[Comparison; ERRATA.len()]> {
    let normals = |purpose: u64| -> Vec<f64> {
        Key::new(seed, *b"layers\0\0").at(purpose, 0).normals().take(BATCH * FEATURES).collect()
    };
    let different: Vec<f64> = normals(0)
        .chunks_exact(FEATURES)
        .flat_map(|row| [row[0], 5.0 + 2.0 * row[1], 9.0 * row[2], row[3] - 3.0])
        .collect();
    let small: Vec<f64> = normals(1).iter().map(|normal| 1e-3 * normal).collect();
    let root = |variance: f64| (variance + EPSILON).sqrt();
    let sum = |variance: f64| variance.sqrt() + EPSILON;
    let images = normals(2);
    Ok([
        Comparison::new(&over_rows(&different, sum), &over_batch(&different, root), &layer::<P>(&different, device)),
        Comparison::new(&over_batch(&small, sum), &over_batch(&small, root), &layer::<P>(&small, device)),
        Comparison::new(
            &images,
            &images.iter().map(|x| x.max(0.0)).collect::<Vec<f64>>(),
            &block::<P>(&images, device)?,
        ),
    ])
}

/// Each feature minus its mean over the batch, divided by what becomes of its variance.
fn over_batch(x: &[f64], divisor: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut normalized = x.to_vec();
    for feature in 0..FEATURES {
        let column: Vec<f64> = x.iter().skip(feature).step_by(FEATURES).copied().collect();
        for (place, normal) in normalized.iter_mut().skip(feature).step_by(FEATURES).zip(standard(&column, &divisor)) {
            *place = normal;
        }
    }
    normalized
}

/// The same for each example over its features.
fn over_rows(x: &[f64], divisor: impl Fn(f64) -> f64) -> Vec<f64> {
    x.chunks_exact(FEATURES).flat_map(|row| standard(row, &divisor)).collect()
}

fn standard(values: &[f64], divisor: impl Fn(f64) -> f64) -> Vec<f64> {
    let (mean, divisor) = (mean(values), divisor(variance(values)));
    values.iter().map(|value| (value - mean) / divisor).collect()
}

/// The batch behind Burn's layer in training.
fn layer<P: Platform>(x: &[f64], device: &Device<P>) -> Vec<f64> {
    let norm = BatchNormConfig::new(FEATURES).with_epsilon(EPSILON).init::<P::Train>(device);
    doubles(values(norm.forward::<2>(tensor::<P, 2>(x, [BATCH, FEATURES], device))))
}

/// Images of two channels behind the library's block in its original order, whose convolutions are zeros.
fn block<P: Platform>(x: &[f64], device: &Device<P>) -> Result<Vec<f64>> {
    let config = ResidualBlockConfig::new(2, 2).with_init(LayerInit::weight(Init::Zeros));
    let block = config.init_v1::<P::Train>(device)?;
    Ok(doubles(values(block.forward(tensor::<P, 4>(x, [BATCH * FEATURES / 32, 2, 4, 4], device)))))
}

fn tensor<P: Platform, const D: usize>(x: &[f64], shape: [usize; D], device: &Device<P>) -> Tensor<P::Train, D> {
    let x: Vec<f32> = x.iter().map(|&x| x as f32).collect();
    Tensor::from_data(TensorData::new(x, shape), device)
}

fn doubles(values: Vec<f32>) -> Vec<f64> {
    values.into_iter().map(f64::from).collect()
}
