//! The committed record: what it says follows from the measurements beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use mlp_lab::finding::{Bound, Table};
use mlp_lab::jobs::{Plan, Prepared};
use mlp_lab::record::{Gathered, Record, Recorded, gather};
use mlp_lab::store::Store;
use mlp_lab::{registry, thresholds};
use runner::backend::ThisPlatform;

#[test]
fn the_recorded_claims_follow_from_the_stored_measurements() {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/lab/results");
    let read = |name: &str| fs::read_to_string(results.join(name)).unwrap();
    let plan: Plan = serde_json::from_str(&read("plan.json")).unwrap();
    assert!(!plan.quick && plan.data.starts_with("full data"), "another form is no record");
    let prepared = plan.prepare::<ThisPlatform>().unwrap();
    let expected: Vec<(&str, String)> = registry::<ThisPlatform>()
        .iter()
        .map(|entry| (entry.name, entry.config(&entry.settings(false).unwrap()).unwrap()))
        .collect();
    let planned: Vec<(&str, String)> =
        plan.experiments.iter().map(|planned| (planned.name.as_str(), planned.config.clone())).collect();
    assert_eq!(planned, expected, "the plan is of the settings in configs/: measure it anew");
    // No measurement that nothing is concluded from.
    let store = Store::new(&results);
    let counted = prepared.iter().flat_map(Prepared::all_jobs).filter(|job| store.read(job).unwrap().is_some()).count();
    assert_eq!(measurements(&results.join("measurements")), counted, "measurements of other settings or revisions");
    let Gathered { record, seconds, .. } = gather(&plan, &prepared, &store).unwrap();
    estimates(&results.join("../seconds.toml"), &record, &seconds);
    let concluded = serde_json::to_string_pretty(&record).unwrap() + "\n";
    if bless() {
        fs::write(results.join("claims.json"), &concluded).unwrap();
    }
    assert_eq!(concluded, read("claims.json"), "conclusions follow from the measurements; BLESS=1 writes them anew");
    generated(&results.join("README.md"), "claims", &record.markdown());
    let readme = results.join("../../../README.md");
    generated(&readme, "recipes", &recipes(&record));
    generated(&readme, "dropout", &what_dropout_brings(&record));
    every_threshold_is_of_a_claim(&record);
}

/// Checks, or writes, the file of what a measurement takes.
fn estimates(file: &Path, record: &Record, seconds: &BTreeMap<String, f64>) {
    let mut text = "# Mean seconds of a measurement on two cores, by experiment; written from the record.\n".to_owned();
    for entry in &record.experiments {
        let count = entry.seeds.len() + entry.rerun_seeds.len();
        text += &format!("{} = {:.1}\n", entry.name, seconds[&entry.name] / count as f64);
    }
    if bless() {
        fs::write(file, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(file).unwrap(), text, "BLESS=1 writes {} anew", file.display());
}

/// Whether what is generated is to be written.
fn bless() -> bool {
    std::env::var_os("BLESS").is_some()
}

/// Checks, or writes, what stands between two marks `<!-- name -->` of a page.
fn generated(page: &Path, name: &str, text: &str) {
    let (found, mark) = (fs::read_to_string(page).unwrap(), format!("<!-- {name} -->"));
    let [before, between, after] = found.split(&mark).collect::<Vec<_>>()[..] else {
        panic!("{}: expected two marks {mark}", page.display())
    };
    if bless() {
        fs::write(page, format!("{before}{mark}\n{}\n{mark}{after}", text.trim())).unwrap();
    } else {
        assert_eq!(between.trim(), text.trim(), "{}: BLESS=1 writes it anew", page.display());
    }
}

/// What dropout brings over epochs and over amounts of data, as a table.
fn what_dropout_brings(record: &Record) -> String {
    let finding = |entry: &&Recorded| entry.name == "when-dropout-pays";
    let entry = record.experiments.iter().find(finding).expect("when dropout pays");
    let is_it = |table: &&Table| table.title.starts_with("What dropout brings");
    let table = entry.finding.tables.iter().find(is_it).expect("the table");
    let seeds = entry.seeds.len();
    let mut text = format!("| trained on | without dropout | with | points gained (95 % interval, {seeds} seeds) |\n");
    text += "| --- | --- | --- | --- |\n";
    for row in &table.rows {
        text += &format!("| {} | {} | {} | {} |\n", row[0], row[1], row[2], row[3]);
    }
    text
}

/// The recipes with their test accuracies, as a table.
fn recipes(record: &Record) -> String {
    let mut table = "| recipe | network | test accuracy | 95 % interval |\n| --- | --- | --- | --- |\n".to_owned();
    for (name, sentence, network) in [
        (
            "dropout",
            "Main job: test accuracy, median of the last five epochs",
            "784-256-256-10, ReLU, dropout 0.2 and 0.5, SGD 0.5, 10 epochs",
        ),
        ("mlp", "Test accuracy, mean of the last three epochs", "784-256-10, ReLU, N(0, 0.01²), SGD 0.1, 10 epochs"),
        (
            "best",
            "Test accuracy after the last epoch",
            "784-1024-1024-1024-10, batch norm, dropout, AdamW, one-cycle, 40 epochs",
        ),
    ] {
        // An experiment of which too few seeds are measured is not in the record yet.
        let Some(entry) = record.experiments.iter().find(|entry| entry.name == name) else { continue };
        let claim = entry.finding.claims.iter().find(|claim| claim.sentence == sentence);
        let outcome = &claim.unwrap_or_else(|| panic!("{name}: {sentence}")).outcome;
        let (measured, interval) = (outcome.measurement(), outcome.certainty());
        table += &format!("| [{name}](configs/{name}.toml) | {network} | {measured} | {interval} |\n");
    }
    table
}

fn measurements(folder: &Path) -> usize {
    let experiments = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_stored = |file: &fs::DirEntry| file.path().extension().is_some_and(|extension| extension == "json");
    experiments.map(|experiment| fs::read_dir(experiment.path()).unwrap().flatten().filter(is_stored).count()).sum()
}

fn every_threshold_is_of_a_claim(record: &Record) {
    for entry in &record.experiments {
        let sentences: BTreeSet<&str> = entry.finding.claims.iter().map(|claim| claim.sentence.as_str()).collect();
        for sentence in thresholds::sentences(&entry.name) {
            assert!(sentences.contains(sentence), "{}: no claim says: {sentence}", entry.name);
        }
        for claim in &entry.finding.claims {
            assert_ne!(claim.bound, Bound::Unset, "{}: {}", entry.name, claim.sentence);
            assert!(!claim.source.is_empty(), "{}: {}", entry.name, claim.sentence);
        }
    }
}
