//! What is measured of the variants with one seed.

use burn::module::AutodiffModule;
use burn_mlp::Mlp;
use serde::{Deserialize, Serialize};

use crate::experiments::parity::Differences;
use crate::training::{History, Trained};
use crate::variants::ShownPredictions;
use crate::{Lab, Platform};

/// The variants, in the order of [`Measurement::runs`].
pub(super) const NAMES: [&str; 6] = [
    "with dropout",
    "without dropout",
    "reference run",
    "with dropout, falling rate",
    "without dropout, falling rate",
    "with dropout, falling rate, other masks",
];

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    /// One for each of [`NAMES`], the main job first.
    pub(super) runs: [Run; NAMES.len()],
    /// The main job's network from scratch beside the library's.
    pub(super) parity: Differences,
    /// What the main job's network predicts.
    pub(super) predictions: ShownPredictions,
}

/// What is measured of a variant.
#[derive(Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) history: History,
    /// After the last epoch, dropout off.
    pub(super) train_accuracy: f64,
    /// After the last epoch, dropout off.
    pub(super) test_accuracy: f64,
}

impl Run {
    pub(super) fn of<P: Platform>(lab: &Lab<P>, trained: Trained<Mlp<P::Train>>) -> Self {
        let (network, data) = (trained.network.valid(), lab.data());
        Self {
            history: trained.history,
            train_accuracy: lab.accuracy(&network, &data.train),
            test_accuracy: lab.accuracy(&network, &data.test),
        }
    }

    /// How much better the images trained on are predicted than others.
    pub(super) fn gap(&self) -> f64 {
        self.train_accuracy - self.test_accuracy
    }
}
