//! Training on the task, and what a trained network remembers.

use anyhow::{Result, ensure};
use burn::optim::GradientsParams;
use burn_mlp::{CrossEntropy, Key};
use burn_mlp_train::{Optimizer, OptimizerConfig, OptimizerKind, count_correct, values};
use serde::{Deserialize, Serialize};

use super::network::{Memory, RecallNetwork};
use super::settings::RecallParameters;
use crate::{Lab, Platform};

/// Largest norm of a training step's gradient; Adam is little changed by it, but for steps after an explosion.
const CLIP: f64 = 1.0;
/// Norms below count as this: their logarithm stays finite.
const SMALLEST: f64 = 1e-30;
/// The loss that decides about a learning rate is that of the last tenth of the steps.
const DECIDING: usize = 10;

/// What is trained.
#[derive(Clone, Copy)]
pub(super) struct Task {
    pub(super) memory: Memory,
    /// Steps between the symbol and the answer.
    pub(super) lag: usize,
    /// Whether the label is the symbol.
    pub(super) told: bool,
}

/// A trained network.
#[derive(Serialize, Deserialize)]
pub(super) struct Recalled {
    /// Mean loss at the end of training.
    pub(super) loss: f64,
    /// Accuracy on sequences not trained on.
    pub(super) accuracy: f64,
    /// Norm of the gradient of the right logits by the first input over that by the last one, as a power of ten.
    pub(super) reach: f64,
}

impl RecallParameters {
    /// Trains with each of some learning rates.
    pub(super) fn train_all<P: Platform>(
        &self,
        lab: &Lab<P>,
        task: Task,
        rates: &[f64],
        seed: u64,
    ) -> Result<Vec<Recalled>> {
        rates.iter().map(|&rate| self.train(lab, task, rate, seed)).collect()
    }

    fn train<P: Platform>(&self, lab: &Lab<P>, task: Task, rate: f64, seed: u64) -> Result<Recalled> {
        let device = lab.device();
        let mut network = RecallNetwork::<P::Train>::new(task.memory, self, seed, device)?;
        let config = OptimizerConfig { kind: OptimizerKind::Adam, ..OptimizerConfig::default() };
        let mut optimizer = Optimizer::new(config, CLIP);
        let deciding = self.steps.div_ceil(DECIDING);
        let mut loss = 0.0;
        for step in 0..self.steps {
            let key = |minor| Key::new(seed, *b"remember").at(step as u64, minor);
            let batch = self.sequences(self.batch_size, task.lag, task.told, key);
            let logits = network.forward(batch.inputs(device));
            let objective = CrossEntropy::default().forward(logits, batch.targets(device));
            if step + deciding >= self.steps {
                loss += f64::from(values(objective.clone())[0]) / deciding as f64;
            }
            let gradients = GradientsParams::from_grads(objective.backward(), &network);
            network = optimizer.step(rate, network, gradients);
        }
        ensure!(loss.is_finite(), "the loss is {loss} at learning rate {rate}, lag {}", task.lag);
        Ok(self.recalled(lab, &network, task, seed, loss))
    }

    /// Looks at a trained network with new sequences.
    fn recalled<P: Platform>(
        &self,
        lab: &Lab<P>,
        network: &RecallNetwork<P::Train>,
        task: Task,
        seed: u64,
        loss: f64,
    ) -> Recalled {
        let device = lab.device();
        let key = |minor| Key::new(seed, *b"recalled").at(0, minor);
        let tested = self.sequences(self.tested, task.lag, task.told, key);
        let inputs = tested.inputs::<P::Train>(device).require_grad();
        let logits = network.forward(inputs.clone());
        let correct = count_correct(&values(logits.clone()), &tested.labels);
        // Of the logits, not of the loss: a network that is sure of its answer has a loss without gradient.
        let gradients = (logits * tested.one_hot::<P::Train>(device)).sum().backward();
        let by_input = inputs.grad(&gradients).map(values).unwrap_or_default();
        let norm = |time| norm_at(&by_input, time, task.lag + 1, self.features());
        let reach = (norm(0).max(SMALLEST) / norm(task.lag).max(SMALLEST)).log10();
        Recalled { loss, accuracy: correct as f64 / self.tested as f64, reach }
    }
}

/// Norm over all sequences of the gradient by the input at one time.
fn norm_at(gradient: &[f32], time: usize, times: usize, features: usize) -> f64 {
    let of_sequence = |sequence: &[f32]| -> f64 {
        sequence[time * features..(time + 1) * features].iter().map(|&value| f64::from(value).powi(2)).sum()
    };
    gradient.chunks_exact(times * features).map(of_sequence).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_are_taken_at_one_time_of_every_sequence() {
        // Two sequences of two steps with two features.
        let gradient = [3.0, 0.0, 9.0, 9.0, 0.0, 4.0, 9.0, 9.0];
        assert_eq!(norm_at(&gradient, 0, 2, 2), 5.0);
        assert_eq!(norm_at(&gradient, 1, 2, 2), 18.0);
    }
}
