//! The record of what experiments found: JSON to keep, and the tables of claims that are made from it.

mod markdown;
#[cfg(test)]
mod tests;

use mlp_metrics::holm;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::finding::{Claim, Finding, Verdict};

/// What a run of `runner experiment` found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// What it was made with.
    #[serde(flatten)]
    pub made: Made,
    /// SHA-256 of all claims with their bounds: of what was asserted, without what was measured.
    #[serde(default)]
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
    /// Whether it was the short form.
    pub quick: bool,
}

/// One experiment of a [`Record`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recorded {
    /// Its name.
    pub name: String,
    /// What it asks.
    pub question: String,
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
}

impl Score {
    /// The score of some claims.
    pub fn of<'a>(claims: impl IntoIterator<Item = &'a Claim>) -> Self {
        claims.into_iter().fold(Self::default(), |mut score, claim| {
            if claim.bound.is_check() {
                score.checks += 1;
                score.failed += usize::from(claim.verdict != Verdict::Supported);
            } else {
                score.verdicts[claim.verdict as usize] += 1;
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
        write!(formatter, "{} of {} checks hold", self.checks - self.failed, self.checks)
    }
}

impl Record {
    /// A record, with the verdicts that all claims together allow.
    ///
    /// The p-values of all differences are adjusted for their number. In the short form and on other data no claim
    /// is refuted, since it is about the full form on the full data.
    pub fn new(made: Made, experiments: Vec<Recorded>) -> Self {
        let mut record = Self { made, thresholds: String::new(), experiments };
        record.thresholds = record.hash_of_thresholds();
        let adjusted = {
            let of = |claim: &Claim| claim.p_value.unwrap_or(f64::NAN);
            holm(&record.claims().map(of).collect::<Vec<f64>>())
        };
        let elsewhere = record.made.quick || !record.made.data.starts_with("full data");
        let claims = record.experiments.iter_mut().flat_map(|entry| &mut entry.finding.claims);
        for (claim, p) in claims.zip(adjusted) {
            claim.judge((!p.is_nan()).then_some(p));
            if elsewhere {
                claim.excuse();
            }
        }
        record
    }

    /// All claims.
    pub fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.experiments.iter().flat_map(|entry| &entry.finding.claims)
    }

    /// How many claims have which verdict.
    pub fn score(&self) -> Score {
        Score::of(self.claims())
    }

    fn hash_of_thresholds(&self) -> String {
        let mut hash = Sha256::new();
        for entry in &self.experiments {
            for claim in &entry.finding.claims {
                hash.update(format!("{}\t{}\t{}\n", entry.name, claim.sentence, claim.bound));
            }
        }
        format!("{:x}", hash.finalize())
    }
}
