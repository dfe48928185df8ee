//! Full and read-only file systems: small ones in memory, mounted where only these tests see them (Linux).

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use burn_mlp_train::Checkpoint;
use tempfile::TempDir;

use crate::process::{assert_same_bits, command, fail, signal, succeed, tiny, tiny_data, write_tiny_data};

/// A separate file system, which exists as long as the shell that mounted it.
struct FileSystem {
    shell: Child,
    answers: BufReader<ChildStdout>,
    mounted_on: TempDir,
    path: PathBuf,
}

impl FileSystem {
    /// `None` if neither this user nor root in a new user namespace may mount file systems. The reason is then printed.
    fn new(kibibytes: usize) -> Option<Self> {
        let mounted_on = tempfile::tempdir().unwrap();
        let place = mounted_on.path().display().to_string();
        let script = format!(
            "mount -t tmpfs -o size={kibibytes}k tmpfs '{place}' && echo done && \
             while read -r line; do eval \"$line\" && echo done; done"
        );
        let mut reasons = Vec::new();
        for options in [&["--mount"][..], &["--user", "--map-root-user", "--mount"]] {
            let mut unshare = Command::new("unshare");
            unshare.args(options).args(["sh", "-c", &script]);
            unshare.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut shell = match unshare.spawn() {
                Ok(shell) => shell,
                Err(error) => {
                    reasons.push(format!("unshare: {error}"));
                    continue;
                }
            };
            let mut answers = BufReader::new(shell.stdout.take().unwrap());
            let path = PathBuf::from(format!("/proc/{}/root{place}", shell.id()));
            let mut answer = String::new();
            answers.read_line(&mut answer).unwrap();
            if answer == "done\n" && fs::read_dir(&path).is_ok() {
                return Some(Self { shell, answers, mounted_on, path });
            }
            let _ = shell.kill();
            let output = shell.wait_with_output().unwrap();
            reasons.push(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        println!("skipped: no file system can be mounted: {}", reasons.join("; "));
        None
    }

    fn remount(&mut self, option: &str) {
        let line = format!("mount -o remount,{option} '{}'\n", self.mounted_on.path().display());
        self.shell.stdin.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        assert_eq!(answer, "done\n", "{line}");
    }

    fn run(&self) -> String {
        self.path.join("out").display().to_string()
    }

    /// Fills the file system, except for `rest` bytes.
    fn fill(&self, rest: u64) {
        let mut filler = File::create(self.path.join("filler")).unwrap();
        loop {
            match filler.write(&[0; 4096]) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => panic!("{error}"),
            }
        }
        let length = filler.metadata().unwrap().len();
        assert!(length > rest, "only {length} bytes were free");
        filler.set_len(length - rest).unwrap();
    }

    fn free(&self) {
        fs::remove_file(self.path.join("filler")).unwrap();
    }
}

impl Drop for FileSystem {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// A network with a checkpoint of about 870 kB, which takes many blocks.
const LARGE: [&str; 12] = [
    "--set",
    "model.hidden=[256,256]",
    "--set",
    "optimizer.kind=adamw",
    "--set",
    "training.learning_rate=0.001",
    "--set",
    "training.checkpoint_steps=3",
    "--set",
    "training.epochs=150",
    "--set",
    "training.batch_size=100",
];

fn unfinished(folder: &Path) -> usize {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with(".writing-")).count()
}

/// Pauses the process at a moment when it is not writing a checkpoint: finishing one would free the space of an older
/// one.
fn pause(child: &Child, checkpoints: &Path) {
    for _ in 0..1000 {
        signal(child, "STOP");
        std::thread::sleep(std::time::Duration::from_millis(2));
        if unfinished(checkpoints) == 0 {
            return;
        }
        signal(child, "CONT");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    panic!("the run does nothing but write");
}

#[test]
fn a_full_disk_leaves_the_checkpoint_before_whole() {
    let Some(disk) = FileSystem::new(16 << 10) else { return };
    let folder = tiny_data();
    write_tiny_data(&folder.path().join("data"), 1000, 30);
    succeed(folder.path(), &tiny(&[&LARGE[..], &["--out", "whole"]].concat()));
    let run = disk.run();
    let checkpoints = disk.path.join("out/checkpoint");
    // No free space; one page; half a checkpoint; nearly a whole one.
    for (attempt, rest) in [0, 4 << 10, 400 << 10, 800 << 10].into_iter().enumerate() {
        let new = tiny(&[&LARGE[..], &["--out", &run]].concat());
        let arguments = if attempt == 0 { new } else { vec!["train", "--resume", &run, "--progress", "plain"] };
        let mut child =
            command(folder.path()).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let reported = lines.filter(|line| line.starts_with("epoch ")).take(2).count();
        assert_eq!(reported, 2, "the run ended early");
        pause(&child, &checkpoints);
        disk.fill(rest);
        signal(&child, "CONT");
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("cannot write") && stderr.contains("No space left on device"), "{stderr}");

        let (_, warning) = Checkpoint::load(&checkpoints).unwrap().expect("a checkpoint");
        assert_eq!(warning, None, "the latest checkpoint is whole");
        fs::rename(checkpoints.join("latest.safetensors"), disk.path.join("aside")).unwrap();
        assert!(Checkpoint::load(&checkpoints).unwrap().is_some(), "and so is the one before it");
        fs::rename(disk.path.join("aside"), checkpoints.join("latest.safetensors")).unwrap();
        assert_eq!(unfinished(&checkpoints), 0, "nothing takes up space for no use");
        if rest == 0 {
            fail(folder.path(), &["train", "--resume", &run], 1, &["No space left on device"]);
        }
        disk.free();
    }
    succeed(folder.path(), &["train", "--resume", &run]);
    assert_same_bits(&folder.path().join("whole"), &disk.path.join("out"));
}

#[test]
fn a_read_only_file_system_is_named_and_finished_runs_on_it_can_be_used() {
    let Some(mut disk) = FileSystem::new(16 << 10) else { return };
    let folder = tiny_data();
    succeed(folder.path(), &tiny(&["--out", "whole"]));
    let run = disk.run();
    succeed(folder.path(), &tiny(&["--set", "training.epochs=2", "--out", &run]));
    disk.remount("ro");
    let more = ["train", "--resume", &run, "--set", "training.epochs=3"];
    fail(folder.path(), &more, 1, &["run.lock: cannot write", "Read-only file system"]);
    let new = disk.path.join("new").display().to_string();
    fail(folder.path(), &tiny(&["--out", &new]), 1, &["new: cannot create", "Read-only file system"]);
    succeed(folder.path(), &["evaluate", &run]);
    succeed(folder.path(), &["predict", &run, "test:0"]);
    disk.remount("rw");
    succeed(folder.path(), &more);
    assert_same_bits(&folder.path().join("whole"), &disk.path.join("out"));
}
