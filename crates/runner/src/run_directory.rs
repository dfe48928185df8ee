//! A run directory held by one process.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

use crate::config::Config;
use crate::files::{is_unfinished, read_text_at_most, remove_unfinished, write_atomically};
use crate::record::{CHECKPOINT, CONFIG, ENVIRONMENT, EpochRecord, LARGEST_LOG, METRICS, existing, now, parse_metrics};

const LOCK: &str = "run.lock";

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
                let shown = out.display();
                ensure!(
                    is_vacant(out),
                    "{shown}: exists and is not empty; choose another --out, or go on with --resume {shown}"
                );
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
        match lock.try_lock() {
            Ok(()) => {
                // Only the holder of the lock writes: what is unfinished now will never be finished.
                remove_unfinished(&path);
                remove_unfinished(&path.join(CHECKPOINT));
                Ok(Self { path, _lock: lock })
            }
            Err(TryLockError::WouldBlock) => bail!("{}: another process is working on this run", path.display()),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("{}: the file system does not lock files", file.display()))
            }
        }
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

    /// Appends a line to `metrics.jsonl`, which must have `length` bytes, and gives its length after that.
    ///
    /// # Errors
    ///
    /// If it cannot be written, or has another length: then something else writes to it, or has taken it away.
    pub fn append_metrics(&self, record: &EpochRecord, length: u64) -> Result<u64> {
        let path = self.file(METRICS);
        let append = || -> Result<u64> {
            let mut file = File::options().create(length == 0).append(true).open(&path)?;
            let found = file.metadata()?.len();
            ensure!(found == length, "expected {length} bytes before the new line, found {found}");
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
    /// If the file cannot be read, or a line is damaged.
    pub fn read_metrics(&self) -> Result<Vec<EpochRecord>> {
        let path = self.file(METRICS);
        match read_text_at_most(&path, LARGEST_LOG) {
            Ok(text) => parse_metrics(&text, &path),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error).with_context(|| format!("{}: cannot read", path.display())),
        }
    }

    /// Cuts `metrics.jsonl` back to the `bytes` a checkpoint knows of, which are the lines of `epochs`.
    ///
    /// # Errors
    ///
    /// If the file is shorter than that, holds other lines, or cannot be written. Then it is as it was.
    pub fn truncate_metrics(&self, bytes: u64, epochs: usize) -> Result<()> {
        let path = self.file(METRICS);
        if bytes == 0 && !path.exists() {
            return Ok(());
        }
        let cut = || -> Result<()> {
            let file = File::options().read(true).write(true).open(&path)?;
            let length = file.metadata()?.len();
            ensure!(length >= bytes, "expected at least {bytes} bytes, found {length}: lines are missing");
            ensure!(bytes <= LARGEST_LOG, "{bytes} bytes are beyond the limit of {LARGEST_LOG}");
            let mut text = String::new();
            (&file).take(bytes).read_to_string(&mut text)?;
            let found: Vec<usize> = parse_metrics(&text, &path)?.iter().map(|record| record.epoch).collect();
            let whole = text.is_empty() || text.ends_with('\n');
            ensure!(
                whole && found.iter().copied().eq(1..=epochs),
                "expected the lines of epochs 1 to {epochs} in its first {bytes} bytes, found those of {found:?}"
            );
            file.set_len(bytes)?;
            Ok(file.sync_data()?)
        };
        cut().with_context(|| format!("{}: cannot go on", path.display()))
    }
}

/// Whether nothing is in the way of a new run: what a run leaves that is killed as it starts is not.
fn is_vacant(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return true };
    let names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
    let ours = |name: &OsString| name == LOCK || name == ENVIRONMENT || is_unfinished(&name.to_string_lossy());
    names.is_empty() || (names.iter().all(ours) && names.iter().any(|name| name == LOCK))
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
