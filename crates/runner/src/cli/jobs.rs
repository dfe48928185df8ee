//! Options of the commands that make many runs or measurements.

use std::ffi::OsString;
use std::path::PathBuf;

use burn_fashion_mnist::Source;
use clap::Args;
use clap::builder::RangedU64ValueParser;

use super::{assignment, source};
use crate::progress::ProgressMode;

/// Options of `sweep`.
#[derive(Debug, Args)]
pub struct SweepArgs {
    /// TOML file of settings, with a list where a setting takes several values
    pub file: PathBuf,
    /// Folder of the runs; those already in it are gone on with, not made again
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// auto, sample, or a folder of IDX files
    #[arg(long, value_name = "auto|sample|DIR", value_parser = source())]
    pub data: Option<Source>,
    /// Only list the runs: index, state and name
    #[arg(long)]
    pub list: bool,
    /// Only this run, by its index in the list
    #[arg(long, value_name = "I", conflicts_with = "part")]
    pub job: Option<usize>,
    /// Only one of N equal parts of the runs, for example 1/4 for the first of four
    #[arg(long, value_name = "I/N")]
    pub part: Option<String>,
    /// How to show progress
    #[arg(long, value_enum, default_value_t)]
    pub progress: ProgressMode,
}

/// Options of `compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Directories of finished runs; the first variant is what the others are compared with
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Also write the table and a picture as a page in this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Options of `experiment`.
#[derive(Debug, Args)]
pub struct ExperimentArgs {
    /// list, all, or names of experiments; jobs or measure, followed by all or names; or conclude and a results folder
    #[arg(required = true, value_name = "list|all|NAME|jobs|measure|conclude")]
    pub names: Vec<OsString>,
    /// Smaller networks, fewer epochs, and the embedded sample unless --data names other data
    #[arg(long)]
    pub quick: bool,
    /// auto, sample, or a folder of IDX files
    #[arg(long, value_name = "auto|sample|DIR", value_parser = source())]
    pub data: Option<Source>,
    /// Folder of the results; results already in it are kept. A new one below runs/experiments/ by default
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Set a key of every chosen experiment that has it, for example training.seed=7; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment())]
    pub set: Vec<String>,
    /// Repeat every chosen experiment with this many seeds; measurements already made are kept
    #[arg(long, value_name = "N")]
    pub seeds: Option<usize>,
    /// Measure everything a second time, with as many other seeds, and compare the verdicts
    #[arg(long)]
    pub rerun: bool,
    /// jobs: also say how long all of them take on this many processes, two cores each, longest job first
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000_000))]
    pub processes: Option<usize>,
    /// measure: only this job, by its index in the list of jobs
    #[arg(long, value_name = "I", conflicts_with = "part")]
    pub job: Option<usize>,
    /// measure: only one of N parts of the jobs that take equally long, for example 1/4 for the first of four
    #[arg(long, value_name = "I/N")]
    pub part: Option<String>,
    /// Exit with code 1 if a claim is refuted or a check fails
    #[arg(long)]
    pub strict: bool,
    /// Do not show progress on stderr
    #[arg(long)]
    pub quiet: bool,
}
