//! The default job in stock Burn: 784-256-256-10 of `burn::nn` modules, dropout 0.2 and 0.5, SGD at 0.5, batches of
//! 256 from a `DataLoader`, and a loop over it.
//!
//! Prints one JSON object; the time of an epoch is that of its training part, as in the runner's records.
#![recursion_limit = "256"]
#![forbid(unsafe_code)]

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use burn::backend::{Autodiff, Flex, NdArray};
use burn::data::dataloader::{DataLoader, DataLoaderBuilder};
use burn::module::{AutodiffModule, Module};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Dropout, DropoutConfig, Initializer, Linear, LinearConfig, Relu};
use burn::optim::{GradientsParams, Optimizer, SgdConfig};
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{ElementConversion, Int, Tensor};
use burn_fashion_mnist::{Batch, FashionMnist, ImageBatcher};
use clap::{Parser, ValueEnum};
use serde_json::{Value, json};

const BATCH_SIZE: usize = 256;
const LEARNING_RATE: f64 = 0.5;

/// The default job in stock Burn
#[derive(Debug, Parser)]
struct Arguments {
    /// Backend
    #[arg(long, value_enum, default_value_t = Choice::Flex)]
    backend: Choice,
    /// Folder of the four IDX files
    #[arg(long)]
    data: PathBuf,
    /// Accept files that are not the published Fashion-MNIST
    #[arg(long)]
    unverified: bool,
    /// Passes over the training set
    #[arg(long, default_value_t = 10)]
    epochs: usize,
    /// Threads of the loader; 0 makes the batches in the loop
    #[arg(long, default_value_t = 0)]
    workers: usize,
    /// Seed of weights, batches and masks
    #[arg(long, default_value_t = 42)]
    seed: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Choice {
    Flex,
    Ndarray,
}

#[derive(Module, Debug)]
struct Net<B: Backend> {
    linear1: Linear<B>,
    dropout1: Dropout,
    linear2: Linear<B>,
    dropout2: Dropout,
    linear3: Linear<B>,
    activation: Relu,
}

impl<B: Backend> Net<B> {
    fn new(device: &B::Device) -> Self {
        Self {
            linear1: linear(784, 256, device),
            dropout1: DropoutConfig::new(0.2).init(),
            linear2: linear(256, 256, device),
            dropout2: DropoutConfig::new(0.5).init(),
            linear3: linear(256, 10, device),
            activation: Relu::new(),
        }
    }

    fn forward(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        let x = self.dropout1.forward(self.activation.forward(self.linear1.forward(images)));
        let x = self.dropout2.forward(self.activation.forward(self.linear2.forward(x)));
        self.linear3.forward(x)
    }
}

fn linear<B: Backend>(d_input: usize, d_output: usize, device: &B::Device) -> Linear<B> {
    let initializer = Initializer::XavierUniform { gain: 1.0 };
    let mut linear = LinearConfig::new(d_input, d_output).with_initializer(initializer).init(device);
    // The initializer would fill the bias too.
    linear.bias = Some(Initializer::Zeros.init([d_output], device));
    linear
}

fn correct<B: Backend>(logits: Tensor<B, 2>, targets: Tensor<B, 1, Int>) -> f64 {
    logits.argmax(1).squeeze_dim::<1>(1).equal(targets).int().sum().into_scalar().elem()
}

fn accuracy<B: Backend>(net: &Net<B>, loader: &Arc<dyn DataLoader<B, Batch<B>>>) -> f64 {
    let right: f64 = loader.iter().map(|batch| correct(net.forward(batch.images), batch.targets)).sum();
    right / loader.num_items() as f64
}

fn train<B: AutodiffBackend>(arguments: &Arguments) -> Result<Vec<Value>, Box<dyn Error>> {
    let device = B::Device::default();
    B::seed(&device, arguments.seed);
    let data = FashionMnist::from_dir(&arguments.data, !arguments.unverified)?;
    let train = DataLoaderBuilder::<B, _, _>::new(ImageBatcher::default())
        .batch_size(BATCH_SIZE)
        .shuffle(arguments.seed)
        .num_workers(arguments.workers)
        .build(data.train);
    let test = DataLoaderBuilder::<B::InnerBackend, _, _>::new(ImageBatcher::default())
        .batch_size(BATCH_SIZE)
        .num_workers(arguments.workers)
        .build(data.test);

    let mut net = Net::<B>::new(&device);
    let mut optimizer = SgdConfig::new().init();
    let cross_entropy = CrossEntropyLossConfig::new().init(&device);
    let examples = train.num_items() as f64;
    let mut epochs = Vec::new();
    for epoch in 1..=arguments.epochs {
        let started = Instant::now();
        let (mut loss_sum, mut right) = (0.0, 0.0);
        for batch in train.iter() {
            let size = batch.targets.dims()[0] as f64;
            let logits = net.forward(batch.images);
            let loss = cross_entropy.forward(logits.clone(), batch.targets.clone());
            let gradients = GradientsParams::from_grads(loss.backward(), &net);
            net = optimizer.step(LEARNING_RATE, net, gradients);
            loss_sum += loss.into_scalar().elem::<f64>() * size;
            right += correct(logits, batch.targets);
        }
        let seconds = started.elapsed().as_secs_f64();
        let started = Instant::now();
        let test_accuracy = accuracy(&net.valid(), &test);
        epochs.push(json!({
            "epoch": epoch,
            "seconds": seconds,
            "evaluation_seconds": started.elapsed().as_secs_f64(),
            "train_loss": loss_sum / examples,
            "train_accuracy": right / examples,
            "test_accuracy": test_accuracy,
        }));
        eprintln!("epoch {epoch}: {seconds:.2} s, test accuracy {:.2} %", 100.0 * test_accuracy);
    }
    Ok(epochs)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let epochs = match arguments.backend {
        Choice::Flex => train::<Autodiff<Flex>>(&arguments)?,
        Choice::Ndarray => train::<Autodiff<NdArray>>(&arguments)?,
    };
    println!("{}", json!({ "versions": { "burn": "0.21.0" }, "epochs": epochs }));
    Ok(())
}
