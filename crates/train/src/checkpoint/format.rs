//! File format of checkpoints: safetensors, with the state of the loop and a checksum in the metadata.
//!
//! The checksum is a SHA-256 over `format`, `program`, `state` and the tensors. This rule is the same in every format,
//! so that an intact file of another program can be told from a damaged one.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context as _, ensure};
use burn::tensor::TensorData;
use mlp_files::tensor_file;
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Checkpoint, LoopState};
use crate::parameters::Tensors;

/// Version of the format. Files of other versions are refused.
pub const FORMAT: &str = "1";

/// Why bytes are refused as a checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// An intact checkpoint in another format.
    #[error("checkpoint format {found}, written by version {program}; this program reads format {FORMAT}")]
    Other {
        /// Its format.
        found: String,
        /// Version of the program that wrote it.
        program: String,
    },
    /// The bytes are damaged, or are no checkpoint.
    #[error("damaged: {0:#}")]
    Damaged(anyhow::Error),
}

#[derive(Serialize, Deserialize)]
struct State {
    #[serde(rename = "loop")]
    state: LoopState,
    data_sha256: String,
    settings: BTreeMap<String, String>,
}

impl Checkpoint {
    /// The file's content.
    ///
    /// # Errors
    ///
    /// If it cannot be serialized.
    pub fn to_bytes(&self) -> anyhow::Result<Vec<u8>> {
        let state = serde_json::to_string(&State {
            state: self.state.clone(),
            data_sha256: self.data_sha256.clone(),
            settings: self.settings.clone(),
        })?;
        let mut tensors = BTreeMap::new();
        for (group, members) in &self.groups {
            for (path, data) in members {
                tensors.insert(format!("{group}/{path}"), (data.shape.as_slice().to_vec(), data.as_bytes()));
            }
        }
        let entries = [FORMAT, &self.program, &state];
        let sum = checksum(entries, tensors.iter().map(|(name, (shape, bytes))| (name.as_str(), &shape[..], *bytes)));
        let metadata: HashMap<String, String> = ["format", "program", "state", "sha256"]
            .into_iter()
            .zip([FORMAT, &self.program, &state, &sum])
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let views: Result<Vec<_>, _> = tensors
            .into_iter()
            .map(|(name, (shape, bytes))| {
                Ok::<_, safetensors::SafeTensorError>((name, TensorView::new(Dtype::F32, shape, bytes)?))
            })
            .collect();
        Ok(safetensors::serialize(views?, Some(metadata))?)
    }

    /// The checkpoint in `bytes`. Uses at most as much memory as `bytes`, plus a small multiple of its header.
    ///
    /// # Errors
    ///
    /// If the bytes are damaged or of another format.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        match Self::parse(bytes)? {
            (checkpoint, true) => Ok(checkpoint),
            (_, false) => Err(FormatError::Damaged(anyhow::anyhow!("its checksum does not hold"))),
        }
    }

    /// The checkpoint in `bytes`, and whether the checksum is correct.
    ///
    /// # Errors
    ///
    /// If the bytes cannot be parsed, or are of another format.
    pub fn parse(bytes: &[u8]) -> Result<(Self, bool), FormatError> {
        let damaged = FormatError::Damaged;
        let file = tensor_file::view(bytes).map_err(damaged)?;
        let (_, metadata) = safetensors::SafeTensors::read_metadata(bytes).map_err(|e| damaged(e.into()))?;
        let metadata = metadata.metadata().clone().unwrap_or_default();
        let entry = |name: &str| {
            metadata.get(name).with_context(|| format!("no entry {name} in the metadata")).map_err(damaged)
        };
        let (format, program, state) = (entry("format")?, entry("program")?, entry("state")?);
        let mut tensors: Vec<(&str, TensorView)> = file.iter().collect();
        tensors.sort_by_key(|(name, _)| *name);
        let views = tensors.iter().map(|(name, view)| (*name, view.shape(), view.data()));
        let whole = *entry("sha256")? == checksum([format, program, state], views);
        if format != FORMAT {
            let other = FormatError::Other { found: format.clone(), program: program.clone() };
            return Err(if whole { other } else { damaged(other.into()) });
        }
        let State { state, data_sha256, settings } = serde_json::from_str(state).map_err(|e| damaged(e.into()))?;
        let groups = groups(&tensors).map_err(damaged)?;
        Ok((Self { program: program.clone(), settings, state, data_sha256, groups }, whole))
    }
}

