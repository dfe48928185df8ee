//! Reading of a network's layers from the nodes of an ONNX graph.

mod layers;

use std::collections::HashMap;
use std::rc::Rc;

use anyhow::{Context, Error, Result, anyhow, bail, ensure};
use burn::tensor::TensorData;
use burn_mlp::Activation;

use super::constant::Constant;
use super::fold::Folder;
use super::messages::{Graph, Node, standard};
use crate::formats::state_dict::Kind;

/// Operators on the data that have no effect in prediction, or only change its shape. Any change of shape is harmless:
/// it keeps the order of the elements, and each layer must still find the width that the configuration says.
const PASSED_OVER: [&str; 7] = ["Cast", "CastLike", "Dropout", "Flatten", "Reshape", "Squeeze", "Unsqueeze"];
/// Operators that turn logits into probabilities or a class.
const HEADS: [&str; 5] = ["Softmax", "LogSoftmax", "Hardmax", "ArgMax", "TopK"];
/// Operators that may follow those, beside [`PASSED_OVER`] and [`HEADS`] themselves.
const AFTER_HEADS: [&str; 9] =
    ["Log", "Exp", "Clip", "Gather", "Concat", "ReduceMax", "ArrayFeatureExtractor", "Normalizer", "ZipMap"];
const KNOWN: &str = "Gemm, MatMul, Add, BatchNormalization, Relu, PRelu, Sigmoid, Tanh, Mul, Sub, Softmax, Flatten, \
                     Reshape, Identity and Dropout, beside those that compute constants";

/// A layer found in a graph.
pub struct Found {
    /// The kind of layer.
    pub kind: Kind,
    /// The tensors, with PyTorch's names.
    pub tensors: Vec<(&'static str, TensorData)>,
}

impl From<Activation> for Found {
    fn from(activation: Activation) -> Self {
        Self { kind: Kind::Activation(activation), tensors: Vec::new() }
    }
}

/// What a name in the graph stands for.
#[derive(Clone)]
enum Value {
    Constant(Rc<Constant>),
    /// A value that is known only when the graph runs, or not a number; and why.
    Unknown(Rc<str>),
    /// The data after a number of operators. Names that differ by [`PASSED_OVER`] operators stand for the same.
    Data(usize),
    /// Probabilities or a class.
    Head,
}

/// The state inside a layer that consists of several nodes.
#[derive(Clone, Copy, PartialEq)]
enum Open {
    Nothing,
    /// After a product without a bias. An Add with the bias may follow.
    Product,
    /// After `σ(x)`. A product with `x` or 4 may follow.
    Sigmoid,
    /// After `4σ(x)`. A difference with 2 must follow.
    Scaled,
}

/// Reads a chain of nodes.
pub struct Reader {
    nodes: Vec<Node>,
    values: HashMap<String, Value>,
    folder: Folder,
    input: String,
    outputs: Vec<String>,
    /// Place of the last linear map among the nodes.
    last_linear: Option<usize>,
    /// Number of operators that have changed the data so far.
    current: usize,
    /// Name of the data at this point.
    name: String,
    open: Open,
    layers: Vec<Found>,
    /// Operators of the head that were passed over, each once.
    heads: Vec<String>,
    /// Largest number of layers that are read.
    most: usize,
}

impl Reader {
    /// A reader of at most `most` layers. Fails if the graph does not have exactly one input, or a constant is damaged.
    pub fn new(graph: Graph, most: usize) -> Result<Self> {
        let (mut values, mut folder) = (HashMap::new(), Folder::default());
        for tensor in graph.initializers {
            let value = match tensor.constant()? {
                Some(constant) => Value::Constant(folder.stored(constant)),
                None => Value::Unknown("its elements are no numbers".into()),
            };
            values.insert(tensor.name, value);
        }
        // Old files list the constants among the inputs.
        let inputs: Vec<_> = graph.inputs.iter().filter(|port| !values.contains_key(&port.name)).collect();
        let [input] = inputs[..] else { bail!("expected a graph with one input, found {}", inputs.len()) };
        values.insert(input.name.clone(), Value::Data(0));
        let linear = |node: &Node| matches!(node.operator.as_str(), "Gemm" | "MatMul");
        Ok(Self {
            name: input.name.clone(),
            input: input.name.clone(),
            outputs: graph.outputs.into_iter().map(|port| port.name).collect(),
            last_linear: graph.nodes.iter().rposition(linear),
            nodes: graph.nodes,
            values,
            folder,
            current: 0,
            open: Open::Nothing,
            layers: Vec::new(),
            heads: Vec::new(),
            most,
        })
    }

