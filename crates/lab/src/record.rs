//! The record of what experiments found: JSON to keep, and the tables of claims that are made from it.

mod gather;
mod markdown;
#[cfg(test)]
mod tests;

use mlp_metrics::holm;
use serde::{Deserialize, Serialize};

use crate::finding::{Claim, Finding, Outcome, Verdict};
use crate::thresholds;

pub use gather::{Gathered, gather};

/// What a run of `runner experiment` found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// What it was made with.
    #[serde(flatten)]
    pub made: Made,
    /// SHA-256 of the file of thresholds.
    pub thresholds: String,
    /// The experiments, in the order they were run.
    pub experiments: Vec<Recorded>,
}

/// What a record was made with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Made {
    /// Version of this program.
    pub version: String,
    /// Backend.
    pub backend: String,
    /// Where the images came from: `full data`, `embedded sample` or other data, with their numbers.
    pub data: String,
    /// SHA-256 of the data set.
    pub data_sha256: String,
    /// Whether it was the short form.
    pub quick: bool,
    /// The days on which it was measured, UTC.
    pub days: Vec<String>,
    /// Commits of the sources that measured.
    pub commits: Vec<String>,
    /// Processors or graphics adapters that measured. Last digits may differ between them.
    pub processors: Vec<String>,
}

/// One experiment of a [`Record`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recorded {
    /// Its name.
    pub name: String,
    /// What it asks.
    pub question: String,
    /// The seeds it was measured with.
    pub seeds: Vec<u64>,
    /// The seeds of the rerun.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rerun_seeds: Vec<u64>,
    /// What it found.
    pub finding: Finding,
}

/// Numbers of claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// Claims about what was measured whose verdict is supported, refuted, undecided.
    pub verdicts: [usize; 3],
    /// Checks.
    pub checks: usize,
    /// Checks that failed.
    pub failed: usize,
    /// Claims that were measured again with other seeds.
    pub rerun: usize,
    /// Those of them that came to the same verdict.
    pub same: usize,
}

impl Score {
    /// The score of some claims.
    pub fn of<'a>(claims: impl IntoIterator<Item = &'a Claim>) -> Self {
        claims.into_iter().fold(Self::default(), |mut score, claim| {
            if claim.bound.is_check() {
                score.checks += 1;
                score.failed += usize::from(!claim.holds());
            } else {
                score.verdicts[claim.outcome.verdict as usize] += 1;
                let again = claim.rerun.as_ref().map(|rerun| rerun.verdict);
                score.rerun += usize::from(again.is_some());
                score.same += usize::from(again == Some(claim.outcome.verdict));
            }
            score
        })
    }

    /// Whether nothing is refuted and no check failed.
    pub fn is_clean(self) -> bool {
        self.failed == 0 && self.verdicts[Verdict::Refuted as usize] == 0
    }
}

impl std::fmt::Display for Score {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [supported, refuted, undecided] = self.verdicts;
        write!(formatter, "{supported} claims supported, {refuted} refuted, {undecided} undecided; ")?;
        write!(formatter, "{} of {} checks hold", self.checks - self.failed, self.checks)?;
        if self.rerun > 0 {
            write!(formatter, "; with other seeds {} of {} claims have the same verdict", self.same, self.rerun)?;
        }
        Ok(())
    }
}

impl Record {
    /// A record, with the verdicts that all claims together allow.
    ///
    /// The p-values of all differences are adjusted for their number. In the short form and on other data no claim
    /// is refuted, since it is about the full form on the full data.
    pub fn new(made: Made, experiments: Vec<Recorded>) -> Self {
        let mut record = Self { made, thresholds: thresholds::sha256(), experiments };
        let adjusted = record.adjusted(|claim| Some(&claim.outcome));
        let of_rerun = record.adjusted(|claim| claim.rerun.as_ref());
        let elsewhere = record.made.quick || !record.made.data.starts_with("full data");
        let claims = record.experiments.iter_mut().flat_map(|entry| &mut entry.finding.claims);
        for ((claim, p), again) in claims.zip(adjusted).zip(of_rerun) {
            claim.judge([p, again]);
            if elsewhere {
                claim.excuse();
            }
        }
        record
    }

    /// The p-values of one outcome of each claim, adjusted for the number of differences among them.
    fn adjusted(&self, outcome: fn(&Claim) -> Option<&Outcome>) -> Vec<Option<f64>> {
        let p_value = |claim| outcome(claim).and_then(|outcome| outcome.p_value).unwrap_or(f64::NAN);
        let p_values: Vec<f64> = self.claims().map(p_value).collect();
        holm(&p_values).into_iter().map(|p| (!p.is_nan()).then_some(p)).collect()
    }

    /// All claims.
    pub fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.experiments.iter().flat_map(|entry| &entry.finding.claims)
    }

    /// How many claims have which verdict.
    pub fn score(&self) -> Score {
        Score::of(self.claims())
    }
}
