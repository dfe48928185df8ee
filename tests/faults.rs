//! What can befall a run on its way: each fault is a clear error, and nothing is lost.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use runner::checkpoint::Checkpoint;
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{assert_same_bits, command, fail, runner, succeed, tiny, tiny_data, write_tiny_data};

const RESUME: [&str; 3] = ["train", "--resume", "out"];

/// A folder with small data and a finished run of three epochs, `out`.
fn finished() -> TempDir {
    let folder = tiny_data();
    succeed(folder.path(), &tiny(&["--out", "out"]));
    folder
}

/// Every file of a folder.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(contents(&path));
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    files
}

/// Resuming with more arguments is refused, and changes nothing.
fn refused(folder: &TempDir, more: &[&str], code: i32, parts: &[&str]) {
    let before = contents(folder.path());
    fail(folder.path(), &[&RESUME[..], more].concat(), code, parts);
    let after = contents(folder.path());
    assert!(before.keys().eq(after.keys()), "{:?} became {:?}", before.keys(), after.keys());
    for (path, bytes) in before {
        assert!(after[&path] == bytes, "{} was changed", path.display());
    }
}

fn replace(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

fn environment(folder: &TempDir) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.path().join("out/environment.json")).unwrap()).unwrap()
}

fn config(folder: &TempDir) -> toml::Table {
    fs::read_to_string(folder.path().join("out/config.toml")).unwrap().parse().unwrap()
}

/// The run's latest checkpoint, changed by `change`.
fn change_checkpoint(folder: &TempDir, change: impl Fn(&mut Checkpoint)) {
    let checkpoints = folder.path().join("out/checkpoint");
    let (mut checkpoint, _) = Checkpoint::load(&checkpoints).unwrap().expect("a checkpoint");
    change(&mut checkpoint);
    checkpoint.save(&checkpoints).unwrap();
}

