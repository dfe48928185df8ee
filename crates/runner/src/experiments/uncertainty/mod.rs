//! # Question
//!
//! Does dropout left on at prediction tell which predictions to distrust?
//!
//! # Variants
//!
//! Test images as they are; with pixel noise; with a square cut out; images of pure noise.
//!
//! # Held equal
//!
//! The trained network and its masks.
//!
//! # Measured
//!
//! Over `samples` passes with dropout on: predictive entropy (nats), mutual information, agreement of the passes with
//! the class of their mean; accuracy of what is left when the least certain predictions are rejected; how well entropy separates wrong
//! predictions from right ones (area under the ROC curve).
//!
//! # Expected
//!
//! Accuracy rises as more is rejected; corrupted images get a higher entropy than clean ones.
//!
//! # Source
//!
//! Gal and Ghahramani 2016.

mod corruption;
mod prediction;

use anyhow::Result;
use burn::module::AutodiffModule;
use burn_fashion_mnist::Images;
use burn_mlp::{DropoutMode, Mlp};
use serde::{Deserialize, Serialize};

use super::Experiment;
use crate::ablation::Arm;
use crate::backend::Inner;
use crate::evaluate::Predictions;
use crate::finding::{Bound, Claim, Finding, Table, figure, spread};
use crate::lab::Lab;
use crate::plot::{Chart, Gallery, Shown};
use crate::recipe::{Parameters, Recipe};
use crate::settings::Invalid;
use prediction::{DISAGREEMENT, Doubt, ENTROPY, Prediction, accuracy_left, roc_area};

/// Settings of `uncertainty`.
pub type Uncertainty = Recipe<UncertaintyParameters>;

/// Its own section.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UncertaintyParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Passes with dropout on.
    pub samples: usize,
    /// Standard deviation of the pixel noise, in units of the range from black to white.
    pub noise: f64,
    /// Side of the square cut out, in pixels.
    pub occlusion: usize,
    /// Images in each corrupted set.
    pub images: usize,
    /// Parts of the predictions that are rejected, each in `[0, 1)`, ascending.
    pub rejected: Vec<f64>,
}

impl Parameters for UncertaintyParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        Invalid::unless(self.samples > 1, "experiment.samples", self.samples, "at least 2")?;
        let noise = self.noise;
        Invalid::unless(noise > 0.0 && noise.is_finite(), "experiment.noise", noise, "a number greater than 0")?;
        Invalid::unless(self.occlusion > 0, "experiment.occlusion", self.occlusion, "at least 1")?;
        Invalid::unless(self.images > 0, "experiment.images", self.images, "at least 1")?;
        let rejected = &self.rejected;
        let allowed = rejected.iter().all(|part| (0.0..1.0).contains(part)) && rejected.is_sorted();
        Invalid::unless(
            allowed && rejected.len() > 1,
            "experiment.rejected",
            rejected,
            "two or more ascending numbers in [0, 1)",
        )
    }
}

impl Experiment for Uncertainty {
    const NAME: &'static str = "uncertainty";
    const QUESTION: &'static str = "Does dropout left on at prediction tell which predictions to distrust?";
    const CONFIG: &'static str = include_str!("../../../../../configs/uncertainty.toml");
    const QUICK: &'static [&'static str] = &["training.epochs=5", "experiment.samples=20", "experiment.images=300"];

    fn run(&self, lab: &Lab) -> Result<Finding> {
        let seeds = self.seeds();
        let test = &lab.data()?.test;
        let arm = Arm::train(lab, "with dropout", &seeds, |seed| self.config(seed))?;
        let networks = arm.runs.iter().map(|run| run.network.valid().with_dropout_mode(DropoutMode::MonteCarlo));
        let networks: Vec<Mlp<Inner>> = networks.collect();
        lab.tell(format!("{} passes over the test images", self.experiment.samples));
        let clean: Vec<Vec<Prediction>> = networks.iter().map(|mlp| self.predict(mlp, test, lab)).collect();

        let mut finding = Finding::default();
        self.rejection(&mut finding, &clean);
        self.corruption(&mut finding, &networks, &clean, &seeds, lab)?;
        gallery(&mut finding, &clean[0], lab)?;
        Ok(finding)
    }
}

