//! The command line.

mod jobs;
mod keys;

use std::ffi::OsString;
use std::path::PathBuf;

use burn_fashion_mnist::Source;
use clap::builder::{OsStringValueParser, RangedU64ValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::progress::ProgressMode;

pub use self::jobs::{CompareArgs, ExperimentArgs, SweepArgs};
pub use self::keys::KeyArgs;

/// Trains and examines multilayer perceptrons on Fashion-MNIST. Without a command: train.
#[derive(Debug, Parser)]
#[command(name = "runner", version = crate::backend::VERSION, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// The command; `train` if absent.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Options of `train`.
    #[command(flatten)]
    pub train: TrainArgs,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a network, evaluate it, and write everything to a run directory.
    Train(TrainArgs),
    /// Evaluate the model of a run.
    Evaluate(EvaluateArgs),
    /// Write the report of a finished run again.
    Report(ReportArgs),
    /// Predict the classes of images with the model of a run.
    Predict(PredictArgs),
    /// Train every combination of the values that a file lists, and compare the runs.
    Sweep(SweepArgs),
    /// Compare finished runs, grouped by the settings that differ.
    Compare(CompareArgs),
    /// Run experiments of the chapter: measure each claim, and write pictures and a page.
    Experiment(ExperimentArgs),
    /// Write the model of a run as a file for other programs.
    Export(ExportArgs),
    /// Import a model that another program trained as a run.
    Import(ImportArgs),
    /// Find, download, check or show the data.
    Data(DataArgs),
}

/// Options of `train`.
#[derive(Clone, Debug, Default, Args)]
pub struct TrainArgs {
    /// TOML file with settings that differ from the defaults (see configs/)
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    pub config: Option<PathBuf>,
    /// Set a key, for example training.epochs=5; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment())]
    pub set: Vec<String>,
    /// Flags for single keys.
    #[command(flatten)]
    pub keys: KeyArgs,
    /// auto, sample, or a folder of IDX files
    #[arg(long, value_name = "auto|sample|DIR", value_parser = source(), conflicts_with = "resume")]
    pub data: Option<Source>,
    /// Run directory; a new one below runs/ by default
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Seed of initial weights, batches and dropout masks
    #[arg(long, value_name = "N", conflicts_with = "resume")]
    pub seed: Option<u64>,
    /// Resume an interrupted run with its own settings; a change made with --set is recorded
    #[arg(long, value_name = "RUN")]
    pub resume: Option<PathBuf>,
    /// Resume the run in --out if there is one, else start it: the same command for a job that is requeued
    #[arg(long, requires = "out", conflicts_with = "resume")]
    pub resume_or_start: bool,
    /// How to show progress
    #[arg(long, value_enum, default_value_t)]
    pub progress: ProgressMode,
}

/// Split of the data set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SplitArg {
    /// Images the model has not seen.
    #[default]
    Test,
    /// Images the model was trained on.
    Train,
    /// Images that were held out of them.
    Validation,
}

/// Options of `evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// Run directory
    pub run: PathBuf,
    /// auto, sample, or a folder of IDX files; the run's own source by default
    #[arg(long, value_name = "auto|sample|DIR", value_parser = source())]
    pub data: Option<Source>,
    /// Which images to evaluate on
    #[arg(long, value_enum, default_value_t)]
    pub split: SplitArg,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Run directory
    pub run: PathBuf,
    /// auto, sample, or a folder of IDX files; the run's own source by default
    #[arg(long, value_name = "auto|sample|DIR", value_parser = source())]
    pub data: Option<Source>,
}

/// Options of `predict`.
#[derive(Debug, Args)]
pub struct PredictArgs {
    /// Run directory
    pub run: PathBuf,
    /// Image files (PNG, JPEG), or test:INDEX for an image of the test set
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<OsString>,
    /// Predict this many times with dropout on, and show the uncertainty of the model; at most 1,000,000
    #[arg(long, value_name = "T", default_value_t = 0,
        value_parser = RangedU64ValueParser::<usize>::new().range(..=1_000_000))]
    pub samples: usize,
    /// The images are dark on light, as photographs often are; what is transparent is then light, otherwise dark
    #[arg(long)]
    pub invert: bool,
    /// auto, sample, or a folder of IDX files, for test:INDEX; the run's own source by default
    #[arg(long, value_name = "auto|sample|DIR", value_parser = source())]
    pub data: Option<Source>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A file format of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModelFormat {
    /// Weights, with the names and layout of PyTorch's nn.Sequential
    Safetensors,
    /// Weights and computation, for any ONNX runtime of opset 17
    Onnx,
}

/// Options of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Run directory
    pub run: PathBuf,
    /// File format; by default that of FILE's extension
    #[arg(long, value_enum)]
    pub format: Option<ModelFormat>,
    /// Output class probabilities instead of logits (ONNX only)
    #[arg(long)]
    pub softmax: bool,
    /// File to write; an existing file is replaced, also behind a link, and a pipe or device is written to
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Options of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// safetensors, ONNX or PyTorch (.pt) file, recognized by its content
    pub file: PathBuf,
    /// TOML file with the settings of the model that differ from the defaults (see configs/)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Set a key, for example `model.hidden=[128]`; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment())]
    pub set: Vec<String>,
    /// Data to evaluate the model on: auto, sample, or a folder of IDX files
    #[arg(long, value_name = "auto|sample|DIR", value_parser = source())]
    pub data: Option<Source>,
    /// Run directory; a new one below runs/ by default
    #[arg(long, value_name = "RUN")]
    pub out: Option<PathBuf>,
}

/// Options of `data`.
#[derive(Debug, Args)]
pub struct DataArgs {
    /// What to do with the data.
    #[command(subcommand)]
    pub action: DataAction,
    /// auto, sample, or a folder of IDX files
    #[arg(long, value_name = "auto|sample|DIR", value_parser = source(), default_value = "auto", global = true)]
    pub data: Source,
}

/// What to do with the data.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum DataAction {
    /// Print the folders that are searched for the data, in order, and which of them exist
    Path,
    /// Download the data into the cache, unless it is already there
    Fetch,
    /// Check the files against the published SHA-256
    Verify,
    /// Show sizes, classes and one image of each class
    Show,
}

/// A source of data. Its path need not be UTF-8.
fn source() -> impl TypedValueParser<Value = Source> {
    OsStringValueParser::new().map(Source::from)
}

/// KEY=VALUE as text, for settings are stored as text. A value that is none can only be a path, and becomes its URL.
fn assignment() -> impl TypedValueParser<Value = String> {
    OsStringValueParser::new().map(|assignment| match (assignment.to_str(), key_and_path(&assignment)) {
        (None, Some((key, path))) => format!("{key}={}", Source::from(path)),
        _ => assignment.to_string_lossy().into_owned(),
    })
}

/// The parts of KEY=VALUE before and after the sign.
#[cfg(unix)]
fn key_and_path(assignment: &OsString) -> Option<(String, OsString)> {
    use std::os::unix::ffi::OsStrExt as _;
    let bytes = assignment.as_bytes();
    let (key, value) = bytes.split_at(bytes.iter().position(|&byte| byte == b'=')?);
    Some((String::from_utf8_lossy(key).into_owned(), std::ffi::OsStr::from_bytes(&value[1..]).to_owned()))
}

#[cfg(not(unix))]
fn key_and_path(assignment: &OsString) -> Option<(String, OsString)> {
    let text = assignment.to_string_lossy();
    text.split_once('=').map(|(key, value)| (key.to_owned(), value.into()))
}
