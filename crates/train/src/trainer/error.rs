//! Errors of a training run.

use std::path::PathBuf;

/// Why a run ended before its last epoch, or did not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A loss or a parameter is no longer finite. The network is lost; an earlier checkpoint is not.
    #[error("{what} in epoch {epoch}, step {step}, at learning rate {learning_rate}{}", checkpoint(folder.as_ref()))]
    Diverged {
        /// The loss or parameter that is no longer finite.
        what: String,
        /// Epoch of the step, counted from 1.
        epoch: usize,
        /// Step within the epoch, counted from 1.
        step: usize,
        /// Learning rate of the step.
        learning_rate: f64,
        /// Folder of the last good checkpoint, if the run writes checkpoints.
        folder: Option<PathBuf>,
    },
    /// A [`Callback`](crate::Callback) asked to stop. If the run writes checkpoints, it has been saved.
    #[error("stopped after step {step} of epoch {epoch}")]
    Stopped {
        /// Epoch of the last step, counted from 1.
        epoch: usize,
        /// Last step within the epoch, counted from 1.
        step: usize,
    },
    /// A checkpoint cannot be written or read, or does not fit this network, these examples or this configuration. Or
    /// the log cannot be written, or does not belong to the checkpoint.
    #[error("{0:#}")]
    State(anyhow::Error),
    /// There are no training examples, or the batch size is 0.
    #[error("expected {expected}, found 0")]
    Nothing {
        /// What is missing.
        expected: &'static str,
    },
}

fn checkpoint(folder: Option<&PathBuf>) -> String {
    folder.map_or(String::new(), |folder| format!("; the last good checkpoint is in {}", folder.display()))
}
