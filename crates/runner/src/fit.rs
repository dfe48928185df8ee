//! Training in memory: the loop of an experiment, without run directory and checkpoints.

use std::ops::Range;
use std::time::Instant;

use anyhow::{Result, ensure};
use burn::module::AutodiffModule;
use burn::tensor::{Tensor, TensorData, backend::Backend};
use burn_fashion_mnist::{Batch, Images};
use burn_mlp::Key;

use crate::backend::{Inner, Train};
use crate::batches::Batches;
use crate::config::Config;
use crate::evaluate::{count_correct, evaluate, values};
use crate::lab::Lab;
use crate::learner::Learner;
use crate::network::Network;
use crate::schedule::Schedule;
use crate::shards;

/// A training run in memory. Runs that share `training.seed` share the batches; what else differs is up to the caller.
#[derive(Clone, Copy)]
pub struct Fit<'a> {
    config: &'a Config,
    train: &'a Images,
    test: &'a Images,
    weights: Option<&'a [f32]>,
    input_noise: f64,
}

/// Figures of one epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochFigures {
    /// Epoch, counted from 1.
    pub epoch: usize,
    /// Mean loss over the training examples during the epoch, dropout on.
    pub train_loss: f64,
    /// Part of the training examples predicted right during the epoch, dropout on.
    pub train_accuracy: f64,
    /// Mean cross-entropy over the test examples after the epoch.
    pub test_loss: f64,
    /// Part of the test examples predicted right after the epoch.
    pub test_accuracy: f64,
    /// Seconds of training.
    pub seconds: f64,
}

impl EpochFigures {
    /// The figures as a line of text.
    fn line(&self, epochs: usize) -> String {
        format!(
            "epoch {}/{epochs}  loss {:.4}  train {:.4}  test {:.4}  {:.2} s",
            self.epoch, self.train_loss, self.train_accuracy, self.test_accuracy, self.seconds
        )
    }
}

/// A trained network with its history.
pub struct Fitted<M> {
    /// The network.
    pub network: M,
    /// Figures of each epoch.
    pub epochs: Vec<EpochFigures>,
}

impl<M> Fitted<M> {
    /// A curve over epochs, for a chart: `fitted.curve(|epoch| epoch.test_loss)`.
    pub fn curve(&self, figure: impl Fn(&EpochFigures) -> f64) -> Vec<(f64, f64)> {
        self.epochs.iter().map(|epoch| (epoch.epoch as f64, figure(epoch))).collect()
    }

    /// Figures of the last epoch.
    ///
    /// # Panics
    ///
    /// If there was none.
    pub fn last(&self) -> &EpochFigures {
        self.epochs.last().expect("at least one epoch")
    }

    /// Mean of a figure over the last `epochs` epochs: single epochs at high learning rates swing.
    pub fn mean_of_last(&self, epochs: usize, figure: impl Fn(&EpochFigures) -> f64) -> f64 {
        let last = &self.epochs[self.epochs.len().saturating_sub(epochs)..];
        last.iter().map(figure).sum::<f64>() / last.len() as f64
    }
}

impl<'a> Fit<'a> {
    /// Training on `train`, tested on `test` after each epoch.
    pub fn new(config: &'a Config, train: &'a Images, test: &'a Images) -> Self {
        Self { config, train, test, weights: None, input_noise: 0.0 }
    }

    /// Weighs the loss of each training example.
    ///
    /// # Panics
    ///
    /// If there is not one weight for each.
    #[must_use]
    pub fn with_weights(mut self, weights: &'a [f32]) -> Self {
        assert_eq!(weights.len(), self.train.len(), "a weight for each training example");
        self.weights = Some(weights);
        self
    }

    /// Adds Gaussian noise of this standard deviation to the inputs of every training step, after normalization.
    #[must_use]
    pub fn with_input_noise(mut self, std: f64) -> Self {
        self.input_noise = std;
        self
    }

    /// Trains `network`.
    ///
    /// # Errors
    ///
    /// If the loss is no longer finite.
    pub fn run<M: Network<Train> + AutodiffModule<Train>>(self, lab: &Lab, network: M) -> Result<Fitted<M>>
    where
        M::InnerModule: Network<Inner>,
    {
        self.run_observed(lab, network, |_, _| ())
    }

