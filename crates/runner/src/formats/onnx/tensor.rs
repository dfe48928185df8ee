//! Constants of an ONNX graph as they are stored.

use anyhow::{Context, Result, ensure};
use burn::tensor::{DType, TensorData};
use prost::Message;
use prost::bytes::Bytes;

use super::constant::Constant;

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
    /// The elements, if they are integers of up to 32 bits, bits of half precision, or booleans, and not in `raw`.
    #[prost(int32, repeated, tag = "5")]
    pub short_integers: Vec<i32>,
    /// The elements, if they are integers of 64 bits and not in `raw`.
    #[prost(int64, repeated, tag = "7")]
    pub integers: Vec<i64>,
    /// The name.
    #[prost(string, tag = "8")]
    pub name: String,
    /// The elements as little-endian bytes.
    #[prost(bytes = "bytes", tag = "9")]
    pub raw: Bytes,
    /// The elements, if they are in double precision and not in `raw`.
    #[prost(double, repeated, tag = "10")]
    pub doubles: Vec<f64>,
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

    /// Shape and elements; `None` if the elements are not numbers. Fails if the number of elements is not that of the
    /// shape, or if they are in another file.
    pub fn constant(&self) -> Result<Option<Constant>> {
        let name = &self.name;
        ensure!(
            self.location != EXTERNAL,
            "the data of tensor {name} lies in another file: export the model as one file, from PyTorch with \
             external_data=False"
        );
        let size = |&size: &i64| usize::try_from(size).with_context(|| format!("tensor {name} has a size of {size}"));
        let dims: Vec<usize> = self.dims.iter().map(size).collect::<Result<_>>()?;
        let Some((dtype, whole)) = number(self.element) else { return Ok(None) };
        let bytes = if self.raw.is_empty() { self.listed(dtype.size()) } else { self.raw.to_vec() };
        let expected = dims.iter().try_fold(dtype.size(), |product, &dim| product.checked_mul(dim));
        ensure!(
            expected == Some(bytes.len()),
            "tensor {name} of shape {dims:?} has {} bytes of {dtype:?}, which is another number of elements",
            bytes.len()
        );
        let values = TensorData::from_bytes_vec(bytes, [expected.unwrap_or(0) / dtype.size()], dtype).iter().collect();
        Ok(Some(Constant { dims, values, whole }))
    }

    /// The elements that are not in `raw`, as little-endian bytes, `size` for each.
    fn listed(&self, size: usize) -> Vec<u8> {
        let floats = self.floats.iter().flat_map(|value| value.to_le_bytes());
        let short = self.short_integers.iter().flat_map(|value| value.to_le_bytes().into_iter().take(size));
        let integers = self.integers.iter().flat_map(|value| value.to_le_bytes());
        let doubles = self.doubles.iter().flat_map(|value| value.to_le_bytes());
        floats.chain(short).chain(integers).chain(doubles).collect()
    }
}

/// The type of the elements, and whether they are whole numbers; `None` if they are no numbers.
pub fn number(element: i32) -> Option<(DType, bool)> {
    Some(match element {
        FLOAT => (DType::F32, false),
        10 => (DType::F16, false),
        11 => (DType::F64, false),
        16 => (DType::BF16, false),
        // Booleans take a byte each.
        2 | 9 => (DType::U8, true),
        3 => (DType::I8, true),
        4 => (DType::U16, true),
        5 => (DType::I16, true),
        6 => (DType::I32, true),
        7 => (DType::I64, true),
        12 => (DType::U32, true),
        13 => (DType::U64, true),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(tensor: &Tensor) -> Vec<f64> {
        tensor.constant().unwrap().unwrap().values
    }

    #[test]
    fn floats_may_be_packed_raw_or_one_by_one() {
        let raw = b"\x08\x02\x10\x01\x4a\x08\0\0\x80\x3f\0\0\0\x40";
        let packed = b"\x0a\x01\x02\x10\x01\x22\x08\0\0\x80\x3f\0\0\0\x40";
        let single = b"\x08\x02\x10\x01\x25\0\0\x80\x3f\x25\0\0\0\x40";
        for bytes in [&raw[..], packed, single] {
            let constant = Tensor::decode(bytes).unwrap().constant().unwrap().unwrap();
            assert_eq!((constant.dims, constant.values, constant.whole), (vec![2], vec![1.0, 2.0], false));
        }
        assert_eq!(Tensor::new("", &[2], [1.0, 2.0]).encode_to_vec(), raw);
    }

    #[test]
    fn every_type_of_number_is_read_from_bytes_and_from_its_list() {
        let tensor =
            |element, raw: &[u8]| Tensor { dims: vec![1], element, raw: raw.to_vec().into(), ..Tensor::default() };
        // numpy.float16(1.5).tobytes(), and the upper half of numpy.float32(1.5).tobytes()
        for (element, raw) in [(10, &b"\x00\x3e"[..]), (16, b"\xc0\x3f"), (11, &1.5_f64.to_le_bytes())] {
            assert_eq!(values(&tensor(element, raw)), [1.5], "{element}");
        }
        for (element, raw) in [(2, &[7][..]), (9, &[7]), (6, &[7, 0, 0, 0]), (13, &[7, 0, 0, 0, 0, 0, 0, 0])] {
            let constant = tensor(element, raw).constant().unwrap().unwrap();
            assert!(constant.whole && constant.values == [7.0], "{element}");
        }
        let half = Tensor { short_integers: vec![0x3e00], ..tensor(10, &[]) };
        let negative = Tensor { short_integers: vec![-3], ..tensor(3, &[]) };
        let long = Tensor { integers: vec![-3], ..tensor(7, &[]) };
        let double = Tensor { doubles: vec![0.1], ..tensor(11, &[]) };
        assert_eq!([half, negative, long, double].map(|tensor| values(&tensor)[0]), [1.5, -3.0, -3.0, 0.1]);
        // Text, such as the names of classes, is no number.
        assert!(tensor(8, &[]).constant().unwrap().is_none());
    }

    #[test]
    fn tensors_of_another_size_or_place_are_refused() {
        let error = |tensor: Tensor| tensor.constant().unwrap_err().to_string();
        assert!(error(Tensor::new("w", &[usize::MAX >> 1; 2], [])).contains("has 0 bytes"));
        assert!(error(Tensor { dims: vec![-1], ..Tensor::default() }).contains("a size of -1"));
        assert!(error(Tensor { location: EXTERNAL, ..Tensor::default() }).contains("external_data=False"));
        let ragged = Tensor { raw: vec![0; 5].into(), ..Tensor::new("w", &[1], []) };
        assert!(error(ragged).contains("has 5 bytes of F32"));
    }
}
