//! The page that shows what experiments found: question, claims, figures and pictures of each.

use crate::finding::{Claim, Table as Figures};
use crate::page::{Cell, Page, Section, Table};
use crate::record::{Record, Recorded};
use mlp_plot::Picture;

/// The page of a record, with the pictures of its findings inside.
pub fn page(record: &Record) -> String {
    let (holding, all) = record.score();
    let short = if record.quick { " Short form: thresholds are for the full form on the full data." } else { "" };
    let lead = format!("{holding} of {all} claims hold; {}; {} backend.{short}", record.data, record.backend);
    let overview = overview(record);
    let page = Page::new("Experiments").lead(lead).section(overview);
    record.experiments.iter().fold(page, |page, entry| page.section(section(entry))).html()
}

fn overview(record: &Record) -> Section {
    let mut table = Table::new(["experiment", "question", "claims that hold"]);
    for entry in &record.experiments {
        let claims = &entry.finding.claims;
        let holding = claims.iter().filter(|claim| claim.holds).count();
        table = table.row([entry.name.clone(), entry.question.clone(), format!("{holding} of {}", claims.len())]);
    }
    let mut section = Section::new("Overview");
    section.table(&table);
    section
}

fn section(entry: &Recorded) -> Section {
    let finding = &entry.finding;
    let mut section = Section::new(&entry.name);
    section.paragraph(&entry.question).table(&claims(&finding.claims));
    for figures in &finding.tables {
        section.table(&figures_table(figures));
    }
    let files: Vec<String> =
        finding.figures.iter().map(|figure| format!("{}/{}.svg", entry.name, figure.name)).collect();
    let pictures: Vec<(&dyn Picture, &str, Option<&str>)> = finding
        .figures
        .iter()
        .zip(&finding.drawings)
        .zip(&files)
        .map(|((figure, drawing), file)| (drawing as &dyn Picture, figure.caption.as_str(), Some(file.as_str())))
        .collect();
    if !pictures.is_empty() {
        section.pictures(&pictures);
    }
    for note in &finding.notes {
        section.paragraph(note);
    }
    section
        .link(&format!("{}/config.toml", entry.name), "settings")
        .link(&format!("{}/finding.json", entry.name), "figures as JSON");
    section
}

fn claims(claims: &[Claim]) -> Table {
    let mut table = Table::new(["claim", "measured", "threshold", "a text prints", "verdict"]);
    for claim in claims {
        table = table.row([
            Cell::from(claim.sentence.clone()),
            Cell::from(claim.measurement_with_p()),
            Cell::from(claim.bound.to_string()),
            Cell::from(claim.printed.clone().unwrap_or_default()),
            Cell::holds(claim.holds),
        ]);
    }
    table
}

fn figures_table(figures: &Figures) -> Table {
    let table = Table::new(figures.header.clone()).caption(&figures.title);
    table.rows(figures.rows.iter().map(|row| row.iter().map(|cell| Cell::from(cell.clone())).collect::<Vec<Cell>>()))
}
