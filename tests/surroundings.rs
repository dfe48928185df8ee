//! What the system may do to the program: threads it refuses, outputs that are closed or full, limits on files, sources
//! that have moved on. Each gives a line of error or a quiet end, and nothing half-written (Linux).

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::process::{Finished, assert_same_bits, command, command_under, succeed, tiny, tiny_data};

#[path = "../crates/runner/build/source.rs"]
mod source;

/// The stack of a thread, in bytes, for which there is no room: no thread can be started.
const NO_THREAD: (&str, &str) = ("RUST_MIN_STACK", "1152921504606846976");

/// A folder with a finished run, `out`.
fn finished() -> TempDir {
    let folder = tiny_data();
    succeed(folder.path(), &tiny(&["--out", "out"]));
    folder
}

/// Runs `command` and expects no panic and no signal.
fn run(command: &mut Command) -> Finished {
    let finished = Finished::from(command.output().expect("the binary starts"));
    assert!(finished.code.is_some() && !finished.stderr.contains("panicked"), "{command:?}: {}", finished.stderr);
    finished
}

/// Runs the binary under a limit of the shell, such as `-n 5`.
fn limited(limit: &str, folder: &Path, arguments: &[&str]) -> Finished {
    let script = format!("ulimit {limit}; exec \"$0\" \"$@\"");
    run(command_under(&["sh", "-c", &script], folder).args(arguments))
}

/// Whether a folder is missing, or that of a run with its configuration.
fn is_absent_or_a_run(folder: &Path) -> bool {
    !folder.exists() || folder.join("config.toml").exists()
}

