//! The README and the recipes hold.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{succeed, tiny_data};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn every_recipe_resolves() {
    let folder = tiny_data();
    for entry in fs::read_dir(root().join("configs")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        succeed(
            folder.path(),
            &[
                "train",
                "--config",
                path.to_str().unwrap(),
                "--data",
                "data",
                "--set",
                "data.verify=false",
                "--set",
                "training.epochs=0",
                "--out",
                &name,
            ],
        );
    }
}

#[test]
fn dropout_toml_states_the_defaults() {
    let folder = tiny_data();
    let config = root().join("configs/dropout.toml");
    let common = ["--data", "data", "--set", "data.verify=false", "--set", "training.epochs=0", "--out"];
    succeed(folder.path(), &[&["train", "--config", config.to_str().unwrap()][..], &common, &["written"]].concat());
    succeed(folder.path(), &[&["train"][..], &common, &["built-in"]].concat());
    let read = |run: &str| fs::read_to_string(folder.path().join(run).join("config.toml")).unwrap();
    assert_eq!(read("written"), read("built-in"));
}

#[test]
fn the_readme_names_only_files_that_exist() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let mut named = 0;
    for word in readme.split(|c: char| c.is_whitespace() || "()`[]|,".contains(c)) {
        let word = word.trim_end_matches(['.', ':', ';']);
        if ["configs/", "crates/", "benches/", "tests/", "docs/"].iter().any(|start| word.starts_with(start)) {
            assert!(root().join(word).exists(), "the README names {word}");
            named += 1;
        }
    }
    assert!(named > 3);
}
