//! The ONNX messages needed for a multilayer perceptron (onnx.proto, IR version 8).
//!
//! Fields that are not declared here are ignored. No message contains a message of its own type, and prost checks each
//! length before it allocates. A damaged file can therefore cause neither deep recursion nor large allocations.

use prost::{Message, Oneof};

use super::tensor::{FLOAT, Tensor};

/// A model: a graph, and the versions of the operators it uses.
#[derive(Clone, PartialEq, Message)]
pub struct Model {
    /// Version of the file format.
    #[prost(int64, tag = "1")]
    pub ir_version: i64,
    /// The program that wrote the model.
    #[prost(string, tag = "2")]
    pub producer: String,
    /// The graph. A model has only one, but the field is repeated, since prost would merge two graphs into one.
    #[prost(message, repeated, tag = "7")]
    pub graphs: Vec<Graph>,
    /// The operator sets.
    #[prost(message, repeated, tag = "8")]
    pub opsets: Vec<OperatorSet>,
}

/// An operator set.
#[derive(Clone, PartialEq, Message)]
pub struct OperatorSet {
    /// The domain. It is written even if it is empty, as other writers do.
    #[prost(string, required, tag = "1")]
    pub domain: String,
    /// The version.
    #[prost(int64, tag = "2")]
    pub version: i64,
}

/// A graph.
#[derive(Clone, PartialEq, Message)]
pub struct Graph {
    /// The nodes. Each comes after those whose outputs it uses.
    #[prost(message, repeated, tag = "1")]
    pub nodes: Vec<Node>,
    /// The name.
    #[prost(string, tag = "2")]
    pub name: String,
    /// The constants.
    #[prost(message, repeated, tag = "5")]
    pub initializers: Vec<Tensor>,
    /// The inputs.
    #[prost(message, repeated, tag = "11")]
    pub inputs: Vec<Port>,
    /// The outputs.
    #[prost(message, repeated, tag = "12")]
    pub outputs: Vec<Port>,
}

/// A node of a graph.
#[derive(Clone, PartialEq, Message)]
pub struct Node {
    /// Names of the input values; empty for an optional input that is left out.
    #[prost(string, repeated, tag = "1")]
    pub inputs: Vec<String>,
    /// Names of the output values.
    #[prost(string, repeated, tag = "2")]
    pub outputs: Vec<String>,
    /// The operator.
    #[prost(string, tag = "4")]
    pub operator: String,
    /// The attributes.
    #[prost(message, repeated, tag = "5")]
    pub attributes: Vec<Attribute>,
    /// The domain of the operator.
    #[prost(string, tag = "7")]
    pub domain: String,
}

/// An attribute of a node.
#[derive(Clone, PartialEq, Message)]
pub struct Attribute {
    /// The name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// The value; `None` if it is of a type that no operator here uses.
    #[prost(oneof = "Value", tags = "2, 3, 5")]
    pub value: Option<Value>,
    /// The type of the value, which old files do not state.
    #[prost(int32, tag = "20")]
    pub kind: i32,
}

/// The value of an attribute.
#[derive(Clone, PartialEq, Oneof)]
pub enum Value {
    /// A float.
    #[prost(float, tag = "2")]
    Float(f32),
    /// An integer.
    #[prost(int64, tag = "3")]
    Integer(i64),
    /// A constant. It is boxed: otherwise an attribute of two bytes in a file would take the memory of a tensor.
    #[prost(message, boxed, tag = "5")]
    Tensor(Box<Tensor>),
}

/// An input or output of a graph.
#[derive(Clone, PartialEq, Message)]
pub struct Port {
    /// The name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// The type.
    #[prost(message, required, tag = "2")]
    pub kind: PortKind,
}

/// The type of a value. Here it is always a tensor.
#[derive(Clone, PartialEq, Message)]
pub struct PortKind {
    /// A tensor.
    #[prost(message, required, tag = "1")]
    pub tensor: TensorKind,
}

/// Element type and shape of a tensor.
#[derive(Clone, PartialEq, Message)]
pub struct TensorKind {
    /// The element type.
    #[prost(int32, tag = "1")]
    pub element: i32,
    /// The shape.
    #[prost(message, required, tag = "2")]
    pub shape: Shape,
}

/// The shape of a tensor.
#[derive(Clone, PartialEq, Message)]
pub struct Shape {
    /// The dimensions, in order.
    #[prost(message, repeated, tag = "1")]
    pub dims: Vec<Dim>,
}

/// A dimension of a tensor.
#[derive(Clone, PartialEq, Message)]
pub struct Dim {
    /// The size; `None` if it is neither known nor named.
    #[prost(oneof = "Size", tags = "1, 2")]
    pub size: Option<Size>,
}