#[test]
fn without_threads_a_run_has_the_same_bits_or_an_error_and_no_directory() {
    let folder = finished();
    let alone = |name: &str, more: &[&str]| {
        let mut command = command(folder.path());
        command.env(NO_THREAD.0, NO_THREAD.1).env("MATMUL_NUM_THREADS", "1").args(tiny(&["--out", name])).args(more);
        run(&mut command)
    };
    let finished = alone("alone", &[]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert!(finished.stderr.contains("Ctrl-C"), "{}", finished.stderr);
    let environment = fs::read_to_string(folder.path().join("alone/environment.json")).unwrap();
    assert!(environment.contains("\"threads\": 1,"), "{environment}");
    assert_same_bits(&folder.path().join("out"), &folder.path().join("alone"));

    // ndarray's own threads: refused before anything is written.
    let mut command = command(folder.path());
    command.env(NO_THREAD.0, NO_THREAD.1).env("MATMUL_NUM_THREADS", "4").args(tiny(&["--out", "four"]));
    let finished = run(&mut command);
    if finished.code != Some(0) {
        assert!(finished.stderr.contains("MATMUL_NUM_THREADS=1"), "{}", finished.stderr);
        assert!(!folder.path().join("four").exists());
    }
}

#[test]
fn any_number_of_threads_is_taken_for_one_that_can_be_started() {
    let folder = finished();
    for threads in ["0", "-1", "", "many", "1000000", "99999999999999999999"] {
        let finished = run(command(folder.path()).env("RAYON_NUM_THREADS", threads).args(["evaluate", "out"]));
        assert_eq!(finished.code, Some(0), "{threads}: {}", finished.stderr);
    }
}

/// Every command that prints, with a folder it may make.
const PRINTING: [&[&str]; 15] = [
    &["--help"],
    &["--version"],
    &["evaluate", "out"],
    &["evaluate", "out", "--json"],
    &["predict", "out", "test:0", "test:1"],
    &["predict", "out", "test:0", "--json"],
    &["report", "out"],
    &["export", "out", "--out", "model.onnx"],
    &[
        "import",
        "model.onnx",
        "--data",
        "data",
        "--set",
        "data.verify=false",
        "--set",
        "model.hidden=[8,6]",
        "--out",
        "new",
    ],
    &["data", "path"],
    &["data", "show", "--data", "data"],
    &["experiment", "list"],
    &["experiment", "jobs", "activations", "--quick"],
    &["experiment", "activations", "--quick", "--quiet", "--out", "new"],
    &["train", "--data", "data", "--set", "data.verify=false", "--set", "training.epochs=0", "--out", "new"],
];

#[test]
fn a_closed_output_is_a_quiet_end_and_a_full_one_an_error() {
    let folder = finished();
    let new = folder.path().join("new");
    let complete = || new.join("summary.json").exists() || new.join("claims.json").exists();
    for arguments in PRINTING {
        let makes = arguments.ends_with(&["new"]);
        let (reader, closed) = std::io::pipe().unwrap();
        drop(reader);
        let full = || File::options().write(true).open("/dev/full").unwrap();
        for (output, code, said) in
            [(Stdio::from(closed), 0, ""), (full().into(), 1, "error: standard output: No space")]
        {
            let _ = fs::remove_dir_all(&new);
            let child = command(folder.path()).args(arguments).stdout(output).stderr(Stdio::piped()).spawn().unwrap();
            let finished = Finished::from(child.wait_with_output().unwrap());
            assert_eq!(finished.code, Some(code), "{arguments:?}: {}", finished.stderr);
            assert!(finished.stderr.lines().count() <= 1 && finished.stderr.starts_with(said), "{}", finished.stderr);
            assert_eq!(complete(), makes, "{arguments:?}: what was made is written, whoever reads what is said");
        }
        // What is said on stderr may be lost.
        let _ = fs::remove_dir_all(&new);
        let status = command(folder.path()).args(arguments).stdout(Stdio::null()).stderr(full()).status().unwrap();
        assert_eq!(status.code(), Some(0), "{arguments:?}");
    }
}

#[test]
fn a_limit_on_the_size_of_files_is_like_a_full_disk() {
    let folder = finished();
    succeed(folder.path(), &["export", "out", "--out", "model.onnx"]);
    // Not even a configuration can be written.
    for arguments in PRINTING.iter().filter(|arguments| arguments.ends_with(&["new"])) {
        let finished = limited("-f 0", folder.path(), arguments);
        assert_eq!(finished.code, Some(1), "{arguments:?}: {}", finished.stderr);
        assert!(
            finished.stderr.contains("error: new/") && finished.stderr.contains("File too large"),
            "{}",
            finished.stderr
        );
        assert!(!folder.path().join("new").exists(), "{arguments:?}");
    }
    // A directory that was there before stays, and is empty as it was.
    fs::create_dir(folder.path().join("mine")).unwrap();
    assert_eq!(limited("-f 0", folder.path(), &tiny(&["--out", "mine"])).code, Some(1));
    assert_eq!(fs::read_dir(folder.path().join("mine")).unwrap().count(), 0);
    assert_eq!(limited("-f 0", folder.path(), &["export", "out", "--out", "other.onnx"]).code, Some(1));
    assert!(!folder.path().join("other.onnx").exists());

    // A configuration, but no checkpoint of 60 kB.
    let wide = ["--set", "model.hidden=[256,32]", "--out", "wide"];
    let finished = limited("-f 40", folder.path(), &tiny(&wide));
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    assert!(finished.stderr.contains("error: wide/checkpoint/latest.safetensors: cannot write"), "{}", finished.stderr);
    assert_eq!(fs::read_dir(folder.path().join("wide/checkpoint")).unwrap().count(), 0);
    succeed(folder.path(), &["train", "--resume", "wide"]);
}

#[test]
fn few_files_at_once_are_enough_or_an_error_that_names_one() {
    let folder = finished();
    let mut codes = Vec::new();
    for files in 4..16 {
        let name = format!("new{files}");
        let finished = limited(&format!("-n {files}"), folder.path(), &tiny(&["--out", &name]));
        // Below the first few the system itself cannot start the program.
        if finished.code == Some(1) {
            assert!(finished.stderr.contains("Too many open files"), "{files}: {}", finished.stderr);
        }
        assert!(is_absent_or_a_run(&folder.path().join(&name)), "{files}: {}", finished.stderr);
        codes.push(finished.code);
    }
    assert!(codes.contains(&Some(1)) && codes.last() == Some(&Some(0)), "{codes:?}");
}

/// Runs git in `folder`.
fn git(folder: &Path, arguments: &[&str]) {
    let who = ["-c", "user.name=a", "-c", "user.email=a@b"];
    let output = Command::new("git").current_dir(folder).args(who).args(arguments).output().expect("git starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_commit_is_that_of_the_sources_and_says_if_they_were_edited() {
    if Command::new("git").arg("--version").output().is_err() {
        eprintln!("skipped: git is absent");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (root, archive) = (folder.path().join("checkout"), folder.path().join("checkout/vendor/archive"));
    for folder in [&root, &archive] {
        fs::create_dir_all(folder.join("crates")).unwrap();
        fs::write(folder.join("Cargo.toml"), "[workspace]\n").unwrap();
        fs::write(folder.join("Cargo.lock"), "[[package]]\nname = \"burn\"\nversion = \"1.2.3\"\n").unwrap();
    }
    assert_eq!(source::commit(&root), "unknown", "no checkout");
    git(&root, &["init", "-q"]);
    git(&root, &["add", "Cargo.toml", "Cargo.lock"]);
    assert_eq!(source::commit(&root), "unknown", "no commit");
    git(&root, &["commit", "-qm", "first"]);
    let commit = source::commit(&root);
    assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{commit}");
    assert_eq!(source::commit(&archive), "unknown", "an archive in the checkout of something else");
    // What is not compiled may be edited.
    fs::write(root.join("notes"), "mine").unwrap();
    assert_eq!(source::commit(&root), commit);
    fs::write(root.join("Cargo.toml"), "[workspace]\nmembers = []\n").unwrap();
    assert_eq!(source::commit(&root), format!("{commit}-dirty"));
    git(&root, &["commit", "-qam", "second"]);
    assert!(source::commit(&root) != commit && !source::commit(&root).contains("dirty"));
    assert!(source::inputs(&root).contains(&root.join(".git/HEAD")));
    assert_eq!((source::locked(&root, "burn"), source::locked(&root, "bur")), ("1.2.3".into(), "unknown".into()));
}

#[test]
fn the_record_of_a_run_is_what_was_compiled_wherever_it_runs() {
    let folder = tiny_data();
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["commit", "-qm", "another project", "--allow-empty"]);
    let mut command = command(folder.path());
    command.env("PATH", "").env("GIT_DIR", folder.path().join(".git"));
    run(command.args(tiny(&["--set", "training.epochs=0", "--out", "out"])));
    let text = fs::read_to_string(folder.path().join("out/environment.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(record["commit"], runner::record::COMMIT);
    assert_eq!(record["burn"], "0.21.0");
    let backend = record["backend"].as_str().unwrap();
    assert!(record["features"].as_array().unwrap().iter().any(|feature| feature == backend), "{record}");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    assert_eq!(record["commit"], source::commit(&root), "built from other sources than these");
}
