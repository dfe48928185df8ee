//! One step of training: forward, loss, gradients, update.

use std::ops::Range;

use burn::module::AutodiffModule;
use burn::optim::GradientsParams;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Tensor, TensorData};
use burn_fashion_mnist::Batch;
use burn_mlp::CrossEntropy;

use crate::config::Config;
use crate::gradients::Gradients;
use crate::network::Network;
use crate::optimizer::Optimizer;
use crate::shards;

/// A network and what moves its weights.
pub struct Learner<M> {
    /// Absent only while the optimizer has it: it moves parameters in place where nothing else holds them.
    network: Option<M>,
    /// The rule that turns gradients into steps.
    pub optimizer: Optimizer,
    loss: CrossEntropy,
}

/// What a forward pass of a step gives, without the gradient's graph.
pub struct StepOutput<B: Backend> {
    /// Mean loss of the batch, `[1]`.
    pub loss: Tensor<B, 1>,
    /// Logits, `[batch, classes]`.
    pub logits: Tensor<B, 2>,
}

impl<B: Backend> StepOutput<B> {
    /// Those of two parts of a batch.
    fn join(self, other: Self) -> Self {
        Self { loss: self.loss + other.loss, logits: Tensor::cat(vec![self.logits, other.logits], 0) }
    }
}

impl<M> Learner<M> {
    /// A network before its first step, trained as `config` says.
    pub fn new(network: M, config: &Config) -> Self {
        Self {
            network: Some(network),
            optimizer: Optimizer::new(config.optimizer, config.training.gradient_clip),
            loss: CrossEntropy::default().with_label_smoothing(config.training.label_smoothing),
        }
    }

    /// The network as it learns.
    ///
    /// # Panics
    ///
    /// If an update panicked before.
    pub fn network(&self) -> &M {
        self.network.as_ref().expect("the optimizer gives the network back")
    }

    /// The network, no longer learning.
    ///
    /// # Panics
    ///
    /// If an update panicked before.
    pub fn into_network(self) -> M {
        self.network.expect("the optimizer gives the network back")
    }

    /// Whether a batch of `examples` is computed in [parts](shards).
    pub fn divides<B: Backend>(&self, examples: usize) -> bool
    where
        M: Network<B>,
    {
        self.network().has_independent_rows() && shards::ranges(examples).len() > 1
    }

    /// Forward and backward pass of step number `step`, which chooses the dropout masks, on the `examples` that `batch`
    /// gives.
    ///
    /// With `weights`, one for each example, the loss is `Σ wᵢ·lossᵢ / examples`. Where the examples do not depend on
    /// each other the pass is made in [parts](shards); the gradients are those of the whole but for rounding.
    ///
    /// # Panics
    ///
    /// If there is not a weight for each example.
    pub fn gradients<B: AutodiffBackend>(
        &self,
        step: u64,
        examples: usize,
        batch: impl Fn(Range<usize>) -> Batch<B> + Sync,
        weights: Option<&[f32]>,
        device: &B::Device,
    ) -> (StepOutput<B::InnerBackend>, Gradients)
    where
        M: Network<B> + AutodiffModule<B>,
    {
        assert!(weights.is_none_or(|weights| weights.len() == examples), "a weight for each example");
        let (network, loss) = (self.network(), self.loss);
        let whole = Range { start: 0, end: examples };
        let ranges = if self.divides(examples) { shards::ranges(examples) } else { vec![whole] };
        // Leaves of its own for each part, as parts that share them are one graph, which one thread at a time works on.
        let parts = ranges.into_iter().map(|range| (range, network.clone().fork(device))).collect();
        let parts = shards::map(parts, |(range, network): (Range<usize>, M)| {
            network.seek_dropout(step, range.start as u64);
            let batch = batch(range.clone());
            let logits = network.logits(batch.images);
            let losses = loss.forward_each(logits.clone(), batch.targets);
            let losses = match weights {
                None => losses,
                Some(weights) => losses * Tensor::from_data(TensorData::from(&weights[range]), device),
            };
            let loss = losses.sum().div_scalar(examples as f64);
            let gradients = GradientsParams::from_grads(loss.backward(), &network);
            (StepOutput { loss: loss.inner(), logits: logits.inner() }, gradients)
        });
        let (outputs, gradients): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        (outputs.into_iter().reduce(StepOutput::join).expect("a part"), gradients.into())
    }

