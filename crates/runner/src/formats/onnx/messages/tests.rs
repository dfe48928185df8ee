//! Tests that messages are written as ONNX defines them, and that damaged ones are refused.

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
    assert!(size_of::<Node>().max(size_of::<Attribute>()).max(size_of::<Graph>()) <= 128);
    assert!(size_of::<Tensor>() <= 192 && size_of::<Port>() <= 64);
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