fn groups(tensors: &[(&str, TensorView)]) -> anyhow::Result<BTreeMap<String, Tensors>> {
    let mut groups: BTreeMap<String, Tensors> = BTreeMap::new();
    for (name, view) in tensors {
        let (group, path) = name.split_once('/').with_context(|| format!("tensor {name} is in no group"))?;
        ensure!(view.dtype() == Dtype::F32, "tensor {name}: expected F32, found {:?}", view.dtype());
        let (words, _) = view.data().as_chunks::<4>();
        let values: Vec<f32> = words.iter().map(|&word| f32::from_le_bytes(word)).collect();
        let data = TensorData::new(values, view.shape().to_vec());
        groups.entry(group.to_owned()).or_default().insert(path.to_owned(), data);
    }
    Ok(groups)
}

fn checksum<'a>(entries: [&str; 3], tensors: impl Iterator<Item = (&'a str, &'a [usize], &'a [u8])>) -> String {
    let mut hash = Sha256::new();
    for entry in entries {
        hash.update(format!("{}\0{entry}\0", entry.len()));
    }
    for (name, shape, bytes) in tensors {
        hash.update(format!("{name}\0{shape:?}\0"));
        hash.update(bytes);
    }
    format!("{:x}", hash.finalize())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::checkpoint::EpochSums;

    /// An intact file of another format.
    pub fn other_format() -> Vec<u8> {
        with_metadata([("format", "99"), ("program", "7.8.9"), ("state", "{}")], true, "a/b", Dtype::F32)
    }

    fn checkpoint() -> Checkpoint {
        let data = TensorData::new(vec![1.0, -0.0, f32::MIN_POSITIVE, 0.1], [2, 2]);
        let sums = EpochSums { loss: 0.1 + 0.2, ..Default::default() };
        Checkpoint {
            program: "1.2.3".into(),
            settings: [("training.epochs".to_owned(), "3".to_owned())].into(),
            state: LoopState { step: 7, sums, ..Default::default() },
            data_sha256: "d".into(),
            groups: [("model".to_owned(), Tensors::from([("output.weight".to_owned(), data)]))].into(),
        }
    }

    /// A file with other metadata, with a correct checksum if `sum`.
    fn with_metadata(entries: [(&str, &str); 3], sum: bool, name: &str, dtype: Dtype) -> Vec<u8> {
        let data = [0; 8];
        let shape = vec![8 / (dtype.bitsize() / 8)];
        let mut metadata: HashMap<String, String> =
            entries.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let sum = if sum {
            checksum(entries.map(|(_, value)| value), [(name, &shape[..], &data[..])].into_iter())
        } else {
            "0".into()
        };
        metadata.insert("sha256".into(), sum);
        let view = TensorView::new(dtype, shape, &data).unwrap();
        safetensors::serialize([(name, view)], Some(metadata)).unwrap()
    }

    #[test]
    fn bytes_come_back_to_the_bit() {
        assert_eq!(Checkpoint::from_bytes(&checkpoint().to_bytes().unwrap()).unwrap(), checkpoint());
    }

    #[test]
    fn another_format_is_refused_with_both_numbers() {
        let error = Checkpoint::from_bytes(&other_format()).unwrap_err();
        assert!(matches!(error, FormatError::Other { .. }));
        let text = error.to_string();
        assert!(text.contains("format 99") && text.contains("reads format 1") && text.contains("7.8.9"), "{text}");
        // If the format number itself is damaged, the file counts as damaged, and the previous checkpoint may be used.
        let entries = [("format", "99"), ("program", "7.8.9"), ("state", "{}")];
        let error = Checkpoint::from_bytes(&with_metadata(entries, false, "a/b", Dtype::F32)).unwrap_err();
        assert!(matches!(error, FormatError::Damaged(_)), "{error}");
    }

    #[test]
    fn a_checksum_that_holds_makes_nothing_right() {
        let state = serde_json::json!({
            "loop": LoopState::default(), "data_sha256": "", "settings": {},
        })
        .to_string();
        let file = |state: &str, name: &str, dtype| {
            with_metadata([("format", FORMAT), ("program", ""), ("state", state)], true, name, dtype)
        };
        assert!(Checkpoint::from_bytes(&file(&state, "a/b", Dtype::F32)).is_ok());
        for (bytes, part) in [
            (file("{}", "a/b", Dtype::F32), "missing field"),
            (file(&state, "ab", Dtype::F32), "in no group"),
            (file(&state, "a/b", Dtype::F64), "expected F32, found F64"),
        ] {
            let error = Checkpoint::from_bytes(&bytes).unwrap_err().to_string();
            assert!(error.contains("damaged") && error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_flip_anywhere_is_noticed() {
        let whole = checkpoint().to_bytes().unwrap();
        for position in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[position] ^= 0x10;
            let error = Checkpoint::from_bytes(&damaged).unwrap_err();
            assert!(matches!(error, FormatError::Damaged(_)), "byte {position}: {error}");
        }
        for length in 0..whole.len() {
            assert!(matches!(Checkpoint::from_bytes(&whole[..length]), Err(FormatError::Damaged(_))), "{length}");
        }
    }
}
