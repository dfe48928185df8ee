//! The record of what experiments found: JSON to keep, and the table of claims that is made from it.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::finding::Finding;

/// What a run of `runner experiment` found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Version of this program.
    pub version: String,
    /// Backend.
    pub backend: String,
    /// Where the images came from: `full data` or `embedded sample`, with their numbers.
    pub data: String,
    /// Whether it was the short form.
    pub quick: bool,
    /// The experiments, in the order they were run.
    pub experiments: Vec<Recorded>,
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

impl Record {
    /// Number of claims that hold, and of claims.
    pub fn score(&self) -> (usize, usize) {
        let claims = || self.experiments.iter().flat_map(|entry| &entry.finding.claims);
        (claims().filter(|claim| claim.holds).count(), claims().count())
    }

    /// The claims as a Markdown table.
    pub fn markdown(&self) -> String {
        let mut table = String::from(
            "| experiment | claim | measured | threshold | a text prints | |\n| --- | --- | --- | --- | --- | --- |\n",
        );
        for entry in &self.experiments {
            for claim in &entry.finding.claims {
                let measured = claim.measurement_with_p();
                let printed = claim.printed.as_deref().unwrap_or_default();
                let verdict = if claim.holds { "holds" } else { "**does not hold**" };
                let sentence = claim.sentence.replace('|', "\\|");
                let name = &entry.name;
                // Writing to a string cannot fail.
                let _ =
                    writeln!(table, "| `{name}` | {sentence} | {measured} | {} | {printed} | {verdict} |", claim.bound);
            }
        }
        let (holding, all) = self.score();
        let _ = write!(
            table,
            "\n{holding} of {all} claims hold{}; {}, {} backend.\n",
            if self.quick { ", in the short form, whose figures are not those of the thresholds" } else { "" },
            self.data,
            self.backend,
        );
        let notes = |entry: &Recorded| -> Vec<String> {
            entry.finding.notes.iter().map(|note| format!("- `{}`: {note}\n", entry.name)).collect()
        };
        let notes: String = self.experiments.iter().flat_map(notes).collect();
        if !notes.is_empty() {
            let _ = write!(table, "\n{notes}");
        }
        table
    }
}
