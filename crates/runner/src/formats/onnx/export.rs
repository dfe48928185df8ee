//! A network as an ONNX graph.

use anyhow::{Context, Result};
use burn::tensor::TensorData;
use burn::tensor::backend::Backend;
use burn_mlp::{Activation, Mlp};
use prost::Message as _;

use super::messages::{Attribute, Graph, Model, Node, OperatorSet, Port, Value};
use super::tensor::Tensor;
use burn_mlp_train::parameters::Tensors;

use crate::formats::state_dict::{self, Kind};

/// Version of the file format. Version 8 is the first for opset 17, which has all operators used here.
const IR_VERSION: i64 = 8;
const OPSET: i64 = 17;
const INPUT: &str = "input";

/// The bytes of an ONNX file that computes the logits of `mlp`, or with `softmax` the class probabilities.
///
/// The graph is in evaluation mode: there is no dropout, and batch normalization uses the running statistics. The input
/// is `input`, `[batch, d_input]`; the output is `logits` or `probabilities`, `[batch, d_output]`. The constants have
/// the names of the tensors of a `torch.nn.Sequential`.
///
/// # Errors
///
/// If the network has an activation function that cannot be exported.
pub fn export<B: Backend>(mlp: &Mlp<B>, softmax: bool) -> Result<Vec<u8>> {
    let mut chain = Chain::new(state_dict::of(mlp)?);
    for layer in state_dict::layers(mlp) {
        chain.layer(layer.index, &layer.kind)?;
    }
    if softmax {
        chain.node("Softmax", &[], vec![("axis", Value::Integer(-1))]);
    }
    let output = if softmax { "probabilities" } else { "logits" };
    let graph = Graph {
        name: "mlp".into(),
        inputs: vec![Port::new(INPUT, mlp.d_input())],
        outputs: vec![Port::new(output, mlp.d_output())],
        ..chain.finish(output)
    };
    let model = Model {
        ir_version: IR_VERSION,
        producer: concat!("burn-mlp runner ", env!("CARGO_PKG_VERSION")).into(),
        graphs: vec![graph],
        opsets: vec![OperatorSet { domain: String::new(), version: OPSET }],
    };
    Ok(model.encode_to_vec())
}

/// A graph in which the input of each node is the output of the node before.
struct Chain {
    graph: Graph,
    /// Tensors that are not in the graph yet.
    state: Tensors,
    /// Name of the output of the last node.
    current: String,
}

impl Chain {
    fn new(state: Tensors) -> Self {
        Self { graph: Graph::default(), state, current: INPUT.into() }
    }

    fn layer(&mut self, index: usize, kind: &Kind) -> Result<()> {
        match kind {
            Kind::Linear => {
                let constants = [self.tensor(index, "weight")?, self.tensor(index, "bias")?];
                // PyTorch's weights are `[d_output, d_input]`.
                self.node("Gemm", &constants, vec![("transB", Value::Integer(1))]);
            }
            Kind::BatchNorm { epsilon } => {
                let mut constants = Vec::new();
                for field in ["weight", "bias", "running_mean", "running_var"] {
                    constants.push(self.tensor(index, field)?);
                }
                self.node("BatchNormalization", &constants, vec![("epsilon", Value::Float(*epsilon as f32))]);
            }
            Kind::Activation(activation) => self.activation(index, *activation)?,
        }
        Ok(())
    }

    fn activation(&mut self, index: usize, activation: Activation) -> Result<()> {
        let before = self.current.clone();
        match activation {
            Activation::Relu => self.node("Relu", &[], vec![]),
            Activation::ParametricRelu => {
                let slope = self.tensor(index, "weight")?;
                self.node("PRelu", &[slope], vec![]);
            }
            Activation::Sigmoid => self.node("Sigmoid", &[], vec![]),
            Activation::Tanh => self.node("Tanh", &[], vec![]),
            Activation::RescaledSigmoid => {
                self.node("Sigmoid", &[], vec![]);
                let (four, two) = (self.scalar(index, "scale", 4.0), self.scalar(index, "shift", 2.0));
                self.node("Mul", &[four], vec![]);
                self.node("Sub", &[two], vec![]);
            }
            Activation::Silu => {
                self.node("Sigmoid", &[], vec![]);
                self.node("Mul", &[before], vec![]);
            }
            other => anyhow::bail!("activation {other:?} has no ONNX operators here"),
        }
        Ok(())
    }

    /// Appends a node whose inputs are the current value and `constants`.
    fn node(&mut self, operator: &str, constants: &[String], attributes: Vec<(&str, Value)>) {
        let output = format!("value.{}", self.graph.nodes.len());
        let inputs = std::iter::once(&self.current).chain(constants).cloned().collect();
        self.current.clone_from(&output);
        self.graph.nodes.push(Node {
            operator: operator.into(),
            inputs,
            outputs: vec![output],
            attributes: attributes.into_iter().map(|(name, value)| Attribute::new(name, value)).collect(),
            domain: String::new(),
        });
    }

    /// Moves a tensor of a layer into the graph, and returns its name.
    fn tensor(&mut self, index: usize, field: &str) -> Result<String> {
        let name = format!("{index}.{field}");
        let data: TensorData = self.state.remove(&name).with_context(|| format!("no tensor {name}"))?;
        self.graph.initializers.push(Tensor::new(&name, data.shape.as_slice(), data.iter::<f32>()));
        Ok(name)
    }

    fn scalar(&mut self, index: usize, name: &str, value: f32) -> String {
        let name = format!("{index}.{name}");
        self.graph.initializers.push(Tensor::new(&name, &[], [value]));
        name
    }

    /// The graph, with its last value renamed to `output`.
    fn finish(mut self, output: &str) -> Graph {
        if let Some(name) = self.graph.nodes.last_mut().and_then(|node| node.outputs.last_mut()) {
            output.clone_into(name);
        }
        self.graph
    }
}
