//! Doubt about images that are damaged, or show nothing.

use anyhow::Result;
use burn_fashion_mnist::corrupt::{occlude, pixel_noise, uniform_noise_images};
use burn_mlp::Mlp;
use serde::{Deserialize, Serialize};

use super::prediction::Prediction;
use super::settings::Uncertainty;
use crate::finding::{Claim, Finding, Table, spread};
use crate::platform::Inner;
use crate::{Lab, Platform};

/// Doubt with one seed.
#[derive(Serialize, Deserialize)]
pub(super) struct Corruption {
    as_they_are: MeanDoubt,
    pixel_noise: MeanDoubt,
    occluded: MeanDoubt,
    pure_noise: MeanDoubt,
    /// Class that most images of pure noise are put into.
    favourite: String,
    /// Fraction of these images that are put into it.
    favoured: f64,
}

/// Means over images.
#[derive(Serialize, Deserialize)]
struct MeanDoubt {
    entropy: f64,
    mutual_information: f64,
    agreement: f64,
}

impl MeanDoubt {
    fn over(predictions: &[Prediction]) -> Self {
        let mean = |of: fn(&Prediction) -> f64| predictions.iter().map(of).sum::<f64>() / predictions.len() as f64;
        Self {
            entropy: mean(|prediction| prediction.entropy),
            mutual_information: mean(|prediction| prediction.mutual_information),
            agreement: mean(|prediction| prediction.agreement),
        }
    }
}

impl Uncertainty {
    /// Doubt about the first test images, `clean` as they are, and about as many damaged ones.
    pub(super) fn corruption<P: Platform>(
        &self,
        lab: &Lab<P>,
        network: &Mlp<Inner<P>>,
        clean: &[Prediction],
        seed: u64,
    ) -> Result<Corruption> {
        let parameters = &self.experiment;
        let test = &lab.data().test;
        let count = test.len().min(parameters.images);
        let some = test.select(&(0..count as u32).collect::<Vec<u32>>());
        lab.tell(format!("{} passes over damaged images", parameters.samples));
        let noisy = pixel_noise(&some, parameters.noise, seed)?;
        let occluded = occlude(&some, parameters.occlusion, seed)?;
        let nothing = uniform_noise_images(count, test.height(), test.width(), test.classes(), seed)?;
        let of_nothing = self.predict(lab, network, &nothing)?;
        let (favourite, favoured) = favourite(&of_nothing, lab.data().class_names());
        Ok(Corruption {
            as_they_are: MeanDoubt::over(&clean[..count]),
            pixel_noise: MeanDoubt::over(&self.predict(lab, network, &noisy)?),
            occluded: MeanDoubt::over(&self.predict(lab, network, &occluded)?),
            pure_noise: MeanDoubt::over(&of_nothing),
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
    type Of = fn(&Corruption) -> &MeanDoubt;
    let mut table = Table::new(
        "Mean over the images; entropy and information in nats",
        &["images", "predictive entropy", "mutual information", "agreement of the passes"],
    );
    let mut row = |name: &str, of: Of| -> Vec<f64> {
        let values = |metric: fn(&MeanDoubt) -> f64| -> Vec<f64> {
            corruptions.iter().map(|corruption| metric(of(corruption))).collect()
        };
        let entropy = values(|doubt| doubt.entropy);
        let (information, agreement) = (values(|doubt| doubt.mutual_information), values(|doubt| doubt.agreement));
        table.rows.push(vec![name.into(), spread(&entropy), spread(&information), spread(&agreement)]);
        entropy
    };
    let clean_entropy = row("as they are", |corruption| &corruption.as_they_are);
    let damaged: [(&str, &str, Of); 3] = [
        ("pixel noise", "with pixel noise", |corruption| &corruption.pixel_noise),
        ("square cut out", "with a square cut out", |corruption| &corruption.occluded),
        ("pure noise", "of pure noise", |corruption| &corruption.pure_noise),
    ];
    for (name, claimed, of) in damaged {
        finding.claim(Claim::difference(
            format!("Predictive entropy of images {claimed}, minus that of the same number as they are, nats"),
            &row(name, of),
            &clean_entropy,
        ));
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
