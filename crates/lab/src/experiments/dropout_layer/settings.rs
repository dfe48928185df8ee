//! Settings of `dropout-layer`.

use burn_mlp::Probability;
use mlp_settings::Invalid;
use serde::{Deserialize, Serialize};

use crate::recipe::{Parameters, Setup};

/// Settings of `dropout-layer`.
pub type DropoutLayer = Setup<DropoutLayerParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropoutLayerParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Masks drawn for each mean.
    pub masks: usize,
    /// Probabilities of zeroing an element for which means and gradients are looked at, each in (0, 1).
    pub probs: Vec<Probability>,
}

impl Parameters for DropoutLayerParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        Invalid::unless(self.masks >= 100, "experiment.masks", self.masks, "at least 100")?;
        let probs: Vec<f64> = self.probs.iter().map(|prob| prob.get()).collect();
        let inside = !probs.is_empty() && probs.iter().all(|&prob| prob > 0.0 && prob < 1.0);
        Invalid::unless(inside, "experiment.probs", probs, "at least one number, each in (0, 1)")
    }
}
