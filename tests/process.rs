//! Helpers that start the binary and write a small data set for it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_runner");

/// A command that runs the binary in `folder`, without the settings of whoever runs the tests.
pub fn command(folder: &Path) -> Command {
    isolated(Command::new(BINARY), folder)
}

/// The same, started by `wrapper`, a program and its arguments.
#[cfg(target_os = "linux")]
pub fn command_under(wrapper: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(wrapper[0]);
    command.args(&wrapper[1..]).arg(BINARY);
    isolated(command, folder)
}

fn isolated(mut command: Command, folder: &Path) -> Command {
    command.current_dir(folder).env("FASHION_MNIST_OFFLINE", "1").env_remove("FASHION_MNIST_DIR");
    for (name, _) in std::env::vars() {
        if name.starts_with("BURN_MLP_") {
            command.env_remove(name);
        }
    }
    command
}

/// Exit code and output of a finished process.
pub struct Finished {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// Runs the binary with `arguments` in `folder`.
pub fn runner(folder: &Path, arguments: &[&str]) -> Finished {
    command(folder).args(arguments).output().expect("the binary starts").into()
}

/// Runs the binary and expects success.
pub fn succeed(folder: &Path, arguments: &[&str]) -> Finished {
    let finished = runner(folder, arguments);
    assert_eq!(finished.code, Some(0), "{arguments:?}: {}", finished.stderr);
    finished
}

/// Runs the binary and expects an error with exit code `code` and one message that contains `parts`.
pub fn fail(folder: &Path, arguments: &[&str], code: i32, parts: &[&str]) {
    let finished = runner(folder, arguments);
    let stderr = &finished.stderr;
    assert_eq!(finished.code, Some(code), "{arguments:?}: {stderr}");
    assert!(!stderr.contains("panicked"), "{arguments:?}: {stderr}");
    for part in parts {
        assert!(stderr.contains(part), "{arguments:?}: no `{part}` in: {stderr}");
    }
}

/// Sends a signal, given by its name without `SIG`.
#[cfg(unix)]
pub fn signal(child: &std::process::Child, name: &str) {
    let status = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status();
    assert!(status.expect("kill starts").success());
}

/// A folder with a small data set in IDX format, `data`: images of 4 × 5 pixels in 3 classes, which differ in the row
/// that is bright.
pub fn tiny_data() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_tiny_data(&folder.path().join("data"), 90, 30);
    folder
}

pub fn write_tiny_data(data: &Path, train: usize, test: usize) {
    fs::create_dir_all(data).expect("a data folder");
    for (prefix, count) in [("train", train), ("t10k", test)] {
        let labels: Vec<u8> = (0..count).map(|index| (index % 3) as u8).collect();
        let pixels: Vec<u8> = labels.iter().enumerate().flat_map(|(index, &label)| tiny_image(index, label)).collect();
        write_idx(&data.join(format!("{prefix}-images-idx3-ubyte")), 0x803, &[count, 4, 5], &pixels);
        write_idx(&data.join(format!("{prefix}-labels-idx1-ubyte")), 0x801, &[count], &labels);
    }
}

/// Noise with one bright row. The noise repeats every 97 images, which is enough for these tests.
fn tiny_image(index: usize, label: u8) -> Vec<u8> {
    (0..20)
        .map(|pixel| if pixel / 5 == usize::from(label) { 200 } else { ((index % 97) * 31 + pixel * 17) as u8 % 90 })
        .collect()
}

pub fn write_idx(path: &Path, magic: u32, dims: &[usize], bytes: &[u8]) {
    let mut file = magic.to_be_bytes().to_vec();
    for &dim in dims {
        file.extend(u32::try_from(dim).expect("a small size").to_be_bytes());
    }
    file.extend(bytes);
    fs::write(path, file).expect("a data file");
}

/// Arguments of a quick run on the small data set.
pub const TINY: [&str; 13] = [
    "train",
    "--data",
    "data",
    "--set",
    "data.verify=false",
    "--set",
    "model.hidden=[8,6]",
    "--set",
    "training.batch_size=16",
    "--set",
    "training.epochs=3",
    "--progress",
    "plain",
];

/// Arguments of the quick run, followed by `more`.
pub fn tiny<'a>(more: &[&'a str]) -> Vec<&'a str> {
    TINY.iter().copied().chain(more.iter().copied()).collect()
}

/// The lines of a run's metrics without the times, which differ between runs.
pub fn timeless_metrics(run: &Path) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(run.join("metrics.jsonl")).expect("metrics");
    let timeless = |line: &str| {
        let mut value: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        for time in ["seconds", "evaluation_seconds", "examples_per_second"] {
            let removed = value.as_object_mut().and_then(|object| object.remove(time));
            assert!(removed.is_some(), "no {time} in {line}");
        }
        value
    };
    text.lines().map(timeless).collect()
}

/// Asserts that two runs have the same metrics, apart from times, and the same bits in their models.
pub fn assert_same_bits(one: &Path, other: &Path) {
    assert_eq!(timeless_metrics(one), timeless_metrics(other));
    let model = |run: &Path| fs::read(run.join("model.safetensors")).expect("a model");
    assert!(model(one) == model(other), "the weights of {} and {} differ", one.display(), other.display());
}