    /// The layers, and a note on what was passed over. Fails if the nodes are not a chain of layers, or a node has
    /// inputs that are not supported.
    pub fn read(mut self) -> Result<(Vec<Found>, Option<String>)> {
        let nodes = std::mem::take(&mut self.nodes);
        for (place, node) in nodes.iter().enumerate() {
            let context = || format!("node {place} of the graph ({})", node.operator);
            ensure!(!node.outputs.is_empty(), "{}: it has no output", context());
            let value = self.node(place, node).with_context(context)?;
            for (number, output) in node.outputs.iter().enumerate() {
                let value = match &value {
                    Value::Head => Value::Head,
                    value if number == 0 => value.clone(),
                    _ => Value::Unknown("not the first output of its node".into()),
                };
                self.values.insert(output.clone(), value);
            }
        }
        ensure!(self.open != Open::Scaled, "4σ(x) is not followed by a difference with 2");
        let end = |output: &String| match self.values.get(output) {
            Some(Value::Data(place)) => *place == self.current,
            other => matches!(other, Some(Value::Head)),
        };
        ensure!(
            self.outputs.iter().any(end),
            "the output {} of the graph is not that of its last node, {}",
            self.outputs.join(", "),
            self.name
        );
        let note = format!("passed over after the logits {}: {}", self.name, self.heads.join(", "));
        Ok((self.layers, (!self.heads.is_empty()).then_some(note)))
    }

    /// What the first output of a node stands for.
    fn node(&mut self, place: usize, node: &Node) -> Result<Value> {
        let missing = || Value::Unknown("it is the output of no node before".into());
        let value = |name: &String| self.values.get(name).cloned().unwrap_or_else(missing);
        let inputs: Vec<Option<Value>> =
            node.inputs.iter().map(|name| (!name.is_empty()).then(|| value(name))).collect();
        let first = inputs.first().cloned().flatten();
        let has = |wanted: fn(&Value) -> bool| inputs.iter().flatten().any(wanted);
        match (node.operator.as_str(), first) {
            ("Identity", Some(first)) => Ok(first),
            ("Shape" | "Size", Some(Value::Data(_))) => Ok(Value::Unknown("known only when the graph runs".into())),
            _ if has(|value| matches!(value, Value::Head)) => self.after_head(node),
            (operator, Some(first @ Value::Data(_))) if PASSED_OVER.contains(&operator) => {
                self.pass_over(node)?;
                Ok(first)
            }
            _ if has(|value| matches!(value, Value::Data(_))) => self.data(place, node, &inputs),
            _ => Ok(self.folded(place, node, inputs)),
        }
    }

    /// The constant that a node computes from constants. One that cannot be computed may be of no use to the layers.
    fn folded(&mut self, place: usize, node: &Node, inputs: Vec<Option<Value>>) -> Value {
        let mut constants = Vec::with_capacity(inputs.len());
        for input in inputs {
            match input {
                Some(Value::Constant(constant)) => constants.push(Some(constant)),
                Some(unknown) => return unknown,
                None => constants.push(None),
            }
        }
        match self.folder.fold(node, &constants) {
            Ok(constant) => Value::Constant(constant),
            // Only the start of the name, which may be as long as the file and is kept.
            Err(error) => Value::Unknown(format!("node {place} ({:.40}): {error:#}", node.operator).into()),
        }
    }

    /// A node that uses probabilities or a class, which must be a part of the head, too.
    fn after_head(&mut self, node: &Node) -> Result<Value> {
        let operator = &*node.operator;
        ensure!(
            HEADS.contains(&operator) || AFTER_HEADS.contains(&operator) || PASSED_OVER.contains(&operator),
            "expected a softmax at the end only, and what chooses a class after it; to cut it off: {}",
            self.cut(&self.input, &self.name)
        );
        if !self.heads.iter().any(|head| head == operator) {
            self.heads.push(operator.into());
        }
        Ok(Value::Head)
    }

