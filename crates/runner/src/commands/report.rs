//! `runner report`

use std::io::Write as _;

use anyhow::Result;

use crate::cli::ReportArgs;
use crate::output::stdout;
use crate::report;
use crate::run::Run;
use crate::run_directory::RunDirectory;

/// Writes the report of a finished run and its pictures again.
pub fn run(arguments: &ReportArgs) -> Result<()> {
    let run = Run::open(&arguments.run)?;
    let data = run.data(arguments.data.as_deref())?;
    let directory = RunDirectory::open(&arguments.run)?;
    let report = report::write(&directory, &run.mlp, &data, &run.chosen.device)?;
    writeln!(stdout(), "{}", report.display())?;
    Ok(())
}
