//! What is to be measured: one job for each experiment and seed.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use mlp_settings::Settings;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::experiment::relevant;
use crate::{Entry, Platform, find};

/// Which experiments, with which settings, on what: everything that measurements depend on but the seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Version of the program.
    pub version: String,
    /// Backend.
    pub backend: String,
    /// Where the images come from: `full data` or `embedded sample`, with their numbers.
    pub data: String,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Name of the experiment.
    pub experiment: String,
    /// The seed.
    pub seed: u64,
    /// SHA-256 of all that the measurement depends on, seed included.
    pub key: String,
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
        let job =
            |seed| Job { experiment: planned.name.clone(), seed, key: self.key(planned, &entry, &settings, seed) };
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

/// Which of the jobs one process is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// All of them.
    All,
    /// One, by its index.
    One(usize),
    /// Every `of`-th, from the `part`-th on, counted from 1.
    Part {
        /// Which one.
        part: usize,
        /// Of how many.
        of: usize,
    },
}

impl Share {
    /// Reads `I/N`.
    ///
    /// # Errors
    ///
    /// If that is not what `text` is, or not `1 <= I <= N`.
    pub fn parse(text: &str) -> Result<Self> {
        let numbers = text.split_once('/').and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
        let (part, of) = numbers.with_context(|| format!("{text}: expected I/N, for example 1/4"))?;
        ensure!((1..=of).contains(&part), "{text}: expected a part from 1 to {of}");
        Ok(Self::Part { part, of })
    }

    /// Whether the job with this index is in it.
    pub fn contains(self, index: usize) -> bool {
        match self {
            Self::All => true,
            Self::One(one) => index == one,
            Self::Part { part, of } => index % of == part - 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_share_all_jobs_and_none_twice() {
        let shares: Vec<Share> = (1..=3).map(|part| Share::parse(&format!("{part}/3")).unwrap()).collect();
        assert!((0..10).all(|index| shares.iter().filter(|share| share.contains(index)).count() == 1));
        for text in ["", "1", "0/3", "4/3", "a/b", "1/0"] {
            assert!(Share::parse(text).is_err(), "{text}");
        }
    }
}
