//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::progress::ProgressMode;

/// Trains and examines multilayer perceptrons on Fashion-MNIST. Without a command: train.
#[derive(Debug, Parser)]
#[command(name = "runner", version = crate::backend::VERSION, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do.
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
    /// Predict the classes of images with the model of a run.
    Predict(PredictArgs),
    /// Find, fetch, check or look at the data.
    Data(DataArgs),
}

/// Options of `train`.
#[derive(Clone, Debug, Default, Args)]
pub struct TrainArgs {
    /// TOML file with settings that differ from the defaults (see configs/)
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    pub config: Option<PathBuf>,
    /// Set a key, for example training.epochs=5; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// auto, sample, or a folder of IDX files
    #[arg(long, value_name = "auto|sample|DIR", conflicts_with = "resume")]
    pub data: Option<String>,
    /// Run directory; a new one below runs/ by default
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Seed of weights, batches and masks
    #[arg(long, value_name = "N", conflicts_with = "resume")]
    pub seed: Option<u64>,
    /// Go on with an interrupted run, with its own settings; --set changes one and is recorded
    #[arg(long, value_name = "RUN")]
    pub resume: Option<PathBuf>,
    /// How to show progress
    #[arg(long, value_enum, default_value_t)]
    pub progress: ProgressMode,
}

/// Part of the data set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SplitArg {
    /// Images the model has not seen.
    #[default]
    Test,
    /// Images the model was trained on.
    Train,
}

/// Options of `evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// Run directory
    pub run: PathBuf,
    /// auto, sample, or a folder of IDX files; the run's own source by default
    #[arg(long, value_name = "auto|sample|DIR")]
    pub data: Option<String>,
    /// Which images
    #[arg(long, value_enum, default_value_t)]
    pub split: SplitArg,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `predict`.
#[derive(Debug, Args)]
pub struct PredictArgs {
    /// Run directory
    pub run: PathBuf,
    /// Image files (PNG, JPEG), or test:INDEX for an image of the test set
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,
    /// Predict this many times with dropout left on, and show how sure the model is
    #[arg(long, value_name = "T", default_value_t = 0)]
    pub samples: usize,
    /// The images are dark on light, as photographs often are
    #[arg(long)]
    pub invert: bool,
    /// auto, sample, or a folder of IDX files, for test:INDEX; the run's own source by default
    #[arg(long, value_name = "auto|sample|DIR")]
    pub data: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `data`.
#[derive(Debug, Args)]
pub struct DataArgs {
    /// What to do with the data.
    #[command(subcommand)]
    pub action: DataAction,
    /// auto, sample, or a folder of IDX files
    #[arg(long, value_name = "auto|sample|DIR", default_value = "auto", global = true)]
    pub data: String,
}

/// What to do with the data.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum DataAction {
    /// Print where the data is looked for, in order, and where it was found
    Path,
    /// Download the data into the cache, unless it is there
    Fetch,
    /// Check the files against the published SHA-256
    Verify,
    /// Show sizes, classes and one image of each class
    Show,
}
