//! Making the measurements of a plan, possibly alongside other processes.

use std::io::{Write as _, stderr};
use std::time::Instant;

use anyhow::{Result, bail};
use mlp_lab::jobs::{Job, Prepared, Share};
use mlp_lab::store::{Circumstances, Claim};
use mlp_lab::{Lab, Stopped};

use super::results::Results;
use crate::backend::{self, ThisPlatform};
use crate::interrupt::{self, Interrupted};
use crate::record;
use crate::threads;

/// Makes the measurements of one share of the jobs.
pub(super) struct Measuring<'a> {
    lab: &'a Lab<ThisPlatform>,
    results: &'a Results,
    share: Share,
    failed: Vec<String>,
}

impl<'a> Measuring<'a> {
    pub(super) fn new(lab: &'a Lab<ThisPlatform>, results: &'a Results, share: Share) -> Self {
        Self { lab, results, share, failed: Vec::new() }
    }

    /// Makes the measurements that no other process has made or is making. Then waits for those that are being made
    /// elsewhere, and makes the ones that are abandoned.
    pub(super) fn all(&mut self, prepared: &[Prepared<ThisPlatform>]) -> Result<()> {
        let jobs: Vec<_> =
            prepared.iter().flat_map(|experiment| experiment.all_jobs().map(move |job| (experiment, job))).collect();
        let ours = self.share.indices(&jobs.iter().map(|(_, job)| job.seconds).collect::<Vec<f64>>());
        let mut elsewhere = Vec::new();
        for (experiment, job) in ours.into_iter().map(|index| jobs[index]) {
            if !self.one(experiment, job, false)? {
                elsewhere.push((experiment, job));
            }
        }
        for (experiment, job) in elsewhere {
            self.one(experiment, job, true)?;
        }
        Ok(())
    }

    /// Makes a measurement. Returns false if another process is making it and `wait` is false.
    fn one(&mut self, experiment: &Prepared<ThisPlatform>, job: &Job, wait: bool) -> Result<bool> {
        self.unless_interrupted()?;
        let claimed = match self.results.store().claim(job, wait)? {
            Claim::Measured => return Ok(true),
            Claim::Elsewhere => return Ok(false),
            Claim::Ours(claimed) => claimed,
        };
        let (name, seed) = (&job.experiment, job.seed);
        self.lab.tell(format!("{name}, seed {seed}"));
        let (started, clock) = (record::now(), Instant::now());
        let work = self.results.store().work(job);
        let measured = self.lab.measure_in(&work, || experiment.entry.measure(&experiment.settings, self.lab, seed));
        match measured {
            Ok(measurement) => {
                let made = Circumstances {
                    seconds: clock.elapsed().as_secs_f64(),
                    started,
                    device: backend::processor(),
                    threads: threads::count(),
                    commit: Some(record::COMMIT.into()),
                };
                self.results.store().write(job, &claimed, measurement, made)?;
            }
            Err(error) if error.is::<Stopped>() => self.unless_interrupted()?,
            Err(error) => {
                let _ = writeln!(stderr(), "error: {name}, seed {seed}: {error:#}");
                self.failed.push(format!("{name}, seed {seed}"));
            }
        }
        Ok(true)
    }

    /// Fails if someone asked to stop.
    fn unless_interrupted(&self) -> Result<()> {
        if interrupt::requested() {
            return Err(Interrupted { resume: self.results.command() }.into());
        }
        Ok(())
    }

    /// Fails if any measurement has failed.
    pub(super) fn finish(self) -> Result<()> {
        if !self.failed.is_empty() {
            bail!("no measurement from {}", self.failed.join("; "));
        }
        Ok(())
    }
}
