//! Untrusted safetensors files, with limits that the format itself does not set.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use safetensors::SafeTensors;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Largest file that is read, in bytes. It holds the weights, both moments and the best weights of the largest network,
/// each 2^28 numbers in single precision, and a header.
pub const LARGEST: u64 = (1 << 32) + LARGEST_HEADER;
/// Largest header, in bytes: ten thousand tensors with their names. Parsing takes a small multiple of it.
pub const LARGEST_HEADER: u64 = 4 << 20;

/// Number of bytes before the header. They hold its length.
const PREFIX: usize = 8;

/// The tensors in `bytes`, without copying them.
///
/// # Errors
///
/// If the header is longer than [`LARGEST_HEADER`], a tensor lies outside the file, or it is not a safetensors file.
///
/// # Examples
///
/// ```
/// use mlp_files::tensor_file::view;
///
/// // A header of 2 bytes, `{}`: no tensors.
/// assert_eq!(view(b"\x02\0\0\0\0\0\0\0{}").unwrap().len(), 0);
/// // One that announces 2^56 bytes.
/// assert!(view(b"\0\0\0\0\0\0\0\x01{}").is_err());
/// ```
pub fn view(bytes: &[u8]) -> Result<SafeTensors<'_>> {
    #[derive(Deserialize)]
    struct Header {
        #[serde(rename = "__metadata__")]
        _metadata: Option<IgnoredAny>,
        #[serde(flatten)]
        tensors: BTreeMap<String, Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        data_offsets: (u64, u64),
    }

    let (length, rest) = bytes.split_first_chunk::<PREFIX>().context("shorter than the length of its header")?;
    let length = u64::from_le_bytes(*length);
    ensure!(length <= LARGEST_HEADER, "a header of {length} bytes is beyond the limit of {LARGEST_HEADER}");
    let header = usize::try_from(length).ok().and_then(|length| rest.get(..length));
    let header = header.with_context(|| format!("cut short: expected a header of {length} bytes"))?;
    let parsed: Header = serde_json::from_slice(header).context("the header is damaged")?;
    // The safetensors crate adds offsets before it compares them with the length of the file: the sum could overflow.
    let data = (rest.len() - header.len()) as u64;
    for (name, Entry { data_offsets: (start, end) }) in &parsed.tensors {
        ensure!(start <= end && *end <= data, "tensor {name:?} lies at {start}..{end} of {data} bytes");
    }
    Ok(SafeTensors::deserialize(bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: usize) -> Vec<u8> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.resize(bytes.len() + data, 0);
        bytes
    }

    fn refused(bytes: &[u8]) -> String {
        format!("{:#}", view(bytes).map(|_| ()).unwrap_err())
    }

    #[test]
    fn tensors_beside_metadata_are_seen() {
        let header = r#"{"__metadata__":{"data_offsets":"text"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
        assert_eq!(view(&file(header, 8)).unwrap().tensor("a").unwrap().shape(), [2]);
    }

    #[test]
    fn headers_that_announce_more_than_there_is_are_refused() {
        assert!(refused(b"short").contains("shorter"));
        assert!(refused(&u64::MAX.to_le_bytes()).contains("18446744073709551615"));
        assert!(refused(&file("{}", 0)[..9]).contains("cut short"));
        assert!(refused(&file(r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4)).contains("0..8 of 4"));
        assert!(refused(&file(r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4)).contains("shape"));
    }

    #[test]
    fn offsets_that_overflow_when_added_are_refused() {
        // Nine tensors of 2^61 - 4 bytes: their end, plus the header, is more than 2^64.
        let size = (1_u64 << 61) - 4;
        let tensor = |index: u64| {
            let (start, end) = (index * size, (index + 1) * size);
            format!(r#""{index}":{{"dtype":"F32","shape":[{}],"data_offsets":[{start},{end}]}}"#, size / 4)
        };
        let last = format!(r#""8":{{"dtype":"F32","shape":[6],"data_offsets":[{},{}]}}"#, 8 * size, 8 * size + 24);
        let header = format!("{{{},{last}}}", (0..8).map(tensor).collect::<Vec<_>>().join(","));
        assert!(refused(&file(&header, 0)).contains("lies at"));
        // Shapes whose product overflows.
        let header = format!(r#"{{"a":{{"dtype":"F32","shape":[{0},{0}],"data_offsets":[0,0]}}}}"#, u64::MAX);
        assert!(view(&file(&header, 0)).is_err());
    }
}
