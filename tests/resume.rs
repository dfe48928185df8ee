//! What may change when a run is resumed, and what may not: settings, the program, the machine.

use std::fs;

use serde_json::Value;

use crate::finished::{RESUME, change_checkpoint, config, environment, finished, refused, replace};
use crate::process::{assert_same_bits, command, succeed, tiny, tiny_data};

#[test]
fn a_setting_that_set_names_changes_and_is_recorded_once() {
    let folder = finished();
    // The learning rate is the same as before, so it is not a change.
    let change = ["--set", "training.epochs=4", "--set", "training.learning_rate=0.5"];
    for _ in 0..2 {
        succeed(folder.path(), &[&RESUME[..], &change].concat());
        let recorded = serde_json::json!([
            {"key": "training.epochs", "from": "3", "to": "4", "epoch": 3, "step": 18}
        ]);
        assert_eq!(environment(&folder)["changes"], recorded);
        assert_eq!(config(&folder)["training"]["epochs"].as_integer(), Some(4));
    }
    let metrics = fs::read_to_string(folder.path().join("out/metrics.jsonl")).unwrap();
    assert_eq!(metrics.lines().count(), 4);
    // From then on the change is a setting of the run.
    succeed(folder.path(), &RESUME);
}

#[test]
fn a_setting_that_the_checkpoint_depends_on_cannot_change() {
    let folder = finished();
    for (assignment, parts) in [
        ("model.hidden=[9, 6]", ["`model.hidden` = [9, 6]", "[8, 6]"]),
        ("model.activation=tanh", ["`model.activation` = \"tanh\"", "\"relu\""]),
        ("model.batch_norm=true", ["`model.batch_norm` = true", "keeps false"]),
        ("model.init.kind=normal", ["`model.init.kind` = \"normal\"", "\"xavier-uniform\""]),
        ("optimizer.kind=adam", ["`optimizer.kind` = \"adam\"", "\"sgd\""]),
        ("training.seed=1", ["`training.seed` = 1", "keeps 42"]),
        ("training.batch_size=8", ["`training.batch_size` = 8", "keeps 16"]),
        ("validation.fraction=0.2", ["`validation.fraction` = 0.2", "keeps 0.0"]),
        ("data.mean=0.5", ["`data.mean` = 0.5", "keeps 0.0"]),
    ] {
        refused(&folder, &["--set", assignment], 2, &[&["command line"], &parts[..]].concat());
    }
    refused(&folder, &["--set", "data.source=sample"], 1, &["SHA-256"]);
    refused(&folder, &["--set", "training.epoch=9"], 2, &["training.epochs"]);
}

#[test]
fn fewer_epochs_than_have_begun_are_refused_and_the_run_stays_as_it_is() {
    let folder = finished();
    for epochs in ["0", "1", "2"] {
        let assignment = format!("training.epochs={epochs}");
        let parts = [&format!("`training.epochs` = {epochs}"), "at least 3", "command line"];
        refused(&folder, &["--set", &assignment], 2, &parts);
    }
    assert_eq!(config(&folder)["training"]["epochs"].as_integer(), Some(3));
    succeed(folder.path(), &[&RESUME[..], &["--set", "training.epochs=3"]].concat());
}

#[test]
fn the_environment_does_not_reach_into_a_resumed_run() {
    let folder = finished();
    let output = command(folder.path()).env("BURN_MLP_TRAINING_EPOCHS", "9").args(RESUME).output().unwrap();
    assert!(output.status.success());
    assert_eq!(config(&folder)["training"]["epochs"].as_integer(), Some(3));
    assert_eq!(environment(&folder)["changes"], Value::Array(Vec::new()));
}

#[test]
fn a_configuration_edited_by_hand_is_refused_with_its_line_until_set_names_the_key() {
    let folder = finished();
    let path = folder.path().join("out/config.toml");
    let line = 1 + fs::read_to_string(&path).unwrap().lines().position(|l| l == "learning_rate = 0.5").unwrap();
    replace(&path, "learning_rate = 0.5", "learning_rate = 0.25");
    let place = format!("out/config.toml:{line}: `training.learning_rate` = 0.25");
    refused(&folder, &[], 2, &[&place, "the run has 0.5", "--set 'training.learning_rate=0.25'"]);
    succeed(folder.path(), &[&RESUME[..], &["--set", "training.learning_rate=0.25"]].concat());
    assert_eq!(environment(&folder)["changes"][0]["to"], "0.25");

    replace(&path, "hidden = [8, 6]", "hidden = [6, 8]");
    refused(&folder, &[], 2, &["out/config.toml:", "`model.hidden` = [6, 8]", "[8, 6]"]);
    fs::write(&path, "[training\n").unwrap();
    refused(&folder, &[], 2, &["out/config.toml:1: "]);
    fs::remove_file(&path).unwrap();
    refused(&folder, &[], 1, &["config.toml"]);
}

#[test]
fn a_checkpoint_with_a_setting_this_program_lacks_is_refused() {
    let folder = finished();
    change_checkpoint(&folder, |checkpoint| {
        checkpoint.program = "9.8.7".into();
        checkpoint.settings.insert("training.warp".into(), "9".into());
    });
    refused(&folder, &[], 1, &["version 9.8.7", "`training.warp`"]);
}

#[test]
fn another_program_backend_or_number_of_threads_is_said_and_recorded() {
    let folder = finished();
    replace(&folder.path().join("out/environment.json"), "\"version\": \"0.1.0\"", "\"version\": \"0.0.9\"");
    let resumed = succeed(folder.path(), &RESUME);
    assert!(resumed.stderr.contains("the version was 0.0.9, now 0.1.0"), "{}", resumed.stderr);
    assert_eq!(environment(&folder)["changes"][0]["key"], "version");
    // The warning is printed only once.
    assert_eq!(succeed(folder.path(), &RESUME).stderr, "");
}

#[test]
fn a_run_that_stopped_early_goes_on_with_more_patience() {
    let folder = tiny_data();
    let stopping = [
        "--set",
        "validation.fraction=0.3",
        "--set",
        "training.epochs=40",
        "--set",
        "training.learning_rate=3.0",
        "--set",
        "validation.patience=1",
    ];
    succeed(folder.path(), &tiny(&[&stopping[..], &["--out", "out"]].concat()));
    let patient = [&stopping[..7], &["validation.patience=39"]].concat();
    succeed(folder.path(), &tiny(&[&patient[..], &["--out", "patient"]].concat()));
    let epochs = |run: &str| crate::process::timeless_metrics(&folder.path().join(run)).len();
    assert!(epochs("out") < epochs("patient"), "{} and {}", epochs("out"), epochs("patient"));
    succeed(folder.path(), &[&RESUME[..], &["--set", "validation.patience=39"]].concat());
    // The checkpoint kept the best epoch.
    assert_same_bits(&folder.path().join("out"), &folder.path().join("patient"));
}
