//! Mistakes on the command line, in configurations and in run directories.

use std::fs;

use crate::process::{fail, runner, succeed, tiny, tiny_data};

/// Settings that are refused before anything is written: exit code 2.
fn refused(assignment: &str, parts: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    fail(folder.path(), &["train", "--set", assignment, "--out", "out"], 2, parts);
    assert!(!folder.path().join("out").exists(), "{assignment} left a run directory");
}

#[test]
fn values_out_of_range_name_their_key() {
    refused("model.dropout=[1.5, 0.5]", &["model.dropout", "1.5", "[0, 1]"]);
    refused("model.dropout=[0.2]", &["model.dropout", "2 hidden layers"]);
    refused("model.hidden=[256, 0]", &["model.hidden", "at least 1"]);
    refused("model.hidden=[-1]", &["model.hidden", "-1"]);
    refused("training.batch_size=0", &["training.batch_size", "at least 1"]);
    refused("training.learning_rate=nan", &["training.learning_rate", "NaN"]);
    refused("training.learning_rate=-0.1", &["training.learning_rate", "-0.1"]);
    refused("optimizer.momentum=1.0", &["optimizer.momentum", "[0, 1)"]);
    refused("validation.patience=3", &["validation.patience", "validation.fraction"]);
}

#[test]
fn values_that_single_precision_does_not_hold_name_their_key() {
    let range = "from 1.2e-38 to 3.4e38";
    for key in ["optimizer.epsilon", "training.learning_rate", "model.init.gain", "data.std"] {
        for value in ["1e-50", "1e-45", "1e39", "1e300", "0.0"] {
            refused(&format!("{key}={value}"), &[&format!("`{key}`"), range, "found"]);
        }
    }
    for key in ["optimizer.weight_decay", "training.gradient_clip", "model.init.std", "model.init.value", "data.mean"] {
        for value in ["1e-50", "1e39"] {
            refused(&format!("{key}={value}"), &[&format!("`{key}`"), range, value]);
        }
    }
    for key in ["optimizer.momentum", "optimizer.beta1", "optimizer.beta2"] {
        refused(&format!("{key}=0.99999999"), &[&format!("`{key}`"), "[0, 1)", "0.99999999"]);
    }
}

#[test]
fn settings_that_cannot_do_what_they_say_name_their_key() {
    refused("model.input_dropout=1.0", &["`model.input_dropout` = 1.0", "less than 1"]);
    refused("training.label_smoothing=1.0", &["`training.label_smoothing` = 1.0", "less than 1"]);
    refused("training.gradient_clip=-1.0", &["`training.gradient_clip`", "-1.0"]);
    refused("optimizer.nesterov=true", &["`optimizer.nesterov` = true", "optimizer.momentum is 0"]);
    refused("schedule.warmup_epochs=11.0", &["`schedule.warmup_epochs` = 11.0", "training.epochs = 10"]);
    refused("data.mean=1e10", &["`data.mean`", "tells black from white"]);
    refused("data.std=3e38", &["`data.mean`", "tells black from white"]);
    let folder = tiny_data();
    let normalized = ["--set", "model.batch_norm=true", "--set", "training.batch_size=1", "--out", "out"];
    fail(folder.path(), &tiny(&normalized), 2, &["`training.batch_size` = 1", "at least 2", "model.batch_norm"]);
    assert!(!folder.path().join("out").exists());
    // Without hidden layers nothing is normalized, and a last batch of one example is not all there is.
    succeed(
        folder.path(),
        &tiny(&[&normalized[..], &["--set", "model.hidden=[]", "--set", "model.dropout=[]"]].concat()),
    );
    let last = ["--set", "model.batch_norm=true", "--set", "training.batch_size=89", "--out", "last"];
    succeed(folder.path(), &tiny(&last));
}

#[test]
fn a_key_that_does_not_exist_suggests_the_nearest() {
    refused("training.epoch=3", &["unknown key `training.epoch`", "did you mean `training.epochs`?"]);
    refused("learning_rate=0.1", &["unknown key `learning_rate`", "`training.learning_rate`"]);
    refused("model.activation=rleu", &["model.activation", "rleu", "`relu`"]);
    refused("training.epochs", &["training.epochs", "KEY=VALUE"]);
}

#[test]
fn mistakes_in_a_file_are_reported_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    for (text, line, part) in [
        ("[training]\nepochs = 3\nepoch = 3\n", 3, "did you mean `training.epochs`?"),
        ("[training]\n\nepochs = \"three\"\n", 3, "expected a whole number, found a string"),
        ("[training]\nbatch_size = 0\n", 2, "expected at least 1"),
        ("[model]\nactivation = \"step\"\n", 2, "unknown variant `step`"),
        ("[training\nepochs = 3\n", 1, "unclosed table"),
    ] {
        fs::write(folder.path().join("bad.toml"), text).unwrap();
        let place = format!("bad.toml:{line}: ");
        fail(folder.path(), &["train", "--config", "bad.toml", "--out", "out"], 2, &[&place, part]);
        assert!(!folder.path().join("out").exists(), "{text}");
    }
    fail(folder.path(), &["train", "--config", "missing.toml"], 2, &["missing.toml"]);
}