    /// A node that uses the data.
    fn data(&mut self, place: usize, node: &Node, inputs: &[Option<Value>]) -> Result<Value> {
        let operator = &*node.operator;
        let uses = |wanted: usize| {
            inputs.iter().flatten().any(|value| matches!(value, Value::Data(place) if *place == wanted))
        };
        ensure!(
            uses(self.current),
            "expected one chain of nodes; it does not use {}, the output of the node before",
            self.name
        );
        if HEADS.contains(&operator) {
            let classes = operator == "TopK" || matches!(node.integer("axis", -1)?, -1 | 1);
            ensure!(classes, "expected {operator} over the classes");
            return self.after_head(node);
        }
        ensure!(self.heads.is_empty(), "expected a softmax at the end only; it comes after one");
        let open = std::mem::replace(&mut self.open, Open::Nothing);
        ensure!(open != Open::Scaled || operator == "Sub", "4σ(x) is not followed by a difference with 2");
        let is_bias = operator == "Add" && open == Open::Product;
        ensure!(
            is_bias || self.last_linear.is_none_or(|last| place <= last),
            "the network ends before it: remove it and what follows with {}",
            self.cut(&self.input, &self.name)
        );
        let before = self.current.checked_sub(1).is_some_and(uses);
        self.layer(node, open, before)?;
        self.name.clone_from(&node.outputs[0]);
        self.current += 1;
        Ok(Value::Data(self.current))
    }

    /// Reads a layer, or a part of one. `before` is whether the node uses what was the data one operator before.
    fn layer(&mut self, node: &Node, open: Open, before: bool) -> Result<()> {
        match node.operator.as_str() {
            _ if !standard(&node.domain) => return Err(self.unknown(node)),
            "Gemm" => self.gemm(node)?,
            "MatMul" => {
                let weight = self.matrix(node.inputs.get(1), true)?;
                self.linear(weight, None)?;
            }
            "Add" if open == Open::Product => self.bias(self.other(node)?)?,
            "BatchNormalization" => self.batch_norm(node)?,
            "Relu" => self.push(Activation::Relu.into())?,
            "Tanh" => self.push(Activation::Tanh.into())?,
            "PRelu" => {
                let slope = self.slope(node.inputs.get(1))?;
                self.push(Found { tensors: vec![("weight", slope)], ..Found::from(Activation::ParametricRelu) })?;
            }
            "Sigmoid" => {
                self.push(Activation::Sigmoid.into())?;
                self.open = Open::Sigmoid;
            }
            "Mul" if open == Open::Sigmoid && before => self.replace_last(Activation::Silu),
            "Mul" if open == Open::Sigmoid => {
                self.scalar(node, 4.0)?;
                self.open = Open::Scaled;
            }
            "Sub" if open == Open::Scaled => {
                ensure!(self.is_data(&node.inputs[0]), "expected the difference of 4σ(x) and 2");
                self.scalar(node, 2.0)?;
                self.replace_last(Activation::RescaledSigmoid);
            }
            _ => return Err(self.unknown(node)),
        }
        Ok(())
    }

    /// What to do about an operator that no layer has.
    fn unknown(&self, node: &Node) -> Error {
        let what = match &*node.domain {
            domain if standard(domain) => String::new(),
            domain => format!(" (its domain is {domain})"),
        };
        if self.layers.is_empty() {
            return anyhow!(
                "not part of a multilayer perceptron{what}. If it prepares the input, cut it off: {}; a mean and a \
                 standard deviation of the pixels are the settings data.mean and data.std",
                self.cut(&node.outputs[0], &self.outputs.join("\", \""))
            );
        }
        anyhow!("not part of a multilayer perceptron{what}; the operators that are: {KNOWN}")
    }

    /// The Python call that writes the part of a graph between two values.
    fn cut(&self, from: &str, to: &str) -> String {
        format!("onnx.utils.extract_model(FILE, NEW, [\"{from}\"], [\"{to}\"])")
    }
}

#[cfg(test)]
mod tests;
