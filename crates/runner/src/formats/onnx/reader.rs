//! Reading of a network's layers from the nodes of an ONNX graph.

use std::collections::HashMap;
use std::rc::Rc;

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::TensorData;
use burn_mlp::Activation;

use super::messages::{Graph, Node, Value, standard};
use super::tensor::{elements, transposed};
use crate::formats::state_dict::Kind;

/// Operators that have no effect in prediction, or only change the shape of the input.
const PASSED_OVER: [&str; 4] = ["Identity", "Dropout", "Flatten", "Reshape"];
const KNOWN: &str = "Gemm, MatMul, Add, BatchNormalization, Relu, PRelu, Sigmoid, Tanh, Mul, Sub, Softmax, \
                     Flatten, Reshape, Identity, Dropout and Constant";

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

/// Shape and elements of a constant, shared by all its names; `None` if the elements are not floats.
type Constant = Option<Rc<TensorData>>;

/// The state inside a layer that consists of several nodes.
#[derive(Clone, Copy, PartialEq)]
enum Open {
    Nothing,
    /// After MatMul. An Add with the bias may follow.
    Product,
    /// After `σ(x)`. A product with `x` or 4 may follow.
    Sigmoid,
    /// After `4σ(x)`. A difference with 2 must follow.
    Scaled,
}

/// Reads a chain of nodes.
pub struct Reader {
    nodes: Vec<Node>,
    constants: HashMap<String, Constant>,
    output: String,
    /// Name of the output of the last node.
    current: String,
    /// Name of the output of the node before that.
    previous: String,
    open: Open,
    layers: Vec<Found>,
    /// Largest number of layers that are read.
    most: usize,
}

impl Reader {
    /// A reader of at most `most` layers. Fails if the graph does not have exactly one input and one output, or a
    /// constant is damaged.
    pub fn new(graph: Graph, most: usize) -> Result<Self> {
        let mut constants = HashMap::new();
        for tensor in graph.initializers {
            constants.insert(tensor.name.clone(), tensor.data()?.map(Rc::new));
        }
        // Old files list the constants among the inputs.
        let inputs: Vec<_> = graph.inputs.iter().filter(|port| !constants.contains_key(&port.name)).collect();
        let ([input], [output]) = (&inputs[..], &graph.outputs[..]) else {
            bail!("expected a graph with one input and one output, found {} and {}", inputs.len(), graph.outputs.len());
        };
        Ok(Self {
            current: input.name.clone(),
            previous: String::new(),
            output: output.name.clone(),
            nodes: graph.nodes,
            constants,
            open: Open::Nothing,
            layers: Vec::new(),
            most,
        })
    }

    /// Reads the layers. Fails if the nodes are not a chain of layers, or a node has inputs that are not supported.
    pub fn read(mut self) -> Result<Vec<Found>> {
        let nodes = std::mem::take(&mut self.nodes);
        for (place, node) in nodes.iter().enumerate() {
            self.node(node).with_context(|| format!("node {place} of the graph ({})", node.operator))?;
        }
        ensure!(self.open != Open::Scaled, "4σ(x) is not followed by a difference with 2");
        ensure!(
            self.current == self.output,
            "the output {} of the graph is not that of its last node, {}",
            self.output,
            self.current
        );
        Ok(self.layers)
    }

