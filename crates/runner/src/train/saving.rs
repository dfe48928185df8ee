//! Saving a run under way, and going on with it.

use anyhow::{Context, Result, ensure};
use burn::tensor::backend::AutodiffBackend;

use super::Trainer;
use crate::checkpoint::{Checkpoint, LoopState};
use crate::parameters::{self, Tensors};
use crate::record::CHECKPOINT;
use crate::settings::entries;

impl<B: AutodiffBackend> Trainer<'_, B> {
    /// Takes `checkpoint` as the place to go on from.
    ///
    /// # Errors
    ///
    /// If it belongs to other data or another network, or the log of the run is not what it was then.
    pub fn resume(&mut self, mut checkpoint: Checkpoint) -> Result<()> {
        let (expected, found) = (&checkpoint.data_sha256, &self.examples.sha256);
        ensure!(
            expected == found,
            "the data is not what this run was trained on: expected SHA-256 {expected}, found {found}"
        );
        self.check(&checkpoint.state).context("the checkpoint is not of this run")?;
        let other_network = "the checkpoint is not of this network";
        let valid = self.valid();
        let moments = |group: Tensors| parameters::restore_moments(&valid, group).context(other_network);
        self.learner.optimizer.first_moment = moments(checkpoint.take("first_moment"))?;
        self.learner.optimizer.second_moment = moments(checkpoint.take("second_moment"))?;
        self.best_weights = checkpoint.take("best");
        if checkpoint.state.best.is_some() {
            parameters::restore(valid, self.best_weights.clone()).context(other_network)?;
        }
        // Into the training network itself: parameters of a predicting one would come back without gradients.
        self.learner.replace(|mlp| parameters::restore(mlp, checkpoint.take("model")).context(other_network))?;
        self.learner.optimizer.steps = checkpoint.state.optimizer_steps;
        self.state = checkpoint.state;
        // With more patience than before, a run that had stopped goes on.
        self.state.stopped_early = self.state.stopped_early && self.is_exhausted();
        self.run.truncate_metrics(self.state.metrics_bytes, self.state.epoch)
    }

    /// Checks that the counts of a state fit each other and the data.
    fn check(&self, state: &LoopState) -> Result<()> {
        let LoopState { epoch, step_in_epoch, step, sums, best, .. } = state;
        let per_epoch = self.examples.train.steps_per_epoch();
        ensure!(*step_in_epoch <= per_epoch, "it is {step_in_epoch} steps into an epoch of {per_epoch}");
        let expected = epoch.checked_mul(per_epoch).and_then(|steps| steps.checked_add(*step_in_epoch));
        ensure!(
            expected.is_some_and(|expected| expected as u64 == *step),
            "{step} steps are not {epoch} epochs of {per_epoch} and {step_in_epoch} steps"
        );
        let expected = self.examples.train.examples_in(*step_in_epoch) as u64;
        let found = sums.examples;
        ensure!(found == expected, "expected sums over {expected} examples, found {found}");
        ensure!(best.is_none_or(|best| best.epoch <= *epoch), "its best epoch is still to come");
        Ok(())
    }

    /// Writes a checkpoint.
    ///
    /// # Errors
    ///
    /// If it cannot be written, or a parameter is no longer finite: a run could not go on from there.
    pub(super) fn save_checkpoint(&mut self) -> Result<()> {
        let valid = self.valid();
        self.state.optimizer_steps = self.learner.optimizer.steps;
        let groups = [
            ("model", parameters::collect(&valid)),
            ("first_moment", parameters::collect_moments(&valid, &self.learner.optimizer.first_moment)),
            ("second_moment", parameters::collect_moments(&valid, &self.learner.optimizer.second_moment)),
            ("best", self.best_weights.clone()),
        ];
        for (group, tensors) in &groups {
            if let Some(path) = parameters::not_finite(tensors) {
                let rate = self.schedule.learning_rate(self.state.step.saturating_sub(1));
                return Err(self.diverged(&format!("{group}/{path} became infinite or not a number"), rate));
            }
        }
        let checkpoint = Checkpoint {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            settings: entries(self.config),
            state: self.state.clone(),
            data_sha256: self.examples.sha256.clone(),
            groups: groups.into_iter().map(|(group, tensors)| (group.to_owned(), tensors)).collect(),
        };
        checkpoint.save(&self.run.file(CHECKPOINT))
    }
}
