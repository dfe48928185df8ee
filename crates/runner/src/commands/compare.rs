//! `runner compare`: finished runs beside each other.

use std::io::Write as _;

use anyhow::Result;

use crate::cli::CompareArgs;
use crate::comparison::Comparison;
use crate::output::stdout;

/// Prints the comparison, and writes it as a page where that is asked for.
pub fn run(arguments: &CompareArgs) -> Result<()> {
    let comparison = Comparison::of(&arguments.runs)?;
    write!(stdout(), "{}", comparison.markdown())?;
    match &arguments.out {
        Some(out) => comparison.write(out, "comparison"),
        None => Ok(()),
    }
}
