//! Parity checks: the network from scratch beside the library's, with the same weights, batches and masks, and so with
//! the same losses.

use anyhow::Result;
use burn::module::AutodiffModule;
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn_fashion_mnist::{Images, Normalization};
use burn_mlp::{Activation, DropoutLayers as _, HiddenLayer, Mlp, Probability};
use burn_mlp_train::{Callback, Placement, StepView, TrainError, Trainer, values};
use mlp_settings::Invalid;
use mlp_settings::config::{Config, OptimizerKind};
use serde::{Deserialize, Serialize};

use crate::finding::{Bound, Claim, Finding, spread};
use crate::images::ImageExamples;
use crate::platform::{Device, Inner};
use crate::scratch::mlp::{Dense, ScratchMlp};
use crate::{Lab, Platform};

/// Rounding of 32-bit floats in sums of some hundred terms.
const ROUNDING: f64 = 1e-5;

/// Refuses what the network from scratch does not know.
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

/// Largest differences over some steps.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Differences {
    /// Of the loss, both starting each step from the library's weights; relative.
    loss: f64,
    /// Of a weight after such a step.
    weight: f64,
    /// Of the loss, where the network from scratch goes its own way from the first step on; relative.
    free: f64,
}

/// Trains the library's network for at most `steps` steps of the first epoch, with the one from scratch beside it.
pub(super) fn measure<P: Platform>(lab: &Lab<P>, config: &Config, steps: usize) -> Result<Differences> {
    lab.tell("from scratch");
    let (device, normalization) = (lab.device(), config.data.normalization());
    let images = &lab.data().train;
    let network = lab.mlp(config)?;
    let mut parity = Parity::<P> {
        images,
        normalization,
        device,
        steps_left: steps.min(images.len().div_ceil(config.training.batch_size)),
        free: ScratchMlp::from_mlp(&network.valid())?,
        current: None,
        largest: Differences::default(),
    };
    // Each loss is compared before the next step.
    let placement = Placement { steps_between_reads: 1, ..lab.placement() };
    let examples = ImageExamples::<P::Train>::new(images.clone(), normalization).resident(placement.resident, device);
    let trainer = Trainer::new(network, examples, config.trainer(), device).with_loss(config.loss());
    match trainer.with_placement(placement).with_callback(&mut parity).run() {
        Ok(_) | Err(TrainError::Stopped { .. }) => Ok(parity.largest),
        Err(error) => Err(error.into()),
    }
}

/// Claims that both networks did the same in each of the first `steps` steps.
pub(super) fn claim<'a>(finding: &mut Finding, steps: usize, differences: impl Iterator<Item = &'a Differences>) {
    let differences: Vec<&Differences> = differences.collect();
    let of = |metric: fn(&Differences) -> f64| differences.iter().map(|each| metric(each)).collect::<Vec<f64>>();
    finding
        .claim(Claim::check(
            format!("From scratch beside the library, {steps} steps from the same weights: largest relative difference of the loss"),
            of(|differences| differences.loss),
            Bound::EachAtMost(ROUNDING),
        ))
        .claim(Claim::check(
            format!("From scratch beside the library, {steps} steps from the same weights: largest difference of a new weight"),
            of(|differences| differences.weight),
            Bound::EachAtMost(ROUNDING),
        ))
        .note(format!(
            "Left to itself for {steps} steps the network from scratch has losses that differ by at most {} (relative): \
             rounding differences grow with the steps, the faster the larger the learning rate.",
            spread(&of(|differences| differences.free))
        ));
}

/// Makes each step of the library's network from scratch as well.
struct Parity<'a, P: Platform> {
    images: &'a Images,
    normalization: Normalization,
    device: &'a Device<P>,
    steps_left: usize,
    /// The network from scratch that never sees the library's weights again.
    free: ScratchMlp<Inner<P>>,
    current: Option<FromScratch<Inner<P>>>,
    largest: Differences,
}

/// What the step that the library is about to make is from scratch.
struct FromScratch<B: Backend> {
    /// The library's network, moved from scratch.
    network: ScratchMlp<B>,
    loss: f64,
    /// Loss of the network that goes its own way.
    free_loss: f64,
}

impl<P: Platform> Callback<Mlp<P::Train>> for Parity<'_, P> {
    fn before_step(&mut self, step: &StepView<'_, Mlp<P::Train>>) {
        let masks = masks(step.network, step.step, step.indices.len());
        let batch = self.images.batch::<Inner<P>>(step.indices, self.normalization, self.device);
        let train = |network: &mut ScratchMlp<Inner<P>>| {
            let (images, targets) = (batch.images.clone(), batch.targets.clone());
            f64::from(values(network.train_step(images, targets, &masks, step.learning_rate))[0])
        };
        let mut network = from_scratch(step.network);
        let loss = train(&mut network);
        self.current = Some(FromScratch { network, loss, free_loss: train(&mut self.free) });
    }

    fn after_step(&mut self, step: &StepView<'_, Mlp<P::Train>>) {
        let current = self.current.take().expect("a step begins before it ends");
        let loss = step.loss.expect("each loss is read in its step");
        let moved = from_scratch(step.network);
        let largest = &mut self.largest;
        largest.loss = largest.loss.max((loss - current.loss).abs() / loss);
        largest.free = largest.free.max((loss - current.free_loss).abs() / loss);
        largest.weight = largest.weight.max(largest_difference(&current.network, &moved));
        self.steps_left -= 1;
    }

    fn should_stop(&mut self) -> bool {
        self.steps_left == 0
    }
}

fn from_scratch<B: AutodiffBackend>(network: &Mlp<B>) -> ScratchMlp<B::InnerBackend> {
    ScratchMlp::from_mlp(&network.valid()).expect("as possible as before the first step")
}

fn largest_difference<B: Backend>(one: &ScratchMlp<B>, other: &ScratchMlp<B>) -> f64 {
    let difference =
        |one: &Tensor<B, 2>, other: &Tensor<B, 2>| f64::from(values((one.clone() - other.clone()).abs().max())[0]);
    let of_layer = |(one, other): (&Dense<B>, &Dense<B>)| {
        difference(&one.weight, &other.weight).max(difference(&one.bias, &other.bias))
    };
    one.layers.iter().zip(&other.layers).map(of_layer).fold(0.0, f64::max)
}

/// The masks of a step: what the library's layers make of ones.
fn masks<B: AutodiffBackend>(mlp: &Mlp<B>, step: u64, batch: usize) -> Vec<Tensor<B::InnerBackend, 2>> {
    mlp.seek_dropout(step);
    let mask = |layer: &HiddenLayer<B>| {
        let [_, width] = layer.linear.weight.dims();
        layer.dropout.forward(Tensor::<B, 2>::ones([batch, width], &layer.linear.weight.device())).inner()
    };
    mlp.hidden.iter().map(mask).collect()
}
