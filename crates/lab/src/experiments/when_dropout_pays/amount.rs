//! More and fewer images, equally many steps.

use anyhow::Result;

use super::arms::Pair;
use super::gains::{Gains, picture};
use super::settings::{Amount, WhenDropoutPays};
use crate::finding::Finding;
use crate::{Lab, Platform};

impl WhenDropoutPays {
    /// One pair for each number of images.
    pub(super) fn measure_amount<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Vec<Pair>> {
        let Amount { images, steps } = &self.experiment.amount;
        let seen = steps * self.experiment.many_passes.batch_size;
        let pair = |&images: &usize| {
            lab.tell(format!("seed {seed}: {images} images"));
            Pair::of(lab, &self.many_passes(seed, seen / images), &lab.train_subset(images, seed)?)
        };
        images.iter().map(pair).collect()
    }

    /// Claims what was predicted; returns what dropout brings for each number of images.
    pub(super) fn conclude_amount(&self, finding: &mut Finding, seeds: &[&Vec<Pair>]) -> Vec<Gains> {
        let Amount { images, steps } = &self.experiment.amount;
        let settings = Gains::of_design(images, |images| format!("{images} images, {steps} steps"), seeds);
        for setting in &settings {
            finding.claim(setting.accuracy_claim());
        }
        for setting in &settings {
            finding.claim(setting.likelihood_claim());
        }
        finding.picture(
            "amount",
            "What dropout changes on the test images over the number of training images, median and range over seeds",
            &picture("More images, equally many steps", "training images", &settings),
        );
        settings
    }
}
