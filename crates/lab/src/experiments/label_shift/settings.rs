//! Settings of the experiment.

use burn_mlp_train::range;
use mlp_settings::Invalid;
use serde::{Deserialize, Serialize};

use crate::recipe::{Parameters, Recipe};

/// Settings of `label-shift`.
pub type LabelShift = Recipe<LabelShiftParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelShiftParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Shares of the classes in the target, up to a common factor.
    pub target: Vec<f64>,
    /// Size of the target, as a fraction of the test images, in `(0, 1]`.
    pub target_fraction: f64,
    /// Fraction of the training images on which the confusion matrix is measured, in `(0, 1)`.
    pub validation_fraction: f64,
    /// Number of weak classifiers.
    #[serde(deserialize_with = "range::at_least_one")]
    pub weak_networks: usize,
    /// Images that each of them is trained on.
    #[serde(deserialize_with = "range::at_least_one")]
    pub weak_images: usize,
    /// Standard deviations of the noise on target images, in ascending order; black is 0 and white is 1.
    pub noise: Vec<f64>,
    /// Share of the target that belongs to a class of which the source has no image: the last one. In `[0, 1)`.
    pub new_share: f64,
}

impl Parameters for LabelShiftParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        let target = &self.target;
        let shares = target.iter().all(|share| *share >= 0.0 && share.is_finite()) && target.iter().sum::<f64>() > 0.0;
        Invalid::unless(shares, "experiment.target", target, "finite numbers of at least 0, not all 0")?;
        let size = self.target_fraction;
        Invalid::unless(size > 0.0 && size <= 1.0, "experiment.target_fraction", size, "a number in (0, 1]")?;
        let held_out = self.validation_fraction;
        let allowed = held_out > 0.0 && held_out < 1.0;
        Invalid::unless(allowed, "experiment.validation_fraction", held_out, "a number in (0, 1)")?;
        let noise = &self.noise;
        let ascending = !noise.is_empty() && noise[0] > 0.0 && noise.is_sorted() && noise.iter().all(|s| s.is_finite());
        Invalid::unless(ascending, "experiment.noise", noise, "at least one number above 0, in ascending order")?;
        let new = self.new_share;
        Invalid::unless((0.0..1.0).contains(&new), "experiment.new_share", new, "a number in [0, 1)")
    }
}
