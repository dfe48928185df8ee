//! The wire format of Protocol Buffers: a message is a sequence of numbered fields.
//!
//! By hand rather than by a generator: a multilayer perceptron needs nine small messages of ONNX, which are fewer lines
//! than what a generator and its build would add. Nothing read is trusted: every length is checked against the bytes
//! that are there, before anything is allocated for it.

use anyhow::{Context, Result, bail, ensure};

const VARINT: u8 = 0;
const FIXED64: u8 = 1;
const BYTES: u8 = 2;
const FIXED32: u8 = 5;

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// An integer, signed ones in two's complement.
    Varint(u64),
    /// Eight bytes, little-endian.
    Fixed64([u8; 8]),
    /// Text, a message, or packed numbers.
    Bytes(&'a [u8]),
    /// Four bytes, little-endian.
    Fixed32([u8; 4]),
}

impl<'a> Value<'a> {
    /// An integer.
    ///
    /// # Errors
    ///
    /// If the value is of another kind.
    pub fn integer(self) -> Result<i64> {
        match self {
            Self::Varint(value) => Ok(value.cast_signed()),
            other => bail!("expected an integer, found {other:?}"),
        }
    }

    /// A number in single precision.
    ///
    /// # Errors
    ///
    /// If the value is of another kind.
    pub fn float(self) -> Result<f32> {
        match self {
            Self::Fixed32(bytes) => Ok(f32::from_le_bytes(bytes)),
            other => bail!("expected a float, found {other:?}"),
        }
    }

    /// Bytes.
    ///
    /// # Errors
    ///
    /// If the value is of another kind.
    pub fn bytes(self) -> Result<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            other => bail!("expected bytes, found {other:?}"),
        }
    }

    /// Text.
    ///
    /// # Errors
    ///
    /// If the value is no UTF-8.
    pub fn text(self) -> Result<String> {
        Ok(std::str::from_utf8(self.bytes()?).context("expected text")?.to_owned())
    }
}

/// The fields of a message, in order: number and value.
#[derive(Clone, Debug)]
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// The fields of `message`.
    pub const fn new(message: &'a [u8]) -> Self {
        Self(message)
    }

    /// The integers packed into a field's bytes.
    ///
    /// # Errors
    ///
    /// If the last one is cut off.
    pub fn integers(packed: &'a [u8]) -> Result<Vec<i64>> {
        let mut rest = Self(packed);
        let mut integers = Vec::new();
        while !rest.0.is_empty() {
            integers.push(rest.varint()?.cast_signed());
        }
        Ok(integers)
    }

    fn field(&mut self) -> Result<(u64, Value<'a>)> {
        let tag = self.varint()?;
        let (number, kind) = (tag >> 3, (tag & 7) as u8);
        ensure!(number > 0, "a field has the number 0");
        let value = match kind {
            VARINT => Value::Varint(self.varint()?),
            FIXED64 => Value::Fixed64(self.array()?),
            BYTES => {
                let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
                Value::Bytes(self.take(length)?)
            }
            FIXED32 => Value::Fixed32(self.array()?),
            _ => bail!("field {number} is of the unknown kind {kind}"),
        };
        Ok((number, value))
    }

    /// Seven bits a byte, the lowest first; the highest bit of a byte says that another follows.
    fn varint(&mut self) -> Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            let bits = u64::from(byte & 0x7f);
            ensure!(bits << shift >> shift == bits, "an integer has more than 64 bits");
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        bail!("an integer has more than ten bytes")
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk().context("the message ends within a field")?;
        self.0 = rest;
        Ok(*array)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (found, expected) = (self.0.len(), length);
        let Some((taken, rest)) = self.0.split_at_checked(length) else {
            bail!("the message ends within a field: expected {expected} bytes, found {found}");
        };
        self.0 = rest;
        Ok(taken)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            // What follows a damaged field means nothing.
            self.0 = &[];
        }
        Some(field)
    }
}

/// A message being written.
#[derive(Clone, Debug, Default)]
pub struct Message(Vec<u8>);

impl Message {
    /// Appends an integer.
    pub fn integer(mut self, number: u64, value: i64) -> Self {
        self.tag(number, VARINT);
        self.varint(value.cast_unsigned());
        self
    }

    /// Appends a number in single precision.
    pub fn float(mut self, number: u64, value: f32) -> Self {
        self.tag(number, FIXED32);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Appends bytes.
    pub fn bytes(mut self, number: u64, value: &[u8]) -> Self {
        self.tag(number, BYTES);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    /// Appends text.
    pub fn text(self, number: u64, value: &str) -> Self {
        self.bytes(number, value.as_bytes())
    }

    /// Appends a message.
    pub fn message(self, number: u64, value: Self) -> Self {
        self.bytes(number, &value.0)
    }

    /// The message as bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn tag(&mut self, number: u64, kind: u8) {
        self.varint(number << 3 | u64::from(kind));
    }

    fn varint(&mut self, mut value: u64) {
        while value > 0x7f {
            self.0.push((value as u8) | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(bytes: &[u8]) -> Result<Vec<(u64, Value<'_>)>> {
        Fields::new(bytes).collect()
    }

    #[test]
    fn the_examples_of_the_encoding_guide() {
        // From the Protocol Buffers encoding guide: field 1 = 150, field 2 = "testing".
        let bytes = Message::default().integer(1, 150).text(2, "testing").into_bytes();
        assert_eq!(bytes, *b"\x08\x96\x01\x12\x07testing");
        assert_eq!(fields(&bytes).unwrap(), [(1, Value::Varint(150)), (2, Value::Bytes(b"testing"))]);
        assert_eq!(Fields::integers(b"\x03\x8e\x02\x9e\xa7\x05").unwrap(), [3, 270, 86942]);
    }

    #[test]
    fn the_ends_of_the_integers_survive() {
        for value in [0, 1, 127, 128, i64::MAX, i64::MIN, -1] {
            let bytes = Message::default().integer(16, value).into_bytes();
            let [(16, read)] = fields(&bytes).unwrap()[..] else { panic!("{bytes:?}") };
            assert_eq!(read.integer().unwrap(), value);
        }
        // Ten bytes can hold 70 bits.
        assert!(fields(b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02").is_err());
        assert!(fields(b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").is_err());
    }

    #[test]
    fn every_proper_prefix_and_every_impossible_length_is_refused() {
        let bytes = Message::default().text(2, "testing").into_bytes();
        assert!((1..bytes.len()).all(|end| fields(&bytes[..end]).is_err()));
        assert!(fields(b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01a").is_err());
        assert!(fields(b"\x02\x00").is_err(), "field 0");
        assert!(fields(b"\x0b\x0c").is_err(), "a group");
    }
}
