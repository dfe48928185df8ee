//! The command-line program; see [`runner::cli`].
#![recursion_limit = "256"]
#![forbid(unsafe_code)]

use std::fmt::Display;
use std::io::{Write as _, stderr};
use std::process::ExitCode;

use clap::Parser as _;
use mlp_settings::SettingsError;
use runner::backend;
use runner::cli::Cli;
use runner::interrupt::{self, Interrupted};

const FAILED: u8 = 1;
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments = Cli::parse();
    backend::compute_on_this_thread();
    match runner::commands::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(interrupted) = error.downcast_ref::<Interrupted>() {
                say(interrupted);
                return ExitCode::from(interrupt::EXIT_CODE);
            }
            if is_broken_pipe(&error) {
                return ExitCode::SUCCESS;
            }
            say(format_args!("error: {error:#}"));
            ExitCode::from(if error.is::<SettingsError>() { USAGE } else { FAILED })
        }
    }
}

/// Prints a line on stderr. Ignores errors: stderr may be closed.
fn say(message: impl Display) {
    let _ = writeln!(stderr(), "{message}");
}

/// Whether the reader of our output has closed it, as `head` does. This is not an error.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
