//! One training step: forward pass, loss, gradients, update.

mod saving;
#[cfg(test)]
mod tests;

use std::ops::Range;

use burn::module::AutodiffModule;
use burn::optim::GradientsParams;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Tensor, TensorData};

use crate::micro_batches::MicroBatches;
use crate::{Gradients, Loss, Network, Optimizer, Placement};
pub(crate) use saving::not_finite;

/// A network with its optimizer and loss, for a training loop of your own.
///
/// # Examples
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_autodiff::Autodiff;
/// use burn_flex::Flex;
/// use burn_mlp::MlpConfig;
/// use burn_mlp_train::{Learner, MeanSquaredError, Optimizer, OptimizerConfig, Placement};
///
/// type B = Autodiff<Flex>;
/// let device = Default::default();
/// let network = MlpConfig::new(1, [16], 1).init::<B>(&device).unwrap();
/// let optimizer = Optimizer::new(OptimizerConfig::default(), 0.0);
/// let mut learner = Learner::new(network, optimizer, MeanSquaredError, Placement::HOST);
/// let x = Tensor::<B, 2>::from_floats([[-1.0], [0.0], [1.0]], &device);
/// let losses: Vec<f32> = (0..200)
///     .map(|step| learner.step(step, 0.1, x.clone(), x.clone().abs()).into_scalar())
///     .collect();
/// assert!(losses[199] < 0.1 * losses[0]);
/// ```
pub struct Learner<M, L> {
    /// Absent only during an update: the optimizer takes ownership, and can update parameters in place.
    network: Option<M>,
    /// The rule that turns gradients into steps.
    pub optimizer: Optimizer,
    pub(crate) loss: L,
    micro_batches: MicroBatches,
}

/// Loss and outputs of a step, detached from the autodiff graph.
#[non_exhaustive]
pub struct StepOutput<B: Backend> {
    /// Mean loss of the batch, `[1]`.
    pub loss: Tensor<B, 1>,
    /// Outputs of the network, `[batch, outputs]`.
    pub outputs: Tensor<B, 2>,
}

impl<B: Backend> StepOutput<B> {
    /// The output of two micro-batches together.
    fn join(self, other: Self) -> Self {
        Self { loss: self.loss + other.loss, outputs: Tensor::cat(vec![self.outputs, other.outputs], 0) }
    }
}

impl<M, L> Learner<M, L> {
    /// A learner before its first step.
    pub fn new(network: M, optimizer: Optimizer, loss: L, placement: Placement) -> Self {
        let micro_batches = MicroBatches::new(placement.micro_batches);
        let optimizer = optimizer.with_one_pass(placement.one_pass);
        Self { network: Some(network), optimizer, loss, micro_batches }
    }

    /// The same learner with the device used in another way.
    pub(crate) fn with_placement(self, placement: Placement) -> Self {
        let Self { network, optimizer, loss, .. } = self;
        Self::new(network.expect("the optimizer gives the network back"), optimizer, loss, placement)
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
        M: Network<B, F>,
    {
        self.network().has_independent_rows() && self.micro_batches.ranges(examples).len() > 1
    }

    /// How batches are divided.
    pub(crate) fn micro_batches(&self) -> MicroBatches {
        self.micro_batches
    }

    /// Runs the forward and backward pass of a step on a batch of `examples` examples.
    ///
    /// `step` is the number of the step, which chooses the dropout masks. `batch` returns the features and targets of
    /// a range of the batch.
    ///
    /// With `weights`, one for each example, the loss is `Σ wᵢ·lossᵢ / examples`. If the
    /// [rows are independent](Network::has_independent_rows), the pass is made in micro-batches. Their gradients sum
    /// to those of the whole batch, up to rounding.
    ///
    /// # Panics
    ///
    /// If the number of weights is not `examples`.
    pub fn gradients<B: AutodiffBackend, F, Y>(
        &self,
        step: u64,
        examples: usize,
        batch: impl Fn(Range<usize>) -> (F, Y) + Sync,
        weights: Option<&[f32]>,
        device: &B::Device,
    ) -> (StepOutput<B::InnerBackend>, Gradients)
    where
        M: Network<B, F> + AutodiffModule<B>,
        L: Loss<B, Y>,
    {
        assert!(weights.is_none_or(|weights| weights.len() == examples), "a weight for each example");
        let (network, loss) = (self.network(), &self.loss);
        let whole = Range { start: 0, end: examples };
        let ranges = if self.divides(examples) { self.micro_batches.ranges(examples) } else { vec![whole] };
        // Each micro-batch gets its own leaves: micro-batches with shared leaves would be one graph, which only one
        // thread at a time can use.
        let inputs = ranges.into_iter().map(|range| (range, network.clone().fork(device))).collect();
        let results = self.micro_batches.map(inputs, |(range, network): (Range<usize>, M)| {
            network.seek_dropout_row(step, range.start as u64);
            let (features, targets) = batch(range.clone());
            let outputs = network.outputs(features);
            let losses = loss.each(outputs.clone(), targets);
            let losses = match weights {
                None => losses,
                Some(weights) => losses * Tensor::from_data(TensorData::from(&weights[range]), device),
            };
            let loss = losses.sum().div_scalar(examples as f64);
            let gradients = GradientsParams::from_grads(loss.backward(), &network);
            (StepOutput { loss: loss.inner(), outputs: outputs.inner() }, gradients)
        });
        let (outputs, gradients): (Vec<_>, Vec<_>) = results.into_iter().unzip();
        (outputs.into_iter().reduce(StepOutput::join).expect("a micro-batch"), gradients.into())
    }

    /// Makes one step on a whole batch: forward and backward pass, then the update. Returns the mean loss, `[1]`.
    ///
    /// `step` is the number of the step, which chooses the dropout masks.
    pub fn step<B: AutodiffBackend, F, Y>(
        &mut self,
        step: u64,
        learning_rate: f64,
        features: F,
        targets: Y,
    ) -> Tensor<B::InnerBackend, 1>
    where
        M: Network<B, F> + AutodiffModule<B>,
        L: Loss<B, Y>,
    {
        let network = self.network();
        network.seek_dropout(step);
        let loss = self.loss.each(network.outputs(features), targets).mean();
        let gradients = GradientsParams::from_grads(loss.backward(), network);
        self.update::<B>(learning_rate, gradients.into());
        loss.inner()
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
