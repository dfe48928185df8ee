//! The records in a run directory.

use std::fmt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use burn_fashion_mnist::{FashionMnist, Origin};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use mlp_files::{read_text_at_most, regular, write_atomically};
use mlp_settings::Settings;
use mlp_settings::config::Config;

use crate::backend::{self, Chosen};
use crate::threads;

/// The resolved configuration, from which the run can be repeated.
pub const CONFIG: &str = "config.toml";
/// The [`Environment`]: versions, backend, device, data.
pub const ENVIRONMENT: &str = "environment.json";
/// The metrics of each epoch, one per line.
pub const METRICS: &str = "metrics.jsonl";
/// The [`Summary`]: final metrics.
pub const SUMMARY: &str = "summary.json";
/// Folder of checkpoints.
pub const CHECKPOINT: &str = "checkpoint";
/// Largest JSON record that is read, in bytes.
const LARGEST_RECORD: u64 = 1 << 20;

/// Versions, machine and data of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Environment {
    /// Version of this program.
    pub version: String,
    /// Version of Burn.
    pub burn: String,
    /// See [`COMMIT`].
    pub commit: Option<String>,
    /// Cargo features of the program.
    #[serde(default)]
    pub features: Vec<String>,
    /// Backend.
    pub backend: String,
    /// Device.
    pub device: String,
    /// Number of threads that tensor operations may use.
    pub threads: usize,
    /// Operating system and processor architecture.
    pub platform: String,
    /// Start of the run in UTC.
    pub started: String,
    /// Origin of the data.
    pub data: Origin,
    /// Shape and classes of the images, which prediction needs even without the data.
    pub images: ImagesInfo,
    /// Changes made when the run was resumed, in order.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// The file that the initial weights were imported from, if they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<ImportedFile>,
}

impl Environment {
    /// That of a run that begins now, on this data and device.
    pub fn of(data: &FashionMnist, chosen: &Chosen) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").into(),
            burn: BURN.into(),
            commit: Some(COMMIT.into()),
            features: features(),
            backend: backend::NAME.into(),
            device: chosen.description.clone(),
            threads: threads::count(),
            platform: format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
            started: now(),
            data: data.origin.clone(),
            images: ImagesInfo {
                height: data.train.height(),
                width: data.train.width(),
                class_names: data.class_names().to_vec(),
                train: data.train.len(),
                test: data.test.len(),
            },
            changes: Vec::new(),
            imported: None,
        }
    }
}

/// A change made when a run was resumed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The setting, or `version`, `backend`, `device` or `threads`.
    pub key: String,
    /// Old value.
    pub from: String,
    /// New value.
    pub to: String,
    /// Number of epochs finished at that point.
    pub epoch: usize,
    /// Number of steps finished at that point.
    pub step: u64,
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, from, to, epoch, step } = self;
        write!(formatter, "{key} = {to} instead of {from} after {epoch} epochs and {step} steps")
    }
}

/// A file that a run's weights were imported from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedFile {
    /// Path as given, in which what is no UTF-8 is replaced by `�`.
    pub path: String,
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

/// Final metrics of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Summary {
    /// Number of finished epochs.
    pub epochs: usize,
    /// Number of finished steps.
    pub steps: u64,
    /// Epoch whose weights are in `model.safetensors`, counted from 1; 0 is the initial model.
    pub model_epoch: usize,
    /// Number of learned parameters.
    pub parameters: usize,
    /// Mean cross-entropy of this model over the test examples.
    pub test_loss: f64,
    /// Fraction of the test examples that this model predicts right, in `[0, 1]`.
    pub test_accuracy: f64,
    /// Mean cross-entropy of this model over the validation examples, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_loss: Option<f64>,
    /// Fraction of the validation examples that this model predicts right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_accuracy: Option<f64>,
    /// Mean training loss of the last epoch.
    pub train_loss: Option<f64>,
    /// Whether early stopping ended the run.
    pub stopped_early: bool,
    /// Seconds of training, without evaluation.
    pub training_seconds: f64,
}

/// Reads the configuration of a run.
///
/// # Errors
///
/// If there is no such run, or its configuration is invalid.
pub fn read_config(run: &Path) -> Result<Settings> {
    existing(run)?;
    let mut settings = Settings::defaults::<Config>();
    settings.layer_file(&run.join(CONFIG))?;
    settings.resolve::<Config>()?;
    Ok(settings)
}

/// Reads a JSON record of a run.
///
/// # Errors
///
/// If it is missing or damaged.
pub fn read_json<T: DeserializeOwned>(run: &Path, name: &str) -> Result<T> {
    let path = run.join(name);
    let text = regular(&path).and_then(|()| read_text_at_most(&path, LARGEST_RECORD));
    let text = text.with_context(|| format!("{}: cannot read", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{}: damaged", path.display()))
}

/// Writes a record as JSON.
///
/// # Errors
///
/// If it cannot be written.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    write_atomically(path, text.as_bytes(), None)
}

/// Checks that `path` is a run directory: it has a configuration.
pub(crate) fn existing(path: &Path) -> Result<()> {
    ensure!(path.is_dir(), "{}: no such run directory", path.display());
    ensure!(path.join(CONFIG).is_file(), "{}: no run directory, it has no {CONFIG}", path.display());
    Ok(())
}

/// The current time in UTC, to the second: `2026-01-31T12:00:00Z`. A clock before 1970 or after 9999 counts as set to the
/// nearest time that can be written.
pub fn now() -> String {
    written(SystemTime::now())
}

fn written(time: SystemTime) -> String {
    /// Seconds from 1970 to the end of 9999.
    const LAST: Duration = Duration::from_secs(253_402_300_799);
    humantime::format_rfc3339_seconds(time.clamp(UNIX_EPOCH, UNIX_EPOCH + LAST)).to_string()
}

/// The commit that this program was compiled from: with `-dirty` if its sources had been edited since, `unknown` if they
/// were in no git checkout.
pub const COMMIT: &str = env!("RUNNER_COMMIT");
/// The version of Burn that is compiled in.
pub const BURN: &str = env!("RUNNER_BURN");

/// The features that are compiled in.
pub fn features() -> Vec<String> {
    env!("RUNNER_FEATURES").split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_clock_gives_a_time_in_order() {
        let at = |seconds: i64| {
            let since = Duration::from_secs(seconds.unsigned_abs());
            written(if seconds < 0 { UNIX_EPOCH - since } else { UNIX_EPOCH + since })
        };
        // date -u -d @951826554 +%FT%TZ
        assert_eq!(at(951_826_554), "2000-02-29T12:15:54Z");
        for early in [-1, -86_400, i64::from(i32::MIN), -9_000_000_000_000_000_000] {
            assert_eq!(at(early), "1970-01-01T00:00:00Z");
        }
        for late in [253_402_300_799, 253_402_300_800, 9_000_000_000_000_000_000] {
            assert_eq!(at(late), "9999-12-31T23:59:59Z");
        }
    }

    #[test]
    fn a_change_says_what_it_was_and_when() {
        let change = Change { key: "training.epochs".into(), from: "3".into(), to: "5".into(), epoch: 2, step: 12 };
        assert_eq!(change.to_string(), "training.epochs = 5 instead of 3 after 2 epochs and 12 steps");
    }
}
