//! The files of a run, and the commands that work on them.

use std::fs;

use serde_json::Value;

use crate::process::{fail, succeed, tiny, tiny_data};

fn json(path: &std::path::Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn without_data_the_sample_is_trained_on_and_the_run_says_so() {
    let folder = tempfile::tempdir().unwrap();
    // `sample` asks directly for the data that `auto` falls back to without a cache or data in the system's folders.
    let finished = succeed(folder.path(), &["--data", "sample", "--set", "training.epochs=1"]);
    assert!(finished.stdout.contains("embedded sample"), "{}", finished.stdout);
    let run = fs::read_dir(folder.path().join("runs/dropout")).unwrap().next().unwrap().unwrap().path();
    assert!(finished.stdout.contains("run directory: runs/dropout/"), "{}", finished.stdout);
    let environment = json(&run.join("environment.json"));
    assert_eq!(environment["data"]["kind"], "sample");
    assert_eq!(environment["images"]["train"], 6000);
    let accuracy = json(&run.join("summary.json"))["test_accuracy"].as_f64().unwrap();
    // Guessing gives 0.1; one epoch of 24 steps is already much better.
    assert!(accuracy > 0.3, "{accuracy}");
}

#[test]
fn a_run_learns_and_leaves_its_records() {
    let folder = tiny_data();
    let arguments = tiny(&["--set", "training.epochs=20", "--set", "model.dropout=[0.1, 0.1]", "--out", "out"]);
    let finished = succeed(folder.path(), &arguments);
    let run = folder.path().join("out");
    let summary = json(&run.join("summary.json"));
    assert_eq!(summary["test_accuracy"], 1.0, "three bright rows are easy");
    assert_eq!(summary["epochs"], 20);
    assert_eq!(finished.stdout.lines().filter(|line| line.starts_with("epoch ")).count(), 20);

    let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    assert_eq!(metrics.lines().count(), 20);
    for (index, line) in metrics.lines().enumerate() {
        let record: Value = serde_json::from_str(line).unwrap();
        assert_eq!(record["epoch"], index + 1);
        for key in ["train_loss", "test_loss", "learning_rate", "seconds", "evaluation_seconds", "examples_per_second"]
        {
            assert!(record[key].as_f64().unwrap() > 0.0, "{key}");
        }
        for key in ["train_accuracy", "test_accuracy"] {
            assert!((0.0..=1.0).contains(&record[key].as_f64().unwrap()), "{key}");
        }
    }

    let evaluated = succeed(folder.path(), &["evaluate", "out", "--json"]);
    let evaluated: Value = serde_json::from_str(&evaluated.stdout).unwrap();
    assert_eq!(evaluated["accuracy"], summary["test_accuracy"]);
    assert_eq!(evaluated["loss"], summary["test_loss"]);
    assert_eq!(evaluated["examples"], 30);
}

#[test]
fn the_resolved_configuration_repeats_the_run() {
    let folder = tiny_data();
    succeed(folder.path(), &tiny(&["--out", "one"]));
    succeed(folder.path(), &["train", "--config", "one/config.toml", "--out", "two"]);
    crate::process::assert_same_bits(&folder.path().join("one"), &folder.path().join("two"));
}

#[test]
fn zero_epochs_evaluate_the_initial_model() {
    let folder = tiny_data();
    succeed(folder.path(), &tiny(&["--set", "training.epochs=0", "--out", "out"]));
    let summary = json(&folder.path().join("out/summary.json"));
    assert_eq!((&summary["model_epoch"], &summary["steps"]), (&0.into(), &0.into()));
    assert!(summary["train_loss"].is_null());
    assert!(summary["test_loss"].as_f64().unwrap() > 0.0);
}

#[test]
fn early_stopping_restores_the_best_epoch() {
    let folder = tiny_data();
    // With this learning rate the network becomes worse again, so the validation loss soon rises.
    let arguments = tiny(&[
        "--set",
        "validation.fraction=0.3",
        "--set",
        "validation.patience=2",
        "--set",
        "training.epochs=200",
        "--set",
        "training.learning_rate=3.0",
        "--out",
        "out",
    ]);
    let finished = succeed(folder.path(), &arguments);
    let summary = json(&folder.path().join("out/summary.json"));
    assert_eq!(summary["stopped_early"], true);
    let (epochs, best) = (summary["epochs"].as_u64().unwrap(), summary["model_epoch"].as_u64().unwrap());
    assert_eq!(epochs, best + 2);
    assert!(finished.stdout.contains(&format!("kept the model of epoch {best}")), "{}", finished.stdout);
    let metrics = fs::read_to_string(folder.path().join("out/metrics.jsonl")).unwrap();
    let line: Value = serde_json::from_str(metrics.lines().nth(best as usize - 1).unwrap()).unwrap();
    assert_eq!(summary["test_loss"], line["test_loss"], "the model is the one of the best epoch");
    let losses: Vec<f64> = metrics
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["validation_loss"].as_f64().unwrap())
        .collect();
    assert!(losses.iter().all(|&loss| loss >= losses[best as usize - 1]));
}

