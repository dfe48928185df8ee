//! The main job, longer and shorter.

use anyhow::Result;

use super::arms::Pair;
use super::settings::WhenDropoutPays;
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
}
