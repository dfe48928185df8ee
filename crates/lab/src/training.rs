//! Training as experiments do it: on images, in memory, with a line for each epoch.

use std::ops::{ControlFlow, Range};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use burn::module::AutodiffModule;
use burn::tensor::{Tensor, TensorData, backend::Backend};
use burn_fashion_mnist::Images;
use burn_mlp::Key;
use burn_mlp_train::{Callback, EpochMetrics, Network, TrainError, Trainer};
use mlp_settings::config::Config;
use serde::{Deserialize, Serialize};

use crate::images::ImageExamples;
use crate::platform::{Inner, Platform};
use crate::{Lab, Stopped};

/// Least time between two checkpoints: what is sooner made again than that is not saved.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(60);

/// A training run. Runs that share `training.seed` share the batches; what else differs is up to the caller.
#[derive(Clone, Copy)]
pub struct Training<'a> {
    config: &'a Config,
    train: &'a Images,
    test: &'a Images,
    weights: Option<&'a [f32]>,
    input_noise: f64,
}

/// Metrics of one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Epoch, counted from 1.
    pub epoch: usize,
    /// Mean loss over the training examples during the epoch, dropout on.
    pub train_loss: f64,
    /// Fraction of the training examples predicted right during the epoch, dropout on.
    pub train_accuracy: f64,
    /// Mean cross-entropy over the test examples after the epoch; NaN where there are none.
    #[serde(default = "nan", skip_serializing_if = "is_nan")]
    pub test_loss: f64,
    /// Fraction of the test examples predicted right after the epoch; NaN where there are none.
    #[serde(default = "nan", skip_serializing_if = "is_nan")]
    pub test_accuracy: f64,
}

fn nan() -> f64 {
    f64::NAN
}

fn is_nan(value: &f64) -> bool {
    value.is_nan()
}

/// The metrics of a run, epoch by epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct History {
    /// Metrics of each epoch.
    pub epochs: Vec<Epoch>,
}

impl History {
    /// A curve over epochs, for a chart: `history.curve(|epoch| epoch.test_loss)`.
    pub fn curve(&self, metric: impl Fn(&Epoch) -> f64) -> Vec<(f64, f64)> {
        self.epochs.iter().map(|epoch| (epoch.epoch as f64, metric(epoch))).collect()
    }

    /// Metrics of the last epoch.
    ///
    /// # Panics
    ///
    /// If there was none.
    pub fn last(&self) -> &Epoch {
        self.epochs.last().expect("at least one epoch")
    }

    /// Mean of a metric over the last `epochs` epochs: single epochs at high learning rates swing.
    pub fn mean_of_last(&self, epochs: usize, metric: impl Fn(&Epoch) -> f64) -> f64 {
        let last = &self.epochs[self.epochs.len().saturating_sub(epochs)..];
        last.iter().map(metric).sum::<f64>() / last.len() as f64
    }

    /// Median of a metric over the last `epochs` epochs, which a single bad epoch does not move. Of an even number of
    /// epochs it is the lower of the two in the middle.
    ///
    /// # Panics
    ///
    /// If there was none.
    pub fn median_of_last(&self, epochs: usize, metric: impl Fn(&Epoch) -> f64) -> f64 {
        let last = &self.epochs[self.epochs.len().saturating_sub(epochs)..];
        let mut values: Vec<f64> = last.iter().map(metric).collect();
        values.sort_by(f64::total_cmp);
        values[(values.len() - 1) / 2]
    }
}

/// A trained network with its history.
pub struct Trained<M> {
    /// The network.
    pub network: M,
    /// Metrics of each epoch.
    pub history: History,
}

impl<'a> Training<'a> {
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

    /// Adds Gaussian noise of this standard deviation to the inputs of every training step, after normalization. All
    /// runs with the same seed get the same noise.
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
    pub fn run<P: Platform, M>(self, lab: &Lab<P>, network: M) -> Result<Trained<M>>
    where
        M: Network<P::Train> + AutodiffModule<P::Train>,
        M::InnerModule: Network<Inner<P>>,
    {
        self.run_in(lab, network, &mut Unobserved, lab.next_training())
    }

