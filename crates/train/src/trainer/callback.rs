//! Callbacks between the steps and epochs of a run.

use std::ops::ControlFlow;

use crate::EpochMetrics;

/// A step of training, as a [`Callback`] sees it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct StepView<'a, M> {
    /// The network, before or after the step.
    pub network: &'a M,
    /// Number of the step since the start of the run, counted from 0; it also chooses the dropout masks.
    pub step: u64,
    /// Number of the step within the epoch, counted from 0.
    pub step_in_epoch: usize,
    /// Indices of the batch's examples, in order.
    pub indices: &'a [u32],
    /// Learning rate of the step.
    pub learning_rate: f64,
    /// Mean loss of the batch, if it has been read from the device. Always `None` before the step. After the step it is
    /// present only if losses are read at this step: see
    /// [`Placement::steps_between_reads`](crate::Placement::steps_between_reads).
    pub loss: Option<f64>,
}

/// Observes a training run, and can stop it. All methods do nothing by default.
pub trait Callback<M>: Send {
    /// Called before the first step of an epoch. After resuming inside an epoch, called before the first remaining
    /// step.
    ///
    /// `epoch` counts from 1; `epochs` is the number of epochs of the run, `steps` that of steps in an epoch.
    fn before_epoch(&mut self, epoch: usize, epochs: usize, steps: usize) {
        let _ = (epoch, epochs, steps);
    }

    /// Called before each step.
    fn before_step(&mut self, step: &StepView<'_, M>) {
        let _ = step;
    }

    /// Called after each step, with the updated network.
    fn after_step(&mut self, step: &StepView<'_, M>) {
        let _ = step;
    }

    /// Called after each epoch and its evaluation. `Break` ends the run after this epoch.
    fn after_epoch(&mut self, metrics: &EpochMetrics, network: &M) -> ControlFlow<()> {
        let _ = (metrics, network);
        ControlFlow::Continue(())
    }

    /// Whether the run should stop after this step and write a checkpoint, to be resumed later.
    fn should_stop(&mut self) -> bool {
        false
    }
}

impl<M, C: Callback<M> + ?Sized> Callback<M> for &mut C {
    fn before_epoch(&mut self, epoch: usize, epochs: usize, steps: usize) {
        (**self).before_epoch(epoch, epochs, steps);
    }

    fn before_step(&mut self, step: &StepView<'_, M>) {
        (**self).before_step(step);
    }

    fn after_step(&mut self, step: &StepView<'_, M>) {
        (**self).after_step(step);
    }

    fn after_epoch(&mut self, metrics: &EpochMetrics, network: &M) -> ControlFlow<()> {
        (**self).after_epoch(metrics, network)
    }

    fn should_stop(&mut self) -> bool {
        (**self).should_stop()
    }
}
