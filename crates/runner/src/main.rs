//! The command-line program; see [`runner::cli`].
#![recursion_limit = "256"]

use std::process::ExitCode;

use clap::Parser as _;
use runner::cli::Cli;
use runner::interrupt::{self, Interrupted};
use runner::settings::SettingsError;

const FAILED: u8 = 1;
const USAGE: u8 = 2;

fn main() -> ExitCode {
    match runner::commands::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(interrupted) = error.downcast_ref::<Interrupted>() {
                eprintln!("{interrupted}");
                return ExitCode::from(interrupt::EXIT_CODE);
            }
            eprintln!("error: {error:#}");
            ExitCode::from(if error.is::<SettingsError>() { USAGE } else { FAILED })
        }
    }
}
