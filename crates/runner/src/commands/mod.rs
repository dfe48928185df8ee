//! What the command line can do, one module each.

mod data;
mod evaluate;
mod predict;
mod train;

use anyhow::Result;

use crate::cli::{Cli, Command};

/// Carries out a command.
///
/// # Errors
///
/// Whatever keeps the command from its end.
pub fn run(cli: Cli) -> Result<()> {
    match cli.command {
        None => train::run(&cli.train),
        Some(Command::Train(arguments)) => train::run(&arguments),
        Some(Command::Evaluate(arguments)) => evaluate::run(&arguments),
        Some(Command::Predict(arguments)) => predict::run(&arguments),
        Some(Command::Data(arguments)) => data::run(&arguments),
    }
}
