//! One function for each reader of files from elsewhere. It takes any bytes; what the reader accepts must obey a law.
//!
//! The fuzz targets and the replay of the committed inputs (`tests/corpus.rs`) both call these.

use std::io::Write as _;
use std::path::Path;

use burn_fashion_mnist::idx::{parse_images, parse_labels};
use burn_mlp::{Activation, Mlp, MlpConfig};
use burn_mlp_train::checkpoint::{Checkpoint, FormatError};
use burn_mlp_train::parameters::{collect, restore, restore_moments};
use burn_mlp_train::{EpochMetrics, parse_metrics};
use flate2::Compression;
use flate2::write::GzEncoder;
use mlp_settings::config::{Config, LARGEST_NETWORK};
use mlp_settings::{Settings, entries};
use runner::backend::Inner;
use runner::formats::{image, onnx, weights};
use runner::record::Environment;

fn path() -> &'static Path {
    Path::new("input")
}

/// A network with every kind of tensor: matrices, biases, batch norm, learned slopes.
fn network() -> Mlp<Inner> {
    let config = MlpConfig::new(3, [2], 2).with_batch_norm(true).with_activation(Activation::ParametricRelu);
    config.init(&Default::default()).expect("a valid network")
}

/// IDX files: an accepted one has as many values as its header says, and not a byte more.
pub fn idx(bytes: &[u8]) {
    if let Ok(images) = parse_images(bytes, path()) {
        assert_eq!(images.pixels.len(), images.count * images.height * images.width);
        assert!(images.pixels.capacity() <= images.pixels.len() + 1024);
        assert!(bytes.starts_with(&[0x1f, 0x8b]) || bytes.len() == 16 + images.pixels.len());
    }
    if let Ok(labels) = parse_labels(bytes, path()) {
        assert!(bytes.starts_with(&[0x1f, 0x8b]) || bytes.len() == 8 + labels.labels.len());
    }
}

/// Gzip: the bytes as a compressed stream, and compressed: compression changes neither values nor refusal.
pub fn gzip(bytes: &[u8]) {
    idx(&[&[0x1f, 0x8b], bytes].concat());
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("a vector takes all bytes");
    let packed = encoder.finish().expect("a vector takes all bytes");
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        assert_eq!(parse_labels(&packed[..], path()).ok(), parse_labels(bytes, path()).ok());
        assert_eq!(parse_images(&packed[..], path()).ok(), parse_images(bytes, path()).ok());
    }
}

/// PNG and JPEG: an accepted image has the pixels that were asked for.
pub fn image(bytes: &[u8]) {
    for (height, width) in [(28, 28), (1, 3)] {
        if let Ok(pixels) = image::decode(bytes, height, width, height == 1) {
            assert_eq!(pixels.len(), height * width);
        }
    }
}

/// TOML settings: what is accepted and written again is the same configuration.
pub fn settings(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let read = |text: &str| {
        let mut settings = Settings::defaults::<Config>();
        settings.layer_text(text, path())?;
        settings.resolve::<Config>()
    };
    if let Ok(config) = read(text) {
        let written = toml::to_string(&config).expect("a configuration is TOML");
        let again = read(&written).expect("a configuration is accepted again");
        assert_eq!(entries(&again), entries(&config));
        if config.model.check_size(784, 10).is_ok() {
            let weights: usize = config.model.hidden.iter().sum();
            assert!(weights <= LARGEST_NETWORK);
        }
    }
    let mut settings = Settings::defaults::<Config>();
    let _ = settings.set(text);
}

/// `model.safetensors`: what is accepted is a whole network, which is saved and loaded to the bit.
pub fn model(bytes: &[u8]) {
    if let Ok(loaded) = weights::from_bytes(network(), bytes.to_vec()) {
        let again = weights::to_bytes(&loaded).expect("a network can be saved");
        let again = weights::from_bytes(network(), again).expect("and loaded");
        assert_eq!(collect(&again), collect(&loaded));
    }
}

/// ONNX: what is accepted is a whole network, which is exported and imported to the bit.
pub fn onnx(bytes: &[u8]) {
    if let Ok(imported) = onnx::import(network(), bytes) {
        let again = onnx::export(&imported.mlp, false).expect("a network can be exported");
        let again = onnx::import(network(), &again).expect("and imported");
        assert_eq!(collect(&again.mlp), collect(&imported.mlp));
    }
}

/// Checkpoints, with or without a checksum that holds: whoever makes a file can make that too.
pub fn checkpoint(bytes: &[u8]) {
    let (mut checkpoint, whole) = match Checkpoint::parse(bytes) {
        Ok(parsed) => parsed,
        Err(FormatError::Other { .. } | FormatError::Damaged(_)) => return,
    };
    assert_eq!(Checkpoint::from_bytes(bytes).is_ok(), whole);
    let written = checkpoint.to_bytes().expect("a checkpoint can be written");
    assert_eq!(Checkpoint::from_bytes(&written).expect("and read"), checkpoint);
    let network = network();
    let _ = restore_moments(&network, checkpoint.take("first_moment"));
    let model = checkpoint.take("model");
    if let Ok(restored) = restore(network, model.clone()) {
        assert!(collect(&restored).keys().eq(model.keys()));
    }
}

/// `metrics.jsonl`: accepted lines written again are the same lines.
pub fn metrics(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(records) = parse_metrics(text, path()) {
        let write = |records: &[EpochMetrics]| -> String {
            records.iter().map(|record| serde_json::to_string(record).expect("a record is JSON") + "\n").collect()
        };
        // As text: a metric that is missing is NaN, which equals nothing.
        let written = write(&records);
        assert_eq!(write(&parse_metrics(&written, path()).expect("accepted again")), written);
    }
}

/// `environment.json`: what is accepted is written and read again.
pub fn environment(bytes: &[u8]) {
    if let Ok(environment) = serde_json::from_slice::<Environment>(bytes) {
        let written = serde_json::to_string(&environment).expect("an environment is JSON");
        let again: Environment = serde_json::from_str(&written).expect("accepted again");
        assert_eq!(serde_json::to_string(&again).ok(), Some(written));
    }
}
