//! The report of a training run: `report.html` and its pictures, made from the run directory.
//!
//! The same records, model and data give the same bytes, so a report can be made again at any time.

mod curves;
mod examination;
mod sections;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use burn_fashion_mnist::{FashionMnist, OriginKind};
use burn_mlp::Mlp;
use burn_mlp_train::EpochMetrics;
use mlp_lab::images::ImageExamples;

use crate::backend::{Device, Inner};
use crate::progress::thousands;
use crate::record::{self, ENVIRONMENT, Environment, SUMMARY, Summary};
use crate::run_directory::RunDirectory;
use burn_mlp_train::predict;
use examination::Examination;
use mlp_files::write_atomically;
use mlp_lab::page::{Page, Section, Table};
use mlp_plot::Picture;
use mlp_settings::config::Config;
use mlp_settings::entries;

/// Name of the report in a run directory.
pub const FILE: &str = "report.html";

/// Writes the report of `run` and its pictures, and returns the path of the report.
///
/// `mlp` is the model of the run, which predicts the test split of `data`. Everything else is read from the directory.
///
/// # Errors
///
/// If a record is missing or damaged, the model does not predict finite numbers, or a file cannot be written.
pub fn write(run: &RunDirectory, mlp: &Mlp<Inner>, data: &FashionMnist, device: &Device) -> Result<PathBuf> {
    let records = Records::read(run)?;
    let examples = ImageExamples::new(data.test.clone(), records.config.data.normalization());
    let predictions = predict(mlp, &examples, device);
    let examination = Examination::new(&predictions, &data.test, &records.environment.images.class_names)?;

    let mut pictures: Vec<(&str, Box<dyn Picture>)> = Vec::new();
    if !records.epochs.is_empty() {
        pictures.extend(curves::pictures(&records.epochs, &records.summary));
    }
    let curves = pictures.len();
    pictures.extend(examination.pictures());
    for (name, picture) in &pictures {
        write_atomically(&run.file(name), picture.svg().as_bytes(), None)?;
    }
    let (curves, examined) = pictures.split_at(curves);

    let (title, lead) = records.headline();
    let page = Page::new(title)
        .lead(lead)
        .section(records.result(data, &examination))
        .section(records.curves(curves))
        .section(examination.classes(examined))
        .section(examination.calibration(examined))
        .section(examination.predictions(examined))
        .section(examination.mistakes(examined))
        .section(records.settings())
        .section(records.circumstances());
    let path = run.file(FILE);
    write_atomically(&path, page.html().as_bytes(), None)?;
    Ok(path)
}

/// The records of a run.
struct Records {
    config: Config,
    environment: Environment,
    epochs: Vec<EpochMetrics>,
    summary: Summary,
}

impl Records {
    fn read(run: &RunDirectory) -> Result<Self> {
        Ok(Self {
            config: record::read_config(run.path())?.resolve()?,
            environment: record::read_json(run.path(), ENVIRONMENT)?,
            epochs: run.log().read()?,
            summary: record::read_json(run.path(), SUMMARY).context("the run is not finished")?,
        })
    }

    /// Title and first paragraph.
    fn headline(&self) -> (String, String) {
        let (config, images) = (&self.config, &self.environment.images);
        let widths = [images.height * images.width].into_iter().chain(config.model.hidden.iter().copied());
        let widths = widths.chain([images.class_names.len()]).map(|width| width.to_string());
        let title = format!("Training report: {}", widths.collect::<Vec<_>>().join("-"));
        let lead = format!(
            "Test accuracy {} on {} images after {} epochs, seed {}. Started {}.",
            percent(self.summary.test_accuracy),
            thousands(images.test as u64),
            self.summary.epochs,
            config.training.seed,
            self.environment.started,
        );
        (title, lead)
    }

    /// What a reader must know to interpret the results.
    fn notes(&self, data: &FashionMnist, examination: &Examination<'_>) -> Vec<String> {
        let (origin, images) = (&self.environment.data, &self.environment.images);
        let mut notes = Vec::new();
        if origin.kind == OriginKind::Sample {
            let (train, test) = (thousands(images.train as u64), thousands(images.test as u64));
            notes.push(format!(
                "trained and tested on the embedded sample of {train} training and {test} test images, not on the full \
                 data set: these results are not comparable with published ones."
            ));
        } else if !origin.verified {
            notes.push("the data is not, byte for byte, the published Fashion-MNIST.".into());
        }
        notes.extend(origin.warnings.iter().cloned());
        if !self.environment.changes.is_empty() {
            let changes: Vec<String> = self.environment.changes.iter().map(ToString::to_string).collect();
            let changes = changes.join("; ");
            notes.push(format!("resumed with changes, in this order: {changes}. Earlier epochs went without them."));
        }
        if self.summary.stopped_early {
            let patience = self.config.validation.patience;
            notes.push(format!("stopped early: {patience} epochs without improvement on the validation split."));
        }
        if self.summary.model_epoch != self.summary.epochs {
            let (model, epochs) = (self.summary.model_epoch, self.summary.epochs);
            notes.push(format!(
                "the model is that of epoch {model}, the best on the validation split, not of the last epoch, {epochs}."
            ));
        }
        if data.origin.sha256 != origin.sha256 {
            notes.push(
                "the results on classes, calibration and single images were computed on other data than the run's own."
                    .into(),
            );
        } else if examination.accuracy() != self.summary.test_accuracy {
            let (now, then) = (percent(examination.accuracy()), percent(self.summary.test_accuracy));
            notes.push(format!("this report finds a test accuracy of {now}, the run recorded {then}."));
        }
        notes
    }