#[test]
fn layers_of_settings_override_each_other_in_order() {
    let folder = tiny_data();
    fs::write(folder.path().join("mine.toml"), "[training]\nepochs = 7\nbatch_size = 9\nlearning_rate = 0.25\n")
        .unwrap();
    let status = crate::process::command(folder.path())
        .env("BURN_MLP_TRAINING_EPOCHS", "0")
        .env("BURN_MLP_TRAINING_BATCH_SIZE", "11")
        .args(["train", "--config", "mine.toml", "--data", "data", "--set", "data.verify=false"])
        .args(["--set", "training.batch_size=13", "--out", "out"])
        .output()
        .unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    let config: toml::Table = fs::read_to_string(folder.path().join("out/config.toml")).unwrap().parse().unwrap();
    let training = config["training"].as_table().unwrap();
    assert_eq!(training["epochs"].as_integer(), Some(0), "environment over file");
    assert_eq!(training["batch_size"].as_integer(), Some(13), "flag over environment");
    assert_eq!(training["learning_rate"].as_float(), Some(0.25), "file over default");
}

#[test]
fn a_key_that_is_a_text_takes_any_text() {
    let folder = tempfile::tempdir().unwrap();
    for text in ["2024", "1e5", "true", "[a]", "2024-01-01", "0x10", "nan", "{ a = 1 }", "'quoted' twice", "50 %"] {
        let setting = format!("data.source={text}");
        let place = format!("{}: expected a folder, found none", folder.path().join(text).display());
        fail(folder.path(), &["train", "--set", &setting, "--out", "out"], 1, &[&place]);
        let mut train = crate::process::command(folder.path());
        let output = train.env("BURN_MLP_DATA_SOURCE", text).args(["train", "--out", "out"]).output().unwrap();
        assert!(String::from_utf8_lossy(&output.stderr).contains(&place), "{text}");
    }
    let place = format!("{}: expected", folder.path().join("two words").display());
    fail(folder.path(), &["train", "--set", "data.source = \"two words\"", "--out", "out"], 1, &[&place]);
    refused("model.activation=true", &["model.activation", "unknown variant `true`"]);
    assert!(!folder.path().join("out").exists());
}

#[test]
fn an_empty_variable_counts_as_unset_and_an_empty_folder_is_refused() {
    let folder = tiny_data();
    let mut train = crate::process::command(folder.path());
    for name in ["DATA_SOURCE", "TRAINING_EPOCHS", "MODEL_DROPOUT"] {
        train.env(format!("BURN_MLP_{name}"), "");
    }
    let output = train.args(tiny(&["--out", "out"])).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    refused("data.source=", &["data.source", "\"\"", "folder"]);
    fail(folder.path(), &["train", "--data", "", "--out", "other"], 2, &["data.source", "folder"]);
    fail(folder.path(), &["evaluate", "out", "--data", ""], 1, &["expected a folder, found an empty path"]);
    assert!(!folder.path().join("other").exists());
}

#[test]
fn a_cause_is_named_once() {
    let folder = tiny_data();
    fs::write(folder.path().join("data/train-labels-idx1-ubyte.gz"), [0x1f, 0x8b, 8]).unwrap();
    for arguments in [tiny(&["--out", "out"]), vec!["train", "--config", "missing.toml"], vec!["evaluate", "data"]] {
        let stderr = runner(folder.path(), &arguments).stderr;
        let causes: Vec<&str> = stderr.trim_end().split(": ").collect();
        assert!((1..causes.len()).all(|index| !causes[..index].contains(&causes[index])), "{stderr}");
        let last = causes.last().unwrap();
        assert_eq!(stderr.matches(last.trim_end_matches(')')).count(), 1, "{stderr}");
    }
}

#[test]
fn a_misspelt_environment_variable_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output =
        crate::process::command(folder.path()).env("BURN_MLP_TRAINING_EPOCH", "3").arg("train").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr.contains("BURN_MLP_TRAINING_EPOCH") && stderr.contains("training.epochs"), "{stderr}");
}

#[test]
#[cfg(unix)]
fn environment_variables_of_others_may_hold_anything() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tiny_data();
    let run = |name: &str| {
        let mut command = crate::process::command(folder.path());
        command.env(name, OsStr::from_bytes(b"\xff")).args(tiny(&["--set", "training.epochs=0", "--out", "out"]));
        command.output().unwrap()
    };
    assert_eq!(run("BURN_MLP_TRAINING_EPOCHS").status.code(), Some(2));
    assert_eq!(run("SOMETHING").status.code(), Some(0));
}

