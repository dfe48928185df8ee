//! `runner experiment`

use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use burn_fashion_mnist::{FashionMnist, OriginKind};

use crate::claims::{Record, Recorded};
use crate::cli::ExperimentArgs;
use crate::experiments::{self, Entry, REGISTRY};
use crate::files::write_atomically;
use crate::finding::Finding;
use crate::lab::Lab;
use crate::progress::thousands;
use crate::record::RunDirectory;
use crate::settings::{Settings, SettingsError, nearest};
use crate::{backend, index};

/// Record of all findings, as JSON.
pub const CLAIMS: &str = "claims.json";
/// The claims as a table.
pub const TABLE: &str = "claims.md";
/// The page that shows everything.
pub const INDEX: &str = "index.html";

/// Runs experiments, or lists them.
///
/// # Errors
///
/// If a name or a setting is unknown, the data is not there, training diverges where it must not, a file cannot be
/// written; with `--strict` also if a claim does not hold.
pub fn run(arguments: &ExperimentArgs) -> Result<()> {
    if arguments.names == ["list"] {
        return list();
    }
    let chosen = choose(&arguments.names)?;
    let prepared = prepare(&chosen, arguments)?;
    // The short form is for trying: it does not fetch 30 MB unasked.
    let source = arguments.data.as_deref().unwrap_or(if arguments.quick { "sample" } else { "auto" });
    let lab = Lab::new(source, arguments.quiet)?;
    let run = RunDirectory::create(arguments.out.as_deref(), "experiments")?;

    let mut record = Record {
        version: env!("CARGO_PKG_VERSION").into(),
        backend: backend::NAME.into(),
        data: describe(lab.data()?),
        quick: arguments.quick,
        experiments: Vec::new(),
    };
    let mut failed = Vec::new();
    for (entry, settings) in prepared {
        println!("{}: {}", entry.name, entry.question);
        let started = Instant::now();
        let outcome = match entry.run(&settings, &lab) {
            Ok(outcome) => outcome,
            Err(error) => {
                eprintln!("error: {}: {error:#}", entry.name);
                failed.push(entry.name);
                continue;
            }
        };
        let seconds = started.elapsed().as_secs_f64();
        print_finding(&outcome.finding, seconds)?;
        write_outcome(&run.file(entry.name), &outcome)?;
        let (name, question) = (entry.name.into(), entry.question.into());
        record.experiments.push(Recorded { name, question, seconds, finding: outcome.finding });
        // After each one: what is finished stays, whatever happens to the rest.
        write_atomically(&run.file(INDEX), index::page(&record).as_bytes(), None)?;
        write_atomically(&run.file(TABLE), record.markdown().as_bytes(), None)?;
        run.write_json(CLAIMS, &record)?;
    }
    let (holding, all) = record.score();
    println!("{holding} of {all} claims hold");
    println!("results: {}", run.file(INDEX).display());
    if !failed.is_empty() {
        bail!("no result from {}", failed.join(", "));
    }
    if arguments.strict && holding < all {
        bail!("{} of {all} claims do not hold", all - holding);
    }
    Ok(())
}

fn list() -> Result<()> {
    let mut out = std::io::stdout().lock();
    let width = REGISTRY.iter().map(|entry| entry.name.len()).max().unwrap_or_default();
    for entry in REGISTRY {
        writeln!(out, "{:<width$}  {}", entry.name, entry.question)?;
    }
    Ok(())
}

fn choose(names: &[String]) -> Result<Vec<&'static Entry>> {
    if names == ["all"] {
        return Ok(REGISTRY.iter().collect());
    }
    let known = || REGISTRY.iter().map(|entry| entry.name);
    let unknown = |name: &str| SettingsError::UnknownExperiment {
        name: name.to_owned(),
        suggestion: nearest(name, known()).unwrap_or_default().to_owned(),
    };
    let mut chosen: Vec<&Entry> = Vec::new();
    for name in names {
        let entry = experiments::find(name).ok_or_else(|| unknown(name))?;
        if !chosen.iter().any(|other| other.name == entry.name) {
            chosen.push(entry);
        }
    }
    Ok(chosen)
}

/// The settings of each experiment, all checked before the first one starts.
///
/// With several experiments an assignment is for those that know its key.
fn prepare(chosen: &[&'static Entry], arguments: &ExperimentArgs) -> Result<Vec<(&'static Entry, Settings)>> {
    let mut prepared = Vec::new();
    for &entry in chosen {
        prepared.push((entry, entry.settings(arguments.quick)?));
    }
    for assignment in &arguments.set {
        let key = assignment.split('=').next().unwrap_or_default().trim();
        let any = prepared.iter().any(|(_, settings)| settings.has(key));
        for (_, settings) in &mut prepared {
            // Where none knows the key, the first one's error says what is near it.
            if settings.has(key) || !any {
                settings.set(assignment)?;
            }
        }
    }
    for (entry, settings) in &prepared {
        entry.check(settings)?;
    }
    Ok(prepared)
}

fn describe(data: &FashionMnist) -> String {
    let kind = if data.origin.kind == OriginKind::Sample { "embedded sample" } else { "full data" };
    let (train, test) = (thousands(data.train.len() as u64), thousands(data.test.len() as u64));
    format!("{kind}, {train} training and {test} test images")
}

fn print_finding(finding: &Finding, seconds: f64) -> Result<()> {
    let mut out = std::io::stdout().lock();
    for table in &finding.tables {
        writeln!(out, "  {}", table.title)?;
        let widths: Vec<usize> = (0..table.header.len())
            .map(|column| {
                let cells = table.rows.iter().map(|row| row[column].chars().count());
                cells.chain([table.header[column].chars().count()]).max().unwrap_or_default()
            })
            .collect();
        for row in std::iter::once(&table.header).chain(&table.rows) {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}")).collect();
            writeln!(out, "    {}", cells.join("  ").trim_end())?;
        }
    }
    for claim in &finding.claims {
        let printed = claim.printed.as_deref().map_or(String::new(), |printed| format!("; a text prints {printed}"));
        let (verdict, measured, bound) = (claim.verdict(), claim.measurement_with_p(), claim.bound);
        writeln!(out, "  {verdict:<14}  {}: {measured} ({bound}){printed}", claim.sentence)?;
    }
    for note in &finding.notes {
        writeln!(out, "  note: {note}")?;
    }
    writeln!(out, "  {seconds:.1} s\n")?;
    Ok(())
}

fn write_outcome(folder: &Path, outcome: &experiments::Outcome) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("{}: cannot create", folder.display()))?;
    write_atomically(&folder.join("config.toml"), outcome.config.as_bytes(), None)?;
    write_atomically(&folder.join("finding.json"), &serde_json::to_vec_pretty(&outcome.finding)?, None)?;
    let Finding { figures, drawings, .. } = &outcome.finding;
    for (figure, drawing) in figures.iter().zip(drawings) {
        write_atomically(&folder.join(format!("{}.svg", figure.name)), drawing.document().as_bytes(), None)?;
    }
    Ok(())
}
