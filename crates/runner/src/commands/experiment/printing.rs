//! Printing of findings on the terminal.

use std::io::Write;

use anyhow::Result;
use mlp_lab::finding::{Finding, Verdict};

/// Prints the tables, claims and notes of a finding, and the time its measurements took.
pub(super) fn print_finding(out: &mut impl Write, finding: &Finding, seconds: f64) -> Result<()> {
    for table in &finding.tables {
        writeln!(out, "  {}", table.title)?;
        let widths: Vec<usize> = (0..table.header.len())
            .map(|column| {
                let cells = table.rows.iter().map(|row| row[column].chars().count());
                cells.chain([table.header[column].chars().count()]).max().unwrap_or_default()
            })
            .collect();
        for row in std::iter::once(&table.header).chain(&table.rows) {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}")).collect();
            writeln!(out, "    {}", cells.join("  ").trim_end())?;
        }
    }
    for claim in &finding.claims {
        let verdict = match (claim.bound.is_check(), claim.outcome.verdict) {
            (true, Verdict::Supported) => "holds",
            (true, _) => "FAILS",
            (false, verdict) => verdict.name(),
        };
        let certainty = match claim.outcome.certainty() {
            certainty if certainty.is_empty() => certainty,
            certainty => format!(", 95 % {certainty}"),
        };
        let reference = claim.reference.as_deref().map_or(String::new(), |value| format!("; reference value {value}"));
        let missing = claim.outcome.missing().map_or(String::new(), |missing| format!("; {missing}"));
        let again = claim.rerun.as_ref().map_or(String::new(), |rerun| format!("; with other seeds {}", rerun.verdict));
        let (sentence, measured, bound) = (&claim.sentence, claim.outcome.measurement(), claim.bound);
        writeln!(out, "  {verdict:<9}  {sentence}: {measured}{certainty} ({bound}){reference}{missing}{again}")?;
    }
    if let Some((needed, sentence)) = most_seeds(finding) {
        writeln!(out, "  seeds: {needed} needed at most, for: {sentence}")?;
    }
    for note in &finding.notes {
        writeln!(out, "  note: {note}")?;
    }
    writeln!(out, "  {seconds:.1} s\n")?;
    Ok(())
}

/// The claim that needs most seeds to be told from its bound, and how many.
fn most_seeds(finding: &Finding) -> Option<(u64, &str)> {
    let claims = finding.claims.iter().filter_map(|claim| Some((claim.outcome.seeds_needed?, claim.sentence.as_str())));
    claims.max_by_key(|&(needed, _)| needed)
}
