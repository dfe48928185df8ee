//! `runner experiment`: plans measurements, makes them seed by seed, and draws conclusions from the stored ones.

mod measuring;
mod printing;
mod results;

use std::borrow::Cow;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Result, bail, ensure};
use burn_fashion_mnist::{FashionMnist, OriginKind, Source};
use mlp_lab::jobs::{Job, Plan, Planned, Prepared, Share, loads};
use mlp_lab::record::Score;
use mlp_lab::{Entry, Lab, find, registry};
use mlp_settings::{Settings, SettingsError, nearest};

use self::measuring::Measuring;
use self::results::Results;
use crate::backend::{self, ThisPlatform};
use crate::cli::ExperimentArgs;
use crate::dataset;
use crate::interrupt;
use crate::output::stdout;
use crate::progress::thousands;

/// Lists, plans, measures or concludes experiments, or measures and concludes them.
///
/// # Errors
///
/// If a name or a setting is unknown, the data is missing, a measurement fails, or a file cannot be written. With
/// `--strict` also if a claim is refuted or a check fails.
pub fn run(arguments: &ExperimentArgs) -> Result<()> {
    let names: Vec<Cow<'_, str>> = arguments.names.iter().map(|name| name.to_string_lossy()).collect();
    let names: Vec<&str> = names.iter().map(Cow::as_ref).collect();
    match names[..] {
        ["list"] => list(),
        ["jobs", ref names @ ..] => jobs(names, arguments),
        ["measure", ref names @ ..] => measure(names, arguments),
        ["conclude", _] => conclude(Path::new(&arguments.names[1]), arguments),
        ["conclude", ..] => bail!("conclude: name one folder of results"),
        ref names => all(names, arguments),
    }
}

fn list() -> Result<()> {
    let mut out = stdout();
    let experiments = registry::<ThisPlatform>();
    let width = experiments.iter().map(|entry| entry.name.len()).max().unwrap_or_default();
    for entry in experiments {
        writeln!(out, "{:<width$}  {}", entry.name, entry.question)?;
    }
    Ok(())
}

/// Prints one line for each measurement: its index, whether it has been made, its experiment, its seed, and the seconds
/// it is estimated to take.
fn jobs(names: &[&str], arguments: &ExperimentArgs) -> Result<()> {
    let (plan, _) = plan(names, arguments)?;
    let results = arguments.out.as_deref().map(Results::at);
    let mut out = stdout();
    let prepared = plan.prepare::<ThisPlatform>()?;
    let jobs: Vec<&Job> = prepared.iter().flat_map(Prepared::all_jobs).collect();
    for (index, job) in jobs.iter().enumerate() {
        let made = match &results {
            Some(results) => results.store().read(job)?.is_some(),
            None => false,
        };
        let state = if made { "measured" } else { "open" };
        writeln!(out, "{index}\t{state}\t{}\t{}\t{:.1}", job.experiment, job.seed, job.seconds)?;
    }
    if let Some(processes) = arguments.processes {
        writeln!(out, "{}", forecast(&jobs, processes))?;
    }
    Ok(())
}

/// How long jobs take on some processes, and what limits that.
fn forecast(jobs: &[&Job], processes: usize) -> String {
    let seconds: Vec<f64> = jobs.iter().map(|job| job.seconds).collect();
    let (all, longest) = (seconds.iter().sum::<f64>(), seconds.iter().copied().fold(0.0, f64::max));
    let wall = loads(&seconds, processes).first().copied().unwrap_or_default();
    let limit = if wall > longest { "the number of processes" } else { "the longest job" };
    let efficiency = 100.0 * all / (wall * processes as f64);
    format!("{processes} processes: {wall:.0} s, {efficiency:.0} % of them busy, limited by {limit}; one: {all:.0} s")
}

fn measure(names: &[&str], arguments: &ExperimentArgs) -> Result<()> {
    let Some(out) = &arguments.out else {
        bail!("measure: name the folder of the results with --out, which all jobs share")
    };
    let share = match (arguments.job, &arguments.part) {
        (Some(job), _) => Share::One(job),
        (None, Some(part)) => Share::parse(part)?,
        (None, None) => Share::All,
    };
    let asked = Asked::of(names, arguments)?;
    if asked.is_measured(&Results::at(out), share)? {
        return Ok(());
    }
    let (plan, lab) = asked.load(arguments)?;
    interrupt::listen()?;
    let results = Results::open(Some(out), &plan)?;
    let prepared = plan.prepare::<ThisPlatform>()?;
    let count = prepared.iter().flat_map(Prepared::all_jobs).count();
    if let Share::One(job) = share {
        ensure!(job < count, "--job {job}: there are {count} jobs, the last one is {}", count.saturating_sub(1));
    }
    let mut measuring = Measuring::new(&lab, &results, share);
    measuring.all(&prepared)?;
    measuring.finish()
}

fn conclude(folder: &Path, arguments: &ExperimentArgs) -> Result<()> {
    let results = Results::existing(folder)?;
    let plan = results.plan()?;
    let score = results.conclude(&plan, &plan.prepare::<ThisPlatform>()?)?;
    strict(arguments, score)
}