#[test]
fn a_setting_that_set_names_changes_and_is_recorded_once() {
    let folder = finished();
    // The rate is the same as before: no change.
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
    // From then on it is a setting of the run.
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
fn a_checkpoint_of_another_network_is_refused() {
    let folder = finished();
    succeed(folder.path(), &tiny(&["--set", "model.hidden=[5, 6]", "--out", "other"]));
    let (ours, others) = (folder.path().join("out/checkpoint"), folder.path().join("other/checkpoint"));
    for name in ["latest.safetensors", "previous.safetensors"] {
        fs::copy(others.join(name), ours.join(name)).unwrap();
    }
    refused(&folder, &[], 2, &["`model.hidden` = [8, 6]", "[5, 6]"]);
}

#[test]
fn a_checkpoint_whose_tensors_do_not_fit_is_refused() {
    let other = "the checkpoint is not of this network";
    let folder = finished();
    change_checkpoint(&folder, |checkpoint| drop(checkpoint.groups.get_mut("model").unwrap().pop_first()));
    refused(&folder, &[], 1, &[other, "missing tensor"]);
    let folder = finished();
    change_checkpoint(&folder, |checkpoint| {
        let model = checkpoint.groups.get_mut("model").unwrap();
        let (_, bias) = model.pop_first().unwrap();
        model.insert("another.weight".into(), bias);
    });
    refused(&folder, &[], 1, &[other]);
    let folder = finished();
    change_checkpoint(&folder, |checkpoint| {
        let model = checkpoint.groups["model"].clone();
        checkpoint
            .groups
            .insert("first_moment".into(), [("no.such".into(), model.into_values().next().unwrap())].into());
    });
    refused(&folder, &[], 1, &[other, "no.such"]);
}

#[test]
fn a_checkpoint_whose_counts_do_not_fit_is_refused() {
    for (change, part) in [
        ((|c| c.state.step += 1) as fn(&mut Checkpoint), "19 steps are not 3 epochs of 6"),
        (|c| c.state.step_in_epoch = usize::MAX, "an epoch of 6"),
        (|c| c.state.epoch = usize::MAX, "steps are not"),
        (|c| c.state.sums.examples = 5, "expected sums over 0 examples, found 5"),
    ] {
        let folder = finished();
        change_checkpoint(&folder, change);
        refused(&folder, &[], 1, &["the checkpoint is not of this run", part]);
    }
}

#[test]
fn a_checkpoint_of_another_format_is_refused_with_both_numbers() {
    let folder = finished();
    for name in ["latest.safetensors", "previous.safetensors"] {
        let path = folder.path().join("out/checkpoint").join(name);
        let bytes = fs::read(&path).unwrap();
        let (old, new) = (br#""format":"1""#, br#""format":"9""#);
        let at = bytes.windows(old.len()).position(|window| window == old).expect("the format");
        fs::write(path, [&bytes[..at], new, &bytes[at + new.len()..]].concat()).unwrap();
    }
    refused(&folder, &[], 1, &["checkpoint format 9", "reads format 1"]);
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
    // It is said once.
    assert_eq!(succeed(folder.path(), &RESUME).stderr, "");
}

#[test]
fn a_loss_that_is_not_finite_never_gets_into_a_checkpoint() {
    let folder = tiny_data();
    // The step's loss is finite, the weights after it are not: a checkpoint of them would be worth nothing.
    let diverging = ["--set", "training.learning_rate=1e39", "--set", "training.checkpoint_steps=1", "--out", "out"];
    fail(folder.path(), &tiny(&diverging), 1, &["epoch 1, step 1", "not a number", "out/checkpoint"]);
    let sane = ["--set", "training.learning_rate=0.5"];
    succeed(folder.path(), &[&RESUME[..], &sane].concat());
    succeed(folder.path(), &tiny(&["--set", "training.checkpoint_steps=1", "--out", "sane"]));
    assert_same_bits(&folder.path().join("out"), &folder.path().join("sane"));
}

#[test]
fn a_log_that_lost_lines_is_refused_and_one_with_more_is_cut_back() {
    let folder = finished();
    let path = folder.path().join("out/metrics.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    let (first, rest) = whole.split_once('\n').unwrap();

    fs::write(&path, rest).unwrap();
    refused(&folder, &[], 1, &["metrics.jsonl", "lines are missing"]);
    fs::remove_file(&path).unwrap();
    refused(&folder, &[], 1, &["metrics.jsonl"]);
    // As long as before, but not the same lines.
    fs::write(&path, format!("{rest}{first}\n")).unwrap();
    refused(&folder, &[], 1, &["metrics.jsonl", "epochs 1 to 3", "[2, 3, 1]"]);
    fs::write(&path, whole.replacen("epoch", "epsch", 1)).unwrap();
    refused(&folder, &[], 1, &["metrics.jsonl:1"]);

    fs::write(&path, format!("{whole}{{\"epoch\": 4, \"tra")).unwrap();
    succeed(folder.path(), &RESUME);
    assert_eq!(fs::read_to_string(&path).unwrap(), whole);
}

#[test]
fn records_of_a_run_that_are_damaged_are_named() {
    let folder = finished();
    let path = folder.path().join("out/environment.json");
    fs::write(&path, "{\"version\": 1}").unwrap();
    refused(&folder, &[], 1, &["out/environment.json: damaged"]);
    fs::remove_file(&path).unwrap();
    refused(&folder, &[], 1, &["out/environment.json: cannot read"]);
}

#[test]
fn a_run_stopped_before_its_first_checkpoint_starts_at_the_beginning() {
    let folder = finished();
    fs::rename(folder.path().join("out"), folder.path().join("whole")).unwrap();
    fs::create_dir(folder.path().join("out")).unwrap();
    // Killed while it wrote its first file: nothing is in the way of a new run.
    for name in ["run.lock", ".writing-aBcDeF"] {
        fs::write(folder.path().join("out").join(name), "").unwrap();
    }
    succeed(folder.path(), &tiny(&["--out", "out"]));

    for name in ["model.safetensors", "summary.json", "metrics.jsonl"] {
        fs::remove_file(folder.path().join("out").join(name)).unwrap();
    }
    let checkpoints = folder.path().join("out/checkpoint");
    fs::remove_dir_all(&checkpoints).unwrap();
    fs::create_dir(&checkpoints).unwrap();
    fs::write(checkpoints.join(".writing-aBcDeF"), "half").unwrap();
    let resumed = succeed(folder.path(), &RESUME);
    assert!(resumed.stderr.contains("starting at the beginning"), "{}", resumed.stderr);
    assert_same_bits(&folder.path().join("whole"), &folder.path().join("out"));
    assert!(!checkpoints.join(".writing-aBcDeF").exists());

    fs::remove_dir_all(&checkpoints).unwrap();
    refused(&folder, &[], 1, &["no checkpoint", "finished epochs"]);
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
    // The best epoch so far went through the checkpoint.
    assert_same_bits(&folder.path().join("out"), &folder.path().join("patient"));
}

#[test]
fn a_split_that_leaves_nothing_to_learn_from_is_refused() {
    let folder = tiny_data();
    let arguments = tiny(&["--set", "validation.fraction=0.999", "--out", "out"]);
    fail(folder.path(), &arguments, 1, &["validation.fraction", "all 90 training images"]);
    assert!(!folder.path().join("out").exists());
}

#[cfg(unix)]
#[test]
fn a_run_directory_that_vanishes_is_not_made_anew() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;

    let folder = tiny_data();
    write_tiny_data(&folder.path().join("data"), 1000, 30);
    let long =
        ["--set", "training.batch_size=4", "--set", "training.epochs=20", "--set", "training.checkpoint_steps=50"];
    succeed(folder.path(), &tiny(&[&long[..], &["--out", "whole"]].concat()));
    let arguments = tiny(&[&long[..], &["--out", "out"]].concat());
    let mut child =
        command(folder.path()).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert_eq!(lines.filter(|line| line.starts_with("epoch ")).take(2).count(), 2);
    fs::rename(folder.path().join("out"), folder.path().join("moved")).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("out/") && stderr.contains("No such file"), "{stderr}");
    assert!(!folder.path().join("out").exists());
    assert_eq!(runner(folder.path(), &RESUME).code, Some(1));

    succeed(folder.path(), &["train", "--resume", "moved"]);
    assert_same_bits(&folder.path().join("whole"), &folder.path().join("moved"));
}
