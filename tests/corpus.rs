//! The committed inputs of the fuzz targets on a stable compiler, including all that ever made a reader fail.

use std::fs;
use std::path::Path;

#[path = "fuzz/src/lib.rs"]
mod readers;

/// Passes every file of `corpus/<target>` to its reader.
fn replay(target: &str, reader: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus").join(target);
    let mut inputs = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        // Shown only if the reader panics.
        println!("{}", path.display());
        reader(&fs::read(&path).unwrap());
        inputs += 1;
    }
    assert!(inputs >= 5, "{inputs} inputs in {}", folder.display());
}

#[test]
fn idx() {
    replay("idx", readers::idx);
}

#[test]
fn gzip() {
    replay("gzip", readers::gzip);
}

#[test]
fn image() {
    replay("image", readers::image);
}

#[test]
fn settings() {
    replay("settings", readers::settings);
}

#[test]
fn model() {
    replay("model", readers::model);
}

#[test]
fn onnx() {
    replay("onnx", readers::onnx);
}

#[test]
fn checkpoint() {
    replay("checkpoint", readers::checkpoint);
}

#[test]
fn metrics() {
    replay("metrics", readers::metrics);
}

#[test]
fn environment() {
    replay("environment", readers::environment);
}
