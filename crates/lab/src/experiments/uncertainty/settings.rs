//! Settings of `uncertainty`.

use burn_mlp_train::range;
use mlp_settings::Invalid;
use serde::{Deserialize, Serialize};

use crate::recipe::{Parameters, Recipe};

/// Settings of `uncertainty`.
pub type Uncertainty = Recipe<UncertaintyParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UncertaintyParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Passes with dropout on.
    pub samples: usize,
    /// Standard deviation of the pixel noise, in units of the range from black to white.
    pub noise: f64,
    /// Side of the square cut out, in pixels.
    #[serde(deserialize_with = "range::at_least_one")]
    pub occlusion: usize,
    /// Images in each corrupted set.
    #[serde(deserialize_with = "range::at_least_one")]
    pub images: usize,
    /// Fractions of the predictions that are rejected, each in `[0, 1)`, ascending.
    pub rejected: Vec<f64>,
}

impl Parameters for UncertaintyParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        Invalid::unless(self.samples > 1, "experiment.samples", self.samples, "at least 2")?;
        let noise = self.noise;
        Invalid::unless(noise > 0.0 && noise.is_finite(), "experiment.noise", noise, "a number greater than 0")?;
        let rejected = &self.rejected;
        let allowed = rejected.iter().all(|fraction| (0.0..1.0).contains(fraction)) && rejected.is_sorted();
        Invalid::unless(
            allowed && rejected.len() > 1,
            "experiment.rejected",
            rejected,
            "two or more ascending numbers in [0, 1)",
        )
    }
}
