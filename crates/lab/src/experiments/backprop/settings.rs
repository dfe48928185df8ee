//! Settings of `backprop`.

use mlp_settings::Invalid;
use serde::{Deserialize, Serialize};

use crate::recipe::{Parameters, Setup};

/// Settings of `backprop`.
pub type Backprop = Setup<BackpropParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackpropParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Features of an input.
    pub inputs: usize,
    /// Hidden units.
    pub hidden: usize,
    /// Outputs, and classes.
    pub outputs: usize,
    /// Examples in a batch.
    pub examples: usize,
    /// Penalty λ on the squared weights.
    pub penalty: f64,
    /// Step ε of the central differences.
    pub epsilon: f64,
    /// Units of each hidden layer of the networks whose memory is counted.
    pub width: usize,
    /// Hidden layers of the deepest of them.
    pub depth: usize,
    /// Examples in their batch; twice, four and eight times as many are counted too.
    pub batch: usize,
}

impl Parameters for BackpropParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        for (key, found) in [
            ("experiment.inputs", self.inputs),
            ("experiment.hidden", self.hidden),
            ("experiment.outputs", self.outputs),
            ("experiment.examples", self.examples),
            ("experiment.width", self.width),
            ("experiment.batch", self.batch),
        ] {
            Invalid::unless((1..=4096).contains(&found), key, found, "1 to 4096")?;
        }
        Invalid::unless((2..=100).contains(&self.depth), "experiment.depth", self.depth, "2 to 100")?;
        let penalty = self.penalty;
        Invalid::unless((0.0..=1e3).contains(&penalty), "experiment.penalty", penalty, "a number in [0, 1000]")?;
        let epsilon = self.epsilon;
        Invalid::unless((1e-8..=1e-3).contains(&epsilon), "experiment.epsilon", epsilon, "a number in [1e-8, 1e-3]")
    }
}
