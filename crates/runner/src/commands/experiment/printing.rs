//! Printing of findings on the terminal.

use std::io::Write;

use anyhow::Result;
use mlp_lab::finding::Finding;

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
        let printed = claim.printed.as_deref().map_or(String::new(), |printed| format!("; a text prints {printed}"));
        let (verdict, measured, bound) = (claim.verdict(), claim.measurement_with_p(), claim.bound);
        writeln!(out, "  {verdict:<14}  {}: {measured} ({bound}){printed}", claim.sentence)?;
    }
    for note in &finding.notes {
        writeln!(out, "  note: {note}")?;
    }
    writeln!(out, "  {seconds:.1} s\n")?;
    Ok(())
}
