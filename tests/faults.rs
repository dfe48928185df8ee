//! Faults during a run: each gives a clear error, and nothing is lost.

use std::fs;

use burn_mlp_train::Checkpoint;

use crate::finished::{RESUME, change_checkpoint, finished, refused};
use crate::process::{assert_same_bits, command, fail, runner, succeed, tiny, tiny_data, write_tiny_data};

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
fn a_loss_that_is_not_finite_never_gets_into_a_checkpoint() {
    let folder = tiny_data();
    // The loss of the step is finite, but the weights after it are not. A checkpoint with them would be useless.
    let diverging = ["--set", "training.learning_rate=3e38", "--set", "optimizer.weight_decay=1e3", "--out", "out"];
    for steps in ["training.checkpoint_steps=0", "training.checkpoint_steps=1"] {
        let _ = fs::remove_dir_all(folder.path().join("out"));
        let arguments = tiny(&[&diverging[..], &["--set", steps]].concat());
        fail(folder.path(), &arguments, 1, &["model/", "epoch 1, step 1,", "not a number", "out/checkpoint"]);
    }
    let sane = ["--set", "training.learning_rate=0.5", "--set", "optimizer.weight_decay=0"];
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
    // The file has the same length as before, but other lines.
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
    // The files of a run killed while it wrote its first file must not prevent a new run.
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
fn a_split_that_leaves_nothing_to_learn_from_is_refused() {
    let folder = tiny_data();
    for (fraction, part) in [("0.999", "all 90 training images"), ("1e-9", "none of the 90 training images")] {
        let fraction = format!("validation.fraction={fraction}");
        fail(folder.path(), &tiny(&["--set", &fraction, "--out", "out"]), 1, &["validation.fraction", part]);
        assert!(!folder.path().join("out").exists());
    }
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
