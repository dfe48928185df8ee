//! Which program wrote a model file, by its content: file names are often wrong.

use anyhow::{Result, bail};

/// A format that is imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Safetensors.
    Safetensors,
    /// ONNX.
    Onnx,
    /// PyTorch's, of `torch.save`.
    PyTorch,
}

/// The way from NumPy's arrays.
const FROM_NUMPY: &str = "write a safetensors file: safetensors.numpy.save_file(dict(numpy.load(\"model.npz\")), \
                          \"model.safetensors\")";
/// The way from any other program.
const EXPORT: &str = "export the model as ONNX, or its weights as a safetensors file";

/// The starts of files that are not imported, what they are, and what to do.
const OTHERS: [(&[u8], &str, &str); 7] = [
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, such as Keras writes", EXPORT),
    (b"\x93NUMPY", "a NumPy array", FROM_NUMPY),
    (b"GGUF", "a GGUF file", EXPORT),
    (b"\x1f\x8b", "a gzip archive", "unpack it"),
    (b"version https://git-lfs", "a pointer of Git LFS, not the file itself", "fetch it with git lfs pull"),
    (b"<", "an HTML or XML page, not the file itself", "download the file behind it"),
    (b"", "another file", EXPORT),
];

/// The format of a file.
///
/// # Errors
///
/// If it is none of those that are imported; the error says what it is, if that is known.
pub fn recognize(bytes: &[u8]) -> Result<Format> {
    let (what, way_out) = match bytes {
        // Eight bytes with the length of the header, and the header in JSON.
        [_, _, _, _, _, _, _, _, b'{', ..] => return Ok(Format::Safetensors),
        // Field 1, an integer, is the version of the format, which every writer puts first.
        [8, ..] => return Ok(Format::Onnx),
        // A zip file, or a bare pickle of protocol 2 or later.
        [b'P', b'K', 3, 4, ..] if contains(bytes, b"/data.pkl") => return Ok(Format::PyTorch),
        [0x80, 2..=5, ..] if bytes.starts_with(LEGACY) || contains(bytes, b"torch") => return Ok(Format::PyTorch),
        [b'P', b'K', 3, 4, ..] if contains(bytes, b".npy") => ("a NumPy archive (.npz)", FROM_NUMPY),
        [b'P', b'K', 3, 4, ..] if contains(bytes, b"model.weights.h5") => ("a Keras file", EXPORT),
        [b'P', b'K', 3, 4, ..] => ("a zip archive of another program", EXPORT),
        [0x80, 2..=5, ..] => ("a pickle that torch.save did not write", EXPORT),
        [_, _, _, _, b'T', b'F', b'L', b'3', ..] => ("a TensorFlow Lite model", EXPORT),
        [] => ("an empty file", EXPORT),
        _ => {
            let (_, what, way_out) = OTHERS.iter().find(|(start, ..)| bytes.starts_with(start)).unwrap_or(&OTHERS[6]);
            (*what, *way_out)
        }
    };
    bail!("expected a safetensors, ONNX or PyTorch file, found {what}: {way_out}")
}

/// The number with which files of `torch.save` before version 1.6 begin, as a pickle.
const LEGACY: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(bytes: &[u8]) -> String {
        recognize(bytes).map_or_else(|error| error.to_string(), |format| format!("{format:?}"))
    }

    #[test]
    fn files_are_known_by_their_content() {
        assert_eq!(found(b"\x02\0\0\0\0\0\0\0{}"), "Safetensors");
        assert_eq!(found(b"\x08\x08"), "Onnx");
        assert_eq!(found(b"PK\x03\x04 archive/data.pkl"), "PyTorch");
        assert_eq!(found(&[LEGACY, b"."].concat()), "PyTorch");
        assert_eq!(found(b"\x80\x02ctorch._utils"), "PyTorch");
    }

    #[test]
    fn files_of_other_programs_are_named_with_what_to_do() {
        for (bytes, parts) in [
            (&b"PK\x03\x04 0.weight.npy"[..], ["NumPy archive", "safetensors.numpy.save_file"]),
            (b"PK\x03\x04 config.json model.weights.h5", ["Keras", "ONNX"]),
            (b"PK\x03\x04 word/document.xml", ["zip archive of another program", "ONNX"]),
            (b"\x89HDF\r\n\x1a\n", ["HDF5", "ONNX"]),
            (b"\x80\x04csklearn.neural_network", ["a pickle that torch.save did not write", "ONNX"]),
            (b"\x1c\0\0\0TFL3", ["TensorFlow Lite", "ONNX"]),
            (b"version https://git-lfs.github.com/spec/v1", ["Git LFS", "git lfs pull"]),
            (b"", ["an empty file", "ONNX"]),
            (b"no model", ["another file", "ONNX"]),
        ] {
            let message = found(bytes);
            assert!(parts.iter().all(|part| message.contains(part)), "{message}");
        }
    }
}
