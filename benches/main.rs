//! Benchmarks on the backend that the features choose: `cargo bench -p runner --features flex`.
//!
//! Each measurement includes the synchronization of the device.
#![recursion_limit = "256"]
#![allow(missing_docs, reason = "criterion_group! generates a public function")]

use std::hint::black_box;
use std::ops::Range;
use std::path::Path;

use burn::module::AutodiffModule;
use burn::nn;
use burn::tensor::backend::Backend;
use burn::tensor::{Distribution, Tensor};
use burn_fashion_mnist::{FashionMnist, Images, Normalization};
use burn_mlp::{CrossEntropy, DropoutConfig, Fans, Init, Key, Mlp, MlpConfig, Probability};
use burn_mlp_train::{Examples as _, Learner, Optimizer};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mlp_lab::images::ImageExamples;
use mlp_splits::permutation;
use runner::backend::{Inner, PLACEMENT, Train};

type Device = runner::backend::Device;

fn wait(device: &Device) {
    Inner::sync(device).expect("the device works");
}

fn probability(value: f64) -> Probability {
    Probability::new(value).expect("a probability")
}

/// Random activations of one hidden layer, for a batch of the default configuration.
fn activations(device: &Device) -> Tensor<Train, 2> {
    Tensor::random([256, 256], Distribution::Normal(0.0, 1.0), device)
}

fn dropout(criterion: &mut Criterion) {
    let device = Device::default();
    let ours = DropoutConfig::new(probability(0.5)).with_seed(1).init();
    let burns = nn::DropoutConfig::new(0.5).init();
    let mut group = criterion.benchmark_group("dropout 256x256");
    group.throughput(Throughput::Elements(256 * 256));

    let x = activations(&device);
    let mut forward = |name: &str, layer: &dyn Fn(Tensor<Train, 2>) -> Tensor<Train, 2>| {
        group.bench_function(BenchmarkId::new("forward", name), |bencher| {
            bencher.iter(|| {
                black_box(layer(x.clone()));
                wait(&device);
            });
        });
        group.bench_function(BenchmarkId::new("forward and backward", name), |bencher| {
            bencher.iter(|| {
                let x = x.clone().require_grad();
                black_box(layer(x).backward());
                wait(&device);
            });
        });
    };
    forward("burn-mlp", &|x| ours.forward(x));
    forward("burn::nn", &|x| burns.forward(x));
    group.finish();
}

fn initialization(criterion: &mut Criterion) {
    let (fans, key) = (Fans { fan_in: 784, fan_out: 256 }, Key::new(1, *b"bench\0\0\0"));
    let mut group = criterion.benchmark_group("init 784x256");
    for (name, init) in
        [("xavier-uniform", Init::XavierUniform { gain: 1.0 }), ("xavier-normal", Init::XavierNormal { gain: 1.0 })]
    {
        group.bench_function(name, |bencher| bencher.iter(|| init.sample(784 * 256, fans, key)));
    }
    group.finish();
}

/// Synthetic images of the size of those of Fashion-MNIST.
fn images(count: usize) -> Images {
    let pixels = Key::new(1, *b"pixels\0\0").uniforms().map(|pixel| (pixel * 256.0) as u8).take(count * 784).collect();
    let labels = (0..count).map(|index| (index % 10) as u8).collect();
    Images::new(pixels, labels, 28, 28, 10).expect("ten classes")
}

fn training_step(criterion: &mut Criterion) {
    let device = Device::default();
    let mut group = criterion.benchmark_group("training step");
    group.sample_size(20);
    for (width, depth, batch) in
        [(256, 2, 256), (64, 2, 256), (1024, 2, 256), (256, 8, 256), (256, 2, 32), (256, 2, 2048)]
    {
        let config = MlpConfig::new(784, vec![width; depth], 10).with_dropout(0.5);
        let mlp: Mlp<Train> = config.init(&device).expect("a valid network");
        let mut learner = Learner::new(mlp, Optimizer::default(), CrossEntropy::default(), PLACEMENT);
        let examples = ImageExamples::<Train>::new(images(batch), Normalization::default());
        let examples = examples.resident(PLACEMENT.resident, &device);
        let (order, mut step) = (examples.order(1, 0), 0);
        group.throughput(Throughput::Elements(batch as u64));
        group.bench_function(format!("width {width}, depth {depth}, batch {batch}"), |bencher| {
            bencher.iter(|| {
                let batch_of = |range: Range<usize>| {
                    let indices = &order[range];
                    (examples.features(indices, &device), examples.targets(indices, &device))
                };
                let (_, gradients) = learner.gradients(step, batch, batch_of, None, &device);
                learner.update::<Train>(1e-3, gradients);
                step += 1;
                wait(&device);
            });
        });
    }
    group.finish();
}

fn data(criterion: &mut Criterion) {
    let device = Device::default();
    let images = images(10_000);
    let mut group = criterion.benchmark_group("data");
    let order = permutation(images.len(), 1, 0);
    group.bench_function("batch of 256", |bencher| {
        bencher.iter(|| images.batch::<Inner>(&order[..256], Normalization::default(), &device));
    });
    group.bench_function("order of 60,000", |bencher| bencher.iter(|| permutation(60_000, 1, 0)));
    let folder = Path::new("/usr/share/datasets/fashion-mnist");
    if folder.exists() {
        group.sample_size(10);
        group.bench_function("load, verify and decode Fashion-MNIST", |bencher| {
            bencher.iter(|| FashionMnist::from_dir(folder, true).expect("the published files"));
        });
    }
    group.finish();
}

fn inference(criterion: &mut Criterion) {
    let device = Device::default();
    let mlp: Mlp<Train> = MlpConfig::new(784, [256, 256], 10).init(&device).expect("a network");
    let mlp = mlp.valid();
    let mut group = criterion.benchmark_group("inference");
    for batch in [1, 1024] {
        let x = Tensor::<Inner, 2>::random([batch, 784], Distribution::Uniform(0.0, 1.0), &device);
        group.throughput(Throughput::Elements(batch as u64));
        group.bench_function(format!("batch {batch}"), |bencher| {
            bencher.iter(|| {
                black_box(mlp.forward(x.clone()));
                wait(&device);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, dropout, initialization, training_step, data, inference);
criterion_main!(benches);
