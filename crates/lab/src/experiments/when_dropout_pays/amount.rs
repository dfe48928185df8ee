//! More and fewer images, equally many steps.

use anyhow::Result;

use super::arms::Pair;
use super::settings::{Amount, WhenDropoutPays};
use crate::{Lab, Platform};

impl WhenDropoutPays {
    /// One pair for each number of images.
    pub(super) fn measure_amount<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Vec<Pair>> {
        let Amount { images, steps, batch_size, learning_rate } = &self.experiment.amount;
        let pair = |&images: &usize| {
            lab.tell(format!("seed {seed}: {images} images"));
            let mut config = self.config(seed);
            config.training.batch_size = *batch_size;
            config.training.learning_rate = *learning_rate;
            config.training.epochs = steps * batch_size / images;
            Pair::of(lab, &config, &lab.train_subset(images, seed)?)
        };
        images.iter().map(pair).collect()
    }
}
