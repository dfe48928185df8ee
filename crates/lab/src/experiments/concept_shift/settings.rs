//! Settings of the experiment.

use burn_mlp_train::range;
use mlp_settings::Invalid;
use serde::{Deserialize, Serialize};

use crate::recipe::{Parameters, Recipe};

/// Settings of `concept-shift`.
pub type ConceptShift = Recipe<ConceptShiftParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConceptShiftParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Pairs of classes whose labels change places, in the order in which they do.
    pub swapped: Vec<[u8; 2]>,
    /// Images of each period, with labels of that period.
    #[serde(deserialize_with = "range::at_least_one")]
    pub images: usize,
    /// Steps between two looks at the test accuracy.
    #[serde(deserialize_with = "range::some_steps")]
    pub look_every: u64,
    /// Test images looked at; 0 for all.
    pub test_images: usize,
}

impl Parameters for ConceptShiftParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        let mut classes: Vec<u8> = self.swapped.iter().flatten().copied().collect();
        classes.sort_unstable();
        classes.dedup();
        let distinct = !self.swapped.is_empty() && classes.len() == 2 * self.swapped.len();
        Invalid::unless(distinct, "experiment.swapped", &self.swapped, "at least one pair, no class twice")
    }
}