/// The size of a dimension, or the name of a size that is known only when the graph runs.
#[derive(Clone, PartialEq, Oneof)]
pub enum Size {
    /// The size.
    #[prost(int64, tag = "1")]
    Known(i64),
    /// The name.
    #[prost(string, tag = "2")]
    Named(String),
}

impl Attribute {
    /// An attribute that states the type of its value.
    pub fn new(name: &str, value: Value) -> Self {
        let kind = match value {
            Value::Float(_) => 1,
            Value::Integer(_) => 2,
            Value::Tensor(_) => 4,
        };
        Self { name: name.into(), value: Some(value), kind }
    }
}

impl Port {
    /// A matrix `[batch, width]` of floats, with a batch of any size.
    pub fn new(name: &str, width: usize) -> Self {
        let sizes = [Size::Named("batch".into()), Size::Known(width as i64)];
        let shape = Shape { dims: sizes.map(|size| Dim { size: Some(size) }).into() };
        Self { name: name.into(), kind: PortKind { tensor: TensorKind { element: FLOAT, shape } } }
    }
}

/// Whether `domain` is that of the standard operators.
pub fn standard(domain: &str) -> bool {
    domain.is_empty() || domain == "ai.onnx"
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn model() -> Model {
        let attributes = vec![Attribute::new("transB", Value::Integer(0)), Attribute::new("alpha", Value::Float(0.0))];
        let constant = Value::Tensor(Box::new(Tensor::new("", &[1], [2.0])));
        let names = |names: &[&str]| names.iter().map(|&name| name.into()).collect();
        let node = |operator: &str, inputs, attributes| Node {
            operator: operator.into(),
            inputs: names(inputs),
            outputs: vec!["y".into()],
            attributes,
            domain: String::new(),
        };
        let graph = Graph {
            name: "graph".into(),
            nodes: vec![
                node("Constant", &[], vec![Attribute::new("value", constant)]),
                node("Gemm", &["x", "w", ""], attributes),
            ],
            initializers: vec![Tensor::new("w", &[1, 2], [0.5, -0.0])],
            inputs: vec![Port::new("x", 2)],
            outputs: vec![Port::new("y", 1)],
        };
        let opsets = vec![OperatorSet { domain: String::new(), version: 17 }];
        Model { ir_version: 8, producer: "a test".into(), graphs: vec![graph], opsets }
    }

    /// Whether `bytes` can be decoded. If so, also checks that encoding the model again is stable.
    fn is_read(bytes: &[u8]) -> bool {
        let Ok(model) = Model::decode(bytes) else { return false };
        let written = model.encode_to_vec();
        assert_eq!(Model::decode(&written[..]).unwrap().encode_to_vec(), written);
        true
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(Model::decode(&model().encode_to_vec()[..]).unwrap(), model());
    }

    #[test]
    fn the_numbers_of_the_fields_are_those_of_onnx() {
        let attribute = Attribute::new("a", Value::Integer(-1)).encode_to_vec();
        assert_eq!(attribute, b"\x0a\x01a\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\xa0\x01\x02");
        let port = Port::new("x", 2).encode_to_vec();
        assert_eq!(port, b"\x0a\x01x\x12\x13\x0a\x11\x08\x01\x12\x0d\x0a\x07\x12\x05batch\x0a\x02\x08\x02");
        let opset = OperatorSet { domain: String::new(), version: 17 }.encode_to_vec();
        assert_eq!(opset, b"\x0a\x00\x10\x11");
    }

    #[test]
    fn lengths_that_are_not_there_and_endless_nesting_are_refused() {
        for length in [&b"\x07"[..], b"\xff\xff\xff\xff\x07", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"] {
            for field in [2, 7, 8, 99] {
                assert!(!is_read(&[&[field << 3 | 2], length, b"a"].concat()), "field {field}");
            }
        }
        // Nested groups, in a field that is ignored.
        assert!(!is_read(&[0x4b; 1 << 20]));
    }

    #[test]
    fn memory_is_bounded_by_the_length_of_the_file() {
        // An empty node takes two bytes in the file, the fewest of any message, and the most memory.
        let graph = b"\x0a\x00".repeat(100_000);
        let nodes = Graph::decode(&graph[..]).unwrap().nodes;
        assert!(nodes.capacity() * size_of::<Node>() <= 128 * graph.len());
        assert!(size_of::<Node>().max(size_of::<Tensor>()).max(size_of::<Graph>()) <= 128);
        assert!(size_of::<Attribute>().max(size_of::<Port>()) <= 64);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..99)) {
            is_read(&bytes);
        }

        #[test]
        fn damaged_and_shortened_models_are_read_or_refused(
            damage in vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
            end in any::<prop::sample::Index>(),
        ) {
            let mut bytes = model().encode_to_vec();
            for (position, byte) in damage {
                *position.get_mut(&mut bytes) = byte;
            }
            is_read(&bytes);
            is_read(&bytes[..end.index(bytes.len())]);
        }
    }
}
