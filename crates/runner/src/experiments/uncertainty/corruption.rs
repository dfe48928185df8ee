//! Doubt about images that are damaged, or show nothing.

use anyhow::Result;
use burn_fashion_mnist::corrupt::{occlude, pixel_noise, uniform_noise_images};
use burn_fashion_mnist::{DataError, Images};
use burn_mlp::Mlp;

use super::Uncertainty;
use super::prediction::Prediction;
use crate::backend::Inner;
use crate::finding::{Bound, Claim, Finding, Table, spread};
use crate::lab::Lab;

impl Uncertainty {
    pub(super) fn corruption(
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
