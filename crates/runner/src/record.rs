//! The run directory: what a run leaves behind.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail, ensure};
use burn_fashion_mnist::Origin;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::settings::Settings;

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
const LOCK: &str = "run.lock";

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
    /// Settings changed on resuming, in order.
    #[serde(default)]
    pub changes: Vec<String>,
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

/// A run directory held by this process.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    /// Held until the process ends; the operating system releases it however that happens.
    _lock: File,
}

impl RunDirectory {
    /// A new run directory: `out`, or `runs/<name>/<UTC time>`.
    ///
    /// # Errors
    ///
    /// If `out` exists and is not empty, or cannot be written.
    pub fn create(out: Option<&Path>, name: &str) -> Result<Self> {
        let path = match out {
            Some(out) => {
                if let Ok(mut entries) = fs::read_dir(out) {
                    let out = out.display();
                    let empty = entries.next().is_none();
                    ensure!(
                        empty,
                        "{out}: exists and is not empty; choose another --out, or go on with --resume {out}"
                    );
                }
                fs::create_dir_all(out).with_context(|| format!("{}: cannot create", out.display()))?;
                out.to_owned()
            }
            None => create_unique(&Path::new("runs").join(name))?,
        };
        Self::lock(path)
    }

    /// An existing run directory, to go on with.
    ///
    /// # Errors
    ///
    /// If it does not exist, is no run directory, or another process holds it.
    pub fn open(path: &Path) -> Result<Self> {
        existing(path)?;
        Self::lock(path.to_owned())
    }

    fn lock(path: PathBuf) -> Result<Self> {
        let file = path.join(LOCK);
        let lock = File::create(&file).with_context(|| format!("{}: cannot write", file.display()))?;
        if lock.try_lock().is_err() {
            bail!("{}: another process is working on this run", path.display());
        }
        Ok(Self { path, _lock: lock })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes the resolved configuration.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write_config(&self, config: &Config) -> Result<()> {
        write_atomically(&self.file(CONFIG), toml::to_string(config)?.as_bytes(), None)
    }

    /// Writes a record as JSON.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_string_pretty(value)?;
        text.push('\n');
        write_atomically(&self.file(name), text.as_bytes(), None)
    }

    /// Appends a line to `metrics.jsonl` and gives the file's length after it.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn append_metrics(&self, record: &EpochRecord) -> Result<u64> {
        let path = self.file(METRICS);
        let append = || -> Result<u64> {
            let mut file = File::options().create(true).append(true).open(&path)?;
            file.write_all(format!("{}\n", serde_json::to_string(record)?).as_bytes())?;
            file.sync_data()?;
            Ok(file.metadata()?.len())
        };
        append().with_context(|| format!("{}: cannot write", path.display()))
    }

    /// The lines of `metrics.jsonl`; none where the file does not exist yet.
    ///
    /// # Errors
    ///
    /// If a line is damaged.
    pub fn read_metrics(&self) -> Result<Vec<EpochRecord>> {
        let path = self.file(METRICS);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(|| format!("{}: cannot read", path.display())),
        };
        let parse = |(index, line)| {
            serde_json::from_str(line).with_context(|| format!("{}:{}: damaged", path.display(), index + 1))
        };
        text.lines().enumerate().map(parse).collect()
    }

    /// Cuts `metrics.jsonl` back to the lines a checkpoint knows of.
    ///
    /// # Errors
    ///
    /// If the file is shorter than that or cannot be written.
    pub fn truncate_metrics(&self, bytes: u64) -> Result<()> {
        let path = self.file(METRICS);
        if bytes == 0 && !path.exists() {
            return Ok(());
        }
        let cut = || -> Result<()> {
            let file = File::options().write(true).open(&path)?;
            let length = file.metadata()?.len();
            ensure!(length >= bytes, "expected at least {bytes} bytes, found {length}: lines are missing");
            Ok(file.set_len(bytes)?)
        };
        cut().with_context(|| format!("{}: cannot go on", path.display()))
    }
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
    let text = fs::read_to_string(&path).with_context(|| format!("{}: cannot read", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{}: damaged", path.display()))
}

fn existing(path: &Path) -> Result<()> {
    ensure!(path.is_dir(), "{}: no such run directory", path.display());
    ensure!(path.join(CONFIG).is_file(), "{}: no run directory, it has no {CONFIG}", path.display());
    Ok(())
}

/// Creates `parent/<UTC time>`, with a number behind it where two runs start in one second.
fn create_unique(parent: &Path) -> Result<PathBuf> {
    fs::create_dir_all(parent).with_context(|| format!("{}: cannot create", parent.display()))?;
    let time = now().replace(':', "-");
    for attempt in 1..1000 {
        let path = parent.join(if attempt == 1 { time.clone() } else { format!("{time}-{attempt}") });
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("{}: cannot create", path.display())),
        }
    }
    bail!("{}: too many runs in one second", parent.display())
}

/// The time in UTC, to the second: `2026-01-31T12:00:00Z`.
pub fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// Replaces `path` by `bytes` so that a reader, or a crash at any moment, finds the old or the new content whole.
///
/// With `keep`, the old content is kept under that name.
///
/// # Errors
///
/// If the folder cannot be written. Then the old content is in place.
pub fn write_atomically(path: &Path, bytes: &[u8], keep: Option<&Path>) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(".writing-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        if let Some(keep) = keep {
            fs::rename(path, keep)?;
        }
        file.persist(path).map_err(|error| error.error)?;
        // The rename itself must reach the disk too.
        #[cfg(unix)]
        File::open(folder)?.sync_all()?;
        Ok(())
    };
    write().with_context(|| format!("{}: cannot write", path.display()))
}
