//! Settings of the experiment.

use burn_mlp_train::range;
use mlp_settings::Invalid;
use serde::{Deserialize, Serialize};

use super::recall::RecallParameters;
use crate::recipe::{Parameters, Setup};

/// Settings of `recurrent-gradients`.
pub type RecurrentGradients = Setup<RecurrentGradientsParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecurrentGradientsParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Units of the state.
    #[serde(deserialize_with = "range::at_least_one")]
    pub d_hidden: usize,
    /// Input features.
    #[serde(deserialize_with = "range::at_least_one")]
    pub d_input: usize,
    /// Sequences.
    #[serde(deserialize_with = "range::at_least_one")]
    pub batch_size: usize,
    /// Time steps.
    pub steps: usize,
    /// A factor ρ below 1 and one above 1.
    pub radii: Vec<f64>,
    /// Bias of the open forget gate.
    #[serde(deserialize_with = "range::finite")]
    pub open_bias: f64,
    /// The networks that are trained to remember.
    pub recall: RecallParameters,
}

impl Parameters for RecurrentGradientsParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        Invalid::unless(self.steps > 2, "experiment.steps", self.steps, "at least 3, for a line and its fit")?;
        self.recall.validate()?;
        let radii = &self.radii;
        let allowed = matches!(radii[..], [low, high] if low > 0.0 && low < 1.0 && high > 1.0 && high.is_finite());
        Invalid::unless(allowed, "experiment.radii", radii, "one number in (0, 1) and one above 1")
    }
}
