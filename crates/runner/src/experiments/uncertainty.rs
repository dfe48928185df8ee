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

use anyhow::Result;
use burn::module::AutodiffModule;
use burn_fashion_mnist::corrupt::{occlude, pixel_noise, uniform_noise_images};
use burn_fashion_mnist::{DataError, Images};
use burn_mlp::{DropoutMode, Mlp, Uncertainty as Sampled, top_label};
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

/// What the passes over one image say.
struct Prediction {
    class: usize,
    right: bool,
    entropy: f64,
    mutual_information: f64,
    agreement: f64,
}

impl Experiment for Uncertainty {
    const NAME: &'static str = "uncertainty";
    const QUESTION: &'static str = "Does dropout left on at prediction tell which predictions to distrust?";
    const CONFIG: &'static str = include_str!("../../../../configs/uncertainty.toml");
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

    fn corruption(
        &self,
        finding: &mut Finding,
        networks: &[Mlp<Inner>],
        clean: &[Vec<Prediction>],
        seeds: &[u64],
        lab: &Lab,
    ) -> Result<()> {
        let parameters = &self.experiment;
        let test = &lab.data()?.test;
        let chosen: Vec<u32> = (0..test.len().min(parameters.images) as u32).collect();
        let some = test.select(&chosen);
        let (height, width, classes) = (test.height(), test.width(), test.classes());
        let mut table = Table::new(
            "Mean over the images; entropy and information in nats",
            &["images", "predictive entropy", "mutual information", "agreement of the passes"],
        );
        let mut row = |name: &str, runs: &[&[Prediction]]| -> Vec<f64> {
            let mean = |of: fn(&Prediction) -> f64| -> Vec<f64> {
                runs.iter().map(|run| run.iter().map(of).sum::<f64>() / run.len() as f64).collect()
            };
            let entropy = mean(|prediction| prediction.entropy);
            let (information, agreement) =
                (mean(|prediction| prediction.mutual_information), mean(|prediction| prediction.agreement));
            table.rows.push(vec![name.into(), spread(&entropy), spread(&information), spread(&agreement)]);
            entropy
        };
        let as_they_are: Vec<&[Prediction]> = clean.iter().map(|run| &run[..chosen.len()]).collect();
        let clean_entropy = row("as they are", &as_they_are);
        type Corrupt<'a> = &'a dyn Fn(u64) -> Result<Images, DataError>;
        let corruptions: [(&str, &str, Corrupt); 3] = [
            ("pixel noise", "with pixel noise", &|seed| pixel_noise(&some, parameters.noise, seed)),
            ("square cut out", "with a square cut out", &|seed| occlude(&some, parameters.occlusion, seed)),
            (PURE_NOISE, "of pure noise", &|seed| uniform_noise_images(some.len(), height, width, classes, seed)),
        ];
        for (name, claimed, corrupt) in corruptions {
            lab.tell(format!("{} passes over images: {name}", parameters.samples));
            let mut runs = Vec::new();
            for (mlp, &seed) in networks.iter().zip(seeds) {
                let images = corrupt(seed)?;
                runs.push(self.predict(mlp, &images, lab));
            }
            if name == PURE_NOISE {
                finding.note(noise_note(&runs, lab)?);
            }
            let slices: Vec<&[Prediction]> = runs.iter().map(Vec::as_slice).collect();
            finding.claim(Claim::paired(
                format!("Predictive entropy of images {claimed}, minus that of the same number as they are, nats"),
                &row(name, &slices),
                &clean_entropy,
                Bound::Positive,
            ));
        }
        finding.table(table);
        Ok(())
    }
}

impl Prediction {
    fn new<'a>(passes: impl Iterator<Item = &'a [f32]> + Clone, label: u8) -> Option<Self> {
        let sampled = Sampled::from_samples(passes.clone())?;
        let (class, _) = top_label(&sampled.mean);
        let (mut agreeing, mut count) = (0, 0);
        for pass in passes {
            agreeing += usize::from(top_label(pass).0 == class);
            count += 1;
        }
        Some(Self {
            class,
            right: class == usize::from(label),
            entropy: sampled.predictive_entropy,
            mutual_information: sampled.mutual_information,
            agreement: agreeing as f64 / f64::from(count),
        })
    }
}

/// How much a prediction is doubted: a function that rises with doubt.
type Doubt = fn(&Prediction) -> f64;

