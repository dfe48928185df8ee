//! The main job, longer and shorter.

use anyhow::Result;

use super::arms::Pair;
use super::gains::{Gains, picture};
use super::settings::WhenDropoutPays;
use crate::finding::{Claim, Finding};
use crate::{Lab, Platform};

impl WhenDropoutPays {
    /// One pair for each number of epochs.
    pub(super) fn measure_length<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Vec<Pair>> {
        let pair = |&epochs: &usize| {
            lab.tell(format!("seed {seed}: {epochs} epochs"));
            let mut config = self.config(seed);
            config.training.epochs = epochs;
            Pair::of(lab, &config, &lab.data().train)
        };
        self.experiment.length.epochs.iter().map(pair).collect()
    }

    /// Claims what was predicted; returns what dropout brings for each number of epochs.
    pub(super) fn conclude_length(&self, finding: &mut Finding, seeds: &[&Vec<Pair>]) -> Vec<Gains> {
        let epochs = &self.experiment.length.epochs;
        let settings = Gains::of_design(epochs, |epochs| format!("Main job, {epochs} epochs"), seeds);
        for setting in &settings {
            finding.claim(setting.accuracy_claim());
        }
        let [first, last] = [0, epochs.len() - 1];
        finding
            .claim(Claim::difference(
                format!("Test cross-entropy saved by dropout: {} epochs minus {}", epochs[last], epochs[first]),
                &settings[last].saved(),
                &settings[first].saved(),
            ))
            .picture(
                "length",
                "What dropout changes on the test images over the number of epochs, median and range over seeds",
                &picture("The main job, longer and shorter", "epochs", &settings),
            );
        settings
    }
}
