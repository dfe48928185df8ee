//! The network from scratch beside the library's: the same weights, batches and masks, and so the same losses.

use anyhow::Result;
use burn::module::AutodiffModule;
use burn::tensor::Tensor;
use burn_mlp::scratch::mlp::{Dense, ScratchMlp};
use burn_mlp::{Activation, Mlp, Probability};

use crate::backend::{Inner, Train};
use crate::batches::Batches;
use crate::config::{Config, OptimizerKind};
use crate::evaluate::values;
use crate::finding::{Bound, Claim, Finding, spread};
use crate::lab::Lab;
use crate::learner::Learner;
use crate::schedule::Schedule;
use crate::settings::Invalid;

/// Rounding of 32-bit floats in sums of some hundred terms.
const ROUNDING: f64 = 1e-5;

/// Refuses what the network from scratch does not know.
///
/// # Errors
///
/// [`Invalid`] for the first key.
pub(super) fn validate_run(run: &Config) -> Result<(), Invalid> {
    let (model, optimizer, training) = (&run.model, &run.optimizer, &run.training);
    let activation = model.activation;
    Invalid::unless(
        activation == Activation::Relu,
        "model.activation",
        activation,
        "relu: the network from scratch has no other",
    )?;
    Invalid::unless(
        !model.batch_norm,
        "model.batch_norm",
        model.batch_norm,
        "false: the network from scratch has none",
    )?;
    let input = model.input_dropout;
    Invalid::unless(input == Probability::ZERO, "model.input_dropout", input, "0: the network from scratch has none")?;
    let plain = optimizer.kind == OptimizerKind::Sgd && optimizer.momentum == 0.0 && optimizer.weight_decay == 0.0;
    Invalid::unless(plain, "optimizer.kind", optimizer.kind, "sgd without momentum and weight decay, as from scratch")?;
    let clip = training.gradient_clip;
    Invalid::unless(clip == 0.0, "training.gradient_clip", clip, "0: the network from scratch does not clip")?;
    let smoothing = training.label_smoothing;
    Invalid::unless(smoothing == Probability::ZERO, "training.label_smoothing", smoothing, "0, as from scratch")
}

/// Claims that both do the same in each of the first `steps` steps.
///
/// # Errors
///
/// If there is no data, or the network is more than linear maps, ReLU and dropout.
pub(super) fn claim(
    finding: &mut Finding,
    lab: &Lab,
    seeds: &[u64],
    steps: usize,
    config: impl Fn(u64) -> Config,
) -> Result<()> {
    lab.tell("from scratch");
    let mut twins = Vec::with_capacity(seeds.len());
    for &seed in seeds {
        twins.push(compare(lab, &config(seed), steps)?);
    }
    let of = |figure: fn(&Differences) -> f64| twins.iter().map(figure).collect::<Vec<f64>>();
    finding
        .claim(Claim::measured(
            format!("From scratch beside the library, {steps} steps from the same weights: largest relative difference of the loss"),
            of(|twin| twin.loss),
            Bound::EachAtMost(ROUNDING),
        ))
        .claim(Claim::measured(
            format!("From scratch beside the library, {steps} steps from the same weights: largest difference of a new weight"),
            of(|twin| twin.weight),
            Bound::EachAtMost(ROUNDING),
        ))
        .note(format!(
            "Left to itself for {steps} steps the network from scratch has losses that differ by at most {} (relative): \
             rounding differences grow with the steps, the faster the larger the learning rate.",
            spread(&of(|twin| twin.free))
        ));
    Ok(())
}

/// Largest differences over some steps.
#[derive(Default)]
struct Differences {
    /// Of the loss, both starting each step from the library's weights; relative.
    loss: f64,
    /// Of a weight after such a step.
    weight: f64,
    /// Of the loss, where the network from scratch goes its own way from the first step on; relative.
    free: f64,
}

fn compare(lab: &Lab, config: &Config, steps: usize) -> Result<Differences> {
    let (training, device) = (&config.training, lab.device());
    let concise = lab.mlp(config)?;
    let mut free = ScratchMlp::<Inner>::from_mlp(&concise.valid())?;
    let mut learner = Learner::new(concise, config);
    let train = lab.data()?.train.clone();
    let batches = Batches::<Train>::new(train, config.data.normalization(), training.batch_size, training.seed, device);
    let order = batches.order(0);
    let per_epoch = batches.steps_per_epoch() as u64;
    let schedule = Schedule::new(config.schedule, training.learning_rate, per_epoch, training.epochs);
    let mut largest = Differences::default();
    for step in 0..steps.min(batches.steps_per_epoch()) {
        let examples = batches.step(&order, step);
        let count = examples.indices().len();
        let batch = examples.batch(0..count, device);
        let masks = masks(learner.network(), step as u64, count);
        let learning_rate = schedule.learning_rate(step as u64);
        let mut scratch = ScratchMlp::from_mlp(&learner.network().valid())?;
        let loss_of = |network: &mut ScratchMlp<Inner>| {
            let (images, targets) = (batch.images.clone().inner(), batch.targets.clone().inner());
            f64::from(values(network.train_step(images, targets, &masks, learning_rate))[0])
        };
        let (from_scratch, on_its_own) = (loss_of(&mut scratch), loss_of(&mut free));
        let (output, gradients) =
            learner.gradients(step as u64, count, |range| examples.batch(range, device), None, device);
        learner.update::<Train>(learning_rate, gradients);
        let loss = f64::from(values(output.loss)[0]);
        largest.loss = largest.loss.max((loss - from_scratch).abs() / loss);
        largest.free = largest.free.max((loss - on_its_own).abs() / loss);
        let moved = ScratchMlp::from_mlp(&learner.network().valid())?;
        largest.weight = largest.weight.max(largest_difference(&scratch, &moved));
    }
    Ok(largest)
}

fn largest_difference(one: &ScratchMlp<Inner>, other: &ScratchMlp<Inner>) -> f64 {
    let difference = |one: &Tensor<Inner, 2>, other: &Tensor<Inner, 2>| {
        f64::from(values((one.clone() - other.clone()).abs().max())[0])
    };
    let of_layer = |(one, other): (&Dense<Inner>, &Dense<Inner>)| {
        difference(&one.weight, &other.weight).max(difference(&one.bias, &other.bias))
    };
    one.layers.iter().zip(&other.layers).map(of_layer).fold(0.0, f64::max)
}

/// The masks of a step: what the library's layers make of ones.
fn masks(mlp: &Mlp<Train>, step: u64, batch: usize) -> Vec<Tensor<Inner, 2>> {
    mlp.seek_dropout(step);
    let mask = |layer: &burn_mlp::HiddenLayer<Train>| {
        let [_, width] = layer.linear.weight.dims();
        layer.dropout.forward(Tensor::<Train, 2>::ones([batch, width], &layer.linear.weight.device())).inner()
    };
    mlp.hidden.iter().map(mask).collect()
}
