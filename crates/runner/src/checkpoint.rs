//! Checkpoints: everything a run needs to go on as if it had not stopped.
//!
//! A checkpoint is one safetensors file in full precision. Its metadata holds the state of the loop and a SHA-256
//! over state and tensors. It is written under a temporary name, synced and renamed; the one before stays beside it
//! as `previous`, so that there is a whole one at every moment.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::TensorData;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::parameters::Tensors;
use crate::record::write_atomically;

/// Version of the file's meaning; another one is refused.
const FORMAT: &str = "1";
/// Largest file that is read: four times the tensors of a network with 4096 units in each of 8 layers.
const LARGEST: u64 = 1 << 32;
const LATEST: &str = "latest.safetensors";
const PREVIOUS: &str = "previous.safetensors";

/// Sums over the finished steps of an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EpochSums {
    /// Sum of the losses of all examples.
    pub loss: f64,
    /// Examples predicted right.
    pub correct: u64,
    /// Examples seen.
    pub examples: u64,
    /// Seconds of training.
    pub seconds: f64,
}

/// Best epoch so far on the validation split.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Epoch, counted from 1.
    pub epoch: usize,
    /// Its loss or accuracy.
    pub value: f64,
}

/// Where the loop stands. Random numbers need no entry: they are functions of the seed, epoch and step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoopState {
    /// Finished epochs.
    pub epoch: usize,
    /// Finished steps of the epoch under way.
    pub step_in_epoch: usize,
    /// Finished steps since the start.
    pub step: u64,
    /// Sums of the epoch under way.
    pub sums: EpochSums,
    /// Best epoch so far.
    pub best: Option<Best>,
    /// Whether early stopping has ended the run.
    pub stopped_early: bool,
    /// Length of `metrics.jsonl` at this point, in bytes.
    pub metrics_bytes: u64,
    /// Steps the optimizer has taken.
    pub optimizer_steps: u64,
}

/// A checkpoint in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// The loop.
    pub state: LoopState,
    /// SHA-256 of the training data, to notice a change.
    pub data_sha256: String,
    /// Tensors by group and path: `model`, `first_moment`, `second_moment`, `best`.
    pub groups: BTreeMap<String, Tensors>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    state: LoopState,
    data_sha256: String,
}

impl Checkpoint {
    /// The tensors of a group; none where it is absent.
    pub fn take(&mut self, group: &str) -> Tensors {
        self.groups.remove(group).unwrap_or_default()
    }

    /// Writes the checkpoint into `folder`; the latest one becomes the previous one.
    ///
    /// # Errors
    ///
    /// If the folder cannot be written. Then the checkpoints in it are as they were.
    pub fn save(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("{}: cannot create", folder.display()))?;
        let bytes = self.to_bytes()?;
        let latest = folder.join(LATEST);
        let previous = latest.exists().then(|| folder.join(PREVIOUS));
        write_atomically(&latest, &bytes, previous.as_deref())
    }

    /// Reads the latest whole checkpoint of `folder`, with a warning where it is not the latest one written.
    ///
    /// # Errors
    ///
    /// If there is none, or none is whole.
    pub fn load(folder: &Path) -> Result<(Self, Option<String>)> {
        let (latest, previous) = (folder.join(LATEST), folder.join(PREVIOUS));
        let damage = match Self::read(&latest) {
            Ok(checkpoint) => return Ok((checkpoint, None)),
            Err(damage) => damage,
        };
        if !latest.exists() && !previous.exists() {
            bail!("{}: no checkpoint", folder.display());
        }
        match Self::read(&previous) {
            Ok(checkpoint) => Ok((checkpoint, Some(format!("{damage:#}; going on from the checkpoint before it")))),
            Err(previous) => bail!("no whole checkpoint: {damage:#}; {previous:#}"),
        }
    }

    fn read(path: &PathBuf) -> Result<Self> {
        let read = || -> Result<Self> {
            let length = fs::metadata(path)?.len();
            ensure!(length <= LARGEST, "{length} bytes are more than the limit of {LARGEST}");
            Self::from_bytes(&fs::read(path)?)
        };
        read().with_context(|| format!("{}: damaged or missing", path.display()))
    }

    fn to_bytes(&self) -> Result<Vec<u8>> {
        let header = Header { state: self.state.clone(), data_sha256: self.data_sha256.clone() };
        let header = serde_json::to_string(&header)?;
        let mut tensors = BTreeMap::new();
        for (group, members) in &self.groups {
            for (path, data) in members {
                tensors.insert(format!("{group}/{path}"), (data.shape.as_slice().to_vec(), data.as_bytes()));
            }
        }
        let checksum =
            checksum(&header, tensors.iter().map(|(name, (shape, bytes))| (name.as_str(), &shape[..], *bytes)));
        let metadata = HashMap::from([
            ("format".to_owned(), FORMAT.to_owned()),
            ("state".to_owned(), header),
            ("sha256".to_owned(), checksum),
        ]);
        let views: Result<Vec<_>, _> = tensors
            .into_iter()
            .map(|(name, (shape, bytes))| {
                Ok::<_, safetensors::SafeTensorError>((name, TensorView::new(Dtype::F32, shape, bytes)?))
            })
            .collect();
        Ok(safetensors::serialize(views?, Some(metadata))?)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let file = SafeTensors::deserialize(bytes)?;
        let (_, metadata) = SafeTensors::read_metadata(bytes)?;
        let metadata = metadata.metadata().clone().unwrap_or_default();
        let entry = |name: &str| metadata.get(name).with_context(|| format!("no entry {name} in the metadata"));
        let format = entry("format")?;
        ensure!(format == FORMAT, "checkpoint format {format}: this program reads format {FORMAT}");

        let header = entry("state")?;
        let mut tensors: Vec<(&str, TensorView)> = file.iter().collect();
        tensors.sort_by_key(|(name, _)| *name);
        let found = checksum(header, tensors.iter().map(|(name, view)| (*name, view.shape(), view.data())));
        let expected = entry("sha256")?;
        ensure!(*expected == found, "checksum: expected {expected}, found {found}");

        let Header { state, data_sha256 } = serde_json::from_str(header)?;
        let mut groups: BTreeMap<String, Tensors> = BTreeMap::new();
        for (name, view) in tensors {
            let (group, path) = name.split_once('/').with_context(|| format!("tensor {name} is in no group"))?;
            ensure!(view.dtype() == Dtype::F32, "tensor {name}: expected F32, found {:?}", view.dtype());
            let values: Vec<f32> =
                view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
            let data = TensorData::new(values, view.shape().to_vec());
            groups.entry(group.to_owned()).or_default().insert(path.to_owned(), data);
        }
        Ok(Self { state, data_sha256, groups })
    }
}

