//! Checkpoints: everything a run needs to resume as if it had not stopped.
//!
//! A checkpoint is one file, with all tensors in single precision and a checksum. It is written under a temporary name,
//! synced and renamed. The previous checkpoint is kept beside it, so that there is an intact one at every moment.

mod format;

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, bail};
use mlp_files::tensor_file::LARGEST;
use mlp_files::{read_at_most, write_atomically};
use serde::{Deserialize, Serialize};

use crate::parameters::Tensors;

pub use format::{FORMAT, FormatError};

const LATEST: &str = "latest.safetensors";
const PREVIOUS: &str = "previous.safetensors";
/// Name under which a damaged latest checkpoint is kept. Left in place, it would replace the intact previous one.
const DAMAGED: &str = "damaged.safetensors";

/// Sums over the finished steps of the current epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EpochSums {
    /// Sum of the losses of all examples.
    pub loss: f64,
    /// Number of examples predicted right.
    pub correct: u64,
    /// Number of examples seen.
    pub examples: u64,
    /// Seconds of training.
    pub seconds: f64,
}

/// The best epoch so far on the validation examples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Epoch, counted from 1.
    pub epoch: usize,
    /// Its validation loss or accuracy.
    pub value: f64,
}

/// State of the training loop. Random numbers need no entry: they are functions of the seed, epoch and step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoopState {
    /// Number of finished epochs.
    pub epoch: usize,
    /// Number of finished steps in the current epoch.
    pub step_in_epoch: usize,
    /// Number of finished steps since the start.
    pub step: u64,
    /// Sums of the current epoch.
    pub sums: EpochSums,
    /// Best epoch so far.
    pub best: Option<Best>,
    /// Whether early stopping has ended the run.
    pub stopped_early: bool,
    /// Length of `metrics.jsonl` at this point, in bytes.
    pub metrics_bytes: u64,
    /// Number of steps the optimizer has taken.
    pub optimizer_steps: u64,
}

impl LoopState {
    /// Number of epochs begun, finished or not: a run cannot go on with fewer.
    pub fn begun_epochs(&self) -> usize {
        self.epoch.saturating_add(usize::from(self.step_in_epoch > 0))
    }
}

/// A checkpoint in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Version of the program that wrote it.
    pub program: String,
    /// Every setting by its key, written as TOML, to detect changes.
    pub settings: BTreeMap<String, String>,
    /// State of the training loop.
    pub state: LoopState,
    /// SHA-256 of the training data, to detect changes.
    pub data_sha256: String,
    /// Tensors by group and path: `model`, `first_moment`, `second_moment`, `best`.
    pub groups: BTreeMap<String, Tensors>,
}

/// Why a run cannot be resumed from a file.
enum Unusable {
    Missing,
    /// The run may be resumed from the previous checkpoint.
    Damaged(anyhow::Error),
    /// The file may be intact: resuming from the previous checkpoint would lose the steps since.
    Refused(anyhow::Error),
}

impl Checkpoint {
    /// Removes and returns the tensors of a group; empty if the group is absent.
    pub fn take(&mut self, group: &str) -> Tensors {
        self.groups.remove(group).unwrap_or_default()
    }

