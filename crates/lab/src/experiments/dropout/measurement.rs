//! What is measured of the variants with one seed.

use burn::module::AutodiffModule;
use burn_mlp::Mlp;
use serde::{Deserialize, Serialize};

use crate::experiments::parity::Differences;
use crate::training::{History, Trained};
use crate::variants::ShownPredictions;
use crate::{Lab, Platform};

/// The variants, in the order of [`Measurement::runs`].
pub(super) const NAMES: [&str; 5] =
    ["with dropout", "without dropout", "0.5 everywhere", "a text's run", "with dropout, falling rate"];

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    /// The main job.
    pub(super) with: Run,
    pub(super) without: Run,
    pub(super) everywhere: Run,
    pub(super) text: Run,
    pub(super) falling: Run,
    /// The main job's network from scratch beside the library's.
    pub(super) parity: Differences,
    /// What the main job's network predicts.
    pub(super) predictions: ShownPredictions,
}

impl Measurement {
    pub(super) fn runs(&self) -> [&Run; 5] {
        [&self.with, &self.without, &self.everywhere, &self.text, &self.falling]
    }
}

/// What is measured of a variant.
#[derive(Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) history: History,
    /// After the last epoch, dropout off.
    pub(super) train_accuracy: f64,
    /// After the last epoch, dropout off.
    pub(super) test_accuracy: f64,
    /// Test accuracy lost for each of the fractions of the hidden units that is removed; empty for the variants
    /// that keep all units.
    pub(super) lost: Vec<f64>,
}

impl Run {
    pub(super) fn of<P: Platform>(lab: &Lab<P>, trained: &Trained<Mlp<P::Train>>) -> Self {
        let (network, data) = (trained.network.valid(), lab.data());
        Self {
            history: trained.history.clone(),
            train_accuracy: lab.accuracy(&network, &data.train),
            test_accuracy: lab.accuracy(&network, &data.test),
            lost: Vec::new(),
        }
    }
}
