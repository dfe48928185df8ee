//! One training step: forward pass, loss, gradients, update.

use std::ops::Range;

use burn::module::AutodiffModule;
use burn::optim::GradientsParams;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Int, Tensor, TensorData};
use burn_mlp::CrossEntropy;

use crate::micro_batches::MicroBatches;
use crate::{Classifier, Gradients, Optimizer, Placement};

/// A network with its optimizer and loss.
pub struct Learner<M> {
    /// Absent only during an update: the optimizer takes ownership, and can update parameters in place.
    network: Option<M>,
    /// The rule that turns gradients into steps.
    pub optimizer: Optimizer,
    loss: CrossEntropy,
    micro_batches: MicroBatches,
}

/// Loss and logits of a step, detached from the autodiff graph.
pub struct StepOutput<B: Backend> {
    /// Mean loss of the batch, `[1]`.
    pub loss: Tensor<B, 1>,
    /// Logits, `[batch, classes]`.
    pub logits: Tensor<B, 2>,
}

impl<B: Backend> StepOutput<B> {
    /// The output of two micro-batches together.
    fn join(self, other: Self) -> Self {
        Self { loss: self.loss + other.loss, logits: Tensor::cat(vec![self.logits, other.logits], 0) }
    }
}

impl<M> Learner<M> {
    /// A learner before its first step.
    pub fn new(network: M, optimizer: Optimizer, loss: CrossEntropy, placement: Placement) -> Self {
        Self {
            network: Some(network),
            optimizer: optimizer.with_one_pass(placement.one_pass),
            loss,
            micro_batches: MicroBatches::new(placement.micro_batches),
        }
    }

    /// The network in training.
    ///
    /// # Panics
    ///
    /// If an update panicked before.
    pub fn network(&self) -> &M {
        self.network.as_ref().expect("the optimizer gives the network back")
    }

    /// The network, taken out of the learner.
    ///
    /// # Panics
    ///
    /// If an update panicked before.
    pub fn into_network(self) -> M {
        self.network.expect("the optimizer gives the network back")
    }

    /// Whether a batch of `examples` is computed in micro-batches.
    pub fn divides<B: Backend, F>(&self, examples: usize) -> bool
    where
        M: Classifier<B, F>,
    {
        self.network().has_independent_rows() && self.micro_batches.ranges(examples).len() > 1
    }

    /// How batches are divided.
    pub(crate) fn micro_batches(&self) -> MicroBatches {
        self.micro_batches
    }

    /// Runs the forward and backward pass of a step on a batch of `examples` examples.
    ///
    /// `step` is the number of the step, which chooses the dropout masks. `batch` returns the features and classes of
    /// a range of the batch.
    ///
    /// With `weights`, one for each example, the loss is `Σ wᵢ·lossᵢ / examples`. If the
    /// [rows are independent](Classifier::has_independent_rows), the pass is made in micro-batches. Their gradients sum
    /// to those of the whole batch, up to rounding.
    ///
    /// # Panics
    ///
    /// If the number of weights is not `examples`.
    pub fn gradients<B: AutodiffBackend, F>(
        &self,
        step: u64,
        examples: usize,
        batch: impl Fn(Range<usize>) -> (F, Tensor<B, 1, Int>) + Sync,
        weights: Option<&[f32]>,
        device: &B::Device,
    ) -> (StepOutput<B::InnerBackend>, Gradients)
    where
        M: Classifier<B, F> + AutodiffModule<B>,
    {
        assert!(weights.is_none_or(|weights| weights.len() == examples), "a weight for each example");
        let (network, loss) = (self.network(), self.loss);
        let whole = Range { start: 0, end: examples };
        let ranges = if self.divides(examples) { self.micro_batches.ranges(examples) } else { vec![whole] };
        // Each micro-batch gets its own leaves: micro-batches with shared leaves would be one graph, which only one
        // thread at a time can use.
        let inputs = ranges.into_iter().map(|range| (range, network.clone().fork(device))).collect();
        let results = self.micro_batches.map(inputs, |(range, network): (Range<usize>, M)| {
            network.seek_dropout(step, range.start as u64);
            let (features, targets) = batch(range.clone());
            let logits = network.logits(features);
            let losses = loss.forward_each(logits.clone(), targets);
            let losses = match weights {
                None => losses,
                Some(weights) => losses * Tensor::from_data(TensorData::from(&weights[range]), device),
            };
            let loss = losses.sum().div_scalar(examples as f64);
            let gradients = GradientsParams::from_grads(loss.backward(), &network);
            (StepOutput { loss: loss.inner(), logits: logits.inner() }, gradients)
        });
        let (outputs, gradients): (Vec<_>, Vec<_>) = results.into_iter().unzip();
        (outputs.into_iter().reduce(StepOutput::join).expect("a micro-batch"), gradients.into())
    }