    /// Writes the checkpoint to `folder`. The latest checkpoint there becomes the previous one.
    ///
    /// `folder` is created if missing, but its parent is not: a run directory that was deleted is not created again.
    ///
    /// # Errors
    ///
    /// If the folder cannot be written, or its parent does not exist. The checkpoints in it are then unchanged.
    pub fn save(&self, folder: &Path) -> Result<()> {
        match fs::create_dir(folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(error).with_context(|| format!("{}: cannot create", folder.display()));
            }
            _ => {}
        }
        let bytes = self.to_bytes()?;
        let latest = folder.join(LATEST);
        let previous = latest.exists().then(|| folder.join(PREVIOUS));
        write_atomically(&latest, &bytes, previous.as_deref())
    }

    /// Reads the latest intact checkpoint in `folder`. `None` if there are no checkpoints.
    ///
    /// If the latest one is damaged or missing, reads the previous one and returns a warning with it. A damaged one is
    /// renamed to `damaged.safetensors`.
    ///
    /// # Errors
    ///
    /// If there are checkpoints and none is intact, one cannot be read, or the latest is of another format.
    pub fn load(folder: &Path) -> Result<Option<(Self, Option<String>)>> {
        let (latest, previous) = (folder.join(LATEST), folder.join(PREVIOUS));
        let damage = match Self::read(&latest) {
            Ok(checkpoint) => return Ok(Some((checkpoint, None))),
            Err(Unusable::Refused(error)) => return Err(error),
            Err(Unusable::Damaged(error)) => Some(error),
            Err(Unusable::Missing) => None,
        };
        match (Self::read(&previous), damage) {
            (Ok(checkpoint), Some(damage)) => {
                fs::rename(&latest, folder.join(DAMAGED))
                    .with_context(|| format!("{}: cannot set aside", latest.display()))?;
                Ok(Some((checkpoint, Some(format!("{damage:#}; resuming from the previous checkpoint")))))
            }
            (Ok(checkpoint), None) => {
                let warning = format!("{}: missing; resuming from the previous checkpoint", latest.display());
                Ok(Some((checkpoint, Some(warning))))
            }
            (Err(Unusable::Missing), None) => Ok(None),
            (Err(Unusable::Missing), Some(damage)) => bail!("no whole checkpoint: {damage:#}, and none before it"),
            (Err(Unusable::Refused(error)), _) => Err(error),
            (Err(Unusable::Damaged(error)), None) => {
                bail!("no whole checkpoint: {} is missing; {error:#}", latest.display())
            }
            (Err(Unusable::Damaged(error)), Some(damage)) => bail!("no whole checkpoint: {damage:#}; {error:#}"),
        }
    }

    fn read(path: &Path) -> Result<Self, Unusable> {
        let place = || path.display().to_string();
        let bytes = read_at_most(path, LARGEST).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Unusable::Missing,
            ErrorKind::FileTooLarge => Unusable::Damaged(anyhow::Error::from(error).context(place())),
            _ => Unusable::Refused(anyhow::Error::from(error).context(format!("{}: cannot read", place()))),
        })?;
        Self::from_bytes(&bytes).map_err(|error| {
            let unusable =
                if matches!(error, FormatError::Other { .. }) { Unusable::Refused } else { Unusable::Damaged };
            unusable(anyhow::Error::from(error).context(place()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::TensorData;

    fn checkpoint(step: u64) -> Checkpoint {
        let data = TensorData::new(vec![step as f32, -0.0], [2]);
        Checkpoint {
            program: "0".into(),
            settings: BTreeMap::new(),
            state: LoopState { step, ..Default::default() },
            data_sha256: "d".into(),
            groups: [("model".to_owned(), Tensors::from([("output.weight".to_owned(), data)]))].into(),
        }
    }

    fn load(folder: &Path) -> (Checkpoint, Option<String>) {
        Checkpoint::load(folder).unwrap().expect("a checkpoint")
    }

    fn refused(folder: &Path) -> String {
        format!("{:#}", Checkpoint::load(folder).unwrap_err())
    }

    #[test]
    fn the_latest_is_loaded_and_the_one_before_kept() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Checkpoint::load(folder.path()).unwrap().is_none());
        for step in 1..4 {
            checkpoint(step).save(folder.path()).unwrap();
            assert_eq!(load(folder.path()), (checkpoint(step), None));
        }
        fs::remove_file(folder.path().join(LATEST)).unwrap();
        let (before, warning) = load(folder.path());
        assert_eq!(before, checkpoint(2));
        assert!(warning.unwrap().contains("latest.safetensors: missing"));
    }

    #[test]
    fn a_damaged_latest_is_set_aside_and_never_takes_the_place_of_a_whole_one() {
        let folder = tempfile::tempdir().unwrap();
        checkpoint(1).save(folder.path()).unwrap();
        checkpoint(2).save(folder.path()).unwrap();
        fs::write(folder.path().join(LATEST), "damaged").unwrap();
        let (before, warning) = load(folder.path());
        assert_eq!(before, checkpoint(1));
        assert!(warning.unwrap().contains(LATEST));
        assert_eq!(fs::read(folder.path().join(DAMAGED)).unwrap(), b"damaged");
        checkpoint(3).save(folder.path()).unwrap();
        fs::remove_file(folder.path().join(LATEST)).unwrap();
        assert_eq!(load(folder.path()).0, checkpoint(1));
    }

    #[test]
    fn both_damaged_is_an_error_that_names_the_files() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(LATEST), b"junk").unwrap();
        let error = refused(folder.path());
        assert!(error.contains(LATEST) && error.contains("none before it"), "{error}");
        fs::write(folder.path().join(PREVIOUS), [0xff; 64]).unwrap();
        let error = refused(folder.path());
        assert!(error.contains(LATEST) && error.contains(PREVIOUS), "{error}");
        fs::remove_file(folder.path().join(LATEST)).unwrap();
        let error = refused(folder.path());
        assert!(error.contains("is missing") && error.contains(PREVIOUS), "{error}");
    }

    #[test]
    fn what_another_program_wrote_or_cannot_be_read_is_no_reason_to_go_back() {
        let folder = tempfile::tempdir().unwrap();
        checkpoint(1).save(folder.path()).unwrap();
        checkpoint(2).save(folder.path()).unwrap();
        let latest = folder.path().join(LATEST);
        fs::write(&latest, super::format::tests::other_format()).unwrap();
        let error = refused(folder.path());
        assert!(error.contains("latest.safetensors") && error.contains("checkpoint format 99"), "{error}");
        fs::remove_file(&latest).unwrap();
        fs::create_dir(&latest).unwrap();
        let error = refused(folder.path());
        assert!(error.contains("latest.safetensors: cannot read"), "{error}");
    }

    #[test]
    fn a_folder_that_is_gone_is_not_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        let error = format!("{:#}", checkpoint(1).save(&run.join("checkpoint")).unwrap_err());
        assert!(error.contains("checkpoint: cannot create"), "{error}");
        assert!(!run.exists());
    }
}