    /// Trains `network` and shows it to `observe` before the first step and after each one, with the number of steps
    /// taken.
    ///
    /// # Errors
    ///
    /// If the loss is no longer finite.
    pub fn run_observed<M: Network<Train> + AutodiffModule<Train>>(
        self,
        lab: &Lab,
        network: M,
        mut observe: impl FnMut(u64, &M),
    ) -> Result<Fitted<M>>
    where
        M::InnerModule: Network<Inner>,
    {
        let training = &self.config.training;
        let (normalization, device) = (self.config.data.normalization(), lab.device());
        let width = self.train.d_input();
        let batches =
            Batches::<Train>::new(self.train.clone(), normalization, training.batch_size, training.seed, device);
        let steps = batches.steps_per_epoch();
        let schedule = Schedule::new(self.config.schedule, training.learning_rate, steps as u64, training.epochs);
        let mut learner = Learner::new(network, self.config);
        let mut epochs = Vec::with_capacity(training.epochs);
        let mut step: u64 = 0;
        observe(step, learner.network());
        for epoch in 1..=training.epochs {
            let started = Instant::now();
            let order = batches.order(epoch - 1);
            let (mut loss_sum, mut correct) = (0.0, 0);
            for step_in_epoch in 0..steps {
                let learning_rate = schedule.learning_rate(step);
                let examples = batches.step(&order, step_in_epoch);
                let labels = examples.labels();
                let noise = self.noise(step, labels.len() * width);
                let batch = |range: Range<usize>| {
                    let batch = examples.batch(range.clone(), device);
                    noise.iter().fold(batch, |batch, noise| with_noise(batch, &noise[range.start * width..]))
                };
                let weights = self.weights.map(|weights| {
                    examples.indices().iter().map(|&index| weights[index as usize]).collect::<Vec<f32>>()
                });
                let divided = learner.divides(labels.len());
                let train = || {
                    let (output, gradients) = learner.gradients(step, labels.len(), batch, weights.as_deref(), device);
                    let loss = f64::from(values(output.loss)[0]);
                    ensure!(loss.is_finite(), "the loss became {loss} in step {} of epoch {epoch}", step_in_epoch + 1);
                    learner.update::<Train>(learning_rate, gradients);
                    Ok((loss, count_correct(&values(output.logits), &labels)))
                };
                let (loss, right) = shards::on_first(divided, train)?;
                loss_sum += loss * labels.len() as f64;
                correct += right;
                step += 1;
                observe(step, learner.network());
            }
            let seconds = started.elapsed().as_secs_f64();
            let test = evaluate(&learner.network().valid(), self.test, normalization, device);
            let examples = self.train.len() as f64;
            let figures = EpochFigures {
                epoch,
                train_loss: loss_sum / examples,
                train_accuracy: correct as f64 / examples,
                test_loss: test.loss,
                test_accuracy: test.accuracy,
                seconds,
            };
            // A run without test images is one of many: its epochs are not worth a line each.
            if !self.test.is_empty() {
                lab.tell(figures.line(training.epochs));
            }
            epochs.push(figures);
        }
        Ok(Fitted { network: learner.into_network(), epochs })
    }

    /// Noise for the inputs of a step, the same for all runs with the same seed.
    fn noise(&self, step: u64, len: usize) -> Option<Vec<f32>> {
        let normals = Key::new(self.config.training.seed, *b"noise\0\0\0").at(step, 0).normals();
        (self.input_noise > 0.0).then(|| normals.take(len).map(|normal| (self.input_noise * normal) as f32).collect())
    }
}

/// A batch with the first elements of `noise` added to its images.
fn with_noise<B: Backend>(batch: Batch<B>, noise: &[f32]) -> Batch<B> {
    let (shape, device) = (batch.images.shape(), batch.images.device());
    let noise = TensorData::new(noise[..shape.num_elements()].to_vec(), shape);
    Batch { images: batch.images + Tensor::from_data(noise, &device), ..batch }
}
