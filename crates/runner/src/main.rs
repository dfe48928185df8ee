//! The command-line program; see [`runner::cli`].
#![recursion_limit = "256"]
#![forbid(unsafe_code)]

use std::fmt::Display;
use std::io::{Write as _, stderr};
use std::process::ExitCode;

use clap::Parser as _;
use mlp_settings::SettingsError;
use runner::cli::Cli;
use runner::interrupt::{self, Interrupted};
use runner::threads;

const FAILED: u8 = 1;
const USAGE: u8 = 2;

fn main() -> ExitCode {
    match run() {
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

fn run() -> anyhow::Result<()> {
    let arguments = match Cli::try_parse() {
        Ok(arguments) => arguments,
        Err(message) => {
            // Help and the version go to standard output, which may be full.
            if let Err(error) = message.print()
                && !message.use_stderr()
            {
                return Err(anyhow::Error::from(error).context("standard output"));
            }
            std::process::exit(message.exit_code());
        }
    };
    interrupt::survive_file_size_limit()?;
    threads::start()?;
    runner::commands::run(arguments)
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
