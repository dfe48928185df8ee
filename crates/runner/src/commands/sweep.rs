//! `runner sweep`: trains every combination of the values that a file lists, possibly alongside other processes, and
//! compares the runs.

use std::io::{Write as _, stderr};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use mlp_files::read_text_at_most;
use mlp_lab::jobs::Share;
use mlp_settings::LARGEST_FILE;

use super::train;
use crate::cli::{SweepArgs, TrainArgs};
use crate::comparison::Comparison;
use crate::output::stdout;
use crate::record::SUMMARY;
use crate::run_directory::Busy;
use crate::sweep::runs;

/// Lists the runs, or trains them and compares those that are finished.
pub fn run(arguments: &SweepArgs) -> Result<()> {
    let text = read_text_at_most(&arguments.file, LARGEST_FILE)
        .with_context(|| format!("{}: cannot read", arguments.file.display()))?;
    let runs = runs(&text, &arguments.file)?;
    let directories: Vec<PathBuf> = runs.iter().map(|run| arguments.out.join(&run.name)).collect();
    if arguments.list {
        for (index, (run, directory)) in runs.iter().zip(&directories).enumerate() {
            let state = if directory.join(SUMMARY).exists() { "finished" } else { "open" };
            writeln!(stdout(), "{index}\t{state}\t{}", run.name)?;
        }
        return Ok(());
    }
    let share = match (arguments.job, &arguments.part) {
        (Some(job), _) => Share::One(job),
        (None, Some(part)) => Share::parse(part)?,
        (None, None) => Share::All,
    };
    for index in share.indices(&vec![1.0; runs.len()]) {
        let arguments = TrainArgs {
            set: runs[index].assignments.clone(),
            data: arguments.data.clone(),
            out: Some(directories[index].clone()),
            resume_or_start: true,
            progress: arguments.progress,
            ..TrainArgs::default()
        };
        match train::run(&arguments) {
            Err(error) if error.is::<Busy>() => {
                let _ = writeln!(stderr(), "{error}");
            }
            result => result.with_context(|| runs[index].name.clone())?,
        }
    }
    let finished: Vec<PathBuf> = directories.into_iter().filter(|run| run.join(SUMMARY).exists()).collect();
    let comparison = Comparison::of(&finished)?;
    comparison.write(&arguments.out, "sweep")?;
    write!(stdout(), "\n{}\n{} of {} runs are finished\n", comparison.markdown(), finished.len(), runs.len())?;
    Ok(())
}
