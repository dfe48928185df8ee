//! Tests with valid and invalid chains of nodes.

use super::*;
use crate::formats::onnx::messages::{Attribute, Port, Value as Number};
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
    Ok(Reader::new(graph(constants, nodes), 4)?.read()?.0)
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
        (&[("Gemm", &["x", "w"], "g"), ("Transpose", &["g"], "y")], "the network ends before it: remove it"),
        (&[("Sub", &["x", "b"], "s"), ("Gemm", &["s", "w"], "y")], "extract_model(FILE, NEW, [\"s\"], [\"y\"])"),
        (&[("Scaler", &["x"], "s"), ("Gemm", &["s", "w"], "y")], "data.mean and data.std"),
        (&[("Relu", &["x"], "r"), ("Erf", &["r"], "e"), ("Gemm", &["e", "w"], "y")], "the operators that are: Gemm"),
        (&[("Gemm", &["x", "w"], "g"), ("Sigmoid", &["g"], "y")], "extract_model(FILE, NEW, [\"x\"], [\"g\"])"),
        (&[("Cast", &["x"], "c"), ("Gemm", &["c", "w"], "y")], "found type 0"),
        (&[("Shape", &["x"], "s"), ("Gemm", &["x", "w", "s"], "y")], "s is no constant: known only when the graph"),
        (&[("Det", &["w"], "d"), ("Gemm", &["x", "d"], "y")], "d is no constant: node 0 (Det): not computed"),
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
    let error = |operator: &str, inputs: &[&str], name: &str, value: Number| {
        let mut graph = graph(weight(), &[(operator, inputs, "y")]);
        graph.nodes[0].attributes.push(Attribute::new(name, value));
        let read = Reader::new(graph, 4).and_then(Reader::read);
        read.err().map(|error| format!("{error:#}")).unwrap_or_default()
    };
    let gemm = |name, value| error("Gemm", &["x", "w", "b"], name, value);
    assert!(gemm("alpha", Number::Float(0.5)).contains("found 0.5 and 1"));
    assert!(gemm("beta", Number::Float(f32::NAN)).contains("found 1 and NaN"));
    assert!(gemm("transA", Number::Integer(1)).contains("not transposed"));
    assert!(gemm("transB", Number::Float(1.0)).contains("transB is no whole number"));
    assert_eq!(gemm("transB", Number::Integer(0)), "");
    assert!(error("Softmax", &["x"], "axis", Number::Integer(0)).contains("over the classes"));
    let norm = ["x", "b", "b", "b", "b"];
    assert!(error("BatchNormalization", &norm, "training_mode", Number::Integer(1)).contains("for inference"));
    assert_eq!(error("BatchNormalization", &norm, "training_mode", Number::Integer(0)), "");
}

/// The weight and bias of the first layer.
fn first_layer(constants: Vec<Tensor>, nodes: &[(&str, &[&str], &str)]) -> [TensorData; 2] {
    let layers = read(constants, nodes).unwrap();
    let tensors: Vec<TensorData> = layers[0].tensors.iter().map(|(_, data)| data.clone()).collect();
    tensors.try_into().unwrap()
}

#[test]
fn a_bias_may_have_sizes_of_one_or_be_one_number_but_not_differ_between_examples() {
    for (dims, values, expected) in [
        (&[1, 3][..], &[7.0, 8.0, 9.0][..], Some([7.0_f32, 8.0, 9.0])),
        (&[1, 1, 3], &[7.0, 8.0, 9.0], Some([7.0, 8.0, 9.0])),
        (&[], &[7.0], Some([7.0; 3])),
        (&[1, 1], &[7.0], Some([7.0; 3])),
        (&[3, 1], &[7.0, 8.0, 9.0], None),
        (&[2, 3], &[1.0; 6], None),
    ] {
        let constants = || vec![weight().remove(0), constant("c", dims, values)];
        for nodes in [
            &[("Gemm", &["x", "w", "c"][..], "y")][..],
            &[("Gemm", &["x", "w", ""], "g"), ("Add", &["c", "g"], "y")],
            &[("MatMul", &["x", "w"], "m"), ("Identity", &["m"], "i"), ("Add", &["i", "c"], "y")],
        ] {
            match expected {
                Some(expected) => assert_eq!(first_layer(constants(), nodes)[1], TensorData::from(expected)),
                None => assert!(error(constants(), nodes).contains("c is no vector"), "{dims:?}"),
            }
        }
    }
}