    fn node(&mut self, node: &Node) -> Result<()> {
        let domain = &node.domain;
        ensure!(standard(domain), "expected standard operators only, found one of the domain {domain}");
        let [output, ..] = &node.outputs[..] else { bail!("it has no output") };
        if let Some(constant) = self.named_constant(node)? {
            self.constants.insert(output.clone(), constant);
            return Ok(());
        }
        ensure!(
            node.inputs.contains(&self.current),
            "expected one chain of nodes; it does not use {}, the output of the node before",
            self.current
        );
        let open = std::mem::replace(&mut self.open, Open::Nothing);
        match node.operator.as_str() {
            "Gemm" => self.gemm(node)?,
            "MatMul" => {
                let weight = transposed(self.matrix(node.inputs.get(1))?);
                self.linear(weight, None)?;
                self.open = Open::Product;
            }
            "Add" if open == Open::Product => self.bias(node)?,
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
            "Mul" if open == Open::Sigmoid && node.inputs.contains(&self.previous) => {
                self.replace_last(Activation::Silu);
            }
            "Mul" if open == Open::Sigmoid => {
                self.scalar(node, 4.0)?;
                self.open = Open::Scaled;
            }
            "Sub" if open == Open::Scaled => {
                ensure!(node.inputs.first() == Some(&self.current), "expected the difference of 4σ(x) and 2");
                self.scalar(node, 2.0)?;
                self.replace_last(Activation::RescaledSigmoid);
            }
            "Softmax" => {
                ensure!(node.outputs.contains(&self.output), "expected a softmax at the end only");
                let classes = matches!(attribute(node, "axis")?, None | Some(Value::Integer(-1 | 1)));
                ensure!(classes, "expected a softmax over the classes");
            }
            operator if PASSED_OVER.contains(&operator) => self.pass_over(node)?,
            _ => bail!("not part of a multilayer perceptron; the operators that are: {KNOWN}"),
        }
        ensure!(open != Open::Scaled || node.operator == "Sub", "4σ(x) is not followed by a difference with 2");
        self.previous = std::mem::replace(&mut self.current, output.clone());
        Ok(())
    }

    /// The constant that a Constant node defines, or that an Identity node renames.
    fn named_constant(&self, node: &Node) -> Result<Option<Constant>> {
        match (node.operator.as_str(), &node.inputs[..]) {
            ("Constant", _) => match attribute(node, "value")?.context("it has no value")? {
                Value::Tensor(tensor) => Ok(Some(tensor.as_ref().clone().data()?.map(Rc::new))),
                _ => bail!("its value is no tensor"),
            },
            ("Identity", [name]) => Ok(self.constants.get(name).cloned()),
            _ => Ok(None),
        }
    }

    fn pass_over(&self, node: &Node) -> Result<()> {
        let shape = matches!(node.operator.as_str(), "Flatten" | "Reshape");
        ensure!(!shape || self.layers.is_empty(), "expected it before the first layer only");
        // Dropout's third input turns it on.
        ensure!(node.operator != "Dropout" || node.inputs.len() < 3, "expected a graph exported for inference");
        Ok(())
    }

    fn gemm(&mut self, node: &Node) -> Result<()> {
        let float = |name: &str| match attribute(node, name)? {
            None => Ok(1.0),
            Some(Value::Float(value)) => Ok(*value),
            Some(_) => bail!("{name} is no number"),
        };
        let flag = |name: &str| match attribute(node, name)? {
            None => Ok(false),
            Some(Value::Integer(value)) => Ok(*value != 0),
            Some(_) => bail!("{name} is no whole number"),
        };
        let (alpha, beta) = (float("alpha")?, float("beta")?);
        ensure!(alpha == 1.0 && beta == 1.0, "expected alpha and beta of 1, found {alpha} and {beta}");
        ensure!(!flag("transA")?, "expected an input that is not transposed");
        let weight = self.matrix(node.inputs.get(1))?;
        let weight = if flag("transB")? { weight.clone() } else { transposed(weight) };
        let bias = node.inputs.get(2).filter(|name| !name.is_empty());
        let bias = bias.map(|name| self.vector(Some(name))).transpose()?;
        self.linear(weight, bias)
    }

    /// Adds a linear layer with PyTorch's `weight`, `[d_output, d_input]`. Without `bias`, the bias is 0.
    fn linear(&mut self, weight: TensorData, bias: Option<TensorData>) -> Result<()> {
        let d_output = weight.shape[0];
        let bias = bias.unwrap_or_else(|| TensorData::new(vec![0.0_f32; d_output], [d_output]));
        self.push(Found { kind: Kind::Linear, tensors: vec![("weight", weight), ("bias", bias)] })
    }

