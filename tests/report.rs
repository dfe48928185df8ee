//! The report of a run.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::process::{fail, succeed, tiny, tiny_data};

/// Report and pictures of a run, by file name.
fn report(run: &Path) -> BTreeMap<String, String> {
    let names = fs::read_dir(run).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names = names.filter(|name| name.ends_with(".svg") || name.ends_with(".html"));
    names.map(|name| (name.clone(), fs::read_to_string(run.join(name)).unwrap())).collect()
}

fn summary(run: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(run.join("summary.json")).unwrap()).unwrap()
}

const PICTURES: [&str; 11] = [
    "accuracy.svg",
    "classes.svg",
    "confidence.svg",
    "confusion.svg",
    "curves.svg",
    "gallery.svg",
    "learning-rate.svg",
    "loss.svg",
    "mistakes.svg",
    "reliability.svg",
    "speed.svg",
];

#[test]
fn a_run_on_the_sample_ends_with_a_report_that_loads_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--data", "sample", "--set", "training.epochs=1", "--out", "out"];
    let finished = succeed(folder.path(), &arguments);
    assert!(finished.stdout.contains("report: out/report.html"), "{}", finished.stdout);

    let run = folder.path().join("out");
    let files = report(&run);
    let mut names: Vec<&str> = files.keys().map(String::as_str).collect();
    names.retain(|name| *name != "report.html");
    assert_eq!(names, PICTURES);

    let html = &files["report.html"];
    let accuracy = summary(&run)["test_accuracy"].as_f64().unwrap();
    assert!(html.contains(&format!("{:.2} %", 100.0 * accuracy)), "{accuracy}");
    for name in ["T-shirt/top", "Ankle boot", "training.learning_rate", "embedded sample", "test:"] {
        assert!(html.contains(name), "{name}");
    }
    for (name, text) in &files {
        let text = text.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        for address in ["http://", "https://", "src=\"", "href=\"//", "@import", "url("] {
            assert!(!text.contains(address), "{name}: {address}");
        }
    }
    // The counts in the matrix add up to the 1,000 images of the split.
    let matrix = &files["confusion.svg"];
    let cells = matrix.lines().filter(|line| line.starts_with("<text class=\"small middle"));
    let counts = cells.filter_map(|cell| cell.split('>').nth(1)?.split('<').next()?.parse::<u64>().ok());
    let counts: Vec<u64> = counts.collect();
    assert_eq!((counts.len(), counts.iter().sum::<u64>()), (100, 1000));
    let diagonal: u64 = counts.iter().step_by(11).sum();
    assert_eq!(diagonal as f64 / 1000.0, accuracy);
}

#[test]
fn a_report_made_again_has_the_same_bytes() {
    let folder = tiny_data();
    succeed(folder.path(), &tiny(&["--set", "validation.fraction=0.2", "--out", "out"]));
    let run = folder.path().join("out");
    let files = report(&run);
    for name in files.keys() {
        fs::remove_file(run.join(name)).unwrap();
    }
    let finished = succeed(folder.path(), &["report", "out"]);
    assert_eq!(finished.stdout, "out/report.html\n");
    assert!(report(&run) == files, "the report differs from the first one");
    // A report on other test images than the run's must say so.
    crate::process::write_tiny_data(&folder.path().join("other"), 90, 33);
    succeed(folder.path(), &["report", "out", "--data", "other"]);
    assert!(report(&run)["report.html"].contains("computed on other data"));
}

#[test]
fn what_a_reader_must_know_is_noted() {
    let folder = tiny_data();
    succeed(folder.path(), &tiny(&["--set", "training.epochs=0", "--out", "none"]));
    let html = &report(&folder.path().join("none"))["report.html"];
    assert!(html.contains("No epoch was trained.") && html.contains("not, byte for byte, the published"));

    succeed(folder.path(), &tiny(&["--out", "out"]));
    succeed(folder.path(), &["--resume", "out", "--set", "training.epochs=4"]);
    let html = &report(&folder.path().join("out"))["report.html"];
    assert!(html.contains("resumed with changes, in this order: training.epochs"));
}

#[test]
fn a_run_without_a_model_has_no_report() {
    let folder = tiny_data();
    succeed(folder.path(), &tiny(&["--out", "out"]));
    let run = folder.path().join("out");
    fs::remove_file(run.join("summary.json")).unwrap();
    fail(folder.path(), &["report", "out"], 1, &["the run is not finished", "summary.json"]);
    fs::remove_file(run.join("model.safetensors")).unwrap();
    fail(folder.path(), &["report", "out"], 1, &["model.safetensors", "is the run finished?"]);
    fail(folder.path(), &["report", "nowhere"], 1, &["nowhere"]);
}

#[test]
fn a_report_that_cannot_be_written_does_not_lose_the_run() {
    let folder = tiny_data();
    succeed(folder.path(), &tiny(&["--out", "out"]));
    let run = folder.path().join("out");
    fs::remove_file(run.join("report.html")).unwrap();
    fs::create_dir(run.join("report.html")).unwrap();
    fs::remove_file(run.join("summary.json")).unwrap();
    let finished = succeed(folder.path(), &["--resume", "out"]);
    assert!(finished.stderr.contains("warning: no report: ") && finished.stderr.contains("report.html"));
    assert_eq!(summary(&run)["epochs"], 3);
}