    /// Updates the weights.
    pub fn update<B: AutodiffBackend>(&mut self, learning_rate: f64, gradients: Gradients)
    where
        M: AutodiffModule<B>,
    {
        self.network = self.network.take().map(|network| self.optimizer.step(learning_rate, network, gradients));
    }

    /// Replaces the network by the result of `change`.
    ///
    /// # Errors
    ///
    /// If `change` fails. The network is then lost.
    pub fn replace<E>(&mut self, change: impl FnOnce(M) -> Result<M, E>) -> Result<(), E> {
        self.network = self.network.take().map(change).transpose()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::{Module, ModuleVisitor, Param};

    use burn_autodiff::Autodiff;
    use burn_flex::Flex;
    use burn_mlp::{Key, Mlp, MlpConfig, Probability};

    use crate::values;

    type Inner = Flex;
    type Train = Autodiff<Flex>;
    type Device = burn::tensor::Device<Flex>;

    const EXAMPLES: usize = 101;
    const STEP: u64 = 3;

    fn learner(batch_norm: bool) -> Learner<Mlp<Train>> {
        let dropout = [0.2, 0.5].map(|prob| Probability::new(prob).unwrap());
        let config = MlpConfig::new(40, [30, 30], 5).with_dropout(dropout).with_batch_norm(batch_norm);
        let network = config.init(&Device::default()).unwrap();
        Learner::new(network, Optimizer::default(), CrossEntropy::default(), Placement::HOST)
    }

    fn batch(range: Range<usize>) -> (Tensor<Train, 2>, Tensor<Train, 1, Int>) {
        let device = Device::default();
        let pixels: Vec<f32> = Key::new(1, *b"pixels\0\0").uniforms().map(|u| u as f32).take(EXAMPLES * 40).collect();
        let images =
            Tensor::from_data(TensorData::new(pixels, [EXAMPLES, 40]), &device).narrow(0, range.start, range.len());
        let targets: Vec<i32> = range.map(|index| (index % 5) as i32).collect();
        (images, Tensor::from_data(&targets[..], &device))
    }

    /// Loss, logits and gradients, one after the other.
    fn numbers(network: &Mlp<Train>, output: StepOutput<Inner>, gradients: &GradientsParams) -> Vec<f32> {
        struct All<'a>(&'a GradientsParams, Vec<f32>);
        impl ModuleVisitor<Train> for All<'_> {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Train, D>>) {
                // Running statistics have no gradient.
                self.1.extend(self.0.get::<Inner, D>(param.id).into_iter().flat_map(values));
            }
        }
        let mut all = All(gradients, [values(output.loss), values(output.logits)].concat());
        network.visit(&mut all);
        all.1
    }

    /// The largest difference between a step in micro-batches and the same step on the whole batch.
    fn difference(learner: &Learner<Mlp<Train>>, weights: Option<&[f32]>) -> f32 {
        let (network, device) = (learner.network(), Device::default());
        let (output, gradients) = learner.gradients(STEP, EXAMPLES, batch, weights, &device);
        let in_micro_batches = numbers(network, output, &gradients.sum(network));

        network.seek_dropout(STEP);
        let (images, targets) = batch(0..EXAMPLES);
        let logits = network.forward(images);
        let losses = learner.loss.forward_each(logits.clone(), targets);
        let weights = weights.map_or(vec![1.0; EXAMPLES], <[f32]>::to_vec);
        let loss = (losses * Tensor::from_data(&weights[..], &device)).mean();
        let gradients = GradientsParams::from_grads(loss.backward(), network);
        let whole = numbers(network, StepOutput { loss: loss.inner(), logits: logits.inner() }, &gradients);
        assert!(in_micro_batches.len() == whole.len() && whole.len() > 40 * 30 + 30 * 30 + 30 * 5);
        in_micro_batches.iter().zip(whole).map(|(part, whole)| (part - whole).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn a_step_in_micro_batches_is_the_step_on_the_whole_batch() {
        let weights: Vec<f32> = (0..EXAMPLES).map(|index| index as f32 / 50.0).collect();
        for weights in [None, Some(&weights[..])] {
            // Rounding in single precision, for logits of up to 3.
            let difference = difference(&learner(false), weights);
            assert!(difference < 2e-6, "{difference}");
        }
    }

    #[test]
    fn batch_normalization_sees_the_whole_batch() {
        let difference = difference(&learner(true), None);
        assert!(difference < 2e-6, "{difference}");
    }
}
