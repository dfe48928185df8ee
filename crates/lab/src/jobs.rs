//! What is to be measured: one job for each experiment and seed.

mod estimate;
mod share;

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use mlp_settings::Settings;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::experiment::relevant;
use crate::{Entry, Platform, find};

pub use share::{Share, loads};

/// Which experiments, with which settings, on what: everything that measurements depend on but the seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Version of the program.
    pub version: String,
    /// Backend.
    pub backend: String,
    /// Where the images come from: `full data` or `embedded sample`, with their numbers.
    pub data: String,
    /// What was asked for as data: `auto`, `sample` or a folder.
    #[serde(default)]
    pub source: String,
    /// SHA-256 of the data set.
    pub data_sha256: String,
    /// Whether it is the short form.
    pub quick: bool,
    /// Whether everything is measured a second time, with as many other seeds.
    #[serde(default)]
    pub rerun: bool,
    /// The experiments, in order.
    pub experiments: Vec<Planned>,
}

/// An experiment of a [`Plan`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Its name.
    pub name: String,
    /// Its settings as TOML, complete.
    pub config: String,
}

/// One measurement to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Name of the experiment.
    pub experiment: String,
    /// The seed.
    pub seed: u64,
    /// SHA-256 of all that the measurement depends on, seed included.
    pub key: String,
    /// Seconds that it is estimated to take, on two cores.
    pub seconds: f64,
}

/// An experiment of a plan, ready to be measured and concluded.
pub struct Prepared<P: Platform> {
    /// The experiment.
    pub entry: Entry<P>,
    /// Its settings.
    pub settings: Settings,
    /// Its measurements, in the order of the seeds.
    pub jobs: Vec<Job>,
    /// Those of the rerun.
    pub rerun: Vec<Job>,
}

impl<P: Platform> Prepared<P> {
    /// All its measurements, those of the rerun last.
    pub fn all_jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.iter().chain(&self.rerun)
    }
}

impl Plan {
    /// Its experiments with their jobs, in a stable order.
    ///
    /// # Errors
    ///
    /// If this program knows no such experiment, or its settings do not hold here.
    pub fn prepare<P: Platform>(&self) -> Result<Vec<Prepared<P>>> {
        self.experiments.iter().map(|planned| self.prepare_one(planned)).collect()
    }

    fn prepare_one<P: Platform>(&self, planned: &Planned) -> Result<Prepared<P>> {
        let entry = find::<P>(&planned.name).with_context(|| format!("no experiment is called {}", planned.name))?;
        let mut settings = entry.settings(false)?;
        settings.layer_text(&planned.config, Path::new("plan.json"))?;
        let seeds = entry.seeds(&settings)?;
        let seconds = estimate::seconds(&planned.name, self.quick);
        let job = |seed| {
            let key = self.key(planned, &entry, &settings, seed);
            Job { experiment: planned.name.clone(), seed, key, seconds }
        };
        let jobs = seeds.iter().copied().map(job).collect();
        // The seeds that follow.
        let others = seeds.iter().map(|seed| seed.wrapping_add(seeds.len() as u64));
        let rerun = if self.rerun { others.map(job).collect() } else { Vec::new() };
        Ok(Prepared { entry, settings, jobs, rerun })
    }

    /// The key of a measurement. How many seeds there are and which is the first does not matter to any one of them.
    fn key<P: Platform>(&self, planned: &Planned, entry: &Entry<P>, settings: &Settings, seed: u64) -> String {
        let mut text =
            format!("{}\n{}\n{}\n{}\n{seed}\n", planned.name, entry.revision, self.backend, self.data_sha256);
        for (key, value) in relevant(settings) {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{key} = {value}");
        }
        format!("{:x}", Sha256::digest(text))
    }
}
