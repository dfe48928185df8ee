//! The README and the configurations in `configs/` are correct.

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
        if path.is_dir() {
            continue;
        }
        // Configurations with this section are for `runner experiment`, which checks them itself.
        if fs::read_to_string(&path).unwrap().contains("[experiment]") {
            continue;
        }
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
    for page in ["README.md", ".github/CONTRIBUTING.md", ".github/RELIABILITY.md", "benches/peers/README.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let folder = root().join(page).parent().unwrap().to_owned();
        let mut named = 0;
        // Links and pictures, from the page's own folder.
        for target in
            text.split("](").skip(1).chain(text.split("src=\"").skip(1)).chain(text.split("srcset=\"").skip(1))
        {
            let target = target.split([')', '"']).next().unwrap_or_default();
            if !target.starts_with("http") && !target.starts_with('#') {
                assert!(folder.join(target).exists(), "{page} names {target}");
                named += 1;
            }
        }
        assert!(named > 0, "{page}");
    }
}

#[test]
fn the_readme_is_short() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.lines().count() <= 150, "{} lines", readme.lines().count());
}

#[test]
fn every_test_in_the_table_of_faults_exists() {
    let page = fs::read_to_string(root().join(".github/RELIABILITY.md")).unwrap();
    let tests: String = fs::read_dir(root().join("tests"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    assert!(rows.len() > 15, "{rows:?}");
    for row in rows {
        let cell = row.trim_end_matches(['|', ' ']).rsplit('|').next().unwrap_or_default();
        let names: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test in: {row}");
        for name in names {
            assert!(tests.contains(&format!("#[test]\nfn {name}()")), "no test {name}, of: {row}");
        }
    }
}

#[test]
fn the_dependencies_of_the_librarys_readme_are_those_of_a_project_that_is_compiled() {
    let readme = fs::read_to_string(root().join("crates/model/README.md")).unwrap();
    let listed = readme.split("[dependencies]\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a list");
    let project = fs::read_to_string(root().join("tests/embed/Cargo.toml")).unwrap();
    for line in listed.lines().filter(|line| !line.starts_with("burn-mlp ")) {
        assert!(project.contains(line), "{line}");
    }
    // What the README's program names are these crates, not features of another.
    for name in ["burn_flex::", "burn::tensor"] {
        assert!(readme.contains(name), "{name}");
    }
    assert!(!readme.contains("burn::backend::"));
}

#[test]
fn the_program_of_the_training_library_is_the_one_that_is_run() {
    let readme = fs::read_to_string(root().join("crates/train/README.md")).unwrap();
    let program =
        readme.split("```rust,no_run\n").nth(1).and_then(|rest| rest.split("\n# ").next()).expect("a program");
    let run = fs::read_to_string(root().join("tests/embed/src/train.rs")).unwrap();
    assert!(run.starts_with(program));
    assert!(program.lines().filter(|line| !line.is_empty()).count() <= 25);
}

/// Names that a library exports: of its `pub use` and `pub mod`.
fn exported(library: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(format!("crates/{library}/src/lib.rs"))).unwrap();
    let mut names = Vec::new();
    for statement in text.split(';') {
        let statement = statement.lines().filter(|line| !line.starts_with("//")).collect::<Vec<_>>().join(" ");
        if let Some((_, path)) = statement.split_once("pub use ") {
            let listed =
                path.split_once("::{").map_or_else(|| path.rsplit("::").next().unwrap_or(path), |(_, list)| list);
            let listed = listed.trim_end().trim_end_matches('}');
            names.extend(listed.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()));
        } else if let Some((_, name)) = statement.split_once("pub mod ") {
            names.push(name.trim().to_owned());
        }
    }
    names
}

#[test]
fn every_exported_item_is_listed_with_its_reason() {
    let text = fs::read_to_string(root().join(".github/PUBLIC.md")).unwrap();
    for (library, package) in
        [("model", "burn-mlp"), ("train", "burn-mlp-train"), ("metrics", "mlp-metrics"), ("splits", "mlp-splits")]
    {
        let section = text.split(&format!("\n## {package}\n")).nth(1).expect("a section");
        let section = section.split("\n## ").next().unwrap_or(section);
        let mut listed: Vec<&str> = section
            .lines()
            .filter_map(|line| line.strip_prefix("| `"))
            .flat_map(|line| line.split(" |").next().unwrap_or(line).split(", "))
            .map(|name| name.trim_matches('`'))
            .collect();
        let mut exported = exported(library);
        listed.sort_unstable();
        exported.sort_unstable();
        exported.dedup();
        assert_eq!(listed, exported, "{package}");
    }
}
