//! Progress of a run: a bar on a terminal, plain lines elsewhere; and warnings.

use std::cell::RefCell;
use std::io::{self, IsTerminal as _, Write as _, stderr};
use std::ops::ControlFlow;

use anyhow::Result;
use burn_mlp_train::{Callback, EpochMetrics, StepView};
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::interrupt;
use crate::output::{stdout, unless_closed};

/// How progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ProgressMode {
    /// A line for each epoch, and a bar if stderr is a terminal.
    #[default]
    Auto,
    /// A line for each epoch, and a bar.
    Bar,
    /// A line for each epoch.
    Plain,
    /// Nothing.
    None,
}

/// Shows the progress of a run. Lines with results go to stdout, the bar to stderr.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    quiet: bool,
    /// Number of epochs of the run.
    epochs: usize,
    /// The first error of standard output.
    lost: RefCell<Option<io::Error>>,
}

impl Progress {
    /// Progress shown according to `mode`.
    pub fn new(mode: ProgressMode) -> Self {
        let bar = match mode {
            ProgressMode::Auto if !stderr().is_terminal() => ProgressDrawTarget::hidden(),
            ProgressMode::Auto | ProgressMode::Bar => ProgressDrawTarget::stderr(),
            ProgressMode::Plain | ProgressMode::None => ProgressDrawTarget::hidden(),
        };
        Self {
            bar: ProgressBar::with_draw_target(None, bar),
            quiet: mode == ProgressMode::None,
            epochs: 0,
            lost: RefCell::default(),
        }
    }

    /// Removes the bar.
    pub fn end_epoch(&self) {
        self.bar.finish_and_clear();
    }

    /// Prints a line of results. An error does not end the run; [`finish`](Self::finish) reports it.
    pub fn say(&self, line: &str) {
        if !self.quiet
            && let Err(error) = unless_closed(self.bar.suspend(|| writeln!(stdout(), "{line}")))
        {
            self.lost.borrow_mut().get_or_insert(error);
        }
    }

    /// Ends the run's output.
    ///
    /// # Errors
    ///
    /// If a line is lost, for example because the disk that standard output goes to is full. That its reader has closed
    /// it is no error.
    pub fn finish(self) -> Result<()> {
        self.lost.into_inner().map_or(Ok(()), |error| Err(error.into()))
    }
}

impl<M> Callback<M> for Progress {
    fn before_epoch(&mut self, epoch: usize, epochs: usize, steps: usize) {
        self.epochs = epochs;
        let template = "epoch {prefix} {wide_bar} {pos}/{len} steps, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.set_prefix(format!("{epoch}/{epochs}"));
        self.bar.set_length(steps as u64);
        self.bar.set_position(0);
        self.bar.reset_elapsed();
    }

    fn after_step(&mut self, step: &StepView<'_, M>) {
        self.bar.set_position(step.step_in_epoch as u64 + 1);
    }

    fn after_epoch(&mut self, metrics: &EpochMetrics, _network: &M) -> ControlFlow<()> {
        self.end_epoch();
        let epochs = self.epochs;
        let width = epochs.to_string().len();
        let validation = metrics
            .validation_accuracy
            .map_or(String::new(), |accuracy| format!("  validation {:6.2} %", 100.0 * accuracy));
        self.say(&format!(
            "epoch {:>width$}/{epochs}  loss {:.4}  train {:6.2} %{validation}  test {:6.2} %  {:6.2} s  {:>9} images/s",
            metrics.epoch,
            metrics.train_loss,
            100.0 * metrics.train_accuracy,
            100.0 * metrics.test_accuracy,
            metrics.seconds,
            thousands(metrics.examples_per_second as u64),
        ));
        ControlFlow::Continue(())
    }

    fn should_stop(&mut self) -> bool {
        interrupt::requested()
    }
}

/// Prints a warning on stderr.
pub fn warn(warning: &str) {
    // A closed stderr or terminal does not end the run.
    let _ = writeln!(stderr(), "warning: {warning}");
}

/// `number` with commas between thousands.
pub fn thousands(number: u64) -> String {
    HumanCount(number).to_string()
}

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn thousands_are_grouped_from_the_right() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (60_000, "60,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
    }
}
