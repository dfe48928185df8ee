//! # Question
//!
//! Does depth hurt a plain network, and do shortcuts repair it?
//!
//! # Variants
//!
//! Fully connected networks with batch normalization: shallow and deep, with and without shortcuts. The shallow plain one
//! once more from other weights and in other batches.
//!
//! # Held equal
//!
//! With and without shortcuts: initial weights, batches, number of parameters. The learning rate is not: each network is
//! trained at several and counts with the best.
//!
//! # Measured
//!
//! Training loss of the last epochs, when all networks have stopped to improve; what it fell in the last fifth.
//!
//! # Expected
//!
//! The deeper plain network ends with the *higher training loss*, which overfitting cannot explain; with shortcuts it does
//! not.
//!
//! # Source
//!
//! He et al. 2015; course notes 1, section on residual networks.

mod conclusions;
mod measurement;
mod settings;

use anyhow::Result;
use burn_mlp::{DeepMlpConfig, FanMode, Init, LayerInit};

use self::measurement::Measurement;
pub use self::settings::Residual;
use crate::finding::Finding;
use crate::training::Training;
use crate::tuning::Tuned;
use crate::{Experiment, Lab, Platform};

/// Turns a seed into that of the repeated network.
const OTHER: u64 = 1 << 32;

impl Experiment for Residual {
    const NAME: &'static str = "residual";
    const QUESTION: &'static str = "Does depth hurt a plain network, and do shortcuts repair it?";
    const CONFIG: &'static str = include_str!("../../../../../configs/residual.toml");
    const QUICK: &'static [&'static str] = &["training.epochs=30", "experiment.blocks=[2, 10]", "experiment.rates=[1]"];

    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        let [shallow, deep] = [self.experiment.blocks[0], self.experiment.blocks[1]];
        Ok(Measurement {
            plain_shallow: self.tuned(lab, seed, shallow, false)?,
            plain_deep: self.tuned(lab, seed, deep, false)?,
            shortcuts_shallow: self.tuned(lab, seed, shallow, true)?,
            shortcuts_deep: self.tuned(lab, seed, deep, true)?,
            repeated: self.tuned(lab, seed ^ OTHER, shallow, false)?,
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        Ok(conclusions::of(self, measurements))
    }
}

impl Residual {
    /// Trains a network of so many blocks at each learning rate. `seed` is that of weights, batches and images.
    fn tuned<P: Platform>(&self, lab: &Lab<P>, seed: u64, blocks: usize, shortcuts: bool) -> Result<Tuned> {
        lab.tell(format!("seed {seed}: {blocks} blocks, {} shortcuts", if shortcuts { "with" } else { "without" }));
        let train = lab.train_subset(self.experiment.images, seed)?;
        let untested = train.select(&[]);
        let classes = lab.data().class_names().len();
        let network = DeepMlpConfig::new(train.d_input(), self.experiment.d_hidden, blocks, classes)
            .with_shortcuts(shortcuts)
            .with_batch_norm(true)
            .with_init(he_normal())
            .with_seed(seed);
        let (tuned, _) = Tuned::best(&self.config(seed), &self.experiment.rates, |config| {
            Training::new(config, &train, &untested).run(lab, network.init::<P::Train>(lab.device())?)
        })?;
        Ok(tuned)
    }
}

fn he_normal() -> LayerInit {
    LayerInit::weight(Init::KaimingNormal { gain: std::f64::consts::SQRT_2, mode: FanMode::FanIn })
}

#[cfg(test)]
mod tests {
    use burn_fashion_mnist::FashionMnist;
    use burn_mlp_train::Placement;

    use super::*;
    use crate::platform::test::TestPlatform;

    #[test]
    fn networks_with_and_without_shortcuts_differ_in_the_shortcuts_alone() {
        let lab =
            Lab::<TestPlatform>::new(FashionMnist::sample().unwrap(), Default::default(), Placement::default(), true);
        let mut settings = Residual::default();
        settings.training.epochs = 2;
        settings.training.batch_size = 20;
        settings.training.learning_rate = 0.1;
        settings.experiment.images = 60;
        settings.experiment.d_hidden = 4;
        // The shallow network has no blocks, and so no shortcuts.
        settings.experiment.blocks = vec![0, 1];
        settings.experiment.rates = vec![0.5, 1.0];
        let measurement = settings.measure(&lab, 7).unwrap();
        assert_eq!(measurement.plain_shallow, measurement.shortcuts_shallow);
        assert_ne!(measurement.plain_deep, measurement.shortcuts_deep);
        assert_ne!(measurement.plain_shallow, measurement.repeated);
    }
}
