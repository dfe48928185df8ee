//! Run directories, each locked by one process.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use burn_mlp_train::MetricsLog;
use serde::Serialize;

use crate::interrupt::quoted;
use crate::record::{CHECKPOINT, CONFIG, ENVIRONMENT, METRICS, existing, now, write_json};
use mlp_files::{is_unfinished, remove_unfinished, write_atomically};
use mlp_settings::config::Config;

const LOCK: &str = "run.lock";

/// Another process has locked the run.
#[derive(Debug, thiserror::Error)]
#[error("{}: another process is working on this run", run.display())]
pub struct Busy {
    run: PathBuf,
}

/// A run directory that this process has locked.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    /// The lock. The operating system releases it when the process ends, even if it is killed.
    _lock: File,
    /// Whether this process has created the run, and the directory.
    created: Option<Created>,
}

/// What was there before a run was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Created {
    /// An empty directory.
    InDirectory,
    /// Nothing.
    WithDirectory,
}

impl RunDirectory {
    /// Creates a run directory: `out`, which must be empty or missing, or `runs/<name>/<UTC time>`.
    pub fn create(out: Option<&Path>, name: &str) -> Result<Self> {
        let created = if out.is_some_and(Path::is_dir) { Created::InDirectory } else { Created::WithDirectory };
        let path = match out {
            Some(out) => {
                let shown = out.display();
                ensure!(
                    is_vacant(out),
                    "{shown}: exists and is not empty; choose another --out, or resume the run with --resume {}",
                    quoted(out.as_os_str())
                );
                fs::create_dir_all(out).with_context(|| format!("{}: cannot create", out.display()))?;
                out.to_owned()
            }
            None => create_unique(&Path::new("runs").join(name))?,
        };
        Self::lock(path, Some(created))
    }

    /// Opens an existing run directory.
    pub fn open(path: &Path) -> Result<Self> {
        existing(path)?;
        Self::lock(path.to_owned(), None)
    }

    fn lock(path: PathBuf, created: Option<Created>) -> Result<Self> {
        let file = path.join(LOCK);
        let lock = File::create(&file).with_context(|| format!("{}: cannot write", file.display()));
        let lock = lock.inspect_err(|_| {
            if created == Some(Created::WithDirectory) {
                let _ = fs::remove_dir(&path);
            }
        })?;
        match lock.try_lock() {
            Ok(()) => {
                // Only the holder of the lock writes, so unfinished files are left over from a killed process.
                remove_unfinished(&path);
                remove_unfinished(&path.join(CHECKPOINT));
                Ok(Self { path, _lock: lock, created })
            }
            Err(TryLockError::WouldBlock) => Err(Busy { run: path }.into()),
            Err(TryLockError::Error(error)) => {
                drop(Self { path, _lock: lock, created });
                Err(error).with_context(|| format!("{}: the file system does not lock files", file.display()))
            }
        }
    }

    /// Path of the directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Path of a file in the directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes the resolved configuration.
    pub fn write_config(&self, config: &Config) -> Result<()> {
        write_atomically(&self.file(CONFIG), toml::to_string(config)?.as_bytes(), None)
    }

    /// Writes a record as JSON.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<()> {
        write_json(&self.file(name), value)
    }

    /// The log of the run's epochs.
    pub fn log(&self) -> MetricsLog {
        MetricsLog::new(self.file(METRICS))
    }
}

impl Drop for RunDirectory {
    /// Leaves nothing of a run that could not even write its configuration.
    fn drop(&mut self) {
        let Some(created) = self.created else { return };
        if is_vacant(&self.path) {
            for name in [ENVIRONMENT, LOCK] {
                let _ = fs::remove_file(self.file(name));
            }
            if created == Created::WithDirectory {
                // Fails if there is anything else in it.
                let _ = fs::remove_dir(&self.path);
            }
        }
    }
}

/// Whether a new run can use `folder`: it is missing, empty, or has only files of a run that was killed as it started.
fn is_vacant(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return true };
    let names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
    let ours = |name: &OsString| name == LOCK || name == ENVIRONMENT || is_unfinished(&name.to_string_lossy());
    names.is_empty() || (names.iter().all(ours) && names.iter().any(|name| name == LOCK))
}

/// Creates `parent/<UTC time>`, with a number appended if several runs start in the same second.
pub(crate) fn create_unique(parent: &Path) -> Result<PathBuf> {
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
