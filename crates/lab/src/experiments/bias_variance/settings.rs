//! Settings of the experiment.

use burn_mlp_train::range;
use mlp_settings::Invalid;
use serde::{Deserialize, Serialize};

use crate::recipe::{Parameters, Setup};

/// Settings of `bias-variance`.
pub type BiasVariance = Setup<BiasVarianceParameters>;

/// Settings of the experiment itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BiasVarianceParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Linear regression with few and with many examples.
    pub linear: LinearParameters,
    /// The task on which models are compared.
    pub task: TaskParameters,
    /// The networks compared with a linear model.
    pub networks: NetworkParameters,
}

/// Linear regression with few and with many examples.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearParameters {
    /// Features.
    #[serde(deserialize_with = "range::at_least_two")]
    pub d_input: usize,
    /// Numbers of training examples, ascending: fewer than features, as many, and more.
    pub sizes: Vec<usize>,
    /// Standard deviation of the noise on the targets, whose variance without it is 1.
    #[serde(deserialize_with = "range::positive")]
    pub noise: f64,
    /// Training sets of each size.
    #[serde(deserialize_with = "range::at_least_one")]
    pub draws: usize,
}

/// A regression task whose true function is known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskParameters {
    /// Features, of which the first three matter.
    pub d_input: usize,
    /// Examples of a training set.
    pub train_examples: usize,
    /// Points at which models are compared with the true function.
    #[serde(deserialize_with = "range::at_least_one")]
    pub test_examples: usize,
    /// Standard deviation of the noise on the targets.
    #[serde(deserialize_with = "range::positive")]
    pub noise: f64,
    /// Training sets.
    #[serde(deserialize_with = "range::at_least_two")]
    pub draws: usize,
}

/// Networks with one hidden layer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkParameters {
    /// Hidden units, ascending.
    pub widths: Vec<usize>,
    /// Steps of Adam on the whole training set.
    #[serde(deserialize_with = "range::at_least_one")]
    pub steps: usize,
    /// Learning rate, which falls to zero along a cosine.
    #[serde(deserialize_with = "range::positive")]
    pub learning_rate: f64,
}

impl Parameters for BiasVarianceParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        let LinearParameters { d_input, sizes, .. } = &self.linear;
        let ends = sizes.first().is_some_and(|&few| few > 0 && few < *d_input) && sizes.last() > Some(d_input);
        let across = ends && sizes.is_sorted_by(|a, b| a < b) && sizes.contains(d_input);
        Invalid::unless(across, "experiment.linear.sizes", sizes, "ascending, from below d_input through it to above")?;
        let TaskParameters { d_input, train_examples, .. } = self.task;
        Invalid::unless(d_input >= 3, "experiment.task.d_input", d_input, "at least 3")?;
        let more = train_examples > d_input + 1;
        Invalid::unless(more, "experiment.task.train_examples", train_examples, "more than features and a constant")?;
        let widths = &self.networks.widths;
        let parameters = |width: &usize| self.parameters(*width);
        let ascending = widths.first().is_some_and(|&width| width > 0) && widths.is_sorted_by(|a, b| a < b);
        let across = ascending && widths.first().map(parameters) < Some(train_examples);
        let across = across && widths.iter().rev().nth(1).map(parameters) > Some(train_examples);
        let expected = "ascending, with fewer parameters than examples first, with more at least twice";
        Invalid::unless(across, "experiment.networks.widths", widths, expected)
    }
}

impl BiasVarianceParameters {
    /// Parameters of a network with so many hidden units.
    pub(super) fn parameters(&self, width: usize) -> usize {
        width * (self.task.d_input + 2) + 1
    }

    /// Index of the first width with at least as many parameters as there are examples: where networks begin to fit any
    /// targets. At least 1, and not the last.
    pub(super) fn threshold(&self) -> usize {
        self.networks.widths.partition_point(|&width| self.parameters(width) < self.task.train_examples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_is_where_parameters_reach_the_examples() {
        let mut parameters = BiasVarianceParameters::default();
        parameters.task.d_input = 5;
        parameters.networks.widths = vec![4, 8, 16, 32];
        for (examples, index) in [(57, 1), (58, 2), (113, 2), (114, 3)] {
            parameters.task.train_examples = examples;
            assert_eq!(parameters.threshold(), index, "{examples} examples");
        }
    }
}
