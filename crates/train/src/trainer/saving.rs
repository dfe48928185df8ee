//! Saving and resuming a run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;

use super::pending::Checkpoints;
use super::{TrainError, Trained, Trainer};
use crate::checkpoint::{Checkpoint, LoopState};
use crate::learner::not_finite;
use crate::parameters;
use crate::{Examples, Network};

impl<B: AutodiffBackend, M: Network<B, E::Features> + AutodiffModule<B>, E: Examples<B>> Trainer<'_, B, M, E> {
    /// Writes checkpoints to `folder`, one at the start and one after each epoch, and resumes from the latest one
    /// there.
    ///
    /// A run that is killed and started again ends with the same bits as one that was not.
    #[must_use]
    pub fn with_checkpoints(mut self, folder: impl Into<PathBuf>) -> Self {
        // Settings that the state in a checkpoint depends on. A user may change epochs, learning rate and schedule.
        let (config, kind) = (&self.config, self.config.optimizer.kind);
        let settings = [
            ("batch_size", config.batch_size.to_string()),
            ("optimizer.kind", format!("{kind:?}").to_lowercase()),
            ("seed", config.seed.to_string()),
        ];
        let settings = settings.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let program = env!("CARGO_PKG_VERSION").to_owned();
        self.checkpoints = Some(Checkpoints {
            folder: folder.into(),
            every_steps: 0,
            interval: Duration::ZERO,
            since: Instant::now(),
            program,
            settings,
            automatic: true,
        });
        self
    }

    /// Trains to the end with checkpoints in `folder`: from the start the first time, from the latest checkpoint when
    /// the program is started again. The same as [`with_checkpoints`](Self::with_checkpoints) and [`run`](Self::run).
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub fn fit_or_resume(self, folder: impl Into<PathBuf>) -> Result<Trained<M, M::InnerModule>, TrainError> {
        self.with_checkpoints(folder).run()
    }

    /// Also writes a checkpoint every `steps` steps within an epoch; 0 for none. Call it after
    /// [`with_checkpoints`](Self::with_checkpoints).
    #[must_use]
    pub fn with_checkpoint_steps(mut self, steps: usize) -> Self {
        if let Some(checkpoints) = &mut self.checkpoints {
            checkpoints.every_steps = steps;
        }
        self
    }

    /// Writes a checkpoint, and the log, only where the latest one, or the start of the run, is at least this long ago, or a callback
    /// asks to stop: for short runs, which are sooner made again than saved. Call it after
    /// [`with_checkpoints`](Self::with_checkpoints).
    #[must_use]
    pub fn with_checkpoint_interval(mut self, interval: Duration) -> Self {
        if let Some(checkpoints) = &mut self.checkpoints {
            checkpoints.interval = interval;
        }
        self
    }

    /// Records a program's version and settings in the checkpoints. The run then no longer resumes by itself: the
    /// caller checks the settings and calls [`resume`](Self::resume). Call it after
    /// [`with_checkpoints`](Self::with_checkpoints).
    #[must_use]
    pub fn with_identity(mut self, program: &str, settings: BTreeMap<String, String>) -> Self {
        if let Some(checkpoints) = &mut self.checkpoints {
            checkpoints.program = program.to_owned();
            checkpoints.settings = settings;
            checkpoints.automatic = false;
        }
        self
    }

    /// Resumes from `checkpoint`.
    ///
    /// # Errors
    ///
    /// If it belongs to other data or another network, or the log lacks lines that were written before it.
    pub fn resume(&mut self, checkpoint: Checkpoint) -> Result<(), TrainError> {
        self.take(checkpoint).map_err(TrainError::State)
    }

    /// Resumes from the latest checkpoint, if there is one and the caller does not resume itself.
    pub(super) fn resume_latest(&mut self) -> Result<(), TrainError> {
        let Some(checkpoints) = self.checkpoints.as_ref().filter(|checkpoints| checkpoints.automatic) else {
            return Ok(());
        };
        let load = || -> Result<Option<Checkpoint>> {
            let Some((checkpoint, _)) = Checkpoint::load(&checkpoints.folder)? else { return Ok(None) };
            for (key, expected) in &checkpoints.settings {
                let found = checkpoint.settings.get(key).map_or("nothing", String::as_str);
                ensure!(
                    found == expected,
                    "{}: made with {key} = {found}, now {expected}",
                    checkpoints.folder.display()
                );
            }
            Ok(Some(checkpoint))
        };
        match load().map_err(TrainError::State)? {
            Some(checkpoint) => self.resume(checkpoint),
            None => Ok(()),
        }
    }

    fn take(&mut self, mut checkpoint: Checkpoint) -> Result<()> {
        let (expected, found) = (&checkpoint.data_sha256, self.examples.fingerprint());
        ensure!(
            *expected == found,
            "the data is not what this run was trained on: expected SHA-256 {expected}, found {found}"
        );
        self.check(&checkpoint.state).context("the checkpoint is not of this run")?;
        let (begun, epochs) = (checkpoint.state.begun_epochs(), self.config.epochs);
        ensure!(begun <= epochs, "the run has begun epoch {begun}: expected at least {begun} epochs, found {epochs}");
        self.best_weights = checkpoint.take("best");
        if checkpoint.state.best.is_some() {
            let valid = self.learner.network().valid();
            parameters::restore(valid, self.best_weights.clone()).context("the checkpoint is not of this network")?;
        }
        self.learner.restore(&mut checkpoint)?;
        self.state = checkpoint.state;
        // A run that stopped early continues if its patience has been raised since; one that a callback ended does not.
        self.state.stopped_early = self.state.stopped_early && (self.validation.is_none() || self.is_exhausted());
        if let Some(log) = &self.log {
            log.truncate(self.state.metrics_bytes, self.state.epoch)?;
            self.epochs = log.read()?;
        }
        Ok(())
    }

    /// Checks that the counters of `state` agree with each other and with the data.
    fn check(&self, state: &LoopState) -> Result<()> {
        let LoopState { epoch, step_in_epoch, step, sums, best, .. } = state;
        let per_epoch = self.steps_per_epoch();
        ensure!(*step_in_epoch <= per_epoch, "it is {step_in_epoch} steps into an epoch of {per_epoch}");
        let expected = epoch.checked_mul(per_epoch).and_then(|steps| steps.checked_add(*step_in_epoch));
        ensure!(
            expected.is_some_and(|expected| expected as u64 == *step),
            "{step} steps are not {epoch} epochs of {per_epoch} and {step_in_epoch} steps"
        );
        let expected = step_in_epoch.saturating_mul(self.config.batch_size).min(self.examples.len()) as u64;
        let found = sums.examples;
        ensure!(found == expected, "expected sums over {expected} examples, found {found}");
        ensure!(best.is_none_or(|best| best.epoch <= *epoch), "its best epoch is still to come");
        Ok(())
    }

    /// Whether a checkpoint is due within an epoch.
    pub(super) fn is_checkpoint_due(&self) -> bool {
        let every = self.checkpoints.as_ref().map_or(0, |checkpoints| checkpoints.every_steps);
        let step = self.state.step_in_epoch;
        every > 0 && step.is_multiple_of(every) && step < self.steps_per_epoch()
    }

    /// Whether checkpoints have an interval. The log is then written with them, not after each epoch.
    pub(super) fn saves_seldom(&self) -> bool {
        self.checkpoints.as_ref().is_some_and(|checkpoints| checkpoints.interval > Duration::ZERO)
    }

    /// Writes a checkpoint, if the run writes any and the latest one is long enough ago.
    pub(super) fn save_after_interval(&mut self) -> Result<(), TrainError> {
        let waits = |checkpoints: &Checkpoints| checkpoints.since.elapsed() < checkpoints.interval;
        if self.checkpoints.as_ref().is_some_and(waits) { Ok(()) } else { self.save_checkpoint() }
    }

    /// Writes a checkpoint, if the run writes any. Fails if a parameter is no longer finite: such a run cannot be
    /// resumed.
    pub(super) fn save_checkpoint(&mut self) -> Result<(), TrainError> {
        let Some(checkpoints) = &self.checkpoints else { return Ok(()) };
        if let Some(log) = self.log.as_ref().filter(|_| self.saves_seldom()) {
            self.state.metrics_bytes = log.write(&self.epochs).map_err(TrainError::State)?;
        }
        self.state.optimizer_steps = self.learner.optimizer.steps;
        let mut groups = self.learner.groups();
        groups.insert("best".to_owned(), self.best_weights.clone());
        if let Some(path) = not_finite(&groups) {
            let error = self.broken(&path);
            self.find_divergence()?;
            return Err(error);
        }
        let checkpoint = Checkpoint {
            program: checkpoints.program.clone(),
            settings: checkpoints.settings.clone(),
            state: self.state.clone(),
            data_sha256: self.examples.fingerprint(),
            groups,
        };
        checkpoint.save(&checkpoints.folder).map_err(TrainError::State)?;
        if let Some(checkpoints) = &mut self.checkpoints {
            checkpoints.since = Instant::now();
        }
        Ok(())
    }

    /// Makes the steps since the last checkpoint once more, and looks at the parameters after each: an update by tensor
    /// operations does not, and reading them from a device after every step would slow all runs down.
    fn find_divergence(&mut self) -> Result<(), TrainError> {
        let (reached, folder) = (self.state.step, self.checkpoints.as_ref().map(|checkpoints| &checkpoints.folder));
        let checkpoint = folder.and_then(|folder| Checkpoint::load(folder).ok().flatten());
        let Some((checkpoint, _)) = checkpoint.filter(|(before, _)| before.state.step < reached) else { return Ok(()) };
        self.callbacks.clear();
        self.take(checkpoint).map_err(TrainError::State)?;
        let order = self.examples.order(self.config.seed, self.state.epoch as u64);
        while self.state.step < reached && self.state.step_in_epoch < self.steps_per_epoch() {
            self.train_step(&order)?;
            self.check_finite()?;
        }
        Ok(())
    }
}
