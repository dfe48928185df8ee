//! The steps of an epoch, and the evaluation after them.

use std::ops::{ControlFlow, Range};
use std::time::Instant;

use burn::module::AutodiffModule;
use burn::tensor::Transaction;
use burn::tensor::backend::AutodiffBackend;

use super::pending::Unread;
use super::{StepView, TrainError, Trainer};
use crate::checkpoint::Best;
use crate::evaluate::floats;
use crate::learner::not_finite;
use crate::{EpochMetrics, Evaluation, Examples, Network, count_correct, parameters};

impl<B: AutodiffBackend, M: Network<B, E::Features> + AutodiffModule<B>, E: Examples<B>> Trainer<'_, B, M, E> {
    pub(super) fn train_epoch(&mut self) -> Result<(), TrainError> {
        let order = self.examples.order(self.config.seed, self.state.epoch as u64);
        let steps = self.steps_per_epoch();
        let (epoch, epochs) = (self.state.epoch + 1, self.config.epochs);
        self.callbacks.iter_mut().for_each(|callback| callback.before_epoch(epoch, epochs, steps));
        let mut started = Instant::now();
        while self.state.step_in_epoch < steps {
            self.train_step(&order)?;
            let stop = self.callbacks.iter_mut().any(|callback| callback.should_stop());
            if stop || self.is_checkpoint_due() {
                self.read_steps()?;
                self.state.sums.seconds += started.elapsed().as_secs_f64();
                if stop {
                    self.save_checkpoint()?;
                    return Err(TrainError::Stopped { epoch, step: self.state.step_in_epoch });
                }
                self.save_after_interval()?;
                started = Instant::now();
            }
        }
        self.read_steps()?;
        self.state.sums.seconds += started.elapsed().as_secs_f64();
        Ok(())
    }

    pub(super) fn train_step(&mut self, order: &[u32]) -> Result<(), TrainError> {
        let (step, step_in_epoch) = (self.state.step, self.state.step_in_epoch);
        let learning_rate = self.schedule.learning_rate(step);
        let start = step_in_epoch * self.config.batch_size;
        let indices = &order[start..order.len().min(start + self.config.batch_size)];
        let view =
            StepView { network: self.learner.network(), step, step_in_epoch, indices, learning_rate, loss: None };
        self.callbacks.iter_mut().for_each(|callback| callback.before_step(&view));

        let classes: Option<Vec<usize>> = indices.iter().map(|&index| self.examples.class(index)).collect();
        let weights = self.weights.as_ref();
        let weights: Option<Vec<f32>> =
            weights.map(|weights| indices.iter().map(|&index| weights[index as usize]).collect());
        let (examples, transform, device) = (&self.examples, &self.transform, &self.device);
        let batch = |rows: Range<usize>| {
            let (part, device) = (&indices[rows.clone()], device);
            let features = examples.features(part, device);
            let features =
                transform.iter().fold(features, |features, transform| transform(features, step, rows.clone()));
            (features, examples.targets(part, device))
        };
        let (output, gradients) = self.learner.gradients(step, indices.len(), batch, weights.as_deref(), device);
        self.unread.push(Unread { output, examples: indices.len(), classes, learning_rate });
        self.state.step += 1;
        self.state.step_in_epoch += 1;
        if self.unread.len() >= self.placement.steps_between_reads {
            // Before the update, so that a loss that is not finite leaves the weights unchanged.
            self.read_steps()?;
        }
        self.learner.update::<B>(learning_rate, gradients);
        if self.learner.optimizer.broken {
            self.check_finite()?;
        }
        let loss = self.last_loss.filter(|_| self.unread.is_empty());
        let view = StepView { network: self.learner.network(), step, step_in_epoch, indices, learning_rate, loss };
        self.callbacks.iter_mut().for_each(|callback| callback.after_step(&view));
        Ok(())
    }

    /// Adds the results of finished steps to the epoch's sums.
    fn read_steps(&mut self) -> Result<(), TrainError> {
        let first = self.state.step_in_epoch - self.unread.len();
        let unread = std::mem::take(&mut self.unread);
        if unread.is_empty() {
            return Ok(());
        }
        // One transfer for all, because each stalls a device; of outputs only where accuracy is counted.
        let (mut transfer, mut steps) = (Transaction::default(), Vec::with_capacity(unread.len()));
        for Unread { output, examples, classes, learning_rate } in unread {
            transfer = transfer.register(output.loss);
            if classes.is_some() {
                transfer = transfer.register(output.outputs);
            }
            steps.push((examples, classes, learning_rate));
        }
        let mut results = transfer.execute().into_iter().map(floats);
        let mut next = || results.next().expect("a result for each tensor registered");
        for (offset, (examples, classes, learning_rate)) in steps.into_iter().enumerate() {
            let loss = f64::from(next()[0]);
            let correct = classes.map_or(0, |classes| count_correct(&next(), &classes) as u64);
            if !loss.is_finite() {
                // The error must name the step whose loss this is, not the latest one.
                self.state.step_in_epoch = first + offset + 1;
                return Err(self.diverged(&format!("the loss became {loss}"), learning_rate));
            }
            let sums = &mut self.state.sums;
            sums.loss += loss * examples as f64;
            sums.correct += correct;
            sums.examples += examples as u64;
            self.last_loss = Some(loss);
        }
        Ok(())
    }

    pub(super) fn finish_epoch(&mut self) -> Result<(), TrainError> {
        let started = Instant::now();
        let valid = self.learner.network().valid();
        let test = self.test.as_ref().map(|evaluate| evaluate(&valid));
        let validation = self.validation.as_ref().map(|evaluate| evaluate(&valid));
        let sums = std::mem::take(&mut self.state.sums);
        let metrics = EpochMetrics {
            epoch: self.state.epoch + 1,
            train_loss: sums.loss / sums.examples as f64,
            train_accuracy: match self.examples.class(0) {
                Some(_) => sums.correct as f64 / sums.examples as f64,
                None => f64::NAN,
            },
            test_loss: test.map_or(f64::NAN, |test| test.loss),
            test_accuracy: test.map_or(f64::NAN, |test| test.accuracy),
            validation_loss: validation.map(|validation| validation.loss),
            validation_accuracy: validation.map(|validation| validation.accuracy).filter(|accuracy| !accuracy.is_nan()),
            learning_rate: self.schedule.learning_rate(self.state.step - 1),
            seconds: sums.seconds,
            evaluation_seconds: started.elapsed().as_secs_f64(),
            examples_per_second: sums.examples as f64 / sums.seconds,
        };
        let losses = [test, validation].into_iter().flatten().map(|evaluation| evaluation.loss);
        if let Some(loss) = losses.into_iter().find(|loss| !loss.is_finite()) {
            return Err(self.diverged(&format!("the loss became {loss}"), metrics.learning_rate));
        }
        self.state.epoch += 1;
        self.state.step_in_epoch = 0;
        if let Some(log) = self.log.as_ref().filter(|_| !self.saves_seldom()) {
            let length = log.append(&metrics, self.state.metrics_bytes).map_err(TrainError::State)?;
            self.state.metrics_bytes = length;
        }
        if let Some(validation) = validation {
            self.judge(validation, &valid);
        }
        let network = self.learner.network();
        for callback in &mut self.callbacks {
            if callback.after_epoch(&metrics, network) == ControlFlow::Break(()) {
                self.state.stopped_early = true;
            }
        }
        self.epochs.push(metrics);
        self.save_after_interval()
    }

    /// Keeps the weights of the best epoch, and stops once patience is exhausted.
    fn judge(&mut self, validation: Evaluation, valid: &M::InnerModule) {
        let watched = self.early_stopping.watched;
        let value = match watched {
            super::Watched::Loss => validation.loss,
            super::Watched::Accuracy => validation.accuracy,
        };
        match self.state.best {
            Some(best) if !watched.improves(value, best.value) => self.state.stopped_early = self.is_exhausted(),
            _ => {
                self.state.best = Some(Best { epoch: self.state.epoch, value });
                self.best_weights = parameters::collect(valid);
            }
        }
    }

    /// Whether the best epoch is at least `patience` epochs ago.
    pub(super) fn is_exhausted(&self) -> bool {
        let patience = self.early_stopping.patience;
        self.state.best.is_some_and(|best| patience > 0 && self.state.epoch.saturating_sub(best.epoch) >= patience)
    }

    /// Fails if a parameter or moment is no longer finite. Reads all of them from the device.
    pub(super) fn check_finite(&self) -> Result<(), TrainError> {
        not_finite(&self.learner.groups()).map_or(Ok(()), |path| Err(self.broken(&path)))
    }

    /// The error for a parameter or moment that is no longer finite after the last step.
    pub(super) fn broken(&self, path: &str) -> TrainError {
        let rate = self.schedule.learning_rate(self.state.step.saturating_sub(1));
        self.diverged(&format!("{path} became infinite or not a number"), rate)
    }

    /// The error for a run that diverged in its last step.
    pub(super) fn diverged(&self, what: &str, learning_rate: f64) -> TrainError {
        let (epoch, step) = match (self.state.epoch, self.state.step_in_epoch) {
            (epoch, 0) => (epoch, self.steps_per_epoch()),
            (epoch, step) => (epoch + 1, step),
        };
        let folder = self.checkpoints.as_ref().map(|checkpoints| checkpoints.folder.clone());
        let folder = folder.filter(|folder| folder.exists());
        TrainError::Diverged { what: what.to_owned(), epoch, step, learning_rate, folder }
    }
}
