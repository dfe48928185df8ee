//! The networks that are compared, and their training.

use anyhow::{Result, ensure};
use burn::module::AutodiffModule;
use burn_fashion_mnist::Images;
use burn_mlp::Probability;

use super::measurement::Run;
use super::network::{Arrangement, Design};
use super::settings::ResidualConvolutions;
use crate::training::Training;
use crate::tuning::Tuned;
use crate::{Lab, Platform};

/// Turns a seed into that of the repeated network.
const OTHER: u64 = 1 << 32;

/// A network of the comparison.
#[derive(Clone, Copy)]
pub struct Arm {
    /// Its name.
    pub name: &'static str,
    arrangement: Arrangement,
    deep: bool,
    dropout: bool,
    repeated: bool,
}

impl Arm {
    const fn new(name: &'static str, arrangement: Arrangement) -> Self {
        Self { name, arrangement, deep: true, dropout: false, repeated: false }
    }

    /// Those compared; all but the first are deep.
    pub const ALL: [Self; 7] = [
        Self { deep: false, ..Self::new("plain, shallow", Arrangement::Plain) },
        Self::new("plain", Arrangement::Plain),
        Self::new("original blocks (v1)", Arrangement::Original),
        Self::new("pre-activation blocks (v2)", Arrangement::PreActivation),
        Self::new("v2 with shortcut tanh", Arrangement::NonlinearShortcut),
        Self { dropout: true, ..Self::new("v2 with dropout", Arrangement::PreActivation) },
        Self { repeated: true, ..Self::new("v2, other weights", Arrangement::PreActivation) },
    ];

    /// Layers with weights.
    pub fn depth(&self, settings: &ResidualConvolutions) -> usize {
        2 * self.blocks(settings) + 2
    }

    fn blocks(&self, settings: &ResidualConvolutions) -> usize {
        settings.experiment.blocks[usize::from(self.deep)]
    }

    /// Trains it at each learning rate.
    ///
    /// # Errors
    ///
    /// If there are more classes than images, the images are not square or smaller than a pool, or training diverges.
    pub fn measure<P: Platform>(&self, settings: &ResidualConvolutions, lab: &Lab<P>, seed: u64) -> Result<Run> {
        lab.tell(format!("seed {seed}: {}", self.name));
        let (data, experiment) = (lab.data(), &settings.experiment);
        let seed = if self.repeated { seed ^ OTHER } else { seed };
        let train = lab.train_subset(experiment.images, seed)?;
        let (height, width, pool) = (train.height(), train.width(), experiment.pool);
        ensure!(height == width && pool <= height, "images of {height} x {width} pixels do not pool by {pool}");
        let untested = train.select(&[]);
        let design = Design {
            arrangement: self.arrangement,
            blocks: self.blocks(settings),
            channels: experiment.channels,
            dropout: if self.dropout { experiment.dropout } else { Probability::ZERO },
            side: height,
            pool,
        };
        let (training, best) = Tuned::best(&settings.config(seed), &experiment.rates, |config| {
            let network = design.init::<P::Train>(data.class_names().len(), seed, lab.device());
            Training::new(config, &train, &untested).run(lab, network)
        })?;
        let test_accuracy = lab.accuracy(&best.network.valid(), &first(&data.test, experiment.test_images));
        Ok(Run { training, test_accuracy })
    }
}

/// The first `count` images.
fn first(images: &Images, count: usize) -> Images {
    images.select(&(0..count.min(images.len()) as u32).collect::<Vec<u32>>())
}
