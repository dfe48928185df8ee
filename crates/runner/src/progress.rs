//! Progress of a run: a bar on a terminal, plain lines elsewhere; and warnings.

use std::io::{IsTerminal as _, Write as _, stderr, stdout};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::record::EpochRecord;

/// How progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ProgressMode {
    /// A bar where stderr is a terminal, plain lines elsewhere.
    #[default]
    Auto,
    /// A bar, and a line an epoch.
    Bar,
    /// A line an epoch.
    Plain,
    /// Nothing.
    None,
}

/// Shows how far a run is. Lines of results go to stdout, the bar to stderr.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    quiet: bool,
}

impl Progress {
    /// Progress shown as `mode` says.
    pub fn new(mode: ProgressMode) -> Self {
        let bar = match mode {
            ProgressMode::Auto if !stderr().is_terminal() => ProgressDrawTarget::hidden(),
            ProgressMode::Auto | ProgressMode::Bar => ProgressDrawTarget::stderr(),
            ProgressMode::Plain | ProgressMode::None => ProgressDrawTarget::hidden(),
        };
        Self { bar: ProgressBar::with_draw_target(None, bar), quiet: mode == ProgressMode::None }
    }

    /// Starts the bar of an epoch, counted from 1.
    pub fn start_epoch(&self, epoch: usize, epochs: usize, steps: usize) {
        let template = "epoch {prefix} {wide_bar} {pos}/{len} steps, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.set_prefix(format!("{epoch}/{epochs}"));
        self.bar.set_length(steps as u64);
        self.bar.set_position(0);
        self.bar.reset_elapsed();
    }

    /// Moves the bar.
    pub fn step(&self, finished: usize) {
        self.bar.set_position(finished as u64);
    }

    /// Takes the bar away.
    pub fn end_epoch(&self) {
        self.bar.finish_and_clear();
    }

    /// Prints the line of an epoch.
    pub fn report_epoch(&self, record: &EpochRecord, epochs: usize) {
        self.end_epoch();
        if self.quiet {
            return;
        }
        let width = epochs.to_string().len();
        let validation = record
            .validation_accuracy
            .map_or(String::new(), |accuracy| format!("  validation {:6.2} %", 100.0 * accuracy));
        let line = format!(
            "epoch {:>width$}/{epochs}  loss {:.4}  train {:6.2} %{validation}  test {:6.2} %  {:6.2} s  {:>9} images/s",
            record.epoch,
            record.train_loss,
            100.0 * record.train_accuracy,
            100.0 * record.test_accuracy,
            record.seconds,
            thousands(record.examples_per_second as u64),
        );
        self.say(&line);
    }

    /// Prints a line of results.
    pub fn say(&self, line: &str) {
        if !self.quiet {
            // A reader that has gone does not end the run.
            let _ = self.bar.suspend(|| writeln!(stdout(), "{line}"));
        }
    }
}

/// Prints a warning on stderr.
pub fn warn(warning: &str) {
    // A reader that has gone, or a terminal that was closed, does not end the run.
    let _ = writeln!(stderr(), "warning: {warning}");
}

/// A whole number with a comma between thousands.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
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