    /// Trains `network` and lets `observer` look on. Such a training is not saved: an observer must see all of it.
    ///
    /// # Errors
    ///
    /// If the loss is no longer finite.
    pub fn run_observed<P: Platform, M>(
        self,
        lab: &Lab<P>,
        network: M,
        observer: &mut dyn Callback<M>,
    ) -> Result<Trained<M>>
    where
        M: Network<P::Train> + AutodiffModule<P::Train>,
        M::InnerModule: Network<Inner<P>>,
    {
        self.run_in(lab, network, observer, None)
    }

    /// Trains `network`, with checkpoints in `folder` where it takes long.
    fn run_in<P: Platform, M>(
        self,
        lab: &Lab<P>,
        network: M,
        observer: &mut dyn Callback<M>,
        folder: Option<PathBuf>,
    ) -> Result<Trained<M>>
    where
        M: Network<P::Train> + AutodiffModule<P::Train>,
        M::InnerModule: Network<Inner<P>>,
    {
        let (normalization, device) = (self.config.data.normalization(), lab.device());
        let train = ImageExamples::<P::Train>::new(self.train.clone(), normalization)
            .resident(lab.placement().resident, device);
        let epochs = self.config.training.epochs;
        let mut trainer = Trainer::new(network, train, self.config.trainer(), device)
            .with_loss(self.config.loss())
            .with_placement(lab.placement())
            .with_callback(observer)
            .with_callback(StopWhenAsked { lab });
        if let Some(folder) = folder {
            trainer = trainer
                .with_log(folder.join("metrics.jsonl"))
                .with_checkpoints(folder.join("checkpoint"))
                .with_checkpoint_interval(CHECKPOINT_INTERVAL);
        }
        if let Some(weights) = self.weights {
            trainer = trainer.with_example_weights(weights.to_vec());
        }
        if self.input_noise > 0.0 {
            trainer = trainer.with_transform(|images, step, rows| self.with_noise(images, step, rows));
        }
        // A run without test images is one of many: its epochs are not worth a line each.
        if !self.test.is_empty() {
            trainer = trainer
                .with_test(ImageExamples::<Inner<P>>::new(self.test.clone(), normalization))
                .with_callback(Lines { lab, epochs });
        }
        let trained = trainer.run().map_err(|error| match error {
            TrainError::Stopped { .. } => Stopped.into(),
            error => anyhow::Error::from(error),
        })?;
        let epochs = trained.epochs.iter().map(Epoch::from).collect();
        Ok(Trained { network: trained.network, history: History { epochs } })
    }

    /// Rows of a step's batch with noise that is the same for all runs with the same seed.
    fn with_noise<B: Backend>(&self, images: Tensor<B, 2>, step: u64, rows: Range<usize>) -> Tensor<B, 2> {
        let (shape, device) = (images.shape(), images.device());
        let normals = Key::new(self.config.training.seed, *b"noise\0\0\0").at(step, 0).normals();
        let normals = normals.skip(rows.start * self.train.d_input()).take(shape.num_elements());
        let noise: Vec<f32> = normals.map(|normal| (self.input_noise * normal) as f32).collect();
        images + Tensor::from_data(TensorData::new(noise, shape), &device)
    }
}

impl From<&EpochMetrics> for Epoch {
    fn from(metrics: &EpochMetrics) -> Self {
        let &EpochMetrics { epoch, train_loss, train_accuracy, test_loss, test_accuracy, .. } = metrics;
        Self { epoch, train_loss, train_accuracy, test_loss, test_accuracy }
    }
}

/// Ends a training when the lab is to stop.
struct StopWhenAsked<'a, P: Platform> {
    lab: &'a Lab<P>,
}

impl<M, P: Platform> Callback<M> for StopWhenAsked<'_, P> {
    fn should_stop(&mut self) -> bool {
        self.lab.is_stopping()
    }
}

struct Unobserved;

impl<M> Callback<M> for Unobserved {}

/// Tells the metrics of each epoch.
struct Lines<'a, P: Platform> {
    lab: &'a Lab<P>,
    epochs: usize,
}

impl<M, P: Platform> Callback<M> for Lines<'_, P> {
    fn after_epoch(&mut self, metrics: &EpochMetrics, _network: &M) -> ControlFlow<()> {
        self.lab.tell(format!(
            "epoch {}/{}  loss {:.4}  train {:.4}  test {:.4}  {:.2} s",
            metrics.epoch,
            self.epochs,
            metrics.train_loss,
            metrics.train_accuracy,
            metrics.test_accuracy,
            metrics.seconds
        ));
        ControlFlow::Continue(())
    }
}