#[test]
fn more_seeds_than_can_be_listed_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for seeds in ["0", "10001", "9223372036854775807"] {
        let arguments = ["experiment", "jobs", "dropout", "--quick", "--seeds", seeds];
        fail(folder.path(), &arguments, 2, &["experiment.seeds", seeds, "1 to 10000"]);
    }
}

#[test]
fn an_existing_run_directory_is_refused_and_left_alone() {
    let folder = tiny_data();
    fs::create_dir(folder.path().join("out")).unwrap();
    fs::write(folder.path().join("out/notes"), "mine").unwrap();
    fail(folder.path(), &tiny(&["--out", "out"]), 1, &["out", "not empty", "--resume"]);
    assert_eq!(fs::read_dir(folder.path().join("out")).unwrap().count(), 1);
}

#[test]
fn runs_that_do_not_exist_or_have_no_model_are_named() {
    let folder = tiny_data();
    for command in [&["evaluate", "nowhere"][..], &["predict", "nowhere", "test:0"], &["train", "--resume", "nowhere"]]
    {
        fail(folder.path(), command, 1, &["nowhere", "no such run"]);
    }
    fail(folder.path(), &["evaluate", "data"], 1, &["data", "config.toml"]);
    succeed(folder.path(), &tiny(&["--set", "training.epochs=0", "--out", "out"]));
    let kept = fs::read(folder.path().join("out/model.safetensors")).unwrap();
    fs::remove_file(folder.path().join("out/model.safetensors")).unwrap();
    fail(folder.path(), &["evaluate", "out"], 1, &["model.safetensors", "no model"]);
    fs::write(folder.path().join("out/model.safetensors"), "no tensors").unwrap();
    fail(folder.path(), &["evaluate", "out"], 1, &["model.safetensors"]);
    // The last number of the file, which is not finite.
    let damaged = [&kept[..kept.len() - 4], &f32::NAN.to_le_bytes()].concat();
    fs::write(folder.path().join("out/model.safetensors"), damaged).unwrap();
    for arguments in [&["evaluate", "out"][..], &["predict", "out", "test:0"], &["export", "out", "--out", "m.onnx"]] {
        fail(folder.path(), arguments, 1, &["model.safetensors", "expected finite numbers, found NaN"]);
    }
}

#[test]
fn inputs_of_predict_that_cannot_be_read_are_named() {
    let folder = tiny_data();
    succeed(folder.path(), &tiny(&["--set", "training.epochs=0", "--out", "out"]));
    fs::write(folder.path().join("text.png"), "no image").unwrap();
    fail(folder.path(), &["predict", "out", "text.png"], 1, &["text.png", "image"]);
    fail(folder.path(), &["predict", "out", "missing.png"], 1, &["missing.png"]);
    fail(folder.path(), &["predict", "out", "test:70000"], 1, &["test:70000", "30 images"]);
    fail(folder.path(), &["predict", "out", "test:first"], 1, &["test:first", "whole number"]);
    fail(folder.path(), &["predict", "out"], 2, &["INPUT"]);
    for samples in ["1000001", "18446744073709551615", "18446744073709551616"] {
        fail(folder.path(), &["predict", "out", "test:0", "--samples", samples], 2, &["--samples"]);
    }
}

#[test]
fn a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_good_checkpoint() {
    let folder = tiny_data();
    let diverging = tiny(&["--set", "training.learning_rate=1e30", "--out", "out"]);
    fail(folder.path(), &diverging, 1, &["epoch 1, step 2", "1000000000000000000000000000000", "out/checkpoint"]);
    // The checkpoint from before the first step is intact, so the run can be resumed with a smaller learning rate.
    succeed(folder.path(), &["train", "--resume", "out", "--set", "training.learning_rate=0.1"]);
    let environment = fs::read_to_string(folder.path().join("out/environment.json")).unwrap();
    assert!(environment.contains("\"key\": \"training.learning_rate\""), "the change is recorded");
}

#[test]
fn resuming_refuses_flags_that_belong_to_a_new_run() {
    let folder = tiny_data();
    succeed(folder.path(), &tiny(&["--out", "out"]));
    for flag in [["--seed", "1"], ["--config", "x.toml"], ["--data", "sample"], ["--out", "elsewhere"]] {
        let arguments = [&["train", "--resume", "out"][..], &flag[..]].concat();
        let finished = runner(folder.path(), &arguments);
        assert_eq!(finished.code, Some(2), "{flag:?}");
        assert!(finished.stderr.contains(flag[0]), "{}", finished.stderr);
    }
}
