//! `runner report`

use std::io::{Write as _, stdout};

use anyhow::Result;

use crate::cli::ReportArgs;
use crate::record::RunDirectory;
use crate::report;
use crate::run::Run;

/// Writes the report of a finished run and its pictures again.
///
/// # Errors
///
/// If the run has no model or another process works on it, the data is not at hand, or a file cannot be written.
pub fn run(arguments: &ReportArgs) -> Result<()> {
    let run = Run::open(&arguments.run)?;
    let data = run.data(arguments.data.as_deref())?;
    let directory = RunDirectory::open(&arguments.run)?;
    let report = report::write(&directory, &run.mlp, &data, &run.chosen.device)?;
    writeln!(stdout(), "{}", report.display())?;
    Ok(())
}
