//! Narrow and wide networks.

use anyhow::Result;

use super::arms::Pair;
use super::settings::{Width, WhenDropoutPays};
use crate::{Lab, Platform};

impl WhenDropoutPays {
    /// One pair for each width.
    pub(super) fn measure_width<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Vec<Pair>> {
        let Width { units, dropout, images, epochs } = &self.experiment.width;
        let train = lab.train_subset(*images, seed)?;
        let pair = |&units: &usize| {
            lab.tell(format!("seed {seed}: {units} units"));
            let mut config = self.config(seed);
            config.model.hidden = vec![units; dropout.len()];
            config.model.dropout.clone_from(dropout);
            config.training.epochs = *epochs;
            Pair::of(lab, &config, &train)
        };
        units.iter().map(pair).collect()
    }
}