    /// Moves the weights.
    pub fn update<B: AutodiffBackend>(&mut self, learning_rate: f64, gradients: Gradients)
    where
        M: AutodiffModule<B>,
    {
        self.network = self.network.take().map(|network| self.optimizer.step(learning_rate, network, gradients));
    }

    /// Replaces the network by what `change` makes of it.
    ///
    /// # Errors
    ///
    /// Those of `change`; the network is lost then.
    pub fn replace<E>(&mut self, change: impl FnOnce(M) -> Result<M, E>) -> Result<(), E> {
        self.network = self.network.take().map(change).transpose()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::{Module, ModuleVisitor, Param};

    use crate::backend::{Device, Inner, Train};
    use crate::evaluate::values;
    use burn_mlp::{Key, Mlp, MlpConfig, Probability};

    const EXAMPLES: usize = 101;
    const STEP: u64 = 3;

    fn learner(batch_norm: bool) -> Learner<Mlp<Train>> {
        let dropout = [0.2, 0.5].map(|prob| Probability::new(prob).unwrap());
        let config = MlpConfig::new(40, [30, 30], 5).with_dropout(dropout).with_batch_norm(batch_norm);
        Learner::new(config.init(&Device::default()).unwrap(), &Config::default())
    }

    fn batch(range: Range<usize>) -> Batch<Train> {
        let device = Device::default();
        let pixels: Vec<f32> = Key::new(1, *b"pixels\0\0").uniforms().map(|u| u as f32).take(EXAMPLES * 40).collect();
        let images =
            Tensor::from_data(TensorData::new(pixels, [EXAMPLES, 40]), &device).narrow(0, range.start, range.len());
        let targets: Vec<i32> = range.map(|index| (index % 5) as i32).collect();
        Batch { images, targets: Tensor::from_data(&targets[..], &device) }
    }

    /// Loss, logits and gradients, one after the other.
    fn numbers(network: &Mlp<Train>, output: StepOutput<Inner>, gradients: &GradientsParams) -> Vec<f32> {
        struct All<'a>(&'a GradientsParams, Vec<f32>);
        impl ModuleVisitor<Train> for All<'_> {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Train, D>>) {
                // Running statistics have none.
                self.1.extend(self.0.get::<Inner, D>(param.id).into_iter().flat_map(values));
            }
        }
        let mut all = All(gradients, [values(output.loss), values(output.logits)].concat());
        network.visit(&mut all);
        all.1
    }

    /// The largest difference between the step in parts and the step as one.
    fn difference(learner: &Learner<Mlp<Train>>, weights: Option<&[f32]>) -> f32 {
        let (network, device) = (learner.network(), Device::default());
        let (output, gradients) = learner.gradients(STEP, EXAMPLES, batch, weights, &device);
        let in_parts = numbers(network, output, &gradients.sum(network));

        network.seek_dropout(STEP);
        let whole = batch(0..EXAMPLES);
        let logits = network.forward(whole.images);
        let losses = learner.loss.forward_each(logits.clone(), whole.targets);
        let weights = weights.map_or(vec![1.0; EXAMPLES], <[f32]>::to_vec);
        let loss = (losses * Tensor::from_data(&weights[..], &device)).mean();
        let gradients = GradientsParams::from_grads(loss.backward(), network);
        let whole = numbers(network, StepOutput { loss: loss.inner(), logits: logits.inner() }, &gradients);
        assert!(in_parts.len() == whole.len() && whole.len() > 40 * 30 + 30 * 30 + 30 * 5);
        in_parts.iter().zip(whole).map(|(part, whole)| (part - whole).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn a_step_in_parts_is_the_step_on_the_whole_batch() {
        let weights: Vec<f32> = (0..EXAMPLES).map(|index| index as f32 / 50.0).collect();
        for weights in [None, Some(&weights[..])] {
            // Logits of up to 3, in single precision.
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
