//! Settings of the experiment.

use burn_mlp_train::range;
use mlp_settings::Invalid;
use serde::{Deserialize, Serialize};

use crate::recipe::{Parameters, Recipe};

/// Settings of `covariate-shift`.
pub type CovariateShift = Recipe<CovariateShiftParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CovariateShiftParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Strength `a` of the shift: how fast the probability of being in the target rises with what selects the images.
    pub strength: f64,
    /// Largest weight in training, in units of the mean weight.
    pub largest_weight: f64,
    /// Hidden units of the domain classifier that is not linear.
    #[serde(deserialize_with = "range::at_least_one")]
    pub ratio_hidden: usize,
    /// Passes of a domain classifier over source and target images.
    #[serde(deserialize_with = "range::at_least_one")]
    pub ratio_epochs: usize,
    /// Its learning rate, with momentum 0.9 and half a cosine down to 0.
    pub ratio_learning_rate: f64,
    /// Its penalty λ on the weights. Pixels that say nothing of the shift stay out of the estimate, but each true
    /// coefficient shrinks too: a large penalty estimates too weak a shift.
    pub ratio_penalty: f64,
}

impl Parameters for CovariateShiftParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        for (key, value) in [
            ("experiment.strength", self.strength),
            ("experiment.largest_weight", self.largest_weight),
            ("experiment.ratio_learning_rate", self.ratio_learning_rate),
            ("experiment.ratio_penalty", self.ratio_penalty),
        ] {
            Invalid::unless(value > 0.0 && value.is_finite(), key, value, "a finite number greater than 0")?;
        }
        Ok(())
    }
}
