//! A model trained with Burn's own layers learns to say how sure it is: Monte-Carlo dropout, and a temperature.
//!
//! ```text
//! cargo run -p burn-mlp-train --example monte_carlo
//! ```

use burn::module::{AutodiffModule, Module};
use burn::nn::{self, Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use burn::tensor::{Int, Tensor, TensorData, activation, backend::Backend};
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use burn_mlp::*;
use mlp_metrics::{Calibration, Temperature, Uncertainty, top_label};

const CLASSES: usize = 3;

/// The existing model: nothing of `burn-mlp` in it.
#[derive(Module, Debug)]
struct Existing<B: Backend> {
    hidden: Linear<B>,
    dropout: nn::Dropout,
    output: Linear<B>,
}

impl<B: Backend> Existing<B> {
    fn features(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        activation::relu(self.hidden.forward(x))
    }

    fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        self.output.forward(self.dropout.forward(self.features(x)))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let values = |tensor: Tensor<Flex, 2>| tensor.into_data().iter().collect::<Vec<f32>>();
    let model = trained();
    let (x, labels) = clouds::<Flex>(1500, 2);

    // Fifty passes over the same points with a dropout that stays on, each with masks of its own.
    let dropout = DropoutConfig::new(Probability::new(0.5)?).with_seed(1).with_mode(DropoutMode::MonteCarlo).init();
    let pass = |_| model.output.forward(dropout.forward(model.features(x.clone())));
    let passes: Vec<Vec<f32>> = (0..50).map(pass).map(|logits| values(activation::softmax(logits, 1))).collect();
    let mut points = Vec::new();
    for (index, &label) in labels.iter().enumerate() {
        let samples = passes.iter().map(|pass| &pass[CLASSES * index..][..CLASSES]);
        let uncertainty = Uncertainty::from_samples(samples)?;
        let top = top_label(&uncertainty.mean.iter().map(|&p| p as f32).collect::<Vec<_>>());
        points.push((uncertainty.predictive_entropy, top.0 == usize::from(label)));
    }
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let accuracy = |points: &[(f64, bool)]| points.iter().filter(|point| point.1).count() as f64 / points.len() as f64;
    let (all, surest) = (accuracy(&points), accuracy(&points[..750]));
    println!("accuracy {:.1} %; on the half with the least entropy {:.1} %", 100.0 * all, 100.0 * surest);
    assert!(surest > all + 0.05, "it should be right where it is sure");

    // Without dropout: a temperature from the first 500 points, examined on the others.
    let logits = values(model.forward(x.clone()));
    let temperature = Temperature::fit(&logits[..500 * CLASSES], &labels[..500], CLASSES)?;
    let plain = values(activation::softmax(model.forward(x), 1));
    let scaled: Vec<f32> = temperature.probabilities(&logits)?.iter().map(|&p| p as f32).collect();
    let error = |probabilities: &[f32]| {
        let (probabilities, labels) = (&probabilities[500 * CLASSES..], &labels[500..]);
        Calibration::from_probabilities(probabilities, labels, CLASSES, Calibration::DEFAULT_BINS)
            .map(|bins| bins.expected_error())
    };
    let (before, after) = (error(&plain)?, error(&scaled)?);
    println!("calibration error {before:.3}; at temperature {:.2} {after:.3}", temperature.value);
    println!("loss of the 500 points {:.3}, then {:.3}", temperature.nll_before, temperature.nll_after);
    assert!(temperature.nll_after < temperature.nll_before, "a model this sure of itself should cool down");
    Ok(())
}

/// Trained for long on few points, hence too sure of itself.
fn trained() -> Existing<Flex> {
    let linear = |d_input, d_output| LinearConfig::new(d_input, d_output).init(&Default::default());
    Flex::seed(&Default::default(), 42); // Burn's dropout draws from a generator of the whole process.
    let dropout = nn::DropoutConfig::new(0.5).init();
    let model = Existing::<Autodiff<Flex>> { hidden: linear(2, 128), dropout, output: linear(128, CLASSES) };
    let mut model = LayerInit::torch().apply(model, 42);
    let (x, labels) = clouds(120, 1);
    let targets = Tensor::<_, 1, Int>::from_data(TensorData::new(labels, [120]), &Default::default());
    let mut optimizer = AdamConfig::new().init();
    for _ in 0..400 {
        let loss = CrossEntropy::default().forward(model.forward(x.clone()), targets.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(0.02, model, gradients);
    }
    model.valid()
}

/// Points of three clouds that overlap, `[n, 2]`, and the cloud of each.
fn clouds<B: Backend>(n: usize, seed: u64) -> (Tensor<B, 2>, Vec<u8>) {
    let labels: Vec<u8> = (0..n).map(|index| (index % CLASSES) as u8).collect();
    let centers = labels.iter().flat_map(|&label| [[0.0, 1.0], [0.9, -0.5], [-0.9, -0.5]][usize::from(label)]);
    let noise = Key::new(seed, *b"clouds\0\0").normals();
    let points: Vec<f32> = centers.zip(noise).map(|(center, z)| (center + 0.8 * z) as f32).collect();
    (Tensor::from_data(TensorData::new(points, [n, 2]), &Default::default()), labels)
}
