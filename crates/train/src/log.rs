//! The log of a run, with one line of JSON for each epoch.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use mlp_files::{read_text_at_most, write_atomically};
use serde::{Deserialize, Serialize};

/// Largest log that is read, in bytes. It holds half a million epochs.
const LARGEST_LOG: u64 = 256 << 20;

/// Metrics of an epoch: a line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// Epoch, counted from 1.
    pub epoch: usize,
    /// Mean loss over the training examples, with dropout on; label smoothing, class and example weights included.
    pub train_loss: f64,
    /// Fraction of the training examples predicted right during training, in `[0, 1]`; NaN if targets are no classes.
    #[serde(default = "nan", skip_serializing_if = "is_nan")]
    pub train_accuracy: f64,
    /// Mean loss over the test examples; NaN without any.
    #[serde(default = "nan", skip_serializing_if = "is_nan")]
    pub test_loss: f64,
    /// Fraction of the test examples predicted right, in `[0, 1]`; NaN without any, or if targets are no classes.
    #[serde(default = "nan", skip_serializing_if = "is_nan")]
    pub test_accuracy: f64,
    /// Mean loss over the validation examples, if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_loss: Option<f64>,
    /// Fraction of the validation examples predicted right, if there are any and targets are classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_accuracy: Option<f64>,
    /// Learning rate of the epoch's last step.
    pub learning_rate: f64,
    /// Seconds of training, without evaluation.
    pub seconds: f64,
    /// Seconds of evaluation.
    pub evaluation_seconds: f64,
    /// Training examples per second of training.
    pub examples_per_second: f64,
}

fn nan() -> f64 {
    f64::NAN
}

fn is_nan(value: &f64) -> bool {
    value.is_nan()
}

/// The file to which the metrics of a run are appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricsLog {
    path: PathBuf,
}

impl MetricsLog {
    /// The log at `path`, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Appends a line to the log, which must be `length` bytes long, and returns its new length.
    ///
    /// # Errors
    ///
    /// If it cannot be written, or has another length: then another program has written to it or removed it.
    pub fn append(&self, metrics: &EpochMetrics, length: u64) -> Result<u64> {
        let append = || -> Result<u64> {
            let mut file = File::options().create(length == 0).append(true).open(&self.path)?;
            let found = file.metadata()?.len();
            ensure!(found == length, "expected {length} bytes before the new line, found {found}");
            file.write_all(format!("{}\n", serde_json::to_string(metrics)?).as_bytes())?;
            file.sync_data()?;
            Ok(file.metadata()?.len())
        };
        append().with_context(|| format!("{}: cannot write", self.path.display()))
    }

    /// Writes the log anew, with its folder, and returns its length.
    pub(crate) fn write(&self, metrics: &[EpochMetrics]) -> Result<u64> {
        let mut text = String::new();
        for metrics in metrics {
            text += &serde_json::to_string(metrics)?;
            text.push('\n');
        }
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("{}: cannot create", folder.display()))?;
        }
        write_atomically(&self.path, text.as_bytes(), None)?;
        Ok(text.len() as u64)
    }

    /// Reads the metrics in the log; empty if it does not exist yet.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or a line is damaged.
    pub fn read(&self) -> Result<Vec<EpochMetrics>> {
        match read_text_at_most(&self.path, LARGEST_LOG) {
            Ok(text) => parse_metrics(&text, &self.path),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error).with_context(|| format!("{}: cannot read", self.path.display())),
        }
    }

    /// Truncates the log to its length at a checkpoint: `bytes`, which must hold the lines of epochs 1 to `epochs`.
    ///
    /// # Errors
    ///
    /// If it is shorter than that, holds other lines, or cannot be written. It is then unchanged.
    pub fn truncate(&self, bytes: u64, epochs: usize) -> Result<()> {
        if bytes == 0 && !self.path.exists() {
            return Ok(());
        }
        let cut = || -> Result<()> {
            let file = File::options().read(true).write(true).open(&self.path)?;
            let length = file.metadata()?.len();
            ensure!(length >= bytes, "expected at least {bytes} bytes, found {length}: lines are missing");
            ensure!(bytes <= LARGEST_LOG, "{bytes} bytes are beyond the limit of {LARGEST_LOG}");
            let mut text = String::new();
            (&file).take(bytes).read_to_string(&mut text)?;
            let found: Vec<usize> = parse_metrics(&text, &self.path)?.iter().map(|line| line.epoch).collect();
            let whole = text.is_empty() || text.ends_with('\n');
            ensure!(
                whole && found.iter().copied().eq(1..=epochs),
                "expected the lines of epochs 1 to {epochs} in its first {bytes} bytes, found those of {found:?}"
            );
            file.set_len(bytes)?;
            Ok(file.sync_data()?)
        };
        cut().with_context(|| format!("{}: cannot be resumed", self.path.display()))
    }
}

/// Parses the lines of a log. `path` only names the file in errors.
///
/// # Errors
///
/// If a line is damaged.
///
/// # Examples
///
/// ```
/// use burn_mlp_train::parse_metrics;
///
/// assert!(parse_metrics("", "metrics.jsonl".as_ref()).unwrap().is_empty());
/// let error = parse_metrics("{}\n", "metrics.jsonl".as_ref()).unwrap_err();
/// assert_eq!(error.to_string(), "metrics.jsonl:1: damaged");
/// ```
pub fn parse_metrics(text: &str, path: &Path) -> Result<Vec<EpochMetrics>> {
    let parse = |(index, line)| {
        serde_json::from_str(line).with_context(|| format!("{}:{}: damaged", path.display(), index + 1))
    };
    text.lines().enumerate().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn finite() -> impl Strategy<Value = f64> {
        any::<f64>().prop_filter("finite", |value| value.is_finite())
    }

    fn metrics() -> impl Strategy<Value = EpochMetrics> {
        (any::<usize>(), [(); 8].map(|()| finite()), proptest::option::of((finite(), finite()))).prop_map(
            |(epoch, values, validation)| {
                let [train_loss, train_accuracy, test_loss, test_accuracy, learning_rate, rest @ ..] = values;
                let [seconds, evaluation_seconds, examples_per_second] = rest;
                EpochMetrics {
                    epoch,
                    train_loss,
                    train_accuracy,
                    test_loss,
                    test_accuracy,
                    validation_loss: validation.map(|(loss, _)| loss),
                    validation_accuracy: validation.map(|(_, accuracy)| accuracy),
                    learning_rate,
                    seconds,
                    evaluation_seconds,
                    examples_per_second,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn a_log_is_read_back_to_the_bit(metrics in proptest::collection::vec(metrics(), 0..5)) {
            let text: String = metrics.iter().map(|line| serde_json::to_string(line).unwrap() + "\n").collect();
            prop_assert_eq!(text.lines().count(), metrics.len());
            prop_assert_eq!(parse_metrics(&text, Path::new("log")).unwrap(), metrics);
        }

        #[test]
        fn no_text_panics(text in ".{0,200}", line in 0_usize..3) {
            let start = ["", "{\"epoch\":1,", "{\"epoch\":1}\n"][line];
            let _ = parse_metrics(&format!("{start}{text}"), Path::new("log"));
        }
    }
}
