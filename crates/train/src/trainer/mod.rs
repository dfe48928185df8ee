//! The training loop.

#[cfg(test)]
mod any_module_tests;
mod callback;
mod config;
mod epoch;
mod error;
mod evaluator;
mod pending;
mod saving;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;

use self::evaluator::{Evaluator, RunLoss, evaluator};
use self::pending::{Checkpoints, Unread};
use crate::checkpoint::LoopState;
use crate::parameters::{self, Tensors};
use crate::{
    EpochMetrics, Examples, Learner, Loss, MetricsLog, Network, Optimizer, Parameter, Placement, Schedule, Targets,
};

pub use callback::{Callback, StepView};
pub use config::{EarlyStopping, TrainerConfig, Watched};
pub use error::TrainError;

/// Transforms the features of some rows of a batch: features, step number, rows.
type Transform<'a, F> = Box<dyn Fn(F, u64, Range<usize>) -> F + Send + Sync + 'a>;

/// A training run.
///
/// # Examples
///
/// ```
/// use burn_autodiff::Autodiff;
/// use burn_flex::Flex;
/// use burn_mlp::MlpConfig;
/// use burn_mlp_train::{Rows, Trainer, TrainerConfig};
///
/// let device = Default::default();
/// let rows = Rows::new(vec![0.0, 1.0, 2.0, 3.0], 1, vec![0, 0, 1, 1])?;
/// let network = MlpConfig::new(1, [8], 2).init::<Autodiff<Flex>>(&device).unwrap();
/// let config = TrainerConfig { epochs: 200, batch_size: 2, ..Default::default() };
/// let trained = Trainer::new(network, &rows, config, &device).with_test(&rows).run()?;
/// assert_eq!(trained.epochs.last().unwrap().test_accuracy, 1.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Trainer<'a, B: AutodiffBackend, M: AutodiffModule<B>, E: Examples<B>> {
    config: TrainerConfig,
    placement: Placement,
    examples: E,
    device: B::Device,
    schedule: Schedule,
    learner: Learner<M, RunLoss<B, E::Targets>>,
    weights: Option<Vec<f32>>,
    transform: Option<Transform<'a, E::Features>>,
    test: Option<Evaluator<'a, M::InnerModule>>,
    validation: Option<Evaluator<'a, M::InnerModule>>,
    early_stopping: EarlyStopping,
    callbacks: Vec<Box<dyn Callback<M> + 'a>>,
    log: Option<MetricsLog>,
    checkpoints: Option<Checkpoints>,
    state: LoopState,
    best_weights: Tensors,
    epochs: Vec<EpochMetrics>,
    unread: Vec<Unread<B::InnerBackend>>,
    last_loss: Option<f64>,
}

/// A trained network with its history.
#[non_exhaustive]
pub struct Trained<M, V> {
    /// The network after the last epoch.
    pub network: M,
    /// The network for prediction: that of the best validation epoch if [`EarlyStopping::restore_best`] is set and
    /// there are validation examples, else that of the last epoch.
    pub model: V,
    /// Epoch of `model`, counted from 1; 0 is the initial network.
    pub model_epoch: usize,
    /// Metrics of each epoch. A resumed run without a log has only the epochs since it was resumed.
    pub epochs: Vec<EpochMetrics>,
    /// State of the loop after the last step.
    pub state: LoopState,
}

