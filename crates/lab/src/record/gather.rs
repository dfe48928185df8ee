//! A record from stored measurements.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::{Made, Record, Recorded};
use crate::Platform;
use crate::finding::Finding;
use crate::jobs::{Job, Plan, Prepared};
use crate::store::{Circumstances, Store, Stored};

/// Fewest seeds from which anything is concluded, where there are to be more.
const FEWEST: usize = 2;

/// What a folder of measurements says.
#[derive(Debug)]
pub struct Gathered {
    /// The record.
    pub record: Record,
    /// Seconds that the measurements of each experiment took.
    pub seconds: BTreeMap<String, f64>,
    /// What is not measured yet, a line for each experiment.
    pub missing: Vec<String>,
}

/// Draws the conclusions of a plan from the measurements in a store. An experiment of which fewer than two seeds are
/// measured is left out.
///
/// # Errors
///
/// If a measurement cannot be read, or is none of its experiment.
pub fn gather<P: Platform>(plan: &Plan, prepared: &[Prepared<P>], store: &Store) -> Result<Gathered> {
    let (mut recorded, mut seconds, mut missing) = (Vec::new(), BTreeMap::new(), Vec::new());
    let mut made = BTreeSet::new();
    for experiment in prepared {
        let name = experiment.entry.name;
        let first = conclude(experiment, &experiment.jobs, store)?;
        let rerun = conclude(experiment, &experiment.rerun, store)?;
        let (planned, measured) = (experiment.all_jobs().count(), first.measured.len() + rerun.measured.len());
        if measured < planned {
            let consequence = if first.finding.is_some() { "" } else { ": no conclusions" };
            missing.push(format!("{name}: {measured} of {planned} measurements are made{consequence}"));
        }
        let all = || first.measured.iter().chain(&rerun.measured);
        let Some(mut finding) = first.finding else { continue };
        let seeds = |stored: &[Stored]| stored.iter().map(Stored::seed).collect();
        let mut entry = Recorded {
            name: name.into(),
            question: experiment.entry.question.into(),
            seeds: seeds(&first.measured),
            rerun_seeds: Vec::new(),
            finding: Finding::default(),
        };
        if let Some(again) = rerun.finding {
            finding.measured_again(again);
            entry.rerun_seeds = seeds(&rerun.measured);
        }
        seconds.insert(name.to_owned(), all().map(|stored| stored.made.seconds).sum());
        made.extend(all().map(|stored| key_of(&stored.made)));
        recorded.push(Recorded { finding, ..entry });
    }
    let record = Record::new(self::made(plan, made), recorded);
    Ok(Gathered { record, seconds, missing })
}

/// What one run of an experiment says, and the measurements it is from.
struct Concluded {
    measured: Vec<Stored>,
    finding: Option<Finding>,
}

fn conclude<P: Platform>(experiment: &Prepared<P>, jobs: &[Job], store: &Store) -> Result<Concluded> {
    let mut measured = Vec::new();
    for job in jobs {
        measured.extend(store.read(job)?);
    }
    let enough = !measured.is_empty() && measured.len() >= FEWEST.min(jobs.len());
    let texts: Vec<&str> = measured.iter().map(Stored::measurement).collect();
    let finding = enough.then(|| experiment.entry.conclude(&experiment.settings, &texts)).transpose()?;
    Ok(Concluded { measured, finding })
}

/// Day, commit and device of a measurement, in an order that does not depend on which was made first.
fn key_of(made: &Circumstances) -> (String, String, String) {
    let day = made.started.split('T').next().unwrap_or_default().to_owned();
    (day, made.commit.clone().unwrap_or_default(), made.device.clone())
}

fn made(plan: &Plan, measured: BTreeSet<(String, String, String)>) -> Made {
    let of = |part: fn(&(String, String, String)) -> &String| -> Vec<String> {
        let parts: BTreeSet<&String> = measured.iter().map(part).filter(|part| !part.is_empty()).collect();
        parts.into_iter().cloned().collect()
    };
    Made {
        version: plan.version.clone(),
        backend: plan.backend.clone(),
        data: plan.data.clone(),
        data_sha256: plan.data_sha256.clone(),
        quick: plan.quick,
        days: of(|(day, _, _)| day),
        commits: of(|(_, commit, _)| commit),
        processors: of(|(_, _, device)| device),
    }
}
