//! The committed record: what it says follows from the measurements beside it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use mlp_lab::finding::Bound;
use mlp_lab::jobs::{Plan, Prepared};
use mlp_lab::record::{Gathered, Record, gather};
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
    let Gathered { record, .. } = gather(&plan, &prepared, &store).unwrap();
    let concluded = serde_json::to_string_pretty(&record).unwrap() + "\n";
    let page = read("README.md");
    let [before, table, after] = page.split("<!-- claims -->").collect::<Vec<_>>()[..] else {
        panic!("tables between two marks")
    };
    if std::env::var_os("BLESS").is_some() {
        let page = format!("{before}<!-- claims -->\n{}<!-- claims -->{after}", record.markdown());
        fs::write(results.join("README.md"), page).unwrap();
        return fs::write(results.join("claims.json"), concluded).unwrap();
    }
    assert_eq!(concluded, read("claims.json"), "conclusions follow from the measurements; BLESS=1 writes them anew");
    assert_eq!(table.trim(), record.markdown().trim());
    every_threshold_is_of_a_claim(&record);
}

fn measurements(folder: &Path) -> usize {
    let experiments = fs::read_dir(folder).into_iter().flatten().flatten();
    experiments.map(|experiment| fs::read_dir(experiment.path()).unwrap().count()).sum()
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