    fn bias(&mut self, node: &Node) -> Result<()> {
        let bias = self.vector(node.inputs.iter().find(|&name| *name != self.current))?;
        if let Some((_, zeros)) = self.layers.last_mut().and_then(|layer| layer.tensors.last_mut()) {
            *zeros = bias;
        }
        Ok(())
    }

    fn batch_norm(&mut self, node: &Node) -> Result<()> {
        // 10⁻⁵ is the operator's default. The conversion goes through decimal digits: the file stores ε in single
        // precision, and must compare equal to the configuration's in double precision.
        let epsilon = match attribute(node, "epsilon")? {
            None => 1e-5,
            Some(Value::Float(epsilon)) => epsilon.to_string().parse()?,
            Some(_) => bail!("epsilon is no number"),
        };
        let training = !matches!(attribute(node, "training_mode")?, None | Some(Value::Integer(0)));
        ensure!(!training, "expected a graph exported for inference");
        let mut tensors = Vec::new();
        for (place, field) in ["weight", "bias", "running_mean", "running_var"].into_iter().enumerate() {
            tensors.push((field, self.vector(node.inputs.get(place + 1))?));
        }
        self.push(Found { kind: Kind::BatchNorm { epsilon }, tensors })
    }

    fn push(&mut self, layer: Found) -> Result<()> {
        ensure!(self.layers.len() < self.most, "expected the {} layers of the configuration, found more", self.most);
        self.layers.push(layer);
        Ok(())
    }

    fn replace_last(&mut self, activation: Activation) {
        self.layers.pop();
        self.layers.push(activation.into());
    }

    /// The constant of a node's input, with its name.
    fn constant<'a>(&'a self, name: Option<&'a String>) -> Result<(&'a str, &'a TensorData)> {
        let name = name.context("an input is missing")?;
        let data = self.constants.get(name).with_context(|| format!("{name} is no constant"))?;
        let data = data.as_deref().with_context(|| format!("{name} has no elements in single precision"))?;
        Ok((name, data))
    }

    fn matrix<'a>(&'a self, name: Option<&'a String>) -> Result<&'a TensorData> {
        let (name, data) = self.constant(name)?;
        // If one dimension were 0, the other could be arbitrarily large in a tiny file.
        let matrix = data.shape.len() == 2 && !data.shape.contains(&0);
        ensure!(matrix, "{name} is no matrix: its shape is {:?}", data.shape.as_slice());
        Ok(data)
    }

    fn vector(&self, name: Option<&String>) -> Result<TensorData> {
        let (name, data) = self.constant(name)?;
        ensure!(data.shape.len() == 1, "{name} is no vector: its shape is {:?}", data.shape.as_slice());
        Ok(data.clone())
    }

    /// The single slope of a parametric ReLU. Some writers give it the shape `[1, 1]`.
    fn slope(&self, name: Option<&String>) -> Result<TensorData> {
        let (name, data) = self.constant(name)?;
        match elements(data) {
            &[slope] => Ok(TensorData::from([slope])),
            _ => bail!("expected one slope for the layer, found {name} of shape {:?}", data.shape.as_slice()),
        }
    }

    /// Checks that the node's other input is the constant `expected`.
    fn scalar(&self, node: &Node, expected: f32) -> Result<()> {
        let (_, data) = self.constant(node.inputs.iter().find(|&name| *name != self.current))?;
        let found = elements(data);
        ensure!(found == [expected], "expected the number {expected}, found {found:?}");
        Ok(())
    }
}

fn attribute<'a>(node: &'a Node, name: &str) -> Result<Option<&'a Value>> {
    let Some(found) = node.attributes.iter().find(|attribute| attribute.name == name) else { return Ok(None) };
    found.value.as_ref().map(Some).with_context(|| format!("{name} is neither a number nor a tensor"))
}

#[cfg(test)]
mod tests;
