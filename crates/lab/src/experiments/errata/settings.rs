//! Settings of `errata`.

use mlp_settings::Invalid;
use serde::{Deserialize, Serialize};

use crate::recipe::{Parameters, Setup};

/// Settings of `errata`.
pub type Errata = Setup<ErrataParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrataParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Random numbers behind each mean or variance that is measured by sampling.
    pub samples: usize,
}

impl Parameters for ErrataParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        // Fewer do not reach what is tolerated.
        let samples = self.samples;
        Invalid::unless((100_000..=10_000_000).contains(&samples), "experiment.samples", samples, "100000 to 10000000")
    }
}
