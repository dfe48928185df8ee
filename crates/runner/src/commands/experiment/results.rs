//! A folder of results: its plan, its measurements, and the conclusions from them.

use std::ffi::OsString;
use std::fs;
use std::io::{Write as _, stderr};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use mlp_files::{is_unfinished, write_atomically};
use mlp_lab::finding::Finding;
use mlp_lab::index;
use mlp_lab::jobs::{Plan, Prepared};
use mlp_lab::record::{Gathered, Score, gather};
use mlp_lab::store::Store;

use super::printing::print_finding;
use crate::backend::ThisPlatform;
use crate::interrupt::quoted;
use crate::output::{stdout, unless_closed};
use crate::record::{read_json, write_json};
use crate::run_directory::create_unique;

/// The plan: which experiments, with which settings, on which data.
const PLAN: &str = "plan.json";
/// The record of all findings, as JSON.
const CLAIMS: &str = "claims.json";
/// The claims as a table.
const TABLE: &str = "claims.md";
/// The page that shows all findings.
const INDEX: &str = "index.html";
/// The seconds that the measurements took. In a separate file, since they differ between runs.
const TIMES: &str = "times.json";

/// A folder of results.
pub(super) struct Results {
    path: PathBuf,
    store: Store,
}

impl Results {
    /// The folder at `path`, without any check.
    pub(super) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), store: Store::new(path) }
    }

    /// Opens `out`, or creates a folder, and writes the plan to it. Results already in `out` are kept.
    pub(super) fn open(out: Option<&Path>, plan: &Plan) -> Result<Self> {
        let path = match out {
            Some(out) => {
                // What a process left that was killed while it wrote the plan is in nobody's way.
                let names = fs::read_dir(out).into_iter().flatten().flatten().map(|entry| entry.file_name());
                let vacant = names.into_iter().all(|name| is_unfinished(&name.to_string_lossy()));
                let shown = out.display();
                ensure!(
                    vacant || out.join(PLAN).exists(),
                    "{shown}: exists, is not empty and holds no experiments; choose another --out"
                );
                fs::create_dir_all(out).with_context(|| format!("{shown}: cannot create"))?;
                out.to_owned()
            }
            None => create_unique(&Path::new("runs").join("experiments"))?,
        };
        // What is not empty is not removed.
        write_json(&path.join(PLAN), plan).inspect_err(|_| drop(fs::remove_dir(&path)))?;
        Ok(Self::at(&path))
    }

    /// Opens a folder that has a plan.
    pub(super) fn existing(path: &Path) -> Result<Self> {
        ensure!(path.join(PLAN).is_file(), "{}: no folder of results, it has no {PLAN}", path.display());
        Ok(Self::at(path))
    }

    /// The shell command that goes on with these results: the one that was given, and where they are.
    pub(super) fn command(&self) -> String {
        let given: Vec<OsString> = std::env::args_os().collect();
        let mut words: Vec<String> = given.iter().map(|word| quoted(word)).collect();
        let named = given.iter().any(|word| word.to_string_lossy().starts_with("--out"));
        if !named {
            words.extend(["--out".to_owned(), quoted(self.path.as_os_str())]);
        }
        words.join(" ")
    }

    pub(super) fn plan(&self) -> Result<Plan> {
        read_json(&self.path, PLAN)
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Draws conclusions from the stored measurements, and prints and writes them. Returns how many claims have which
    /// verdict. What is still to be measured is said on stderr.
    pub(super) fn conclude(&self, plan: &Plan, prepared: &[Prepared<ThisPlatform>]) -> Result<Score> {
        let Gathered { record, seconds, missing } = gather(plan, prepared, &self.store)?;
        for line in missing {
            let _ = writeln!(stderr(), "{line}");
        }
        // Printed when all is written: standard output may be closed or full.
        let mut said = Vec::new();
        for entry in &record.experiments {
            writeln!(said, "{}: {}", entry.name, entry.question)?;
            print_finding(&mut said, &entry.finding, seconds[&entry.name])?;
            let planned = plan.experiments.iter().find(|planned| planned.name == entry.name);
            self.write_finding(&entry.name, planned.map_or("", |planned| &planned.config), &entry.finding)?;
        }
        write_atomically(&self.path.join(INDEX), index::page(&record).as_bytes(), None)?;
        write_atomically(&self.path.join(TABLE), record.markdown().as_bytes(), None)?;
        write_json(&self.path.join(TIMES), &seconds)?;
        write_json(&self.path.join(CLAIMS), &record)?;
        let score = record.score();
        writeln!(said, "{score}")?;
        writeln!(said, "results: {}", self.path.join(INDEX).display())?;
        unless_closed(stdout().write_all(&said))?;
        Ok(score)
    }

    fn write_finding(&self, name: &str, config: &str, finding: &Finding) -> Result<()> {
        let folder = self.path.join(name);
        fs::create_dir_all(&folder).with_context(|| format!("{}: cannot create", folder.display()))?;
        write_atomically(&folder.join("config.toml"), config.as_bytes(), None)?;
        write_atomically(&folder.join("finding.json"), &serde_json::to_vec_pretty(finding)?, None)?;
        for (figure, drawing) in finding.figures.iter().zip(&finding.drawings) {
            write_atomically(&folder.join(format!("{}.svg", figure.name)), drawing.document().as_bytes(), None)?;
        }
        Ok(())
    }
}
