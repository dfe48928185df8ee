//! The ONNX messages needed for a multilayer perceptron (onnx.proto, IR version 8).
//!
//! Fields that are not declared here are ignored. No message contains a message of its own type, and prost checks each
//! length before it allocates. A damaged file can therefore cause neither deep recursion nor large allocations.

use anyhow::{Context, Result, bail};
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
    /// The value; `None` if it is a list, or of a type that no operator here uses.
    #[prost(oneof = "Value", tags = "2, 3, 5")]
    pub value: Option<Value>,
    /// The value if it is a list of floats.
    #[prost(float, repeated, packed = "false", tag = "7")]
    pub floats: Vec<f32>,
    /// The value if it is a list of integers.
    #[prost(int64, repeated, packed = "false", tag = "8")]
    pub integers: Vec<i64>,
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
        Self { name: name.into(), value: Some(value), kind, ..Self::default() }
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

impl Node {
    /// The value of an attribute, if it is there.
    ///
    /// # Errors
    ///
    /// If it is a list, or neither a number nor a tensor.
    pub fn attribute(&self, name: &str) -> Result<Option<&Value>> {
        let Some(found) = self.attributes.iter().find(|attribute| attribute.name == name) else { return Ok(None) };
        found.value.as_ref().map(Some).with_context(|| format!("{name} is neither a number nor a tensor"))
    }

    /// An attribute that is a whole number, or `default` if it is not there.
    ///
    /// # Errors
    ///
    /// If it is no whole number.
    pub fn integer(&self, name: &str, default: i64) -> Result<i64> {
        match self.attribute(name)? {
            None => Ok(default),
            Some(Value::Integer(value)) => Ok(*value),
            Some(_) => bail!("{name} is no whole number"),
        }
    }

    /// An attribute that is a list of whole numbers, if it is there.
    pub fn integers(&self, name: &str) -> Option<&[i64]> {
        self.attributes.iter().find(|attribute| attribute.name == name).map(|attribute| &attribute.integers[..])
    }
}

/// Whether `domain` is that of the standard operators.
pub fn standard(domain: &str) -> bool {
    domain.is_empty() || domain == "ai.onnx"
}

#[cfg(test)]
mod tests;
