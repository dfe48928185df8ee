//! What has been measured: one file for each measurement, named by its key, in a folder that any number of processes
//! share.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use mlp_files::{read_text_at_most, write_atomically};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::jobs::Job;

/// Folder of the measurements in a folder of results.
const FOLDER: &str = "measurements";
/// Largest measurement that is read, in bytes.
const LARGEST: u64 = 64 << 20;

/// A folder of measurements.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// How a measurement was made, beside what it depends on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Circumstances {
    /// Seconds that it took.
    pub seconds: f64,
    /// When it began, UTC.
    pub started: String,
    /// Processor or graphics adapter. Last digits may differ between processors.
    pub device: String,
    /// Threads that tensor operations could use.
    pub threads: usize,
    /// Commit of the sources that were compiled, where it is known.
    pub commit: Option<String>,
}

/// A stored measurement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stored {
    experiment: String,
    seed: u64,
    key: String,
    /// How it was made.
    pub made: Circumstances,
    measurement: Box<RawValue>,
}

impl Stored {
    /// The seed it was made with.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The measurement as JSON.
    pub fn measurement(&self) -> &str {
        self.measurement.get()
    }
}

/// The right to make one measurement, held by this process alone until it is dropped.
pub struct Claimed {
    path: PathBuf,
    /// The operating system releases the lock however the process ends.
    _lock: File,
}

impl Store {
    /// The measurements below `results`.
    pub fn new(results: &Path) -> Self {
        Self { folder: results.join(FOLDER) }
    }

    /// The measurement of a job; none where it is still to be made.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is damaged, or holds another measurement.
    pub fn read(&self, job: &Job) -> Result<Option<Stored>> {
        let path = self.path(job, "json");
        let text = match read_text_at_most(&path, LARGEST) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("{}: cannot read", path.display())),
        };
        let stored: Stored = serde_json::from_str(&text).with_context(|| format!("{}: damaged", path.display()))?;
        let (expected, found) = (&job.key, &stored.key);
        ensure!(expected == found, "{}: expected the key {expected}, found {found}", path.display());
        Ok(Some(stored))
    }

    /// Claims a job for this process. None where it is measured by now; with `wait`, only once it is.
    ///
    /// # Errors
    ///
    /// If the folder cannot be written, or its file system does not lock files.
    pub fn claim(&self, job: &Job, wait: bool) -> Result<Claim> {
        if self.read(job)?.is_some() {
            return Ok(Claim::Measured);
        }
        let path = self.path(job, "lock");
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder).with_context(|| format!("{}: cannot create", folder.display()))?;
        let lock = File::create(&path).with_context(|| format!("{}: cannot write", path.display()))?;
        let locked = if wait { lock.lock().map_err(TryLockError::Error) } else { lock.try_lock() };
        match locked {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Claim::Elsewhere),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("{}: the file system does not lock files", path.display()));
            }
        }
        let claimed = Claimed { path, _lock: lock };
        // Another process may have finished it between the first look and the lock.
        Ok(if self.read(job)?.is_some() { Claim::Measured } else { Claim::Ours(claimed) })
    }

    /// Stores the measurement of a job that this process has claimed.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write(&self, job: &Job, claimed: &Claimed, measurement: String, made: Circumstances) -> Result<Stored> {
        let Job { experiment, seed, key, .. } = job.clone();
        let stored = Stored { experiment, seed, key, made, measurement: RawValue::from_string(measurement)? };
        let mut text = serde_json::to_string(&stored)?;
        text.push('\n');
        write_atomically(&self.path(job, "json"), text.as_bytes(), None)?;
        // Who has opened the lock meanwhile finds the measurement when it comes free. Without a measurement the file must
        // stay: one process could hold the lock of the removed file, and another that of a new one.
        let _ = fs::remove_file(&claimed.path);
        Ok(stored)
    }

    /// Where the long trainings of a job are saved until its measurement is made.
    pub fn work(&self, job: &Job) -> PathBuf {
        self.path(job, "work")
    }

    /// A file of a job. Sixteen digits tell keys apart; the whole key is inside.
    fn path(&self, job: &Job, extension: &str) -> PathBuf {
        let key = &job.key[..job.key.len().min(16)];
        self.folder.join(&job.experiment).join(format!("{}-{key}.{extension}", job.seed))
    }
}

/// What comes of claiming a job.
pub enum Claim {
    /// It has been measured.
    Measured,
    /// This process is to measure it.
    Ours(Claimed),
    /// Another process is measuring it.
    Elsewhere,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(key: &str) -> Job {
        Job { experiment: "dropout".into(), seed: 7, key: key.repeat(64), seconds: 1.0 }
    }

    fn made() -> Circumstances {
        Circumstances { seconds: 1.5, started: "now".into(), device: "cpu".into(), threads: 2, commit: None }
    }

    #[test]
    fn a_measurement_is_made_once_and_comes_back_to_the_byte() {
        let folder = tempfile::tempdir().unwrap();
        let (store, job) = (Store::new(folder.path()), job("a"));
        let Claim::Ours(claimed) = store.claim(&job, false).unwrap() else { panic!("nobody has claimed it") };
        // A lock of another handle counts as that of another process.
        assert!(matches!(store.claim(&job, false).unwrap(), Claim::Elsewhere));
        store.write(&job, &claimed, "[0.1,1e-300]".into(), made()).unwrap();
        assert!(matches!(store.claim(&job, false).unwrap(), Claim::Measured));
        drop(claimed);
        assert!(matches!(store.claim(&job, true).unwrap(), Claim::Measured));
        assert_eq!(store.read(&job).unwrap().unwrap().measurement(), "[0.1,1e-300]");
        let files = fs::read_dir(folder.path().join("measurements/dropout")).unwrap().count();
        assert_eq!(files, 1, "no lock is left");
    }

    #[test]
    fn a_claim_that_came_to_nothing_is_free_again() {
        let folder = tempfile::tempdir().unwrap();
        let (store, job) = (Store::new(folder.path()), job("a"));
        drop(store.claim(&job, false).unwrap());
        assert!(matches!(store.claim(&job, false).unwrap(), Claim::Ours(_)));
    }

    #[test]
    fn what_is_damaged_or_of_another_key_is_refused_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let (store, job) = (Store::new(folder.path()), job("a"));
        let Claim::Ours(claimed) = store.claim(&job, false).unwrap() else { panic!("nobody has claimed it") };
        store.write(&job, &claimed, "1".into(), made()).unwrap();
        let path = store.path(&job, "json");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, &text[..text.len() / 2]).unwrap();
        let error = format!("{:#}", store.read(&job).unwrap_err());
        assert!(error.contains("damaged") && error.contains("7-aaaaaaaaaaaaaaaa.json"), "{error}");
        fs::write(&path, text.replace("aaaa\"", "aaab\"")).unwrap();
        assert!(store.read(&job).unwrap_err().to_string().contains("expected the key"));
    }
}