fn all(names: &[&str], arguments: &ExperimentArgs) -> Result<()> {
    let (plan, lab) = plan(names, arguments)?;
    interrupt::listen()?;
    let results = Results::open(arguments.out.as_deref(), &plan)?;
    let prepared = plan.prepare::<ThisPlatform>()?;
    let mut measuring = Measuring::new(&lab, &results, Share::All);
    measuring.all(&prepared)?;
    let score = results.conclude(&plan, &prepared)?;
    measuring.finish()?;
    strict(arguments, score)
}

fn strict(arguments: &ExperimentArgs, score: Score) -> Result<()> {
    ensure!(!arguments.strict || score.is_clean(), "not all claims and checks hold: {score}");
    Ok(())
}

/// The plan for the arguments, checked completely, and the lab to measure in.
fn plan(names: &[&str], arguments: &ExperimentArgs) -> Result<(Plan, Lab<ThisPlatform>)> {
    Asked::of(names, arguments)?.load(arguments)
}

/// A plan but for the data, which takes longer to load than all else.
struct Asked {
    source: Source,
    plan: Plan,
}

impl Asked {
    fn of(names: &[&str], arguments: &ExperimentArgs) -> Result<Self> {
        let chosen = choose(names)?;
        let mut experiments = Vec::new();
        for (entry, settings) in settings(&chosen, arguments)? {
            experiments.push(Planned { name: entry.name.to_owned(), config: entry.config(&settings)? });
        }
        // The short form is for trying things out, so it does not download 30 MB by default.
        let source = arguments.data.clone().unwrap_or(if arguments.quick { Source::Sample } else { Source::Auto });
        let plan = Plan {
            version: env!("CARGO_PKG_VERSION").into(),
            backend: backend::NAME.into(),
            data: String::new(),
            source: source.to_string(),
            data_sha256: String::new(),
            quick: arguments.quick,
            rerun: arguments.rerun,
            experiments,
        };
        Ok(Self { source, plan })
    }

    /// Whether results of the same plan hold all measurements of a share of its jobs.
    fn is_measured(&self, results: &Results, share: Share) -> Result<bool> {
        let Ok(stored) = results.plan() else { return Ok(false) };
        // Where the data was looked for and not found, it may have come since.
        if matches!(self.source, Source::Auto) && !stored.data.starts_with("full data") {
            return Ok(false);
        }
        let (data, data_sha256) = (stored.data.clone(), stored.data_sha256.clone());
        if stored != (Plan { data, data_sha256, ..self.plan.clone() }) {
            return Ok(false);
        }
        let prepared = stored.prepare::<ThisPlatform>()?;
        let jobs: Vec<&Job> = prepared.iter().flat_map(Prepared::all_jobs).collect();
        let share = share.indices(&jobs.iter().map(|job| job.seconds).collect::<Vec<f64>>());
        for &index in &share {
            if results.store().read(jobs[index])?.is_none() {
                return Ok(false);
            }
        }
        Ok(!share.is_empty())
    }

    fn load(self, arguments: &ExperimentArgs) -> Result<(Plan, Lab<ThisPlatform>)> {
        let device = backend::choose()?.device;
        let data = dataset::load(&self.source, true)?;
        let plan = Plan { data: describe(&data), data_sha256: data.origin.sha256.clone(), ..self.plan };
        let lab = Lab::new(data, device, backend::PLACEMENT, arguments.quiet).with_stop(interrupt::requested);
        Ok((plan, lab))
    }
}

fn choose(names: &[&str]) -> Result<Vec<Entry<ThisPlatform>>> {
    let known = registry::<ThisPlatform>();
    if names == ["all"] || names.is_empty() {
        return Ok(known);
    }
    let mut chosen: Vec<Entry<ThisPlatform>> = Vec::new();
    for &name in names {
        let Some(entry) = find(name) else {
            let suggestion = nearest(name, known.iter().map(|entry| entry.name)).unwrap_or_default().to_owned();
            return Err(SettingsError::UnknownExperiment { name: name.to_owned(), suggestion }.into());
        };
        if !chosen.iter().any(|other| other.name == entry.name) {
            chosen.push(entry);
        }
    }
    Ok(chosen)
}

/// The settings of each experiment. An assignment applies to all experiments that have its key.
fn settings<'a>(
    chosen: &'a [Entry<ThisPlatform>],
    arguments: &ExperimentArgs,
) -> Result<Vec<(&'a Entry<ThisPlatform>, Settings)>> {
    let mut settings = Vec::new();
    for entry in chosen {
        settings.push((entry, entry.settings(arguments.quick)?));
    }
    let seeds = arguments.seeds.map(|seeds| format!("experiment.seeds={seeds}"));
    for assignment in arguments.set.iter().chain(&seeds) {
        let key = assignment.split('=').next().unwrap_or_default().trim();
        let any = settings.iter().any(|(_, settings)| settings.has(key));
        for (_, settings) in &mut settings {
            // If no experiment has the key, the first one returns the error, which suggests a similar key.
            if settings.has(key) || !any {
                settings.set(assignment)?;
            }
        }
    }
    Ok(settings)
}

fn describe(data: &FashionMnist) -> String {
    let kind = match (data.origin.kind, data.origin.verified) {
        (OriginKind::Sample, _) => "embedded sample",
        (_, true) => "full data",
        (_, false) => "other data",
    };
    let (train, test) = (thousands(data.train.len() as u64), thousands(data.test.len() as u64));
    format!("{kind}, {train} training and {test} test images")
}
