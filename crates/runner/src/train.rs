//! The training loop.

use std::time::Instant;

use anyhow::{Context, Result, bail};
use burn::module::AutodiffModule;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn_fashion_mnist::Images;
use burn_mlp::{CrossEntropy, Mlp};

use crate::backend;
use crate::batches::Batches;
use crate::checkpoint::{Best, Checkpoint, LoopState};
use crate::config::{Config, ValidationMetric};
use crate::evaluate::{Evaluation, count_correct, evaluate, values};
use crate::interrupt::{self, Interrupted};
use crate::optimizer::Optimizer;
use crate::parameters::{self, Tensors};
use crate::progress::Progress;
use crate::record::{CHECKPOINT, EpochRecord, RunDirectory, Summary};
use crate::schedule::Schedule;
use crate::weights;

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
    loss: CrossEntropy,
    /// Absent only while the optimizer has it: it moves parameters in place where nothing else holds them.
    mlp: Option<Mlp<B>>,
    optimizer: Optimizer,
    state: LoopState,
    best_weights: Tensors,
    /// Steps whose results are still on the device.
    unread: Vec<Step<B::InnerBackend>>,
}

struct Step<B: Backend> {
    loss: Tensor<B, 1>,
    logits: Tensor<B, 2>,
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
            loss: CrossEntropy { label_smoothing: training.label_smoothing },
            mlp: Some(mlp),
            optimizer: Optimizer::new(config.optimizer, training.gradient_clip),
            state: LoopState::default(),
            best_weights: Tensors::new(),
            unread: Vec::new(),
            examples,
        }
    }

    /// Takes the run's last whole checkpoint as the place to go on from.
    ///
    /// # Errors
    ///
    /// If there is none, or it belongs to other data or another network.
    pub fn resume(&mut self) -> Result<()> {
        let (mut checkpoint, warning) = Checkpoint::load(&self.run.file(CHECKPOINT))?;
        if let Some(warning) = warning {
            self.progress.warn(&warning);
        }
        if checkpoint.data_sha256 != self.examples.sha256 {
            bail!(
                "the data is not what this run was trained on: expected SHA-256 {}, found {}",
                checkpoint.data_sha256,
                self.examples.sha256
            );
        }
        let other_network = "the checkpoint is not of this network";
        let valid = self.valid();
        let moments = |group: Tensors| parameters::restore_moments(&valid, group).context(other_network);
        self.optimizer.first_moment = moments(checkpoint.take("first_moment"))?;
        self.optimizer.second_moment = moments(checkpoint.take("second_moment"))?;
        // Into the training network itself: parameters of a predicting one would come back without gradients.
        let restore = |mlp| parameters::restore(mlp, checkpoint.take("model")).context(other_network);
        self.mlp = self.mlp.take().map(restore).transpose()?;
        self.best_weights = checkpoint.take("best");
        self.optimizer.steps = checkpoint.state.optimizer_steps;
        self.state = checkpoint.state;
        self.run.truncate_metrics(self.state.metrics_bytes)
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
            self.train_epoch()?;
            self.finish_epoch()?;
        }
        self.finish()
    }

    fn mlp(&self) -> &Mlp<B> {
        self.mlp.as_ref().expect("the optimizer gives the network back")
    }

    /// The network as it predicts.
    fn valid(&self) -> Mlp<B::InnerBackend> {
        self.mlp().valid()
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
                    return Err(Interrupted { resume: resume_command(self.run) }.into());
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
        let (batch, labels) = self.examples.train.batch(order, self.state.step_in_epoch, &self.device);
        let mlp = self.mlp();
        mlp.seek_dropout(self.state.step);
        let logits = mlp.forward(batch.images);
        let loss = self.loss.forward(logits.clone(), batch.targets);
        let gradients = GradientsParams::from_grads(loss.backward(), mlp);
        self.unread.push(Step { loss: loss.inner(), logits: logits.inner(), labels, learning_rate });
        self.state.step += 1;
        self.state.step_in_epoch += 1;
        if self.unread.len() >= STEPS_BETWEEN_READS {
            // Before the weights move: a loss that is not finite leaves them as they were.
            self.read_steps()?;
        }
        self.mlp = self.mlp.take().map(|mlp| self.optimizer.step(learning_rate, mlp, gradients));
        self.progress.step(self.state.step_in_epoch);
        Ok(())
    }

    /// Adds the results of finished steps to the epoch's sums.
    fn read_steps(&mut self) -> Result<()> {
        let first = self.state.step_in_epoch - self.unread.len();
        for (offset, step) in self.unread.drain(..).enumerate() {
            let loss = f64::from(values(step.loss)[0]);
            if !loss.is_finite() {
                self.progress.end_epoch();
                bail!(
                    "the loss became {loss} in epoch {}, step {}, at learning rate {}; the last good checkpoint is in {}",
                    self.state.epoch + 1,
                    first + offset + 1,
                    step.learning_rate,
                    self.run.file(CHECKPOINT).display()
                );
            }
            let sums = &mut self.state.sums;
            sums.loss += loss * step.labels.len() as f64;
            sums.correct += count_correct(&values(step.logits), &step.labels) as u64;
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
        if !test.loss.is_finite() {
            self.progress.end_epoch();
            bail!(
                "the loss became {} after epoch {}, step {}, at learning rate {}; the last good checkpoint is in {}",
                test.loss,
                record.epoch,
                self.state.step_in_epoch,
                record.learning_rate,
                self.run.file(CHECKPOINT).display()
            );
        }
        self.state.epoch += 1;
        self.state.step_in_epoch = 0;
        self.state.metrics_bytes = self.run.append_metrics(&record)?;
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
            Some(best) if !better(value, best.value) => {
                self.state.stopped_early = config.patience > 0 && epoch - best.epoch >= config.patience;
            }
            _ => {
                self.state.best = Some(Best { epoch, value });
                self.best_weights = parameters::collect(valid);
            }
        }
    }

    fn save_checkpoint(&mut self) -> Result<()> {
        let valid = self.valid();
        self.state.optimizer_steps = self.optimizer.steps;
        let groups = [
            ("model", parameters::collect(&valid)),
            ("first_moment", parameters::collect_moments(&valid, &self.optimizer.first_moment)),
            ("second_moment", parameters::collect_moments(&valid, &self.optimizer.second_moment)),
            ("best", self.best_weights.clone()),
        ];
        let checkpoint = Checkpoint {
            state: self.state.clone(),
            data_sha256: self.examples.sha256.clone(),
            groups: groups.into_iter().map(|(group, tensors)| (group.to_owned(), tensors)).collect(),
        };
        checkpoint.save(&self.run.file(CHECKPOINT))
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

fn resume_command(run: &RunDirectory) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "runner".into());
    format!("{program} train --resume {}", run.path().display())
}
