//! Layers from single nodes and the constants that they use.

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::TensorData;
use burn_mlp::Activation;

use super::{Found, Open, Reader, Value};
use crate::formats::onnx::constant::Constant;
use crate::formats::onnx::messages::{Node, Value as Attribute};
use crate::formats::onnx::tensor::number;
use crate::formats::state_dict::Kind;

impl Reader {
    /// Checks that an operator of [`PASSED_OVER`](super::PASSED_OVER) has no effect.
    pub(super) fn pass_over(&self, node: &Node) -> Result<()> {
        let second = node.inputs.get(1).and_then(|name| self.values.get(name));
        match node.operator.as_str() {
            "Cast" => {
                let to = node.integer("to", 0)?;
                let kind = i32::try_from(to).ok().and_then(number);
                ensure!(kind.is_some_and(|(_, whole)| !whole), "expected floating-point numbers, found type {to}");
            }
            "CastLike" => {
                let whole = matches!(second, Some(Value::Constant(like)) if like.whole);
                ensure!(!whole, "expected floating-point numbers");
            }
            "Dropout" => {
                // The third input turns it on.
                let training = node.inputs.get(2).filter(|name| !name.is_empty());
                let off = |name| matches!(self.values.get(name), Some(Value::Constant(mode)) if mode.values == [0.0]);
                ensure!(
                    training.is_none_or(off),
                    "expected a graph exported for inference: its training_mode is not false"
                );
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn gemm(&mut self, node: &Node) -> Result<()> {
        let float = |name: &str| match node.attribute(name)? {
            None => Ok(1.0),
            Some(Attribute::Float(value)) => Ok(*value),
            Some(_) => bail!("{name} is no number"),
        };
        let (alpha, beta) = (float("alpha")?, float("beta")?);
        ensure!(alpha == 1.0 && beta == 1.0, "expected alpha and beta of 1, found {alpha} and {beta}");
        ensure!(node.integer("transA", 0)? == 0, "expected an input that is not transposed");
        let weight = self.matrix(node.inputs.get(1), node.integer("transB", 0)? == 0)?;
        let bias = node.inputs.get(2).filter(|name| !name.is_empty());
        self.linear(weight, bias)
    }

    /// Adds a linear layer with PyTorch's `weight`, `[d_output, d_input]`. Without `bias`, the bias is 0 unless one is
    /// added next.
    pub(super) fn linear(&mut self, weight: TensorData, bias: Option<&String>) -> Result<()> {
        let d_output = weight.shape[0];
        let zeros = TensorData::new(vec![0.0_f32; d_output], [d_output]);
        self.push(Found { kind: Kind::Linear, tensors: vec![("weight", weight), ("bias", zeros)] })?;
        match bias {
            Some(name) => self.bias(name),
            None => {
                self.open = Open::Product;
                Ok(())
            }
        }
    }

    /// Sets the bias of the last layer. A single number is the bias of every unit.
    pub(super) fn bias(&mut self, name: &str) -> Result<()> {
        let constant = self.constant(Some(name))?;
        let Some((_, zeros)) = self.layers.last().and_then(|layer| layer.tensors.last()) else { return Ok(()) };
        let bias = match constant.values[..] {
            [single] => TensorData::new(vec![single as f32; zeros.shape[0]], zeros.shape.clone()),
            _ => vector(name, constant)?,
        };
        if let Some((_, zeros)) = self.layers.last_mut().and_then(|layer| layer.tensors.last_mut()) {
            *zeros = bias;
        }
        Ok(())
    }

    pub(super) fn batch_norm(&mut self, node: &Node) -> Result<()> {
        // 10⁻⁵ is the operator's default. The conversion goes through decimal digits: the file stores ε in single
        // precision, and must compare equal to the configuration's in double precision.
        let epsilon = match node.attribute("epsilon")? {
            None => 1e-5,
            Some(Attribute::Float(epsilon)) => epsilon.to_string().parse()?,
            Some(_) => bail!("epsilon is no number"),
        };
        ensure!(node.integer("training_mode", 0)? == 0, "expected a graph exported for inference");
        let mut tensors = Vec::new();
        for (place, field) in ["weight", "bias", "running_mean", "running_var"].into_iter().enumerate() {
            let name = node.inputs.get(place + 1).map(String::as_str);
            tensors.push((field, vector(name.unwrap_or_default(), self.constant(name)?)?));
        }
        self.push(Found { kind: Kind::BatchNorm { epsilon }, tensors })
    }

    pub(super) fn push(&mut self, layer: Found) -> Result<()> {
        ensure!(self.layers.len() < self.most, "expected the {} layers of the configuration, found more", self.most);
        self.layers.push(layer);
        Ok(())
    }

    pub(super) fn replace_last(&mut self, activation: Activation) {
        self.layers.pop();
        self.layers.push(activation.into());
    }

    /// The constant of a node's input.
    fn constant(&self, name: Option<&str>) -> Result<&Constant> {
        let name = name.context("an input is missing")?;
        match self.values.get(name) {
            Some(Value::Constant(constant)) => {
                ensure!(!constant.whole, "{name} has no floating-point elements");
                Ok(constant)
            }
            Some(Value::Unknown(why)) => bail!("{name} is no constant: {why}"),
            Some(Value::Data(_) | Value::Head) => bail!("{name} is no constant: it depends on the input"),
            None => bail!("{name} is no constant: it is the output of no node before"),
        }
    }

    /// A matrix, turned if `turned`.
    pub(super) fn matrix(&self, name: Option<&String>, turned: bool) -> Result<TensorData> {
        let data = self.constant(name.map(String::as_str))?;
        // If one dimension were 0, the other could be arbitrarily large in a tiny file.
        let matrix = data.dims.len() == 2 && !data.dims.contains(&0);
        ensure!(matrix, "{} is no matrix: its shape is {:?}", name.map_or("", String::as_str), data.dims);
        if turned {
            let turned = data.transposed(&[1, 0]);
            return Ok(turned.floats(&turned.dims));
        }
        Ok(data.floats(&data.dims))
    }

    /// The single slope of a parametric ReLU. Some writers give it the shape `[1, 1]`, or repeat it for each unit.
    pub(super) fn slope(&self, name: Option<&String>) -> Result<TensorData> {
        let data = self.constant(name.map(String::as_str))?;
        match data.values[..] {
            [slope, ref more @ ..] if more.iter().all(|&other| other == slope) => Ok(TensorData::from([slope as f32])),
            _ => bail!(
                "expected one slope for the layer, found {} of shape {:?}",
                name.map_or("", |name| name),
                data.dims
            ),
        }
    }

    /// Checks that the node's other input is the constant `expected`.
    pub(super) fn scalar(&self, node: &Node, expected: f64) -> Result<()> {
        let found = &self.constant(Some(self.other(node)?))?.values;
        ensure!(*found == [expected], "expected the number {expected}, found {found:?}");
        Ok(())
    }

    /// Name of the first input that is not the data.
    pub(super) fn other<'a>(&self, node: &'a Node) -> Result<&'a str> {
        let name = node.inputs.iter().find(|name| !self.is_data(name)).context("an input is missing")?;
        Ok(name)
    }

    /// Whether `name` stands for the data at this point.
    pub(super) fn is_data(&self, name: &str) -> bool {
        matches!(self.values.get(name), Some(Value::Data(place)) if *place == self.current)
    }
}

/// The elements of a constant whose sizes are all 1 but the last.
fn vector(name: &str, constant: &Constant) -> Result<TensorData> {
    let length = constant.values.len();
    let vector = constant.dims.last() == Some(&length) && length > 0;
    ensure!(vector, "{name} is no vector: its shape is {:?}", constant.dims);
    Ok(constant.floats(&[length]))
}
