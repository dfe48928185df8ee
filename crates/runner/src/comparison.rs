//! Finished runs beside each other, grouped by the settings that differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use mlp_files::write_atomically;
use mlp_lab::finding::{CONFIDENCE, spread};
use mlp_lab::page::{Page, Section, Table};
use mlp_metrics::{mean_and_deviation, mean_interval};
use mlp_plot::{Bars, Picture as _};
use mlp_settings::config::Config;
use mlp_settings::entries;

use crate::record::{SUMMARY, Summary, read_config, read_json};

/// Settings in which the repetitions of a variant differ.
const REPEATED: [&str; 2] = ["training.seed", "validation.fold"];
/// Settings that say where data lies, and not what is done with it.
const PLACES: [&str; 2] = ["data.source", "data.verify"];

/// Finished runs, grouped.
pub struct Comparison {
    /// The settings that differ between variants.
    keys: Vec<String>,
    variants: Vec<Variant>,
    /// Whether every run has held out validation examples, whose accuracy is then what is compared.
    validated: bool,
}

/// Runs that differ in nothing but their seed and fold.
struct Variant {
    values: Vec<String>,
    /// By seed and fold.
    runs: BTreeMap<Vec<String>, Summary>,
}

impl Variant {
    fn metric(&self, metric: impl Fn(&Summary) -> Option<f64>) -> Vec<f64> {
        self.runs.values().filter_map(metric).collect()
    }
}

impl Comparison {
    /// The runs in these directories.
    ///
    /// # Errors
    ///
    /// If there are none, or one of them is no finished run.
    pub fn of(runs: &[PathBuf]) -> Result<Self> {
        ensure!(!runs.is_empty(), "no finished runs to compare");
        let read = |run: &PathBuf| -> Result<(BTreeMap<String, String>, Summary)> {
            Ok((entries(&read_config(run)?.resolve::<Config>()?), read_json(run, SUMMARY)?))
        };
        let runs = runs.iter().map(read).collect::<Result<Vec<_>>>()?;
        let all: BTreeSet<&String> = runs.iter().flat_map(|(settings, _)| settings.keys()).collect();
        let differs = |key: &&String| runs.iter().any(|(settings, _)| settings.get(*key) != runs[0].0.get(*key));
        let counts = |key: &&String| !REPEATED.contains(&key.as_str()) && !PLACES.contains(&key.as_str());
        let keys: Vec<String> = all.into_iter().filter(counts).filter(differs).cloned().collect();
        let validated = runs.iter().all(|(_, summary)| summary.validation_accuracy.is_some());
        let mut variants: Vec<Variant> = Vec::new();
        for (settings, summary) in &runs {
            let value = |key: &str| settings.get(key).cloned().unwrap_or_default();
            let values: Vec<String> = keys.iter().map(|key| value(key)).collect();
            let repetition = REPEATED.map(value).to_vec();
            let known = variants.iter_mut().find(|variant| variant.values == values);
            match known {
                Some(variant) => variant.runs.insert(repetition, summary.clone()),
                None => {
                    variants.push(Variant { values, runs: BTreeMap::from([(repetition, summary.clone())]) });
                    None
                }
            };
        }
        Ok(Self { keys, variants, validated })
    }

    /// The accuracy that variants are compared by, in percent.
    fn accuracy(&self, summary: &Summary) -> Option<f64> {
        let fraction = if self.validated { summary.validation_accuracy } else { Some(summary.test_accuracy) };
        fraction.map(|fraction| 100.0 * fraction)
    }

    fn compared(&self) -> &'static str {
        if self.validated { "validation accuracy (%)" } else { "test accuracy (%)" }
    }

    /// Differences of a variant's accuracy from that of the first, over the seeds and folds that both have.
    fn difference(&self, variant: &Variant) -> String {
        let first = &self.variants[0];
        let pairs = variant.runs.iter().filter_map(|(repetition, summary)| {
            Some(self.accuracy(summary)? - self.accuracy(first.runs.get(repetition)?)?)
        });
        let differences: Vec<f64> = pairs.collect();
        let (mean, _) = mean_and_deviation(&differences);
        match mean_interval(&differences, CONFIDENCE) {
            _ if std::ptr::eq(first, variant) || differences.is_empty() => String::new(),
            Ok([low, high]) => format!("{mean:+.2} ({low:+.2} to {high:+.2})"),
            Err(_) => format!("{mean:+.2}"),
        }
    }

    /// Header and rows of the table.
    fn table(&self) -> (Vec<String>, Vec<Vec<String>>) {
        let mut header = self.keys.clone();
        header.push("runs".to_owned());
        header.extend(self.validated.then(|| "validation accuracy (%)".to_owned()));
        header.extend(["test accuracy (%)", "test loss", "difference from the first"].map(str::to_owned));
        let row = |variant: &Variant| {
            let mut row = variant.values.clone();
            row.push(variant.runs.len().to_string());
            if self.validated {
                row.push(spread(&variant.metric(|summary| self.accuracy(summary))));
            }
            row.push(spread(&variant.metric(|summary| Some(100.0 * summary.test_accuracy))));
            row.push(spread(&variant.metric(|summary| Some(summary.test_loss))));
            row.push(self.difference(variant));
            row
        };
        (header, self.variants.iter().map(row).collect())
    }

    /// The table as Markdown, with what its figures are.
    pub fn markdown(&self) -> String {
        let (header, rows) = self.table();
        let mut text = format!("| {} |\n|{}\n", header.join(" | "), " --- |".repeat(header.len()));
        for row in rows {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "| {} |", row.join(" | "));
        }
        text + "\n" + &self.explanation() + "\n"
    }

    fn explanation(&self) -> String {
        format!(
            "± is the standard deviation over runs that differ in seed or fold. The difference is that of the {}, run by run \
             with the same seed and fold, with its {} % interval (Student's t).",
            self.compared().trim_end_matches(" (%)"),
            100.0 * CONFIDENCE
        )
    }

    fn bars(&self) -> Bars {
        // Names of keys are long: the title has them once.
        let keys: Vec<&str> = self.keys.iter().map(|key| key.rsplit('.').next().unwrap_or_default()).collect();
        let label = |variant: &Variant| variant.values.join(", ");
        let values = self.variants.iter().map(|variant| {
            let (mean, deviation) = mean_and_deviation(&variant.metric(|summary| self.accuracy(summary)));
            (mean, if deviation.is_finite() { deviation } else { 0.0 })
        });
        Bars::new(format!("Accuracy by {}", keys.join(", ")), self.variants.iter().map(label))
            .value_label(self.compared())
            .decimals(2)
            .series_with_error("mean ± standard deviation", values)
    }

    /// Writes `<name>.md`, `<name>.svg` and `<name>.html` to `folder`.
    ///
    /// # Errors
    ///
    /// If a file cannot be written.
    pub fn write(&self, folder: &Path, name: &str) -> Result<()> {
        let (header, rows) = self.table();
        let (bars, picture) = (self.bars(), format!("{name}.svg"));
        let mut section = Section::new("Runs");
        section.table(&Table::new(header).rows(rows)).paragraph(self.explanation());
        section.picture(&bars, "Mean over the runs of each variant", Some(&picture));
        let page = Page::new("Comparison of runs").section(section).html();
        std::fs::create_dir_all(folder)?;
        write_atomically(&folder.join(format!("{name}.md")), self.markdown().as_bytes(), None)?;
        write_atomically(&folder.join(picture), bars.draw().document().as_bytes(), None)?;
        write_atomically(&folder.join(format!("{name}.html")), page.as_bytes(), None)
    }
}
