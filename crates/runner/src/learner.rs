//! One step of training: forward, loss, gradients, update.

use burn::module::AutodiffModule;
use burn::optim::GradientsParams;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Tensor, TensorData};
use burn_fashion_mnist::Batch;
use burn_mlp::CrossEntropy;

use crate::config::Config;
use crate::network::Network;
use crate::optimizer::Optimizer;

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

    /// Forward and backward pass of step number `step`, which chooses the dropout masks.
    ///
    /// With `weights`, one for each example, the loss is `Σ wᵢ·lossᵢ / batch`.
    pub fn gradients<B: AutodiffBackend>(
        &self,
        step: u64,
        batch: Batch<B>,
        weights: Option<&[f32]>,
    ) -> (StepOutput<B::InnerBackend>, GradientsParams)
    where
        M: Network<B> + AutodiffModule<B>,
    {
        let network = self.network();
        network.seek_dropout(step);
        let logits = network.logits(batch.images);
        let loss = match weights {
            None => self.loss.forward(logits.clone(), batch.targets),
            Some(weights) => {
                let weights = TensorData::from(weights);
                let losses = self.loss.forward_each(logits.clone(), batch.targets);
                let weights = Tensor::from_data(weights, &losses.device());
                (losses * weights).mean()
            }
        };
        let gradients = GradientsParams::from_grads(loss.backward(), network);
        (StepOutput { loss: loss.inner(), logits: logits.inner() }, gradients)
    }

    /// Moves the weights.
    pub fn update<B: AutodiffBackend>(&mut self, learning_rate: f64, gradients: GradientsParams)
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