impl Uncertainty {
    fn predict(&self, mlp: &Mlp<Inner>, images: &Images, lab: &Lab) -> Vec<Prediction> {
        let passes: Vec<Predictions> = (0..self.experiment.samples as u64)
            .map(|pass| {
                // Batches of one pass draw one mask after the other: each pass starts beyond the last one's.
                mlp.seek_dropout(pass << 32);
                lab.predict(mlp, images)
            })
            .collect();
        let mut rows: Vec<_> = passes.iter().map(Predictions::rows).collect();
        let mut predictions = Vec::with_capacity(images.len());
        for &label in images.labels() {
            let of_image: Vec<&[f32]> = rows.iter_mut().filter_map(Iterator::next).collect();
            predictions.extend(Prediction::new(of_image.into_iter(), label));
        }
        predictions
    }

    fn rejection(&self, finding: &mut Finding, clean: &[Vec<Prediction>]) {
        let parts = &self.experiment.rejected;
        let curve = |rejected: f64, doubt: Doubt| -> Vec<f64> {
            clean.iter().map(|run| accuracy_left(run, rejected, doubt)).collect()
        };
        let mut table = Table::new("Accuracy of the predictions kept", &["part rejected", "accuracy"]);
        for &part in parts {
            table = table.row([figure(part), spread(&curve(part, ENTROPY))]);
        }
        let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
        let points = |doubt: Doubt| parts.iter().map(move |&part| (part, mean(curve(part, doubt)))).collect::<Vec<_>>();
        let falls = |run: &Vec<Prediction>| {
            let kept = parts.iter().map(|&part| accuracy_left(run, part, ENTROPY)).collect::<Vec<f64>>();
            kept.windows(2).filter(|pair| pair[1] < pair[0]).count() as f64
        };
        let all = curve(0.0, ENTROPY);
        let most = curve(0.2, ENTROPY);
        finding
            .claim(Claim::paired(
                "Test accuracy of the four fifths with the lowest predictive entropy, minus that of all",
                &most,
                &all,
                Bound::Positive,
            ))
            .claim(Claim::paired(
                "Test accuracy of the four fifths on which the passes agree most, minus that of all",
                &curve(0.2, DISAGREEMENT),
                &all,
                Bound::Positive,
            ))
            .claim(Claim::measured(
                "Times that accuracy falls as more of the least certain is rejected",
                clean.iter().map(falls).collect::<Vec<f64>>(),
                Bound::EachAtMost(0.0),
            ))
            .claim(Claim::measured(
                "Area under the ROC curve of predictive entropy for wrong against right predictions (0.5: no information)",
                clean.iter().map(|run| roc_area(run)).collect::<Vec<f64>>(),
                // Half way between no information and a perfect order.
                Bound::AtLeast(0.75),
            ))
            .table(table)
            .picture(
                "rejection",
                "Accuracy of what is left when the least certain predictions are rejected, mean over seeds",
                &Chart::new("Rejection curve")
                    .x_label("part of the predictions rejected")
                    .y_label("accuracy of the rest")
                    .line("by entropy", points(ENTROPY))
                    .line("by agreement", points(DISAGREEMENT)),
            );
    }
}

/// The least certain test images.
fn gallery(finding: &mut Finding, predictions: &[Prediction], lab: &Lab) -> Result<()> {
    const SHOWN: usize = 15;
    let data = lab.data()?;
    let mut order: Vec<usize> = (0..predictions.len()).collect();
    order.sort_by(|&a, &b| predictions[b].entropy.total_cmp(&predictions[a].entropy));
    let mut gallery = Gallery::new("The least certain test images", data.test.height(), data.test.width());
    for &index in order.iter().take(SHOWN) {
        let Some(image) = data.test.image(index) else { continue };
        let (label, prediction) = (usize::from(data.test.labels()[index]), &predictions[index]);
        let (truth, predicted) = (&data.class_names()[label], &data.class_names()[prediction.class]);
        gallery =
            gallery.with(Shown::prediction(image, truth, predicted).line(format!("{:.2} nats", prediction.entropy)));
    }
    finding.picture("least-certain", "The test images with the highest predictive entropy, first seed", &gallery);
    Ok(())
}
