//! A run that is stopped at any moment and resumed ends with the bits of an undisturbed one.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::process::{assert_same_bits, command, succeed, tiny, tiny_data, write_tiny_data};

/// Long enough to be caught in the middle: 20 epochs of 250 steps.
const LONG: [&str; 12] = [
    "--set",
    "optimizer.kind=adamw",
    "--set",
    "training.learning_rate=0.01",
    "--set",
    "model.batch_norm=true",
    "--set",
    "training.batch_size=4",
    "--set",
    "training.epochs=20",
    "--set",
    "training.checkpoint_steps=50",
];

fn start(folder: &Path, arguments: &[&str]) -> Child {
    command(folder).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts")
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status();
    assert!(status.expect("kill starts").success());
}

/// Waits until the run has reported `epochs`.
fn wait_for_epochs(child: &mut Child, epochs: usize) {
    let lines = BufReader::new(child.stdout.take().expect("a piped output")).lines();
    let reported = lines.map_while(Result::ok).filter(|line| line.starts_with("epoch ")).take(epochs).count();
    assert_eq!(reported, epochs, "the run ended early");
}

/// Sends the signal after two epochs, and goes on with the command the run prints.
fn stopped_gracefully_by(name: &str) {
    let folder = tiny_data();
    write_tiny_data(&folder.path().join("data"), 1000, 30);
    succeed(folder.path(), &tiny(&[&LONG[..], &["--out", "one"]].concat()));
    let mut child = start(folder.path(), &tiny(&[&LONG[..], &["--out", "two"]].concat()));
    wait_for_epochs(&mut child, 2);
    signal(&child, name);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{stderr}");

    let resume = stderr.lines().last().expect("the command that resumes").trim();
    let status = Command::new("sh").args(["-c", resume]).current_dir(folder.path()).output().unwrap();
    assert!(status.status.success(), "{resume}: {}", String::from_utf8_lossy(&status.stderr));
    assert_same_bits(&folder.path().join("one"), &folder.path().join("two"));
}

#[test]
fn ctrl_c_saves_and_prints_the_command_that_resumes() {
    stopped_gracefully_by("INT");
}

#[test]
fn sigterm_saves_and_prints_the_command_that_resumes() {
    stopped_gracefully_by("TERM");
}

#[test]
fn killed_twenty_times_a_run_ends_with_the_bits_of_an_undisturbed_one() {
    let folder = tiny_data();
    write_tiny_data(&folder.path().join("data"), 1000, 30);
    succeed(folder.path(), &tiny(&[&LONG[..], &["--out", "one"]].concat()));
    let mut child = start(folder.path(), &tiny(&[&LONG[..], &["--out", "two"]].concat()));
    let mut kills = 0;
    // Moments spread over loading, training, evaluation and the writing of checkpoints: multiples of an odd number
    // of milliseconds, the same in every run of this test.
    for attempt in 0..200_u64 {
        if kills == 20 {
            break;
        }
        std::thread::sleep(Duration::from_millis(40 + attempt * 37 % 160));
        if child.try_wait().unwrap().is_some() {
            break;
        }
        signal(&child, "KILL");
        child.wait().unwrap();
        kills += 1;
        child = if folder.path().join("two/config.toml").exists() && folder.path().join("two/checkpoint").exists() {
            start(folder.path(), &["train", "--resume", "two", "--progress", "plain"])
        } else {
            // Killed before there was anything to go on from.
            let _ = std::fs::remove_dir_all(folder.path().join("two"));
            start(folder.path(), &tiny(&[&LONG[..], &["--out", "two"]].concat()))
        };
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "after {kills} kills: {}", String::from_utf8_lossy(&output.stderr));
    assert_same_bits(&folder.path().join("one"), &folder.path().join("two"));
    assert!(kills >= 20, "the run ended after {kills} kills: make it longer");
}

#[test]
fn a_second_process_on_the_same_run_is_refused() {
    let folder = tiny_data();
    write_tiny_data(&folder.path().join("data"), 1000, 30);
    let mut child = start(folder.path(), &tiny(&[&LONG[..], &["--out", "out"]].concat()));
    wait_for_epochs(&mut child, 1);
    crate::process::fail(folder.path(), &["train", "--resume", "out"], 1, &["out", "another process"]);
    signal(&child, "KILL");
    child.wait().unwrap();
    succeed(folder.path(), &["train", "--resume", "out"]);
}
