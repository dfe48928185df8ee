//! The training loop.

mod saving;

use std::time::Instant;

use anyhow::{Result, anyhow};
use burn::module::AutodiffModule;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn_fashion_mnist::Images;
use burn_mlp::Mlp;

use crate::backend;
use crate::batches::Batches;
use crate::checkpoint::{Best, LoopState};
use crate::config::{Config, ValidationMetric};
use crate::evaluate::{Evaluation, count_correct, evaluate, values};
use crate::interrupt::{self, Interrupted};
use crate::learner::{Learner, StepOutput};
use crate::parameters::{self, Tensors};
use crate::progress::Progress;
use crate::record::{CHECKPOINT, EpochRecord, RunDirectory, Summary};
use crate::schedule::Schedule;
use crate::{shards, weights};

/// Steps whose losses are read together on a device that works behind the host.
const STEPS_BETWEEN_READS: usize = if backend::ASYNCHRONOUS { 32 } else { 1 };

/// The examples of a run.
pub struct Examples<B: AutodiffBackend> {
    /// What is learned from.
    pub train: Batches<B>,
    /// What decides when to stop and which epoch is best.
    pub validation: Option<Images>,
    /// What the result is measured on.
    pub test: Images,
    /// SHA-256 of the data set.
    pub sha256: String,
}

/// A training run under way.
pub struct Trainer<'a, B: AutodiffBackend> {
    config: &'a Config,
    examples: Examples<B>,
    run: &'a RunDirectory,
    progress: Progress,
    device: B::Device,
    schedule: Schedule,
    learner: Learner<Mlp<B>>,
    state: LoopState,
    best_weights: Tensors,
    /// Steps whose results are still on the device.
    unread: Vec<Step<B::InnerBackend>>,
}

struct Step<B: Backend> {
    output: StepOutput<B>,
    labels: Vec<u8>,
    learning_rate: f64,
}

impl<'a, B: AutodiffBackend> Trainer<'a, B> {
    /// A run at its beginning.
    pub fn new(
        config: &'a Config,
        examples: Examples<B>,
        mlp: Mlp<B>,
        run: &'a RunDirectory,
        progress: Progress,
        device: B::Device,
    ) -> Self {
        let training = &config.training;
        let steps_per_epoch = examples.train.steps_per_epoch() as u64;
        Self {
            config,
            run,
            progress,
            device,
            schedule: Schedule::new(config.schedule, training.learning_rate, steps_per_epoch, training.epochs),
            learner: Learner::new(mlp, config),
            state: LoopState::default(),
            best_weights: Tensors::new(),
            unread: Vec::new(),
            examples,
        }
    }

    /// Trains to the end, evaluates, and writes the model.
    ///
    /// # Errors
    ///
    /// If the loss is no longer finite, a file cannot be written, or someone [interrupts](Interrupted).
    pub fn run(mut self) -> Result<(Mlp<B::InnerBackend>, Summary)> {
        if self.state.step == 0 {
            self.save_checkpoint()?;
        }
        while self.state.epoch < self.config.training.epochs && !self.state.stopped_early {
            let divided = self.learner.divides(self.config.training.batch_size);
            shards::on_first(divided, || self.train_epoch())?;
            self.finish_epoch()?;
        }
        self.finish()
    }

    /// The network as it predicts.
    fn valid(&self) -> Mlp<B::InnerBackend> {
        self.learner.network().valid()
    }

    fn train_epoch(&mut self) -> Result<()> {
        let order = self.examples.train.order(self.state.epoch);
        let steps = self.examples.train.steps_per_epoch();
        self.progress.start_epoch(self.state.epoch + 1, self.config.training.epochs, steps);
        let mut started = Instant::now();
        while self.state.step_in_epoch < steps {
            self.train_step(&order)?;
            let every = self.config.training.checkpoint_steps;
            let due = every > 0 && self.state.step_in_epoch.is_multiple_of(every) && self.state.step_in_epoch < steps;
            if due || interrupt::requested() {
                self.read_steps()?;
                self.state.sums.seconds += started.elapsed().as_secs_f64();
                self.save_checkpoint()?;
                if interrupt::requested() {
                    self.progress.end_epoch();
                    return Err(Interrupted { resume: interrupt::resume_command(self.run.path()) }.into());
                }
                started = Instant::now();
            }
        }
        self.read_steps()?;
        self.state.sums.seconds += started.elapsed().as_secs_f64();
        Ok(())
    }

    fn train_step(&mut self, order: &[u32]) -> Result<()> {
        let learning_rate = self.schedule.learning_rate(self.state.step);
        let (examples, device) = (self.examples.train.step(order, self.state.step_in_epoch), &self.device);
        let labels = examples.labels();
        let batch = |range| examples.batch(range, device);
        let (output, gradients) = self.learner.gradients(self.state.step, labels.len(), batch, None, device);
        self.unread.push(Step { output, labels, learning_rate });
        self.state.step += 1;
        self.state.step_in_epoch += 1;
        if self.unread.len() >= STEPS_BETWEEN_READS {
            // Before the weights move: a loss that is not finite leaves them as they were.
            self.read_steps()?;
        }
        self.learner.update::<B>(learning_rate, gradients);
        self.progress.step(self.state.step_in_epoch);
        Ok(())
    }

