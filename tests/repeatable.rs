//! Equal runs have equal bits.

use std::fs;

use crate::process::{assert_same_bits, fail, succeed, timeless_metrics, tiny, tiny_data};

/// A run with every kind of state: moments, running statistics, a schedule, a best epoch.
const STATEFUL: [&str; 14] = [
    "--set",
    "optimizer.kind=adamw",
    "--set",
    "training.learning_rate=0.01",
    "--set",
    "model.batch_norm=true",
    "--set",
    "schedule.kind=one-cycle",
    "--set",
    "validation.fraction=0.2",
    "--set",
    "training.checkpoint_steps=2",
    "--set",
    "training.epochs=4",
];

#[test]
fn the_same_seed_gives_the_same_bits_and_another_seed_others() {
    let folder = tiny_data();
    for (name, seed) in [("one", "7"), ("two", "7"), ("other", "8")] {
        succeed(folder.path(), &tiny(&["--seed", seed, "--out", name]));
    }
    let run = |name: &str| folder.path().join(name);
    assert_same_bits(&run("one"), &run("two"));
    assert_ne!(timeless_metrics(&run("one")), timeless_metrics(&run("other")));
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    // The network is large enough that batches and matrix products are divided among threads.
    let folder = tempfile::tempdir().unwrap();
    for threads in ["1", "2", "5"] {
        let mut command = crate::process::command(folder.path());
        command.env("RAYON_NUM_THREADS", threads).env("MATMUL_NUM_THREADS", threads);
        command.args(["train", "--data", "sample", "--set", "training.epochs=1", "--out", threads]);
        assert!(command.output().unwrap().status.success());
    }
    for threads in ["2", "5"] {
        assert_same_bits(&folder.path().join("1"), &folder.path().join(threads));
    }
}

#[test]
fn a_finished_run_resumed_stays_as_it_is() {
    let folder = tiny_data();
    succeed(folder.path(), &tiny(&[&STATEFUL[..], &["--out", "one"]].concat()));
    succeed(folder.path(), &tiny(&[&STATEFUL[..], &["--out", "two"]].concat()));
    succeed(folder.path(), &["train", "--resume", "two"]);
    assert_same_bits(&folder.path().join("one"), &folder.path().join("two"));
}

#[test]
fn a_damaged_checkpoint_falls_back_to_the_one_before_and_ends_with_the_same_bits() {
    let folder = tiny_data();
    succeed(folder.path(), &tiny(&[&STATEFUL[..], &["--out", "one"]].concat()));
    succeed(folder.path(), &tiny(&[&STATEFUL[..], &["--out", "two"]].concat()));
    let checkpoint = folder.path().join("two/checkpoint");
    fs::write(checkpoint.join("latest.safetensors"), "damaged").unwrap();
    let finished = succeed(folder.path(), &["train", "--resume", "two"]);
    assert!(finished.stderr.contains("latest.safetensors"), "{}", finished.stderr);
    assert_same_bits(&folder.path().join("one"), &folder.path().join("two"));

    for name in ["latest", "previous"] {
        fs::write(checkpoint.join(format!("{name}.safetensors")), "damaged").unwrap();
    }
    fail(folder.path(), &["train", "--resume", "two"], 1, &["latest.safetensors", "previous.safetensors"]);
}
