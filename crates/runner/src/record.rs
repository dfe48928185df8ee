//! The run directory: what a run leaves behind.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use burn_fashion_mnist::Origin;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::files::{read_text_at_most, regular};
use crate::resume::Change;
use crate::settings::Settings;

pub use crate::run_directory::RunDirectory;

/// Resolved configuration, re-runnable.
pub const CONFIG: &str = "config.toml";
/// Versions, backend, device, data.
pub const ENVIRONMENT: &str = "environment.json";
/// One line an epoch.
pub const METRICS: &str = "metrics.jsonl";
/// Final figures.
pub const SUMMARY: &str = "summary.json";
/// Folder of checkpoints.
pub const CHECKPOINT: &str = "checkpoint";
/// Largest JSON record that is read, in bytes.
const LARGEST_RECORD: u64 = 1 << 20;
/// Longest log that is read, in bytes: half a million epochs.
pub(crate) const LARGEST_LOG: u64 = 256 << 20;

/// One line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Epoch, counted from 1.
    pub epoch: usize,
    /// Mean loss over the training examples, with dropout on, label smoothing included.
    pub train_loss: f64,
    /// Part of the training examples predicted right during training, in `[0, 1]`.
    pub train_accuracy: f64,
    /// Mean cross-entropy over the test examples.
    pub test_loss: f64,
    /// Part of the test examples predicted right, in `[0, 1]`.
    pub test_accuracy: f64,
    /// Mean cross-entropy over the validation examples, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_loss: Option<f64>,
    /// Part of the validation examples predicted right, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_accuracy: Option<f64>,
    /// Learning rate of the epoch's last step.
    pub learning_rate: f64,
    /// Seconds of training, evaluation apart.
    pub seconds: f64,
    /// Seconds of evaluation.
    pub evaluation_seconds: f64,
    /// Training examples per second of training.
    pub examples_per_second: f64,
}

/// What a run was made with and on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Environment {
    /// Version of this program.
    pub version: String,
    /// Version of Burn.
    pub burn: String,
    /// Commit of the sources, where they are in a git checkout.
    pub commit: Option<String>,
    /// Backend.
    pub backend: String,
    /// Device.
    pub device: String,
    /// Threads that tensor operations may use.
    pub threads: usize,
    /// Operating system and processor architecture.
    pub platform: String,
    /// Start of the run, UTC.
    pub started: String,
    /// Where the data came from.
    pub data: Origin,
    /// Shape and classes of the data: what predicting needs when the data is not at hand.
    pub images: ImagesInfo,
    /// What changed on resuming, in order.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// The file the first weights came from, where they were not drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<ImportedFile>,
}

/// A file whose weights a run took over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedFile {
    /// Path as given.
    pub path: PathBuf,
    /// SHA-256 of its bytes, in lower-case hex.
    pub sha256: String,
}

/// Shape and classes of the images a model was trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImagesInfo {
    /// Height in pixels.
    pub height: usize,
    /// Width in pixels.
    pub width: usize,
    /// Names of the classes, by index.
    pub class_names: Vec<String>,
    /// Number of training images.
    pub train: usize,
    /// Number of test images.
    pub test: usize,
}

/// Final figures of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Summary {
    /// Finished epochs.
    pub epochs: usize,
    /// Finished steps.
    pub steps: u64,
    /// Epoch whose weights are in `model.safetensors`, counted from 1; 0 is the initial model.
    pub model_epoch: usize,
    /// Number of learned parameters.
    pub parameters: usize,
    /// Mean cross-entropy of that model over the test examples.
    pub test_loss: f64,
    /// Part of the test examples that model predicts right, in `[0, 1]`.
    pub test_accuracy: f64,
    /// Mean training loss of the last epoch.
    pub train_loss: Option<f64>,
    /// Whether early stopping ended the run.
    pub stopped_early: bool,
    /// Seconds of training, evaluation apart.
    pub training_seconds: f64,
}

/// The configuration of a run.
///
/// # Errors
///
/// If there is no such run, or its configuration does not hold.
pub fn read_config(run: &Path) -> Result<Settings> {
    existing(run)?;
    let mut settings = Settings::defaults::<Config>();
    settings.layer_file(&run.join(CONFIG))?;
    settings.resolve::<Config>()?;
    Ok(settings)
}

/// A JSON record of a run.
///
/// # Errors
///
/// If it is missing or not what was expected.
pub fn read_json<T: DeserializeOwned>(run: &Path, name: &str) -> Result<T> {
    let path = run.join(name);
    let text = regular(&path).and_then(|()| read_text_at_most(&path, LARGEST_RECORD));
    let text = text.with_context(|| format!("{}: cannot read", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{}: damaged", path.display()))
}

/// The lines of a log; `path` only names it in errors.
///
/// # Errors
///
/// If a line is damaged.
///
/// # Examples
///
/// ```
/// use runner::record::parse_metrics;
///
/// assert!(parse_metrics("", "metrics.jsonl".as_ref()).unwrap().is_empty());
/// let error = parse_metrics("{}\n", "metrics.jsonl".as_ref()).unwrap_err();
/// assert_eq!(error.to_string(), "metrics.jsonl:1: damaged");
/// ```
pub fn parse_metrics(text: &str, path: &Path) -> Result<Vec<EpochRecord>> {
    let parse = |(index, line)| {
        serde_json::from_str(line).with_context(|| format!("{}:{}: damaged", path.display(), index + 1))
    };
    text.lines().enumerate().map(parse).collect()
}

/// Checks that there is a run.
///
/// # Errors
///
/// If there is no such folder, or it holds no configuration.
pub(crate) fn existing(path: &Path) -> Result<()> {
    ensure!(path.is_dir(), "{}: no such run directory", path.display());
    ensure!(path.join(CONFIG).is_file(), "{}: no run directory, it has no {CONFIG}", path.display());
    Ok(())
}

/// The time in UTC, to the second: `2026-01-31T12:00:00Z`.
pub fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn finite() -> impl Strategy<Value = f64> {
        any::<f64>().prop_filter("finite", |value| value.is_finite())
    }

    fn records() -> impl Strategy<Value = EpochRecord> {
        (any::<usize>(), [(); 8].map(|()| finite()), proptest::option::of((finite(), finite()))).prop_map(
            |(epoch, values, validation)| {
                let [train_loss, train_accuracy, test_loss, test_accuracy, learning_rate, rest @ ..] = values;
                let [seconds, evaluation_seconds, examples_per_second] = rest;
                EpochRecord {
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
        fn a_log_is_read_back_to_the_bit(records in proptest::collection::vec(records(), 0..5)) {
            let lines = records.iter().map(|record| serde_json::to_string(record).unwrap() + "\n");
            let text: String = lines.collect();
            prop_assert_eq!(text.lines().count(), records.len());
            prop_assert_eq!(parse_metrics(&text, Path::new("log")).unwrap(), records);
        }

        #[test]
        fn no_text_panics(text in ".{0,200}", line in 0_usize..3) {
            let start = ["", "{\"epoch\":1,", "{\"epoch\":1}\n"][line];
            let _ = parse_metrics(&format!("{start}{text}"), Path::new("log"));
        }
    }
}
