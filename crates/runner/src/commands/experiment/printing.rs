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
        let verdict = match (claim.bound.is_check(), claim.verdict) {
            (true, Verdict::Supported) => "holds",
            (true, _) => "FAILS",
            (false, verdict) => verdict.name(),
        };
        let certainty = match claim.certainty() {
            certainty if certainty.is_empty() => certainty,
            certainty => format!(", 95 % {certainty}"),
        };
        let printed = claim.printed.as_deref().map_or(String::new(), |printed| format!("; reference value {printed}"));
        let missing = claim.missing().map_or(String::new(), |missing| format!("; {missing}"));
        let (sentence, measured, bound) = (&claim.sentence, claim.measurement(), claim.bound);
        writeln!(out, "  {verdict:<9}  {sentence}: {measured}{certainty} ({bound}){printed}{missing}")?;
    }
    for note in &finding.notes {
        writeln!(out, "  note: {note}")?;
    }
    writeln!(out, "  {seconds:.1} s\n")?;
    Ok(())
}
