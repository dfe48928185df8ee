//! Time of a training step beside the same network of plain `burn::nn` layers with Burn's loss and optimizer:
//! 784-256-256-10, ReLU, dropout 0.2 and 0.5, SGD. Steps of both alternate; printed are medians.
//!
//! ```text
//! cargo run --release -p burn-mlp-train --example step_time --features flex,ndarray
//! ```

use std::time::Instant;

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig};
use burn::optim::{GradientsParams, Optimizer as _, SgdConfig};
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Int, Tensor, TensorData, activation::relu};
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use burn_mlp::{CrossEntropy, Key, MlpConfig};
use burn_mlp_train::{Learner, Optimizer, Placement};
use burn_ndarray::NdArray;

const STEPS: usize = 300;
const RATE: f64 = 0.01;

#[derive(Module, Debug)]
struct Plain<B: Backend> {
    layers: [Linear<B>; 3],
    dropout: [Dropout; 2],
}

impl<B: Backend> Plain<B> {
    fn new(device: &B::Device) -> Self {
        Self {
            layers: [(784, 256), (256, 256), (256, 10)].map(|(i, o)| LinearConfig::new(i, o).init(device)),
            dropout: [0.2, 0.5].map(|prob| DropoutConfig::new(prob).init()),
        }
    }

    fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let hidden = self.layers.iter().zip(&self.dropout);
        let x = hidden.fold(x, |x, (layer, dropout)| dropout.forward(relu(layer.forward(x))));
        self.layers[2].forward(x)
    }
}

fn compare<B: AutodiffBackend>(name: &str, batch: usize) -> Result<(), Box<dyn std::error::Error>> {
    let device = Default::default();
    let pixels: Vec<f32> = Key::new(1, *b"pixels\0\0").uniforms().map(|u| u as f32).take(784 * batch).collect();
    let x = Tensor::<B, 2>::from_data(TensorData::new(pixels, [batch, 784]), &device);
    let classes: Vec<i32> = (0..batch as i32).map(|index| index % 10).collect();
    let y = Tensor::<B, 1, Int>::from_data(TensorData::new(classes, [batch]), &device);

    let mut plain = Plain::<B>::new(&device);
    let mut sgd = SgdConfig::new().init::<B, Plain<B>>();
    let loss = CrossEntropyLossConfig::new().init(&device);
    let network = MlpConfig::new(784, [256, 256], 10).with_dropout([0.2, 0.5]).init::<B>(&device)?;
    let mut learner = Learner::new(network, Optimizer::default(), CrossEntropy::default(), Placement::HOST);
    let whole = |rows: std::ops::Range<usize>| (x.clone().slice([rows.clone()]), y.clone().slice([rows]));

    let mut times = [const { Vec::new() }; 3];
    for step in 0..STEPS as u64 {
        let start = Instant::now();
        let gradients = loss.forward(plain.forward(x.clone()), y.clone()).backward();
        let gradients = GradientsParams::from_grads(gradients, &plain);
        plain = sgd.step(RATE, plain, gradients);
        times[0].push(start.elapsed());

        let start = Instant::now();
        learner.step(step, RATE, x.clone(), y.clone());
        times[1].push(start.elapsed());

        let start = Instant::now();
        let (_, gradients) = learner.gradients(step, batch, whole, None, &device);
        learner.update::<B>(RATE, gradients);
        times[2].push(start.elapsed());
    }
    let [plain, step, divided] = times.map(|mut times| {
        times.sort();
        times[STEPS / 2].as_secs_f64() * 1e3
    });
    println!(
        "{name:<8} {batch:>5} {plain:>9.3} {step:>13.3} {:>6.2} {divided:>12.3} {:>6.2}",
        step / plain,
        divided / plain
    );
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("milliseconds  burn::nn  Learner::step  ratio  micro-batches  ratio");
    for batch in [64, 256] {
        compare::<Autodiff<Flex>>("flex", batch)?;
        compare::<Autodiff<NdArray>>("ndarray", batch)?;
    }
    Ok(())
}
