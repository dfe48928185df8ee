//! Doubt about images that are damaged, or show nothing.

use anyhow::Result;
use burn_fashion_mnist::corrupt::{occlude, pixel_noise, uniform_noise_images};
use burn_mlp::Mlp;
use mlp_metrics::{MetricsError, auroc};
use serde::{Deserialize, Serialize};

use super::prediction::{Prediction, Predictions, entropies};
use super::settings::Uncertainty;
use crate::finding::{Claim, Finding, Table, spread};
use crate::platform::Inner;
use crate::{Lab, Platform};

/// Doubt with one seed.
#[derive(Serialize, Deserialize)]
pub(super) struct Corruption {
    /// Means over images as they are.
    as_they_are: MeanDoubt,
    /// In the order of [`DAMAGES`].
    damaged: [Damaged; DAMAGES.len()],
    /// Class that most images of pure noise are put into by the passes.
    favourite: String,
    /// Fraction of these images that are put into it.
    favoured: f64,
}

/// Images of a damaged set, as claims call them.
const DAMAGES: [&str; 3] = ["with pixel noise", "with a square cut out", "of pure noise"];

/// The set in [`DAMAGES`] that shows nothing.
const PURE_NOISE: usize = 2;

/// Doubt about images of one damaged set.
#[derive(Serialize, Deserialize)]
struct Damaged {
    mean: MeanDoubt,
    /// Area under the ROC curve by which entropy tells these images from those that are as they are.
    told_by_passes: f64,
    told_by_single: f64,
}

/// Means over images.
#[derive(Serialize, Deserialize)]
struct MeanDoubt {
    entropy: f64,
    single_entropy: f64,
    mutual_information: f64,
    agreement: f64,
}

impl MeanDoubt {
    fn over(passes: &[Prediction], single: &[Prediction]) -> Self {
        let mean =
            |over: &[Prediction], of: fn(&Prediction) -> f64| over.iter().map(of).sum::<f64>() / over.len() as f64;
        Self {
            entropy: mean(passes, |prediction| prediction.entropy),
            single_entropy: mean(single, |prediction| prediction.entropy),
            mutual_information: mean(passes, |prediction| prediction.mutual_information),
            agreement: mean(passes, |prediction| prediction.agreement),
        }
    }
}

impl Damaged {
    fn new(damaged: &Predictions, passes: &[Prediction], single: &[Prediction]) -> Result<Self, MetricsError> {
        Ok(Self {
            mean: MeanDoubt::over(&damaged.passes, &damaged.single),
            told_by_passes: told_apart(&damaged.passes, passes)?,
            told_by_single: told_apart(&damaged.single, single)?,
        })
    }
}

/// Probability that a damaged image has a higher entropy than one as it is; ties count half.
fn told_apart(damaged: &[Prediction], clean: &[Prediction]) -> Result<f64, MetricsError> {
    let labels = [vec![true; damaged.len()], vec![false; clean.len()]].concat();
    auroc(&[entropies(damaged), entropies(clean)].concat(), &labels)
}

impl Uncertainty {
    /// Doubt about the first test images, `clean` as they are, and about as many damaged ones.
    pub(super) fn corruption<P: Platform>(
        &self,
        lab: &Lab<P>,
        network: &Mlp<Inner<P>>,
        clean: &Predictions,
        seed: u64,
    ) -> Result<Corruption> {
        let parameters = &self.experiment;
        let test = &lab.data().test;
        let count = test.len().min(parameters.images);
        let some = test.select(&(0..count as u32).collect::<Vec<u32>>());
        let (passes, single) = (&clean.passes[..count], &clean.single[..count]);
        lab.tell(format!("{} passes over damaged images", parameters.samples));
        let noisy = pixel_noise(&some, parameters.noise, seed)?;
        let occluded = occlude(&some, parameters.occlusion, seed)?;
        let nothing = uniform_noise_images(count, test.height(), test.width(), test.classes(), seed)?;
        let of_nothing = self.predict(lab, network, &nothing)?;
        let (favourite, favoured) = favourite(&of_nothing.passes, lab.data().class_names());
        let damaged = |predictions: &Predictions| Damaged::new(predictions, passes, single);
        Ok(Corruption {
            as_they_are: MeanDoubt::over(passes, single),
            damaged: [
                damaged(&self.predict(lab, network, &noisy)?)?,
                damaged(&self.predict(lab, network, &occluded)?)?,
                damaged(&of_nothing)?,
            ],
            favourite,
            favoured,
        })
    }
}

