//! The claims as Markdown.

use std::fmt::Write as _;

use super::{Record, Recorded};
use crate::finding::{CONFIDENCE, Claim, Outcome, POWER, Verdict};

const CLAIMS: &str =
    "| experiment | claim | measured | 95 % interval | bound | reference value | verdict | with other seeds |
| --- | --- | --- | --- | --- | --- | --- | --- |
";
const CHECKS: &str = "| experiment | check | measured | bound | verdict |
| --- | --- | --- | --- | --- |
";

impl Record {
    /// The claims, the checks and the notes, as Markdown.
    pub fn markdown(&self) -> String {
        // Writing to a string cannot fail.
        let mut text = String::new();
        let made = &self.made;
        let _ = write!(text, "{}; {}, {} backend", self.score(), made.data, made.backend);
        text += if made.quick { ", short form, whose figures are not those of the bounds.\n\n" } else { ".\n\n" };
        let _ = write!(
            text,
            "Measured are mean ± standard deviation over seeds. The interval is that of the mean, with {} % confidence \
             (Student's t). A claim is supported if the whole interval lies within its bound, refuted if the whole \
             interval lies outside, and undecided otherwise: then the table says how large a difference from the bound \
             so many seeds would show with {} % probability. The p-values of differences are adjusted for the number of \
             differences in the table (Holm); above {:.2} they are undecided.\n\n{CLAIMS}",
            100.0 * CONFIDENCE,
            100.0 * POWER,
            1.0 - CONFIDENCE,
        );
        for (entry, claim) in self.entries(false) {
            let sentence = escape(&claim.sentence);
            let (measured, certainty) = (claim.outcome.measurement(), claim.outcome.certainty());
            let reference = claim.reference.as_deref().unwrap_or_default();
            let (name, bound, verdict) = (&entry.name, claim.bound, verdict(&claim.outcome));
            let again = claim.rerun.as_ref().map_or(String::new(), self::verdict);
            let _ = writeln!(
                text,
                "| `{name}` | {sentence} | {measured} | {certainty} | {bound} | {reference} | {verdict} | {again} |"
            );
        }
        let _ = write!(
            text,
            "\nChecks follow from mathematics or from what the program promises; each value must hold.\n\n{CHECKS}"
        );
        for (entry, claim) in self.entries(true) {
            let verdict = if claim.holds() { "holds" } else { "**fails**" };
            let (name, sentence) = (&entry.name, escape(&claim.sentence));
            let _ = writeln!(
                text,
                "| `{name}` | {sentence} | {} | {} | {verdict} |",
                claim.outcome.measurement(),
                claim.bound
            );
        }
        let notes = |entry: &Recorded| -> Vec<String> {
            entry.finding.notes.iter().map(|note| format!("- `{}`: {note}\n", entry.name)).collect()
        };
        let notes: String = self.experiments.iter().flat_map(notes).collect();
        if !notes.is_empty() {
            let _ = write!(text, "\n{notes}");
        }
        text
    }

    /// The checks or the other claims, each with its experiment.
    fn entries<'a>(&'a self, checks: bool) -> impl Iterator<Item = (&'a Recorded, &'a Claim)> {
        let claims = |entry: &'a Recorded| entry.finding.claims.iter().map(move |claim| (entry, claim));
        self.experiments.iter().flat_map(claims).filter(move |(_, claim)| claim.bound.is_check() == checks)
    }
}

fn verdict(outcome: &Outcome) -> String {
    match (outcome.verdict, outcome.missing()) {
        (Verdict::Supported, _) => "supported".to_owned(),
        (Verdict::Refuted, _) => "**refuted**".to_owned(),
        (Verdict::Undecided, Some(missing)) => format!("undecided: {missing}"),
        (Verdict::Undecided, None) => "undecided".to_owned(),
    }
}

fn escape(sentence: &str) -> String {
    sentence.replace('|', "\\|")
}