    fn result(&self, data: &FashionMnist, examination: &Examination<'_>) -> Section {
        let (summary, images) = (&self.summary, &self.environment.images);
        let mut section = Section::new("Result");
        for note in self.notes(data, examination) {
            section.warning(note);
        }
        // Standard error of a fraction of n independent images: √(p(1 - p)/n).
        let accuracy = summary.test_accuracy;
        let error = (accuracy * (1.0 - accuracy) / images.test as f64).sqrt();
        let seconds = summary.training_seconds;
        let mut rows = vec![
            ["test accuracy".to_owned(), format!("{} ± {:.2}", percent(accuracy), 100.0 * error)],
            ["test loss".to_owned(), format!("{:.4}", summary.test_loss)],
        ];
        if let Some(last) = self.epochs.last() {
            rows.push(["last training accuracy".to_owned(), percent(last.train_accuracy)]);
            rows.push(["last training loss".to_owned(), format!("{:.4}", last.train_loss)]);
        }
        let times = [
            ["epochs".to_owned(), summary.epochs.to_string()],
            ["steps".to_owned(), thousands(summary.steps)],
            ["parameters".to_owned(), thousands(summary.parameters as u64)],
            ["seconds of training".to_owned(), format!("{seconds:.2}")],
        ];
        section.table(&Table::new(["quantity", "value"]).rows(rows).rows(times)).paragraph(format!(
            "± is one standard error for {} test images. It does not include the variation between seeds. \
             Losses are mean cross-entropies in nats.",
            thousands(images.test as u64)
        ));
        section
    }

    fn curves(&self, pictures: &[(&str, Box<dyn Picture>)]) -> Section {
        let mut section = Section::new("Curves");
        if pictures.is_empty() {
            section.paragraph("No epoch was trained.");
            return section;
        }
        let (model, training) = (&self.config.model, &self.config.training);
        let dropped = model.dropout.iter().chain([&model.input_dropout]).any(|probability| probability.get() > 0.0);
        let dropout = if dropped { ", with dropout on" } else { "" };
        let smoothing = match training.label_smoothing.get() {
            0.0 => String::new(),
            smoothing => format!(", the loss with label smoothing {smoothing}"),
        };
        section.paragraph(format!(
            "Training metrics are means over an epoch while the weights change{dropout}{smoothing}. The other metrics \
             are evaluated after the epoch, with the network in evaluation mode."
        ));
        // The first picture shows the others together, for use elsewhere.
        let single: Vec<(&dyn Picture, &str, Option<&str>)> =
            pictures.iter().skip(1).map(|(name, picture)| (&**picture, "", Some(*name))).collect();
        section.pictures(&single);
        section.link(pictures[0].0, "All of them in one picture");
        section
    }

    /// Every key with its value, and its default if that differs.
    fn settings(&self) -> Section {
        let defaults = entries(&Config::default());
        let table = entries(&self.config).into_iter().fold(Table::new(["key", "value", "default"]), |table, entry| {
            let (key, value) = entry;
            let default = defaults.get(&key).filter(|default| **default != value).cloned().unwrap_or_default();
            table.row([key, value, default])
        });
        let mut section = Section::new("Settings");
        section.paragraph("The default is shown where it differs. config.toml repeats the run.").table(&table);
        section
    }

    fn circumstances(&self) -> Section {
        let Environment { version, burn, commit, features, backend, device, threads, .. } = &self.environment;
        let Environment { platform, started, data, images, .. } = &self.environment;
        let place = match (&data.path, data.kind) {
            (_, OriginKind::Sample) => "embedded sample".to_owned(),
            (Some(path), _) => path.display().to_string(),
            (None, _) => "–".to_owned(),
        };
        let size = format!(
            "{} training and {} test images of {} × {} pixels in {} classes",
            thousands(images.train as u64),
            thousands(images.test as u64),
            images.height,
            images.width,
            images.class_names.len()
        );
        let table = Table::new(["what", "value"]).rows([
            ["program", version],
            ["Burn", burn],
            ["commit", commit.as_deref().unwrap_or("unknown")],
            ["features", &features.join(", ")],
            ["backend", backend],
            ["device", device],
            ["threads", &threads.to_string()],
            ["platform", platform],
            ["started (UTC)", started],
            ["data", &place],
            ["images", &size],
            ["SHA-256 of the data", &data.sha256],
        ]);
        let mut section = Section::new("Environment");
        section.table(&table);
        section
    }
}

/// A fraction as a percentage with two decimal places.
fn percent(fraction: f64) -> String {
    format!("{:.2} %", 100.0 * fraction)
}
