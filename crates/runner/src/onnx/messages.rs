//! The messages of ONNX that a multilayer perceptron is made of (onnx.proto, IR version 8).

use anyhow::{Result, ensure};

use super::tensor::{Port, Tensor};
use super::wire::{Fields, Message};

/// Types of attributes.
const ATTRIBUTE_FLOAT: i64 = 1;
const ATTRIBUTE_INTEGER: i64 = 2;

/// A model: a graph, and the version of the operators it uses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// Version of the file format.
    pub ir_version: i64,
    /// Version of the standard operators.
    pub opset: i64,
    /// The program that wrote the model.
    pub producer: String,
    /// The computation.
    pub graph: Graph,
}

/// A computation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// Its name.
    pub name: String,
    /// The steps, each after those whose outputs it uses.
    pub nodes: Vec<Node>,
    /// Constants.
    pub initializers: Vec<Tensor>,
    /// What is given.
    pub inputs: Vec<Port>,
    /// What is computed.
    pub outputs: Vec<Port>,
}

/// A step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// The operator.
    pub operator: String,
    /// Names of the values it uses; empty for one left out.
    pub inputs: Vec<String>,
    /// Names of the values it gives.
    pub outputs: Vec<String>,
    /// Its parameters by name.
    pub attributes: Vec<(String, Attribute)>,
}

/// A parameter of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// A number.
    Float(f32),
    /// A whole number.
    Integer(i64),
    /// A constant.
    Tensor(Tensor),
    /// A kind that no operator here has.
    Other,
}

impl Model {
    /// The model as bytes of a file.
    pub fn encode(&self) -> Vec<u8> {
        let opset = Message::default().text(1, "").integer(2, self.opset);
        Message::default()
            .integer(1, self.ir_version)
            .text(2, &self.producer)
            .message(7, self.graph.encode())
            .message(8, opset)
            .into_bytes()
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    ///
    /// If they are damaged, or the data of a tensor lies in another file.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut model = Self::default();
        let mut graphs = 0;
        for field in Fields::new(bytes) {
            match field? {
                (1, value) => model.ir_version = value.integer()?,
                (2, value) => model.producer = value.text()?,
                (7, value) => {
                    graphs += 1;
                    model.graph = Graph::decode(value.bytes()?)?;
                }
                (8, value) => {
                    if let Some(version) = standard_opset(value.bytes()?)? {
                        model.opset = version;
                    }
                }
                _ => {}
            }
        }
        ensure!(graphs == 1, "expected a model with one graph, found {graphs}");
        Ok(model)
    }
}

/// The version of an operator set, where it is the standard one.
fn standard_opset(message: &[u8]) -> Result<Option<i64>> {
    let (mut domain, mut version) = (String::new(), 0);
    for field in Fields::new(message) {
        match field? {
            (1, value) => domain = value.text()?,
            (2, value) => version = value.integer()?,
            _ => {}
        }
    }
    Ok((domain.is_empty() || domain == "ai.onnx").then_some(version))
}

impl Graph {
    fn encode(&self) -> Message {
        let message = self.nodes.iter().fold(Message::default(), |message, node| message.message(1, node.encode()));
        let message = message.text(2, &self.name);
        let message = self.initializers.iter().fold(message, |message, tensor| message.message(5, tensor.encode()));
        let message = self.inputs.iter().fold(message, |message, port| message.message(11, port.encode()));
        self.outputs.iter().fold(message, |message, port| message.message(12, port.encode()))
    }

    fn decode(bytes: &[u8]) -> Result<Self> {
        let mut graph = Self::default();
        for field in Fields::new(bytes) {
            match field? {
                (1, value) => graph.nodes.push(Node::decode(value.bytes()?)?),
                (2, value) => graph.name = value.text()?,
                (5, value) => graph.initializers.push(Tensor::decode(value.bytes()?)?),
                (11, value) => graph.inputs.push(Port::decode(value.bytes()?)?),
                (12, value) => graph.outputs.push(Port::decode(value.bytes()?)?),
                _ => {}
            }
        }
        Ok(graph)
    }
}

impl Node {
    fn encode(&self) -> Message {
        let message = self.inputs.iter().fold(Message::default(), |message, name| message.text(1, name));
        let message = self.outputs.iter().fold(message, |message, name| message.text(2, name));
        let message = message.text(4, &self.operator);
        self.attributes.iter().fold(message, |message, (name, value)| message.message(5, value.encode(name)))
    }

    fn decode(bytes: &[u8]) -> Result<Self> {
        let mut node = Self::default();
        for field in Fields::new(bytes) {
            match field? {
                (1, value) => node.inputs.push(value.text()?),
                (2, value) => node.outputs.push(value.text()?),
                (4, value) => node.operator = value.text()?,
                (5, value) => node.attributes.push(Attribute::decode(value.bytes()?)?),
                (7, value) => {
                    let domain = value.text()?;
                    let standard = domain.is_empty() || domain == "ai.onnx";
                    ensure!(standard, "expected standard operators only, found one of the domain {domain}");
                }
                _ => {}
            }
        }
        Ok(node)
    }
}

impl Attribute {
    fn encode(&self, name: &str) -> Message {
        let message = Message::default().text(1, name);
        match self {
            Self::Float(value) => message.float(2, *value).integer(20, ATTRIBUTE_FLOAT),
            Self::Integer(value) => message.integer(3, *value).integer(20, ATTRIBUTE_INTEGER),
            Self::Tensor(_) | Self::Other => message,
        }
    }

    /// Name and value. The value's field alone says what it is: old files state no type.
    fn decode(bytes: &[u8]) -> Result<(String, Self)> {
        let (mut name, mut attribute) = (String::new(), Self::Other);
        for field in Fields::new(bytes) {
            match field? {
                (1, value) => name = value.text()?,
                (2, value) => attribute = Self::Float(value.float()?),
                (3, value) => attribute = Self::Integer(value.integer()?),
                (5, value) => attribute = Self::Tensor(Tensor::decode(value.bytes()?)?),
                _ => {}
            }
        }
        Ok((name, attribute))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Model {
        let port = |name: &str, size| Port { name: name.into(), dims: vec![None, Some(size)] };
        Model {
            ir_version: 8,
            opset: 17,
            producer: "a test".into(),
            graph: Graph {
                name: "graph".into(),
                nodes: vec![Node {
                    operator: "Gemm".into(),
                    inputs: vec!["x".into(), "w".into()],
                    outputs: vec!["y".into()],
                    attributes: vec![("transB".into(), Attribute::Integer(1)), ("alpha".into(), Attribute::Float(1.0))],
                }],
                initializers: vec![Tensor { name: "w".into(), dims: vec![1, 2], values: Some(vec![0.5, -0.0]) }],
                inputs: vec![port("x", 2)],
                outputs: vec![port("y", 1)],
            },
        }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(Model::decode(&model().encode()).unwrap(), model());
    }

    #[test]
    fn no_damage_panics() {
        let whole = model().encode();
        for end in 0..whole.len() {
            let _ = Model::decode(&whole[..end]);
        }
        for position in 0..whole.len() {
            for bit in 0..8 {
                let mut damaged = whole.clone();
                damaged[position] ^= 1 << bit;
                let _ = Model::decode(&damaged);
            }
        }
    }
}
