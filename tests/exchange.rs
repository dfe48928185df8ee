//! Export and import of safetensors, ONNX and PyTorch files. These tests use committed files that PyTorch wrote;
//! `interop/check.py` exchanges new ones with PyTorch and onnxruntime.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::process::{fail, succeed, tiny, tiny_data};

fn logits(folder: &Path, run: &str) -> Vec<Vec<f64>> {
    let predicted = succeed(folder, &["predict", run, "test:0", "test:1", "test:2", "--json"]).stdout;
    let predicted: Value = serde_json::from_str(&predicted).unwrap();
    let row = |value: &Value| value["logits"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    predicted.as_array().unwrap().iter().map(row).collect()
}

/// Settings of a network with every kind of layer that has weights.
const NETWORK: [&str; 6] =
    ["--set", "model.hidden=[8, 6]", "--set", "model.activation=parametric-relu", "--set", "model.batch_norm=true"];

fn import(folder: &Path, file: &str, out: &str, network: &[&str]) -> Value {
    let data = ["--data", "data", "--set", "data.verify=false"];
    succeed(folder, &[&["import", file, "--out", out][..], &data, network].concat());
    serde_json::from_str(&fs::read_to_string(folder.join(out).join("environment.json")).unwrap()).unwrap()
}

#[test]
fn a_model_comes_back_from_both_formats_as_it_left() {
    let folder = tiny_data();
    let folder = folder.path();
    succeed(folder, &tiny(&[&NETWORK[..], &["--out", "out"]].concat()));
    let evaluation = succeed(folder, &["evaluate", "out", "--json"]).stdout;
    for file in ["model.safetensors", "new/model.onnx"] {
        let written = succeed(folder, &["export", "out", "--out", file]).stdout;
        assert_eq!(written, format!("{file}\n"));
        let run = format!("run of {}", file.len());
        let environment = import(folder, file, &run, &NETWORK);
        assert_eq!(environment["imported"]["path"], file);
        assert_eq!(logits(folder, &run), logits(folder, "out"));
        assert_eq!(succeed(folder, &["evaluate", &run, "--json"]).stdout, evaluation);
    }
    let exported = fs::read(folder.join("model.safetensors")).unwrap();
    assert!(exported == fs::read(folder.join("out/model.safetensors")).unwrap());
}

#[test]
fn an_imported_model_can_be_trained_further() {
    let folder = tiny_data();
    let folder = folder.path();
    succeed(folder, &tiny(&[&NETWORK[..], &["--out", "out"]].concat()));
    succeed(folder, &["export", "out", "--format", "onnx", "--out", "model"]);
    let epochs = ["--set", "training.epochs=2", "--set", "training.batch_size=16"];
    import(folder, "model", "further", &[&NETWORK[..], &epochs].concat());
    succeed(folder, &["train", "--resume", "further", "--progress", "none"]);
    let first = |run: &str| {
        let metrics = fs::read_to_string(folder.join(run).join("metrics.jsonl")).unwrap();
        let line: Value = serde_json::from_str(metrics.lines().next().unwrap()).unwrap();
        line["train_loss"].as_f64().unwrap()
    };
    // It begins with the weights that the other run ended with.
    assert!(first("further") < 0.8 * first("out"), "{} after {}", first("further"), first("out"));
}

#[test]
fn a_softmax_at_the_end_is_left_out_with_a_word() {
    let folder = tiny_data();
    let folder = folder.path();
    succeed(folder, &tiny(&["--set", "training.epochs=0", "--out", "out"]));
    succeed(folder, &["export", "out", "--softmax", "--out", "model.onnx"]);
    let import = ["import", "model.onnx", "--data", "data", "--set", "data.verify=false", "--out", "new"];
    let finished = succeed(folder, &[&import[..], &["--set", "model.hidden=[8, 6]"]].concat());
    assert!(finished.stderr.contains("warning: passed over after the logits"), "{}", finished.stderr);
    assert_eq!(logits(folder, "new"), logits(folder, "out"));
}

/// The bytes of a safetensors file with zeros for the tensors of the given names and shapes.
fn zeros(tensors: &[(&str, &[usize])]) -> Vec<u8> {
    let (mut header, mut end) = (serde_json::Map::new(), 0);
    for (name, shape) in tensors {
        let start = end;
        end += 4 * shape.iter().product::<usize>();
        let entry = serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": [start, end]});
        header.insert((*name).to_owned(), entry);
    }
    let header = serde_json::to_vec(&header).unwrap();
    [&(header.len() as u64).to_le_bytes()[..], &header, &vec![0; end]].concat()
}

#[test]
fn names_of_other_programs_are_read_or_refused_with_what_was_expected() {
    let folder = tiny_data();
    let folder = folder.path();
    let names = |first: &str, second: &str, more: &[(&str, &[usize])]| {
        let bias = |name: &str| format!("{name}.bias");
        let weight = |name: &str| format!("{name}.weight");
        let (one, two) = ((weight(first), bias(first)), (weight(second), bias(second)));
        let own: [(&str, &[usize]); 4] = [(&one.0, &[4, 20]), (&one.1, &[4]), (&two.0, &[3, 4]), (&two.1, &[3])];
        fs::write(folder.join("file"), zeros(&[&own[..], more].concat())).unwrap();
    };
    let arguments = ["import", "file", "--data", "data", "--set", "data.verify=false", "--set", "model.hidden=[4]"];
    let arguments = [&arguments[..], &["--set", "model.dropout=[]"]].concat();
    for (first, second) in [("fc1", "fc2"), ("model.net.0", "model.net.3"), ("hidden.0", "output"), ("enc", "dec")] {
        names(first, second, &[]);
        succeed(folder, &[&arguments[..], &["--out", first]].concat());
    }
    let refused = |parts: &[&str]| {
        fail(folder, &[&arguments[..], &["--out", "new"]].concat(), 1, parts);
        assert!(!folder.join("new").exists());
    };
    names("fc2", "fc1", &[]);
    refused(&["tensor fc1.bias: expected shape [4], found [3]"]);
    names("fc1", "fc2", &[("loss.weight", &[3])]);
    refused(&["expected 2 layers with weights, found 3: fc1, fc2, loss"]);
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/interop").join(name)
}

// import torch, safetensors.torch; from torch import nn
// torch.manual_seed(0)
// net = nn.Sequential(nn.Linear(20, 4), nn.BatchNorm1d(4), nn.PReLU(), nn.Dropout(0.5), nn.Linear(4, 3))
// net(torch.rand(64, 20)); net.eval()
// safetensors.torch.save_file(net.state_dict(), "torch.safetensors"); torch.save(net.state_dict(), "torch.pt")
// torch.onnx.export(net, torch.rand(1, 20), "torch.onnx", dynamo=False)
// pixels = lambda i: [200 if p // 5 == i % 3 else (i % 97 * 31 + p * 17) % 256 % 90 for p in range(20)]
// print(net(torch.tensor([pixels(i) for i in range(3)], dtype=torch.float32) / 255).tolist())
const TORCH: [[f64; 3]; 3] = [
    [0.19920647144317627, -0.016185306012630463, -0.36024391651153564],
    [0.19750264286994934, 0.11452553421258926, -0.47283732891082764],
    [0.16834565997123718, 0.19515107572078705, -0.7486593723297119],
];

#[test]
fn what_pytorch_wrote_gives_pytorchs_logits() {
    let folder = tiny_data();
    let mut files = vec!["torch.safetensors", "torch.onnx"];
    if cfg!(feature = "pytorch") {
        files.push("torch.pt");
    }
    let network = ["--set", "model.hidden=[4]", "--set", "model.dropout=[0.5]"];
    for file in files {
        import(folder.path(), fixture(file).to_str().unwrap(), file, &[&network[..], &NETWORK[2..]].concat());
        for (found, expected) in logits(folder.path(), file).iter().flatten().zip(TORCH.as_flattened()) {
            assert!((found - expected).abs() < 1e-6, "{file}: {found}, not {expected}");
        }
    }
}

#[test]
fn files_of_other_networks_and_of_no_network_are_refused() {
    let folder = tiny_data();
    let folder = folder.path();
    succeed(folder, &tiny(&["--set", "training.epochs=0", "--out", "out"]));
    succeed(folder, &["export", "out", "--out", "model.onnx"]);
    fs::write(folder.join("text"), "no model").unwrap();
    fs::write(folder.join("pickle"), b"PK\x03\x04 archive/data.pkl").unwrap();
    fs::write(folder.join("arrays"), b"PK\x03\x04 0.weight.npy").unwrap();
    fs::write(folder.join("cut"), &fs::read(folder.join("model.onnx")).unwrap()[..200]).unwrap();
    let import = |file: &'static str, set: &'static str, code: i32, parts: &[&str]| {
        let arguments = ["import", file, "--data", "data", "--set", "data.verify=false", "--out", "new", "--set", set];
        fail(folder, &arguments, code, parts);
        assert!(!folder.join("new").exists(), "{file}");
    };
    import("model.onnx", "model.hidden=[8, 7]", 1, &["model.onnx", "expected shape [7], found [6]"]);
    import(
        "model.onnx",
        "model.activation=tanh",
        1,
        &["model.onnx", "expected activation Tanh", "found activation Relu"],
    );
    import("model.onnx", "model.hiden=[8]", 2, &["model.hiden"]);
    import("out/model.safetensors", "model.batch_norm=true", 1, &["expected 5 layers with weights, found 3"]);
    import("text", "model.hidden=[8, 6]", 1, &["text", "expected a safetensors, ONNX or PyTorch file"]);
    import("arrays", "model.hidden=[8, 6]", 1, &["arrays", "NumPy archive", "safetensors.numpy.save_file"]);
    import("cut", "model.hidden=[8, 6]", 1, &["cut", "the message ends within a field"]);
    import("missing", "model.hidden=[8, 6]", 1, &["missing: cannot read"]);
    if cfg!(not(feature = "pytorch")) {
        import("pickle", "model.hidden=[8, 6]", 1, &["feature `pytorch`", "safetensors.torch.save_file"]);
    }

    fail(folder, &["export", "out", "--out", "model.bin"], 1, &["model.bin", "--format onnx"]);
    fail(folder, &["export", "out", "--softmax", "--out", "m.safetensors"], 1, &["--softmax"]);
    fail(folder, &["export", "nothing", "--out", "m.onnx"], 1, &["nothing: no such run directory"]);
}