/// The class predicted most often, with the fraction of the predictions that say so.
fn favourite(predictions: &[Prediction], names: &[String]) -> (String, f64) {
    let count = |class: usize| predictions.iter().filter(|prediction| prediction.class == class).count();
    let favourite = (0..names.len()).max_by_key(|&class| count(class)).unwrap_or_default();
    (names[favourite].clone(), count(favourite) as f64 / predictions.len() as f64)
}

/// Adds what follows.
pub(super) fn conclude(finding: &mut Finding, corruptions: &[&Corruption]) {
    let each =
        |metric: &dyn Fn(&Corruption) -> f64| -> Vec<f64> { corruptions.iter().map(|run| metric(run)).collect() };
    let clean = each(&|run| run.as_they_are.entropy);
    for (index, images) in DAMAGES.into_iter().enumerate() {
        let entropy = each(&|run| run.damaged[index].mean.entropy);
        if index != PURE_NOISE {
            let sentence = format!("Entropy of the passes, images {images} minus images as they are, nats");
            finding.claim(Claim::difference(sentence, &entropy, &clean));
        }
        let (passes, single) =
            (each(&|run| run.damaged[index].told_by_passes), each(&|run| run.damaged[index].told_by_single));
        let sentence = format!(
            "Images {images} against images as they are: area under the ROC curve, entropy of the passes minus that of \
             the single pass"
        );
        finding.claim(Claim::difference(sentence, &passes, &single));
    }
    finding.claim(Claim::difference(
        "Agreement of the passes, images of pure noise minus images as they are",
        &each(&|run| run.damaged[PURE_NOISE].mean.agreement),
        &each(&|run| run.as_they_are.agreement),
    ));
    show(finding, corruptions);
}

fn show(finding: &mut Finding, corruptions: &[&Corruption]) {
    let header = [
        "images",
        "entropy of the passes",
        "entropy of the single pass",
        "mutual information",
        "agreement of the passes",
        "told by the passes",
        "told by the single pass",
    ];
    let mut table = Table::new("Mean over the images, in nats; area under the ROC curve", &header);
    let each =
        |metric: &dyn Fn(&Corruption) -> f64| spread(&corruptions.iter().map(|run| metric(run)).collect::<Vec<_>>());
    let means = |of: &dyn Fn(&Corruption) -> &MeanDoubt| {
        [
            each(&|run| of(run).entropy),
            each(&|run| of(run).single_entropy),
            each(&|run| of(run).mutual_information),
            each(&|run| of(run).agreement),
        ]
    };
    let row =
        |name: &str, means: [String; 4], told: [String; 2]| [name.to_owned()].into_iter().chain(means).chain(told);
    table = table.row(row("as they are", means(&|run| &run.as_they_are), ["-".to_owned(), "-".to_owned()]));
    for (index, name) in DAMAGES.into_iter().enumerate() {
        let told = [each(&|run| run.damaged[index].told_by_passes), each(&|run| run.damaged[index].told_by_single)];
        table = table.row(row(name, means(&|run| &run.damaged[index].mean), told));
    }
    finding.table(table).note(noise_note(corruptions));
}

/// Where the networks put images that show nothing.
fn noise_note(corruptions: &[&Corruption]) -> String {
    let fractions: Vec<f64> = corruptions.iter().map(|corruption| corruption.favoured).collect();
    let favourites: Vec<&str> = corruptions.iter().map(|corruption| corruption.favourite.as_str()).collect();
    format!(
        "Of the images of pure noise {} are put into one class ({}). With ReLU, logits grow in proportion on the way out \
         of the data, and certainty with them (Hein et al. 2019); masks change how fast, not that it is so.",
        spread(&fractions),
        favourites.join(", "),
    )
}