/// Doubt by predictive entropy.
const ENTROPY: Doubt = |prediction| prediction.entropy;
/// Doubt by passes that disagree.
const DISAGREEMENT: Doubt = |prediction| 1.0 - prediction.agreement;

/// Accuracy of the predictions left when this part of them, those that are doubted most, is rejected.
fn accuracy_left(predictions: &[Prediction], rejected: f64, doubt: Doubt) -> f64 {
    let mut order: Vec<&Prediction> = predictions.iter().collect();
    order.sort_by(|a, b| doubt(a).total_cmp(&doubt(b)));
    let kept = ((1.0 - rejected) * order.len() as f64).round().max(1.0) as usize;
    order[..kept].iter().filter(|prediction| prediction.right).count() as f64 / kept as f64
}

/// Probability that a wrong prediction has a higher entropy than a right one; ties count half.
fn roc_area(predictions: &[Prediction]) -> f64 {
    let mut order: Vec<&Prediction> = predictions.iter().collect();
    order.sort_by(|a, b| a.entropy.total_cmp(&b.entropy));
    let (mut rights_below, mut area) = (0.0, 0.0);
    for tied in order.chunk_by(|a, b| a.entropy == b.entropy) {
        let rights = tied.iter().filter(|prediction| prediction.right).count() as f64;
        let wrongs = tied.len() as f64 - rights;
        area += wrongs * (rights_below + rights / 2.0);
        rights_below += rights;
    }
    let wrongs = predictions.len() as f64 - rights_below;
    area / (wrongs * rights_below)
}

/// Name of images that show nothing.
const PURE_NOISE: &str = "pure noise";

/// Where the networks put images that show nothing.
fn noise_note(runs: &[Vec<Prediction>], lab: &Lab) -> Result<String> {
    let names = lab.data()?.class_names();
    let mut shares = Vec::new();
    let mut favourites = Vec::new();
    for run in runs {
        let count = |class: usize| run.iter().filter(|prediction| prediction.class == class).count();
        let favourite = (0..names.len()).max_by_key(|&class| count(class)).unwrap_or_default();
        shares.push(count(favourite) as f64 / run.len() as f64);
        favourites.push(names[favourite].as_str());
    }
    Ok(format!(
        "Of the images of pure noise {} are put into one class ({}). With ReLU, logits grow in proportion on the way out \
         of the data, and certainty with them (Hein et al. 2019); masks change how fast, not that it is so.",
        spread(&shares),
        favourites.join(", "),
    ))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn prediction(entropy: f64, right: bool) -> Prediction {
        Prediction { class: 0, right, entropy, mutual_information: 0.0, agreement: 1.0 }
    }

    #[test]
    fn rejecting_takes_the_highest_entropy_first() {
        let run = [prediction(0.9, false), prediction(0.1, true), prediction(0.5, true), prediction(0.8, false)];
        assert_eq!(accuracy_left(&run, 0.0, ENTROPY), 0.5);
        assert_eq!(accuracy_left(&run, 0.25, ENTROPY), 2.0 / 3.0);
        assert_eq!(accuracy_left(&run, 0.5, ENTROPY), 1.0);
        assert_eq!(accuracy_left(&run, 0.99, ENTROPY), 1.0);
    }

    #[test]
    fn the_area_is_the_share_of_pairs_in_order() {
        let perfect = [prediction(0.9, false), prediction(0.1, true), prediction(0.5, true)];
        assert_eq!(roc_area(&perfect), 1.0);
        let half = [prediction(0.5, false), prediction(0.5, true)];
        assert_eq!(roc_area(&half), 0.5);
        // Of the pairs (0.4, 0.1) and (0.4, 0.6) one is in order.
        assert_eq!(roc_area(&[prediction(0.4, false), prediction(0.1, true), prediction(0.6, true)]), 0.5);
    }

    #[test]
    fn passes_that_agree_are_counted() {
        let passes: [&[f32]; 3] = [&[0.9, 0.1], &[0.8, 0.2], &[0.3, 0.7]];
        let prediction = Prediction::new(passes.into_iter(), 0).unwrap();
        assert_eq!((prediction.class, prediction.right), (0, true));
        assert!((prediction.agreement - 2.0 / 3.0).abs() < 1e-12);
    }
}
