//! Settings of the experiment.

use burn_mlp_train::range;
use mlp_settings::Invalid;
use serde::{Deserialize, Serialize};

use crate::recipe::{Parameters, Setup};

/// Settings of `hidden-layers`.
pub type HiddenLayers = Setup<HiddenLayersParameters>;

/// Settings of the experiment itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HiddenLayersParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// The network whose layers collapse and whose units change places.
    pub identities: IdentityParameters,
    /// Networks that learn XOR and AND.
    pub gates: GateParameters,
    /// Networks that approximate functions.
    pub functions: FunctionParameters,
}

/// The network whose layers collapse and whose units change places.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityParameters {
    /// Features.
    #[serde(deserialize_with = "range::at_least_one")]
    pub d_input: usize,
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
    /// Random inputs at which outputs are compared.
    #[serde(deserialize_with = "range::at_least_one")]
    pub examples: usize,
}

/// Networks that learn XOR and AND.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateParameters {
    /// Units of the hidden layer.
    #[serde(deserialize_with = "range::at_least_one")]
    pub hidden: usize,
    /// Steps of Adam on all four inputs.
    #[serde(deserialize_with = "range::some_steps")]
    pub steps: u64,
    /// Learning rate, which falls to zero along a cosine.
    #[serde(deserialize_with = "range::positive")]
    pub learning_rate: f64,
}

/// Networks that approximate functions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionParameters {
    /// Units of the only hidden layer, ascending.
    pub widths: Vec<usize>,
    /// Units of the hidden layers of the deep network. Those with fewer layers get as many parameters.
    pub deep: Vec<usize>,
    /// Steps of Adam, each on new examples.
    #[serde(deserialize_with = "range::some_steps")]
    pub steps: u64,
    /// Examples of a step.
    #[serde(deserialize_with = "range::at_least_one")]
    pub batch_size: usize,
    /// Learning rate, which falls to zero along a cosine.
    #[serde(deserialize_with = "range::positive")]
    pub learning_rate: f64,
    /// Further examples on which errors are measured.
    #[serde(deserialize_with = "range::at_least_two")]
    pub test_examples: usize,
}

impl Parameters for HiddenLayersParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        let hidden = &self.identities.hidden;
        let some = !hidden.is_empty() && hidden.iter().all(|&units| units >= 2);
        Invalid::unless(some, "experiment.identities.hidden", hidden, "one or more layers of at least 2 units")?;
        let widths = &self.functions.widths;
        let ascending = widths.len() >= 2 && widths[0] > 0 && widths.is_sorted_by(|a, b| a < b);
        Invalid::unless(ascending, "experiment.functions.widths", widths, "two or more, ascending, each at least 1")?;
        let deep = &self.functions.deep;
        let several = deep.len() >= 2 && deep.iter().all(|&units| units > 0);
        Invalid::unless(several, "experiment.functions.deep", deep, "two or more layers, each of at least 1 unit")
    }
}
