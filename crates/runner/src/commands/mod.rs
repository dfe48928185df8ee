//! The commands of the command line, one module each.

mod compare;
mod data;
mod evaluate;
pub mod experiment;
mod export;
mod import;
mod predict;
mod report;
mod sweep;
mod train;

use anyhow::Result;

use crate::cli::{Cli, Command};

/// Runs a command.
///
/// # Errors
///
/// If the command fails.
pub fn run(cli: Cli) -> Result<()> {
    match cli.command {
        None => train::run(&cli.train),
        Some(Command::Train(arguments)) => train::run(&arguments),
        Some(Command::Evaluate(arguments)) => evaluate::run(&arguments),
        Some(Command::Sweep(arguments)) => sweep::run(&arguments),
        Some(Command::Compare(arguments)) => compare::run(&arguments),
        Some(Command::Experiment(arguments)) => experiment::run(&arguments),
        Some(Command::Report(arguments)) => report::run(&arguments),
        Some(Command::Predict(arguments)) => predict::run(&arguments),
        Some(Command::Export(arguments)) => export::run(&arguments),
        Some(Command::Import(arguments)) => import::run(&arguments),
        Some(Command::Data(arguments)) => data::run(&arguments),
    }
}