#[test]
fn what_is_computed_from_constants_is_a_constant() {
    let expected = first_layer(weight(), &[("Gemm", &["x", "w", "b"], "y")]);
    let turned = constant("t", &[3, 2], &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    let half = constant("h", &[1], &[0.5]);
    let constants = || [weight(), vec![turned.clone(), half.clone()]].concat();
    for nodes in [
        &[("Transpose", &["t"][..], "v"), ("MatMul", &["x", "v"], "m"), ("Add", &["b", "m"], "y")][..],
        &[("Identity", &["w"], "v"), ("Dropout", &["x"], "d"), ("Gemm", &["d", "v", "b"], "y")],
        &[("Add", &["w", "w"], "s"), ("Mul", &["h", "s"], "v"), ("Gemm", &["x", "v", "b"], "y")],
        // Nodes that compute something for nobody do no harm, whatever they are.
        &[("Loop", &["w"], "l"), ("Sqrt", &["l"], "r"), ("Gemm", &["x", "w", "b"], "y")],
    ] {
        assert_eq!(first_layer(constants(), nodes), expected, "{nodes:?}");
    }
}

#[test]
fn any_arithmetic_with_shapes_may_flatten_the_data() {
    let expected = first_layer(weight(), &[("Gemm", &["x", "w", "b"], "y")]);
    for nodes in [
        &[
            ("Shape", &["x"][..], "s"),
            ("Gather", &["s", "i"], "n"),
            ("Concat", &["n", "i"], "v"),
            ("Reshape", &["x", "v"], "f"),
            ("Gemm", &["f", "w", "b"], "y"),
        ][..],
        &[
            ("Size", &["x"], "s"),
            ("ReduceProd", &["s"], "v"),
            ("Reshape", &["x", "v"], "f"),
            ("Gemm", &["f", "w", "b"], "g"),
            ("Reshape", &["g", "v"], "y"),
        ],
        &[("Unsqueeze", &["x"], "u"), ("Squeeze", &["u"], "s"), ("Gemm", &["s", "w", "b"], "y")],
    ] {
        assert_eq!(first_layer(weight(), nodes), expected, "{nodes:?}");
    }
}

#[test]
fn the_head_of_a_classifier_is_passed_over_with_a_note() {
    let head = |nodes: &[(&str, &[&str], &str)], outputs: &[&str]| {
        let mut graph = graph(weight(), &[&[("Gemm", &["x", "w", "b"][..], "l")][..], nodes].concat());
        graph.outputs = outputs.iter().map(|name| Port::new(name, 1)).collect();
        Reader::new(graph, 4)?.read().map(|(_, note)| note.unwrap_or_default())
    };
    let softmax = ("Softmax", &["l"][..], "p");
    for (nodes, outputs, note) in [
        (&[][..], &["l"][..], ""),
        (&[softmax], &["p"], "passed over after the logits l: Softmax"),
        (&[softmax, ("Identity", &["p"], "y")], &["y"], "passed over after the logits l: Softmax"),
        (&[("LogSoftmax", &["l"], "y")], &["y"], "passed over after the logits l: LogSoftmax"),
        (&[softmax, ("ArgMax", &["p"], "a"), ("Cast", &["a"], "c")], &["c", "p"], "logits l: Softmax, ArgMax, Cast"),
        (&[("ArgMax", &["l"], "a"), ("Softmax", &["l"], "p"), ("ZipMap", &["p"], "z")], &["a", "z"], "ArgMax, Softmax"),
    ] {
        let found = head(nodes, outputs).unwrap();
        assert!(found.contains(note) && found.is_empty() == note.is_empty(), "{found}");
    }
    let error = |nodes: &[(&str, &[&str], &str)]| format!("{:#}", head(nodes, &["y"]).unwrap_err());
    assert!(error(&[softmax, ("Gemm", &["l", "w"], "y")]).contains("expected a softmax at the end only"));
    assert!(error(&[softmax, ("Mul", &["p", "b"], "y")]).contains("extract_model(FILE, NEW, [\"x\"], [\"l\"])"));
}

#[test]
fn dropout_that_is_off_is_passed_over_wherever_it_says_so() {
    let mode = |on: u8| Tensor { element: 9, raw: vec![on].into(), ..Tensor::new("mode", &[], []) };
    let dropout = [("Gemm", &["x", "w", "b"][..], "g"), ("Dropout", &["g", "", "mode"], "y")];
    let expected = first_layer(weight(), &[("Gemm", &["x", "w", "b"], "y")]);
    assert_eq!(first_layer([weight(), vec![mode(0)]].concat(), &dropout), expected);
    assert!(error([weight(), vec![mode(1)]].concat(), &dropout).contains("exported for inference"));
    assert!(error(weight(), &dropout).contains("exported for inference"));
}
