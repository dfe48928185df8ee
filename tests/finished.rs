//! A finished run for tests that change and resume it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn_mlp_train::Checkpoint;
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{fail, succeed, tiny, tiny_data};

/// The arguments that resume the run.
pub const RESUME: [&str; 3] = ["train", "--resume", "out"];

/// A folder with the small data set and a finished run of three epochs, `out`.
pub fn finished() -> TempDir {
    let folder = tiny_data();
    succeed(folder.path(), &tiny(&["--out", "out"]));
    folder
}

/// All files in a folder, with their content.
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

/// Asserts that resuming with the arguments `more` fails and changes nothing.
pub fn refused(folder: &TempDir, more: &[&str], code: i32, parts: &[&str]) {
    let before = contents(folder.path());
    fail(folder.path(), &[&RESUME[..], more].concat(), code, parts);
    let after = contents(folder.path());
    assert!(before.keys().eq(after.keys()), "{:?} became {:?}", before.keys(), after.keys());
    for (path, bytes) in before {
        assert!(after[&path] == bytes, "{} was changed", path.display());
    }
}

pub fn replace(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

pub fn environment(folder: &TempDir) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.path().join("out/environment.json")).unwrap()).unwrap()
}

pub fn config(folder: &TempDir) -> toml::Table {
    fs::read_to_string(folder.path().join("out/config.toml")).unwrap().parse().unwrap()
}

/// The run's latest checkpoint, changed by `change`.
pub fn change_checkpoint(folder: &TempDir, change: impl Fn(&mut Checkpoint)) {
    let checkpoints = folder.path().join("out/checkpoint");
    let (mut checkpoint, _) = Checkpoint::load(&checkpoints).unwrap().expect("a checkpoint");
    change(&mut checkpoint);
    checkpoint.save(&checkpoints).unwrap();
}
