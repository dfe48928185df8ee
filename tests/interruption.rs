//! A run that is stopped at any moment and resumed ends with the same bits as an undisturbed one.

use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use burn_mlp::Key;
use tempfile::TempDir;

use crate::process::{assert_same_bits, command, command_under, signal, succeed, tiny, tiny_data, write_tiny_data};

/// A run long enough to be stopped in the middle, 20 epochs of 200 steps. It has every kind of state: moments, running
/// statistics, a schedule, a best epoch, patience.
const LONG: [&str; 18] = [
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
    "validation.patience=30",
    "--set",
    "training.batch_size=4",
    "--set",
    "training.epochs=20",
    "--set",
    "training.checkpoint_steps=50",
];
/// How often a run is killed.
const KILLS: u32 = 24;

/// A folder with data for a long run.
fn data() -> TempDir {
    let folder = tiny_data();
    write_tiny_data(&folder.path().join("data"), 1000, 30);
    folder
}

fn long(out: &str) -> Vec<&str> {
    tiny(&[&LONG[..], &["--out", out]].concat())
}

fn start(folder: &Path, arguments: &[&str]) -> (Child, Lines<BufReader<ChildStdout>>) {
    begin(command(folder).args(arguments))
}

fn begin(command: &mut Command) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let lines = BufReader::new(child.stdout.take().expect("a piped output")).lines();
    (child, lines)
}

/// Waits until the run has reported `epochs`.
fn wait_for_epochs(lines: &mut Lines<BufReader<ChildStdout>>, epochs: usize) {
    let reported = lines.map_while(Result::ok).filter(|line| line.starts_with("epoch ")).take(epochs).count();
    assert_eq!(reported, epochs, "the run ended early");
}

/// Stops a run with the signal after one, four and nine epochs, and resumes it each time with the command it prints.
fn stopped_gracefully_by(name: &str) {
    let folder = data();
    succeed(folder.path(), &long("one"));
    // A name that a shell would split.
    let out = "it's two";
    let (mut child, mut lines) = start(folder.path(), &long(out));
    for epochs in [1, 3, 5] {
        wait_for_epochs(&mut lines, epochs);
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(130), "{stderr}");
        let (_, resume) = stderr.split_once("go on with:\n").expect("the command that resumes");
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec {}", resume.trim())]).current_dir(folder.path());
        shell.env("FASHION_MNIST_OFFLINE", "1").stdout(Stdio::piped()).stderr(Stdio::piped());
        child = shell.spawn().expect("a shell");
        lines = BufReader::new(child.stdout.take().unwrap()).lines();
    }
    assert!(lines.map_while(Result::ok).count() > 0);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_same_bits(&folder.path().join("one"), &folder.path().join(out));
}

#[test]
fn ctrl_c_saves_and_prints_the_command_that_resumes() {
    stopped_gracefully_by("INT");
}

#[test]
fn sigterm_saves_and_prints_the_command_that_resumes() {
    stopped_gracefully_by("TERM");
}

/// The tests may have been started with SIGHUP ignored, so `env` sets it back to the default. Not all systems have that
/// option of `env`.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_that_is_closed_saves_though_nobody_reads_what_is_said() {
    let folder = data();
    succeed(folder.path(), &long("one"));
    let heard = ["env", "--default-signal=HUP"];
    let (mut child, mut lines) = begin(command_under(&heard, folder.path()).args(long("two")));
    wait_for_epochs(&mut lines, 2);
    drop((lines, child.stderr.take()));
    signal(&child, "HUP");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    succeed(folder.path(), &["train", "--resume", "two"]);
    assert_same_bits(&folder.path().join("one"), &folder.path().join("two"));
}

