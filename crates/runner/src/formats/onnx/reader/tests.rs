//! Tests with valid and invalid chains of nodes.

use super::*;
use crate::formats::onnx::messages::{Attribute, Port};
use crate::formats::onnx::tensor::Tensor;

fn constant(name: &str, dims: &[usize], values: &[f32]) -> Tensor {
    Tensor::new(name, dims, values.iter().copied())
}

/// A graph from `x` to `y`. A node is given by its operator, its inputs and its output.
fn graph(constants: Vec<Tensor>, nodes: &[(&str, &[&str], &str)]) -> Graph {
    let nodes = nodes.iter().map(|&(operator, inputs, output)| Node {
        operator: operator.into(),
        inputs: inputs.iter().map(|&name| name.into()).collect(),
        outputs: vec![output.into()],
        ..Node::default()
    });
    Graph {
        nodes: nodes.collect(),
        initializers: constants,
        inputs: vec![Port::new("x", 1)],
        outputs: vec![Port::new("y", 1)],
        ..Graph::default()
    }
}

fn read(constants: Vec<Tensor>, nodes: &[(&str, &[&str], &str)]) -> Result<Vec<Found>> {
    Reader::new(graph(constants, nodes), 4)?.read()
}

fn error(constants: Vec<Tensor>, nodes: &[(&str, &[&str], &str)]) -> String {
    read(constants, nodes).err().map(|error| format!("{error:#}")).unwrap_or_default()
}

fn weight() -> Vec<Tensor> {
    vec![constant("w", &[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), constant("b", &[3], &[7.0, 8.0, 9.0])]
}

#[test]
fn a_product_and_a_sum_are_a_linear_map_with_its_weight_turned() {
    for nodes in [
        &[("MatMul", &["x", "w"][..], "m"), ("Add", &["b", "m"], "y")][..],
        &[("Flatten", &["x"], "f"), ("Gemm", &["f", "w", "b"], "g"), ("Identity", &["g"], "y")],
    ] {
        let layers = read(weight(), nodes).unwrap();
        let [Found { kind: Kind::Linear, tensors }] = &layers[..] else { panic!() };
        assert_eq!(tensors[0], ("weight", TensorData::from([[1.0_f32, 4.0], [2.0, 5.0], [3.0, 6.0]])));
        assert_eq!(tensors[1], ("bias", TensorData::from([7.0_f32, 8.0, 9.0])));
    }
    let without_bias = read(weight(), &[("MatMul", &["x", "w"], "y")]).unwrap();
    assert_eq!(without_bias[0].tensors[1].1, TensorData::from([0.0_f32; 3]));
}

#[test]
fn two_and_three_nodes_can_be_one_activation() {
    let scalars = || vec![constant("four", &[], &[4.0]), constant("two", &[1], &[2.0])];
    let kind = |nodes: &[(&str, &[&str], &str)]| read(scalars(), nodes).unwrap()[0].kind;
    let silu = kind(&[("Sigmoid", &["x"], "s"), ("Mul", &["s", "x"], "y")]);
    assert_eq!(silu, Kind::Activation(Activation::Silu));
    let rescaled = kind(&[("Sigmoid", &["x"], "s"), ("Mul", &["four", "s"], "m"), ("Sub", &["m", "two"], "y")]);
    assert_eq!(rescaled, Kind::Activation(Activation::RescaledSigmoid));
    for (nodes, message) in [
        (&[("Sigmoid", &["x"][..], "s"), ("Mul", &["two", "s"], "y")][..], "expected the number 4"),
        (&[("Sigmoid", &["x"], "s"), ("Mul", &["four", "s"], "y")], "not followed by a difference with 2"),
        (&[("Sigmoid", &["x"], "s"), ("Mul", &["four", "s"], "m"), ("Relu", &["m"], "y")], "not followed by"),
        (&[("Sigmoid", &["x"], "s"), ("Mul", &["four", "s"], "m"), ("Sub", &["two", "m"], "y")], "of 4σ(x) and 2"),
    ] {
        let found = error(scalars(), nodes);
        assert!(found.contains(message), "{found}");
    }
}

#[test]
fn what_is_no_multilayer_perceptron_is_named() {
    for (nodes, message) in [
        (&[("Conv", &["x", "w"][..], "y")][..], "node 0 of the graph (Conv): not part of a multilayer perceptron"),
        (&[("Relu", &["x"], "a"), ("Tanh", &["x"], "y")], "node 1 of the graph (Tanh): expected one chain"),
        (&[("Relu", &["x"], "a")], "the output y of the graph is not that of its last node"),
        (&[("Gemm", &["x", "b"], "y")], "b is no matrix: its shape is [3]"),
        (&[("Gemm", &["x", "nothing"], "y")], "nothing is no constant"),
        (&[("Gemm", &["x"], "y")], "an input is missing"),
        (&[("Gemm", &["x", "w"], "g"), ("Reshape", &["g", "b"], "y")], "before the first layer only"),
        (&[("Softmax", &["x"], "s"), ("Relu", &["s"], "y")], "expected a softmax at the end only"),
        (&[("Dropout", &["x", "b", "b"], "y")], "exported for inference"),
    ] {
        let found = error(weight(), nodes);
        assert!(found.contains(message), "{found}");
    }
    let endless: Vec<(&str, &[&str], &str)> = vec![("Relu", &["x"], "x"); 9];
    assert!(error(vec![], &endless).contains("expected the 4 layers of the configuration, found more"));
}

#[test]
fn a_side_of_zero_is_no_matrix() {
    // The other dimension could make the reader allocate any amount of memory.
    let empty = vec![constant("w", &[0, i64::MAX as usize], &[])];
    assert!(error(empty, &[("Gemm", &["x", "w"], "y")]).contains("w is no matrix"));
}

#[test]
fn attributes_that_change_the_meaning_are_refused() {
    let error = |operator: &str, inputs: &[&str], name: &str, value: Value| {
        let mut graph = graph(weight(), &[(operator, inputs, "y")]);
        graph.nodes[0].attributes.push(Attribute::new(name, value));
        Reader::new(graph, 4).and_then(Reader::read).err().map(|error| format!("{error:#}")).unwrap_or_default()
    };
    let gemm = |name, value| error("Gemm", &["x", "w", "b"], name, value);
    assert!(gemm("alpha", Value::Float(0.5)).contains("found 0.5 and 1"));
    assert!(gemm("beta", Value::Float(f32::NAN)).contains("found 1 and NaN"));
    assert!(gemm("transA", Value::Integer(1)).contains("not transposed"));
    assert!(gemm("transB", Value::Float(1.0)).contains("transB is no whole number"));
    assert_eq!(gemm("transB", Value::Integer(0)), "");
    assert!(error("Softmax", &["x"], "axis", Value::Integer(0)).contains("over the classes"));
    let norm = ["x", "b", "b", "b", "b"];
    assert!(error("BatchNormalization", &norm, "training_mode", Value::Integer(1)).contains("for inference"));
    assert_eq!(error("BatchNormalization", &norm, "training_mode", Value::Integer(0)), "");
}