#[test]
fn every_option_of_the_network_and_the_optimizer_trains() {
    let folder = tiny_data();
    for (name, options) in [
        ("momentum", &["optimizer.momentum=0.9", "optimizer.nesterov=true", "training.learning_rate=0.05"][..]),
        ("adam", &["optimizer.kind=adam", "training.learning_rate=0.01", "optimizer.weight_decay=0.001"]),
        ("adamw", &["optimizer.kind=adamw", "training.learning_rate=0.01", "schedule.kind=one-cycle"]),
        (
            "norm",
            &["model.batch_norm=true", "model.input_dropout=0.1", "schedule.kind=cosine", "training.gradient_clip=1"],
        ),
        ("slope", &["model.activation=parametric-relu", "model.init.kind=torch", "schedule.kind=step"]),
        ("smooth", &["training.label_smoothing=0.1", "schedule.warmup_epochs=1", "model.activation=tanh"]),
        ("linear", &["model.hidden=[]", "model.dropout=[]"]),
        ("dropped", &["model.dropout=[0.0, 1.0]"]),
    ] {
        let mut arguments = tiny(&["--out", name]);
        for option in options {
            arguments.extend(["--set", option]);
        }
        succeed(folder.path(), &arguments);
        let records = crate::process::timeless_metrics(&folder.path().join(name));
        let loss = |index: usize| records[index]["train_loss"].as_f64().unwrap();
        if name == "dropped" {
            // Only the bias of the output learns anything, so the loss stays near ln 3.
            assert!((loss(2) - 3.0_f64.ln()).abs() < 0.1, "{}", loss(2));
        } else {
            assert!(loss(2) < loss(0), "{name}: {} after {}", loss(2), loss(0));
        }
        // The file holds the whole model, so evaluating it gives the loss of the run.
        let evaluated = succeed(folder.path(), &["evaluate", name, "--json"]).stdout;
        let evaluated: Value = serde_json::from_str(&evaluated).unwrap();
        assert_eq!(evaluated["loss"], json(&folder.path().join(name).join("summary.json"))["test_loss"], "{name}");
    }
}

#[test]
fn predictions_name_three_classes_and_sampling_measures_uncertainty() {
    let folder = tiny_data();
    succeed(folder.path(), &tiny(&["--set", "training.epochs=20", "--out", "out"]));
    let image = folder.path().join("row.png");
    // An image with the bright row of class 1, twice as large as the model's images.
    let pixels: Vec<u8> = (0..80).map(|pixel| if (2..4).contains(&(pixel / 10)) { 200 } else { 40 }).collect();
    image::GrayImage::from_raw(10, 8, pixels).unwrap().save(&image).unwrap();
    let finished = succeed(folder.path(), &["predict", "out", "row.png", "test:2", "--samples", "30", "--json"]);
    let predictions: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(predictions[0]["classes"][0]["name"], "1");
    assert_eq!(predictions[1]["actual"], "2");
    for prediction in predictions.as_array().unwrap() {
        let classes = prediction["classes"].as_array().unwrap();
        let sum: f64 = classes.iter().map(|class| class["probability"].as_f64().unwrap()).sum();
        assert_eq!(classes.len(), 3);
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
        let entropy = prediction["predictive_entropy"].as_f64().unwrap();
        let information = prediction["mutual_information"].as_f64().unwrap();
        // With dropout 0.2 and 0.5 the samples differ.
        assert!(0.0 < information && information <= entropy && entropy <= 3.0_f64.ln() + 1e-9);
    }
    let plain = succeed(folder.path(), &["predict", "out", "test:2"]).stdout;
    assert!(plain.contains("actual: 2") && !plain.contains("entropy"), "{plain}");
}

#[test]
#[cfg(unix)]
fn a_reader_that_leaves_early_is_no_error() {
    let show = format!("{} data show --data sample | true; exit ${{PIPESTATUS[0]}}", env!("CARGO_BIN_EXE_runner"));
    let output = std::process::Command::new("bash").args(["-c", &show]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && !stderr.contains("panicked"), "{stderr}");
}

#[test]
fn the_keys_that_are_changed_most_have_flags() {
    let folder = tiny_data();
    let flags =
        ["--epochs", "1", "--hidden", "16,8", "--dropout", "0.1,0", "--batch-size", "32", "--learning-rate", "0.05"];
    succeed(folder.path(), &tiny(&[&["--set", "training.epochs=3", "--out", "out"][..], &flags].concat()));
    let config = fs::read_to_string(folder.path().join("out/config.toml")).unwrap();
    for line in
        ["epochs = 1\n", "hidden = [16, 8]\n", "batch_size = 32\n", "learning_rate = 0.05\n", "dropout = [0.1, 0.0]\n"]
    {
        assert!(config.contains(line), "{line}: {config}");
    }
    fail(folder.path(), &tiny(&["--epochs", "many", "--out", "no"]), 2, &["`training.epochs`", "many"]);
    fail(folder.path(), &tiny(&["--dropout", "0.2,1.5", "--out", "no"]), 2, &["model.dropout", "1.5"]);
}
