//! Constants of an ONNX graph.

use anyhow::{Context, Result, ensure};
use burn::tensor::TensorData;
use prost::Message;
use prost::bytes::Bytes;

/// The element type FLOAT, which is single precision.
pub const FLOAT: i32 = 1;
/// The location of data in another file.
const EXTERNAL: i32 = 1;

/// A named constant.
#[derive(Clone, PartialEq, Message)]
pub struct Tensor {
    /// The shape. Readers accept it packed or not; most writers do not pack it.
    #[prost(int64, repeated, packed = "false", tag = "1")]
    pub dims: Vec<i64>,
    /// The element type.
    #[prost(int32, tag = "2")]
    pub element: i32,
    /// The elements in row-major order, if they are floats and not in `raw`.
    #[prost(float, repeated, tag = "4")]
    pub floats: Vec<f32>,
    /// The name.
    #[prost(string, tag = "8")]
    pub name: String,
    /// The elements as little-endian bytes.
    #[prost(bytes = "bytes", tag = "9")]
    pub raw: Bytes,
    /// Where the elements are stored.
    #[prost(int32, tag = "14")]
    pub location: i32,
}

impl Tensor {
    /// A constant of floats.
    pub fn new(name: &str, dims: &[usize], values: impl IntoIterator<Item = f32>) -> Self {
        let raw: Vec<u8> = values.into_iter().flat_map(f32::to_le_bytes).collect();
        let dims = dims.iter().map(|&dim| dim as i64).collect();
        Self { name: name.into(), dims, element: FLOAT, raw: raw.into(), ..Self::default() }
    }

    /// Shape and elements; `None` if the elements are not floats. Fails if the number of elements is not that of the
    /// shape, or if they are in another file.
    pub fn data(self) -> Result<Option<TensorData>> {
        let name = self.name;
        ensure!(
            self.location != EXTERNAL,
            "the data of tensor {name} lies in another file: export the model as one file"
        );
        let size = |&size: &i64| usize::try_from(size).with_context(|| format!("tensor {name} has a size of {size}"));
        let dims: Vec<usize> = self.dims.iter().map(size).collect::<Result<_>>()?;
        if self.element != FLOAT {
            return Ok(None);
        }
        let values = if self.raw.is_empty() { self.floats } else { floats(&self.raw)? };
        let expected = dims.iter().try_fold(1_usize, |product, &dim| product.checked_mul(dim));
        ensure!(expected == Some(values.len()), "tensor {name} of shape {dims:?} has {} elements", values.len());
        Ok(Some(TensorData::new(values, dims)))
    }
}

fn floats(bytes: &[u8]) -> Result<Vec<f32>> {
    let (floats, rest) = bytes.as_chunks();
    ensure!(rest.is_empty(), "expected four bytes a float, found {} bytes", bytes.len());
    Ok(floats.iter().map(|&float| f32::from_le_bytes(float)).collect())
}

/// The elements of a constant, which is always in single precision.
pub fn elements(constant: &TensorData) -> &[f32] {
    constant.as_slice().unwrap_or_default()
}

/// The transpose of a matrix: `[rows, columns]` becomes `[columns, rows]`.
pub fn transposed(matrix: &TensorData) -> TensorData {
    let (rows, columns, values) = (matrix.shape[0], matrix.shape[1], elements(matrix));
    let turned = (0..columns).flat_map(|column| (0..rows).map(move |row| values[row * columns + column])).collect();
    TensorData::new(turned, [columns, rows])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_may_be_packed_raw_or_one_by_one() {
        let raw = b"\x08\x02\x10\x01\x4a\x08\0\0\x80\x3f\0\0\0\x40";
        let packed = b"\x0a\x01\x02\x10\x01\x22\x08\0\0\x80\x3f\0\0\0\x40";
        let single = b"\x08\x02\x10\x01\x25\0\0\x80\x3f\x25\0\0\0\x40";
        for bytes in [&raw[..], packed, single] {
            let data = Tensor::decode(bytes).unwrap().data().unwrap();
            assert_eq!(data, Some(TensorData::from([1.0_f32, 2.0])));
        }
        assert_eq!(Tensor::new("", &[2], [1.0, 2.0]).encode_to_vec(), raw);
    }

    #[test]
    fn tensors_of_another_size_or_place_are_refused() {
        let error = |tensor: Tensor| tensor.data().unwrap_err().to_string();
        assert!(error(Tensor::new("w", &[usize::MAX >> 1; 2], [])).contains("has 0 elements"));
        assert!(error(Tensor { dims: vec![-1], ..Tensor::default() }).contains("a size of -1"));
        assert!(error(Tensor { location: EXTERNAL, ..Tensor::default() }).contains("another file"));
        let ragged = Tensor { raw: vec![0; 5].into(), ..Tensor::new("w", &[1], []) };
        assert!(error(ragged).contains("found 5 bytes"));
        // Integers, such as those of a shape, are no weights.
        let whole = Tensor { element: 7, raw: vec![0; 8].into(), ..Tensor::new("w", &[1], []) };
        assert_eq!(whole.data().unwrap(), None);
    }
}
