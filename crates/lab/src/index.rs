//! The page that shows what experiments found: question, claims, figures and pictures of each.

use crate::finding::{CONFIDENCE, Claim, Table as Figures, Verdict};
use crate::page::{Cell, Page, Section, Table};
use crate::record::{Record, Recorded, Score};
use mlp_plot::Picture;

/// The page of a record, with the pictures of its findings inside.
pub fn page(record: &Record) -> String {
    let made = &record.made;
    let short = if made.quick { " Short form: the bounds are those of the full form on the full data." } else { "" };
    let lead = format!("{}; {}; {} backend.{short}", record.score(), made.data, made.backend);
    let page = Page::new("Experiments").lead(lead).section(overview(record));
    record.experiments.iter().fold(page, |page, entry| page.section(section(entry))).html()
}

fn overview(record: &Record) -> Section {
    let [supported, refuted, undecided] = Verdict::ALL.map(Verdict::name);
    let mut table = Table::new(["experiment", "question", supported, refuted, undecided, "checks that hold"]);
    for entry in &record.experiments {
        let score = Score::of(&entry.finding.claims);
        let [supported, refuted, undecided] = score.verdicts.map(|count| count.to_string());
        let checks = format!("{} of {}", score.checks - score.failed, score.checks);
        table = table.row([entry.name.clone(), entry.question.clone(), supported, refuted, undecided, checks]);
    }
    let mut section = Section::new("Overview");
    section.table(&table).paragraph(format!(
        "± is the standard deviation over seeds; the interval is that of the mean, with {} % confidence. Supported: the \
         whole interval lies within the bound. Refuted: it lies outside. Undecided: neither, or the data is not what the \
         claim is about. The p-values of differences are adjusted for all differences on this page (Holm). Checks follow \
         from mathematics or from what the program promises, and hold for each value.",
        100.0 * CONFIDENCE
    ));
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
    let mut table =
        Table::new(["claim", "measured", "95 % interval", "bound", "reference value", "verdict", "with other seeds"]);
    for claim in claims {
        table = table.row([
            Cell::from(claim.sentence.clone()),
            Cell::from(claim.outcome.measurement()),
            Cell::from(claim.outcome.certainty()),
            Cell::from(claim.bound.to_string()),
            Cell::from(claim.reference.clone().unwrap_or_default()),
            Cell::verdict(claim.outcome.verdict, claim.bound.is_check()),
            match &claim.rerun {
                Some(rerun) => Cell::verdict(rerun.verdict, claim.bound.is_check()),
                None => Cell::from(String::new()),
            },
        ]);
    }
    table
}

fn figures_table(figures: &Figures) -> Table {
    let table = Table::new(figures.header.clone()).caption(&figures.title);
    table.rows(figures.rows.iter().map(|row| row.iter().map(|cell| Cell::from(cell.clone())).collect::<Vec<Cell>>()))
}
