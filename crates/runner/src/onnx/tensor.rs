//! Constants, inputs and outputs of an ONNX graph.

use anyhow::{Context, Result, bail, ensure};

use super::wire::{Fields, Message, Value};

/// Element type FLOAT.
const FLOAT: i64 = 1;
/// The data lies in another file.
const EXTERNAL: i64 = 1;

/// A named constant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub dims: Vec<usize>,
    /// Its elements in row-major order; `None` where they are no floats.
    pub values: Option<Vec<f32>>,
}

/// An input or output of a graph: a tensor of floats.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// Its shape: `None` for a size known only when the graph runs.
    pub dims: Vec<Option<usize>>,
}

impl Tensor {
    pub(super) fn encode(&self) -> Message {
        let message = self.dims.iter().fold(Message::default(), |message, &dim| message.integer(1, dim as i64));
        let raw: Vec<u8> = self.values.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
        message.integer(2, FLOAT).text(8, &self.name).bytes(9, &raw)
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self> {
        let mut tensor = Self::default();
        let (mut element, mut values, mut raw) = (0, Vec::new(), None);
        for field in Fields::new(bytes) {
            match field? {
                // Repeated numbers are packed into one field or not, as the writer likes.
                (1, Value::Bytes(packed)) => tensor.dims.extend(sizes(&Fields::integers(packed)?)?),
                (1, value) => tensor.dims.extend(sizes(&[value.integer()?])?),
                (2, value) => element = value.integer()?,
                (4, Value::Bytes(packed)) => values.extend(floats(packed)?),
                (4, value) => values.push(value.float()?),
                (8, value) => tensor.name = value.text()?,
                (9, value) => raw = Some(value.bytes()?),
                (14, value) => {
                    ensure!(
                        value.integer()? != EXTERNAL,
                        "the data of tensor {} lies in another file: export the model as one file",
                        tensor.name
                    );
                }
                _ => {}
            }
        }
        if element == FLOAT {
            if let Some(raw) = raw {
                values = floats(raw)?;
            }
            let expected = tensor.dims.iter().try_fold(1_usize, |product, &dim| product.checked_mul(dim));
            ensure!(
                expected == Some(values.len()),
                "tensor {} of shape {:?} has {} elements",
                tensor.name,
                tensor.dims,
                values.len()
            );
            tensor.values = Some(values);
        }
        Ok(tensor)
    }
}

fn sizes(integers: &[i64]) -> Result<Vec<usize>> {
    integers.iter().map(|&size| usize::try_from(size).with_context(|| format!("a size of {size}"))).collect()
}

fn floats(bytes: &[u8]) -> Result<Vec<f32>> {
    let (floats, rest) = bytes.as_chunks();
    ensure!(rest.is_empty(), "expected four bytes a float, found {} bytes", bytes.len());
    Ok(floats.iter().map(|&float| f32::from_le_bytes(float)).collect())
}

impl Port {
    /// A size unknown until the graph runs is written under the name `batch`.
    pub(super) fn encode(&self) -> Message {
        let shape = self.dims.iter().fold(Message::default(), |shape, dim| {
            let dim = match dim {
                Some(size) => Message::default().integer(1, *size as i64),
                None => Message::default().text(2, "batch"),
            };
            shape.message(1, dim)
        });
        let tensor = Message::default().integer(1, FLOAT).message(2, shape);
        Message::default().text(1, &self.name).message(2, Message::default().message(1, tensor))
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self> {
        let mut port = Self::default();
        for field in Fields::new(bytes) {
            match field? {
                (1, value) => port.name = value.text()?,
                (2, value) => port.dims = shape(value.bytes()?)?,
                _ => {}
            }
        }
        Ok(port)
    }
}

/// The shape in a type: type → tensor (1) → shape (2) → dims (1) → size (1).
fn shape(kind: &[u8]) -> Result<Vec<Option<usize>>> {
    let mut dims = Vec::new();
    for tensor in messages(kind, 1)? {
        for shape in messages(tensor, 2)? {
            for dim in messages(shape, 1)? {
                let mut size = None;
                for field in Fields::new(dim) {
                    if let (1, value) = field? {
                        size = usize::try_from(value.integer()?).ok();
                    }
                }
                dims.push(size);
            }
        }
    }
    Ok(dims)
}

/// The messages in field `number` of a message.
fn messages(message: &[u8], number: u64) -> Result<Vec<&[u8]>> {
    let mut found = Vec::new();
    for field in Fields::new(message) {
        match field? {
            (field, Value::Bytes(bytes)) if field == number => found.push(bytes),
            (field, _) if field == number => bail!("field {number} is no message"),
            _ => {}
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(message: Message) -> Result<Tensor> {
        Tensor::decode(&message.into_bytes())
    }

    #[test]
    fn floats_may_be_packed_raw_or_one_by_one() {
        let start = || Message::default().integer(1, 2).integer(2, FLOAT);
        let raw = [1.0_f32.to_le_bytes(), 2.0_f32.to_le_bytes()].concat();
        for message in [start().bytes(9, &raw), start().bytes(4, &raw), start().float(4, 1.0).float(4, 2.0)] {
            assert_eq!(tensor(message).unwrap().values, Some(vec![1.0, 2.0]));
        }
        let packed = Message::default().bytes(1, b"\x02\x01").integer(2, FLOAT).bytes(9, &raw);
        assert_eq!(tensor(packed).unwrap().dims, [2, 1]);
    }

    #[test]
    fn tensors_of_another_size_or_place_are_refused() {
        let huge = Message::default().integer(1, i64::MAX).integer(1, i64::MAX).integer(2, FLOAT);
        assert!(tensor(huge).unwrap_err().to_string().contains("has 0 elements"));
        let negative = Message::default().integer(1, -1).integer(2, FLOAT);
        assert!(tensor(negative).is_err());
        let external = Message::default().text(8, "w").integer(14, EXTERNAL);
        assert!(tensor(external).unwrap_err().to_string().contains("another file"));
        let ragged = Message::default().integer(1, 1).integer(2, FLOAT).bytes(9, &[0; 5]);
        assert!(tensor(ragged).is_err());
        // Whole numbers, such as a shape, are nothing a network computes with.
        let whole = Message::default().integer(1, 1).integer(2, 7).bytes(9, &[0; 8]);
        assert_eq!(tensor(whole).unwrap().values, None);
    }
}
