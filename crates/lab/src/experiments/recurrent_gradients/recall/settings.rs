//! Settings of the task.

use burn_mlp_train::range;
use mlp_settings::Invalid;
use serde::{Deserialize, Serialize};

/// The `[experiment.recall]` section: a symbol, then distractors, then the question which symbol it was.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecallParameters {
    /// Distractors between the symbol and the question, in ascending order.
    pub lags: Vec<usize>,
    /// Number of symbols.
    #[serde(deserialize_with = "range::at_least_two")]
    pub symbols: usize,
    /// Standard deviation of the distractors.
    #[serde(deserialize_with = "range::not_negative")]
    pub noise: f64,
    /// Units of the state.
    #[serde(deserialize_with = "range::at_least_one")]
    pub d_hidden: usize,
    /// Sequences of a training step, all new.
    #[serde(deserialize_with = "range::at_least_one")]
    pub batch_size: usize,
    /// Training steps.
    #[serde(deserialize_with = "range::at_least_one")]
    pub steps: usize,
    /// Sequences that a trained network is tested on.
    #[serde(deserialize_with = "range::at_least_one")]
    pub tested: usize,
    /// Learning rates of Adam. Each network and lag keeps the one with the lowest loss at its end.
    pub rates: Vec<f64>,
    /// A higher learning rate, at which units of the plain network saturate.
    #[serde(deserialize_with = "range::positive")]
    pub saturating_rate: f64,
    /// Initial bias of the open forget gate.
    #[serde(deserialize_with = "range::finite")]
    pub open_bias: f64,
}

impl RecallParameters {
    /// Checks ranges.
    pub fn validate(&self) -> Result<(), Invalid> {
        let lags = &self.lags;
        let ascending = lags.len() >= 2 && lags[0] >= 1 && lags.windows(2).all(|pair| pair[0] < pair[1]);
        Invalid::unless(ascending, "experiment.recall.lags", lags, "at least two ascending numbers from 1 on")?;
        let rates = &self.rates;
        let positive = !rates.is_empty() && rates.iter().all(|rate| *rate > 0.0 && rate.is_finite());
        Invalid::unless(positive, "experiment.recall.rates", rates, "at least one number greater than 0")
    }

    /// The shortest and the longest lag.
    pub(super) fn extremes(&self) -> [usize; 2] {
        [self.lags[0], self.lags[self.lags.len() - 1]]
    }
}