/// With SIGHUP ignored, as under `nohup`.
#[cfg(target_os = "linux")]
#[test]
fn a_run_started_to_outlive_its_terminal_does() {
    let folder = data();
    let unheard = ["sh", "-c", "trap '' HUP; exec \"$0\" \"$@\""];
    let (child, mut lines) = begin(command_under(&unheard, folder.path()).args(long("out")));
    wait_for_epochs(&mut lines, 1);
    signal(&child, "HUP");
    assert!(lines.map_while(Result::ok).any(|line| line.starts_with("epoch 20/20 ")), "the run ended early");
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_second_ctrl_c_ends_at_once() {
    let folder = data();
    // A single step that takes about a second: long enough for two signals.
    let slow = ["--set", "model.hidden=[2048,2048]", "--set", "training.batch_size=1000", "--set", "training.epochs=1"];
    let slow = |out| tiny(&[&slow[..], &["--out", out]].concat());
    succeed(folder.path(), &slow("one"));
    let (child, mut lines) = start(folder.path(), &slow("two"));
    assert!(lines.by_ref().map_while(Result::ok).any(|line| line.ends_with(" parameters")));
    signal(&child, "INT");
    signal(&child, "TERM");
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("once more to stop at once") && !stderr.contains("go on with"), "{stderr}");
    succeed(folder.path(), &["train", "--resume", "two"]);
    assert_same_bits(&folder.path().join("one"), &folder.path().join("two"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_limit_on_processor_time_saves_and_prints_the_command_that_resumes() {
    let folder = data();
    // The system sends its signal once a second.
    let limited = ["sh", "-c", "ulimit -S -t 1; exec \"$0\" \"$@\""];
    let endless = [&long("out")[..], &["--set", "training.epochs=1000000", "--set", "validation.patience=0"]].concat();
    let output = command_under(&limited, folder.path()).args(endless).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("go on with:") && stderr.contains("--resume out"), "{stderr}");
}

/// Waits until a checkpoint is being written, but at most half a second.
fn wait_for_a_write(checkpoints: &Path) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(500) {
        let entries = std::fs::read_dir(checkpoints).into_iter().flatten().flatten();
        if entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with(".writing-")) {
            return;
        }
    }
}

/// The seed in `INTERRUPTION_SEED`, or a new one from the clock.
fn seed() -> u64 {
    let chosen = std::env::var("INTERRUPTION_SEED").ok().map(|text| text.parse().expect("a number"));
    chosen.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_nanos() as u64)
}

#[test]
fn killed_more_than_twenty_times_a_run_ends_with_the_bits_of_an_undisturbed_one() {
    let folder = data();
    let begun = Instant::now();
    let (child, mut lines) = start(folder.path(), &long("one"));
    lines.next();
    let starting = begun.elapsed();
    lines.map_while(Result::ok).for_each(drop);
    assert!(child.wait_with_output().unwrap().status.success());
    let training = begun.elapsed() - starting;

    let seed = seed();
    println!("INTERRUPTION_SEED={seed}: starts in {starting:?}, trains for {training:?}");
    let mut uniforms = Key::new(seed, *b"kills\0\0\0").uniforms();
    let (run, checkpoints) = (folder.path().join("two"), folder.path().join("two/checkpoint"));
    let (mut kills, mut during_writes) = (0, 0);
    while kills < KILLS {
        // A run killed before it could be resumed starts over in the same directory.
        let resumable = run.join("config.toml").exists();
        let arguments = if resumable { vec!["train", "--resume", "two"] } else { long("two") };
        let (mut child, mut lines) = start(folder.path(), &arguments);
        let moment = uniforms.next().expect("endless");
        let of = |span: Duration| Duration::from_secs_f64(span.as_secs_f64() * moment);
        // One in six kills comes while the run starts. The others are spread over training, and together cover two
        // thirds of it on average. One in three kills waits until a checkpoint is being written.
        if kills % 6 == 0 {
            std::thread::sleep(of(starting));
        } else {
            lines.next();
            std::thread::sleep(of(training * 8 / (5 * KILLS)));
            if kills % 3 == 1 {
                wait_for_a_write(&checkpoints);
            }
        }
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            // The run finished between two kills, and starts over.
            assert_same_bits(&folder.path().join("one"), &run);
            std::fs::remove_dir_all(&run).unwrap();
            continue;
        }
        signal(&child, "KILL");
        kills += 1;
        child.wait().unwrap();
        let names = std::fs::read_dir(&checkpoints).into_iter().flatten().flatten();
        during_writes +=
            usize::from(names.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with(".writing-")));
    }
    println!("{KILLS} kills, {during_writes} of them while a checkpoint was being written");
    succeed(folder.path(), &["train", "--resume", "two"]);
    assert_same_bits(&folder.path().join("one"), &run);
    let left: Vec<_> = std::fs::read_dir(&checkpoints).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".writing-")), "{left:?}");
}

#[test]
fn a_second_process_on_the_same_run_is_refused() {
    let folder = data();
    let (mut child, mut lines) = start(folder.path(), &long("out"));
    wait_for_epochs(&mut lines, 1);
    crate::process::fail(folder.path(), &["train", "--resume", "out"], 1, &["out", "another process"]);
    signal(&child, "KILL");
    child.wait().unwrap();
    succeed(folder.path(), &["train", "--resume", "out"]);
}