fn checksum<'a>(header: &str, tensors: impl Iterator<Item = (&'a str, &'a [usize], &'a [u8])>) -> String {
    let mut hash = Sha256::new();
    hash.update(header);
    for (name, shape, bytes) in tensors {
        hash.update(format!("\0{name}\0{shape:?}\0"));
        hash.update(bytes);
    }
    format!("{:x}", hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint(step: u64) -> Checkpoint {
        let data = TensorData::new(vec![step as f32, -0.0, f32::MIN_POSITIVE, 0.1], [2, 2]);
        let sums = EpochSums { loss: 0.1 + 0.2, ..Default::default() };
        Checkpoint {
            state: LoopState { step, sums, ..Default::default() },
            data_sha256: "d".into(),
            groups: [("model".to_owned(), Tensors::from([("output.weight".to_owned(), data)]))].into(),
        }
    }

    #[test]
    fn what_is_saved_is_loaded_to_the_bit() {
        let folder = tempfile::tempdir().unwrap();
        checkpoint(7).save(folder.path()).unwrap();
        let (loaded, warning) = Checkpoint::load(folder.path()).unwrap();
        assert_eq!((loaded, warning), (checkpoint(7), None));
    }

    #[test]
    fn a_damaged_latest_falls_back_to_the_previous() {
        let folder = tempfile::tempdir().unwrap();
        checkpoint(1).save(folder.path()).unwrap();
        checkpoint(2).save(folder.path()).unwrap();
        let latest = folder.path().join(LATEST);
        let whole = fs::read(&latest).unwrap();
        // Every byte matters: a flip anywhere is noticed.
        for position in (0..whole.len()).step_by(7) {
            let mut damaged = whole.clone();
            damaged[position] ^= 0x10;
            fs::write(&latest, damaged).unwrap();
            let (loaded, warning) = Checkpoint::load(folder.path()).unwrap();
            assert_eq!(loaded, checkpoint(1), "byte {position}");
            assert!(warning.unwrap().contains(LATEST));
        }
        for length in [0, 1, whole.len() / 2, whole.len() - 1] {
            fs::write(&latest, &whole[..length]).unwrap();
            assert_eq!(Checkpoint::load(folder.path()).unwrap().0, checkpoint(1));
        }
    }

    #[test]
    fn both_damaged_or_none_is_an_error_that_names_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let error = Checkpoint::load(folder.path()).unwrap_err().to_string();
        assert!(error.contains("no checkpoint"), "{error}");
        fs::write(folder.path().join(LATEST), b"junk").unwrap();
        fs::write(folder.path().join(PREVIOUS), [0xff; 64]).unwrap();
        let error = Checkpoint::load(folder.path()).unwrap_err().to_string();
        assert!(error.contains(LATEST) && error.contains(PREVIOUS), "{error}");
    }
}