    /// Adds the results of finished steps to the epoch's sums.
    fn read_steps(&mut self) -> Result<()> {
        let first = self.state.step_in_epoch - self.unread.len();
        let unread = std::mem::take(&mut self.unread);
        for (offset, step) in unread.into_iter().enumerate() {
            let loss = f64::from(values(step.output.loss)[0]);
            if !loss.is_finite() {
                // Back to the step that did it.
                self.state.step_in_epoch = first + offset + 1;
                return Err(self.diverged(&format!("the loss became {loss}"), step.learning_rate));
            }
            let sums = &mut self.state.sums;
            sums.loss += loss * step.labels.len() as f64;
            sums.correct += count_correct(&values(step.output.logits), &step.labels) as u64;
            sums.examples += step.labels.len() as u64;
        }
        Ok(())
    }

    fn finish_epoch(&mut self) -> Result<()> {
        let started = Instant::now();
        let valid = self.valid();
        let test = self.evaluate(&valid, &self.examples.test);
        let validation = self.examples.validation.as_ref().map(|images| self.evaluate(&valid, images));
        let sums = std::mem::take(&mut self.state.sums);
        let record = EpochRecord {
            epoch: self.state.epoch + 1,
            train_loss: sums.loss / sums.examples as f64,
            train_accuracy: sums.correct as f64 / sums.examples as f64,
            test_loss: test.loss,
            test_accuracy: test.accuracy,
            validation_loss: validation.map(|validation| validation.loss),
            validation_accuracy: validation.map(|validation| validation.accuracy),
            learning_rate: self.schedule.learning_rate(self.state.step - 1),
            seconds: sums.seconds,
            evaluation_seconds: started.elapsed().as_secs_f64(),
            examples_per_second: sums.examples as f64 / sums.seconds,
        };
        let losses = [Some(test.loss), validation.map(|validation| validation.loss)];
        if let Some(loss) = losses.into_iter().flatten().find(|loss| !loss.is_finite()) {
            return Err(self.diverged(&format!("the loss became {loss}"), record.learning_rate));
        }
        self.state.epoch += 1;
        self.state.step_in_epoch = 0;
        self.state.metrics_bytes = self.run.append_metrics(&record, self.state.metrics_bytes)?;
        if let Some(validation) = validation {
            self.judge(validation, &valid);
        }
        self.progress.report_epoch(&record, self.config.training.epochs);
        self.save_checkpoint()
    }

    fn evaluate(&self, mlp: &Mlp<B::InnerBackend>, images: &Images) -> Evaluation {
        evaluate(mlp, images, self.config.data.normalization(), &self.device)
    }

    /// Keeps the weights of the best epoch, and stops where there was none for too long.
    fn judge(&mut self, validation: Evaluation, valid: &Mlp<B::InnerBackend>) {
        let config = self.config.validation;
        let (value, better): (f64, fn(f64, f64) -> bool) = match config.metric {
            ValidationMetric::Loss => (validation.loss, |new, old| new < old),
            ValidationMetric::Accuracy => (validation.accuracy, |new, old| new > old),
        };
        let epoch = self.state.epoch;
        match self.state.best {
            Some(best) if !better(value, best.value) => self.state.stopped_early = self.is_exhausted(),
            _ => {
                self.state.best = Some(Best { epoch, value });
                self.best_weights = parameters::collect(valid);
            }
        }
    }

    /// Whether the best epoch lies too far back.
    fn is_exhausted(&self) -> bool {
        let patience = self.config.validation.patience;
        self.state.best.is_some_and(|best| patience > 0 && self.state.epoch.saturating_sub(best.epoch) >= patience)
    }

    /// The error of a run that no longer means anything after its last step.
    fn diverged(&self, what: &str, learning_rate: f64) -> anyhow::Error {
        self.progress.end_epoch();
        let (epoch, step) = match (self.state.epoch, self.state.step_in_epoch) {
            (epoch, 0) => (epoch, self.examples.train.steps_per_epoch()),
            (epoch, step) => (epoch + 1, step),
        };
        anyhow!(
            "{what} in epoch {epoch}, step {step}, at learning rate {learning_rate}; the last good checkpoint is in {}",
            self.run.file(CHECKPOINT).display()
        )
    }

    fn finish(mut self) -> Result<(Mlp<B::InnerBackend>, Summary)> {
        let mut mlp = self.valid();
        let mut model_epoch = self.state.epoch;
        if let Some(best) = self.state.best.filter(|_| self.config.validation.restore_best) {
            mlp = parameters::restore(mlp, std::mem::take(&mut self.best_weights))?;
            model_epoch = best.epoch;
        }
        weights::save(&mlp, &self.run.file(weights::FILE))?;
        let test = self.evaluate(&mlp, &self.examples.test);
        let records = self.run.read_metrics()?;
        let summary = Summary {
            epochs: self.state.epoch,
            steps: self.state.step,
            model_epoch,
            parameters: mlp.layers().iter().map(|layer| layer.parameters).sum(),
            test_loss: test.loss,
            test_accuracy: test.accuracy,
            train_loss: records.last().map(|record| record.train_loss),
            stopped_early: self.state.stopped_early,
            training_seconds: records.iter().map(|record| record.seconds).sum(),
        };
        Ok((mlp, summary))
    }
}