impl<'a, B, M, E> Trainer<'a, B, M, E>
where
    B: AutodiffBackend,
    M: Network<B, E::Features> + AutodiffModule<B>,
    E: Examples<B>,
{
    /// A new run, with the usual loss: cross-entropy of classes, mean squared error of numbers.
    pub fn new(network: M, examples: E, config: TrainerConfig, device: &B::Device) -> Self
    where
        E::Targets: Targets<B>,
    {
        let steps_per_epoch = examples.len().div_ceil(config.batch_size.max(1)) as u64;
        let placement = Placement::default();
        Self {
            config,
            placement,
            schedule: Schedule::new(config.schedule, config.learning_rate, steps_per_epoch, config.epochs),
            learner: learner(network, config, E::Targets::usual_loss(), placement),
            examples,
            device: device.clone(),
            weights: None,
            transform: None,
            test: None,
            validation: None,
            early_stopping: EarlyStopping::default(),
            callbacks: Vec::new(),
            log: None,
            checkpoints: None,
            state: LoopState::default(),
            best_weights: Tensors::new(),
            epochs: Vec::new(),
            unread: Vec::new(),
            last_loss: None,
        }
    }

    /// Sets how the device is used.
    #[must_use]
    pub fn with_placement(mut self, placement: Placement) -> Self {
        self.placement = placement;
        self.learner = self.learner.with_placement(placement);
        self
    }

    /// Sets the loss: [`CrossEntropy`](burn_mlp::CrossEntropy) with class weights, say, or a closure.
    ///
    /// # Examples
    ///
    /// The mean absolute error:
    ///
    /// ```
    /// use burn::tensor::Tensor;
    /// use burn_autodiff::Autodiff;
    /// use burn_flex::Flex;
    /// use burn_mlp::MlpConfig;
    /// use burn_mlp_train::{Rows, Trainer, TrainerConfig};
    ///
    /// type B = Autodiff<Flex>;
    /// let device = Default::default();
    /// let rows = Rows::with_numbers(vec![0.0, 1.0, 2.0, 3.0], 1, vec![1.0, 0.0, 1.0, 2.0], 1)?;
    /// let network = MlpConfig::new(1, [16], 1).init::<B>(&device).unwrap();
    /// let config = TrainerConfig { epochs: 500, batch_size: 4, learning_rate: 0.05, ..Default::default() };
    /// let absolute = |outputs: Tensor<B, 2>, targets: Tensor<B, 2>| (outputs - targets).abs().mean_dim(1).squeeze_dim(1);
    /// let trained = Trainer::new(network, &rows, config, &device).with_loss(absolute).run()?;
    /// assert!(trained.epochs[499].train_loss < 0.5 * trained.epochs[0].train_loss);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If test or validation examples have been set before, which are measured with this loss.
    #[must_use]
    pub fn with_loss(mut self, loss: impl Loss<B, E::Targets> + 'static) -> Self {
        assert!(self.test.is_none() && self.validation.is_none(), "set the loss before the examples it measures");
        self.learner.loss = Arc::new(loss);
        self
    }

    /// Chooses the parameters that weight decay applies to; see [`Optimizer::with_decay`].
    #[must_use]
    pub fn with_decay(mut self, applies: impl Fn(Parameter<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.learner.optimizer = std::mem::take(&mut self.learner.optimizer).with_decay(applies);
        self
    }

    /// Evaluates loss and accuracy on these examples after each epoch.
    #[must_use]
    pub fn with_test<T>(mut self, examples: T) -> Self
    where
        T: Examples<B::InnerBackend, Targets = <E::Targets as Targets<B>>::Inner> + 'a,
        E::Targets: Targets<B> + 'static,
        M::InnerModule: Network<B::InnerBackend, T::Features>,
    {
        self.test = Some(evaluator(examples, self.learner.loss.clone(), &self.device));
        self
    }

    /// Sets the validation examples, which decide which epoch is best and when to stop.
    #[must_use]
    pub fn with_validation<T>(mut self, examples: T, decides: EarlyStopping) -> Self
    where
        T: Examples<B::InnerBackend, Targets = <E::Targets as Targets<B>>::Inner> + 'a,
        E::Targets: Targets<B> + 'static,
        M::InnerModule: Network<B::InnerBackend, T::Features>,
    {
        self.validation = Some(evaluator(examples, self.learner.loss.clone(), &self.device));
        self.early_stopping = decides;
        self
    }

    /// Weights the loss of each training example.
    ///
    /// # Panics
    ///
    /// If the number of weights is not the number of training examples.
    #[must_use]
    pub fn with_example_weights(mut self, weights: Vec<f32>) -> Self {
        assert_eq!(weights.len(), self.examples.len(), "a weight for each training example");
        self.weights = Some(weights);
        self
    }

    /// Transforms the features of every training step, for example by adding noise.
    ///
    /// `transform` gets the features, the number of the step, and which rows of the batch they are. For a run that
    /// resumes to the bit it must be a pure function of these.
    #[must_use]
    pub fn with_transform(
        mut self,
        transform: impl Fn(E::Features, u64, Range<usize>) -> E::Features + Send + Sync + 'a,
    ) -> Self {
        self.transform = Some(Box::new(transform));
        self
    }

    /// Adds a callback. Callbacks are called in the order they were added.
    #[must_use]
    pub fn with_callback(mut self, callback: impl Callback<M> + 'a) -> Self {
        self.callbacks.push(Box::new(callback));
        self
    }

    /// Appends the metrics of each epoch to a file.
    #[must_use]
    pub fn with_log(mut self, path: impl Into<PathBuf>) -> Self {
        self.log = Some(MetricsLog::new(path));
        self
    }

    /// Trains to the end.
    ///
    /// # Errors
    ///
    /// If there are no training examples, the batch size is 0, a loss or a parameter is no longer finite, a checkpoint
    /// or the log cannot be read or written, or a callback asks to stop.
    pub fn run(mut self) -> Result<Trained<M, M::InnerModule>, TrainError> {
        for (count, expected) in
            [(self.examples.len(), "training examples"), (self.config.batch_size, "examples a step")]
        {
            if count == 0 {
                return Err(TrainError::Nothing { expected });
            }
        }
        self.resume_latest()?;
        if self.state.step == 0 {
            self.save_after_interval()?;
        }
        let (micro_batches, divided) = (self.learner.micro_batches(), self.learner.divides(self.config.batch_size));
        while self.state.epoch < self.config.epochs && !self.state.stopped_early {
            micro_batches.on_pool(divided, || self.train_epoch())?;
            self.finish_epoch()?;
        }
        self.finish()
    }

    fn finish(mut self) -> Result<Trained<M, M::InnerModule>, TrainError> {
        let mut model = self.learner.network().valid();
        let mut model_epoch = self.state.epoch;
        if let Some(best) = self.state.best.filter(|_| self.early_stopping.restore_best) {
            let weights = std::mem::take(&mut self.best_weights);
            model = parameters::restore(model, weights).map_err(TrainError::State)?;
            model_epoch = best.epoch;
        }
        let network = self.learner.into_network();
        Ok(Trained { network, model, model_epoch, epochs: self.epochs, state: self.state })
    }

    fn steps_per_epoch(&self) -> usize {
        self.examples.len().div_ceil(self.config.batch_size)
    }
}

fn learner<M, L>(network: M, config: TrainerConfig, loss: L, placement: Placement) -> Learner<M, L> {
    Learner::new(network, Optimizer::new(config.optimizer, config.gradient_clip), loss, placement)
}
