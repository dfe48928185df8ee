//! [`Mlp`] in Burn's `Learner`, with its data loader, metrics and checkpoints: inside or outside of a ring.
//!
//! ```text
//! cargo run -p burn-mlp --features train --example learner -- [FOLDER]
//! ```

use std::path::Path;

use burn::data::dataloader::{DataLoaderBuilder, batcher::Batcher};
use burn::data::dataset::InMemDataset;
use burn::optim::AdamConfig;
use burn::record::DefaultRecorder;
use burn::tensor::{Tensor, TensorData, backend::Backend};
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use burn_mlp::{ClassificationBatch, Key, Mlp, MlpConfig, MlpError};
use burn_train::metric::{AccuracyMetric, LossMetric, MetricDefinition};
use burn_train::renderer::*;
use burn_train::{InferenceStep, Learner, SupervisedTraining};

type B = Autodiff<Flex>;

const BATCH: usize = 64;

#[derive(Clone, Debug)]
struct Point {
    coordinates: [f32; 2],
    inside: bool,
}

fn points(n: usize, seed: u64) -> Vec<Point> {
    let mut uniforms = Key::new(seed, *b"points\0\0").uniforms().map(|u| (2.0 * u - 1.0) as f32);
    let mut draw = || uniforms.next().unwrap_or_default();
    let point = |[x, y]: [f32; 2]| Point { coordinates: [x, y], inside: (0.3..0.8).contains(&x.hypot(y)) };
    (0..n).map(|_| point([draw(), draw()])).collect()
}

#[derive(Clone)]
struct PointBatcher;

// For every backend: the learner trains on one and validates on the one inside it.
impl<B: Backend> Batcher<B, Point, ClassificationBatch<B>> for PointBatcher {
    fn batch(&self, points: Vec<Point>, device: &B::Device) -> ClassificationBatch<B> {
        let n = points.len();
        let coordinates: Vec<f32> = points.iter().flat_map(|point| point.coordinates).collect();
        let inside: Vec<i32> = points.iter().map(|point| point.inside.into()).collect();
        ClassificationBatch {
            inputs: Tensor::from_data(TensorData::new(coordinates, [n, 2]), device),
            targets: Tensor::from_data(TensorData::new(inside, [n]), device),
        }
    }
}

/// Trains up to an epoch: from the start, or from the checkpoint of an earlier epoch in `folder`.
fn train(folder: &Path, epochs: usize, checkpoint: Option<usize>) -> Result<Mlp<Flex>, MlpError> {
    // In the order of the set: the loader of a resumed run would shuffle as in its first epochs.
    let train = DataLoaderBuilder::<B, _, _>::new(PointBatcher).batch_size(BATCH);
    let valid = DataLoaderBuilder::<Flex, _, _>::new(PointBatcher).batch_size(512);
    let (train, valid) =
        (train.build(InMemDataset::new(points(1024, 1))), valid.build(InMemDataset::new(points(512, 2))));
    let training = SupervisedTraining::new(folder, train, valid)
        .metrics((AccuracyMetric::new(), LossMetric::new()))
        .with_file_checkpointer(DefaultRecorder::new())
        .renderer(OnlySummary)
        .num_epochs(epochs)
        .summary();
    let training = checkpoint.into_iter().fold(training, SupervisedTraining::checkpoint);
    let config = MlpConfig::new(2, [32, 32], 2).with_dropout([0.0, 0.1]).with_seed(42);
    let mlp = config.init::<B>(&Default::default())?;
    Ok(training.launch(Learner::new(mlp, AdamConfig::new().init(), 0.01)).model)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).unwrap_or_else(|| std::env::temp_dir().join("burn-mlp-learner").into());
    let folder = Path::new(&folder);
    let model = train(&folder.join("at-once"), 20, None)?;

    // The model that comes back predicts: dropout is off.
    let batch = PointBatcher.batch(points(512, 3), &Default::default());
    let (expected, output) = (batch.targets.clone(), InferenceStep::step(&model, batch));
    let right = output.output.argmax(1).squeeze_dim::<1>(1).equal(expected).int().sum().into_scalar();
    println!("{right} of 512 new points right; metrics and checkpoints in {}", folder.display());
    assert!(right > 480, "it should have learned the ring");

    // A run that goes on from a checkpoint draws the masks that are next, and ends with the same bits.
    train(&folder.join("resumed"), 8, None)?;
    let resumed = train(&folder.join("resumed"), 20, Some(8))?;
    let drawn = resumed.hidden[1].dropout.position().call;
    println!("{drawn} masks drawn in 20 epochs, 12 of them after a checkpoint");
    assert_eq!(drawn, 20 * 1024 / BATCH as u64);
    assert_eq!(resumed.output.weight.to_data(), model.output.weight.to_data());
    Ok(())
}

/// Without its terminal interface Burn prints two lines a batch. The summary at the end is enough here.
struct OnlySummary;

impl MetricsRendererTraining for OnlySummary {
    fn update_train(&mut self, _: MetricState) {}
    fn update_valid(&mut self, _: MetricState) {}
    fn render_train(&mut self, _: TrainingProgress, _: Vec<ProgressType>) {}
    fn render_valid(&mut self, _: TrainingProgress, _: Vec<ProgressType>) {}
}

impl MetricsRendererEvaluation for OnlySummary {
    fn update_test(&mut self, _: EvaluationName, _: MetricState) {}
    fn render_test(&mut self, _: EvaluationProgress, _: Vec<ProgressType>) {}
}

impl MetricsRenderer for OnlySummary {
    fn manual_close(&mut self) {}
    fn register_metric(&mut self, _: MetricDefinition) {}
}
