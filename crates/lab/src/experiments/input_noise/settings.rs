//! Settings of the experiment.

use burn_mlp::Probability;
use burn_mlp_train::range;
use mlp_settings::Invalid;
use mlp_settings::config::Config;
use serde::{Deserialize, Serialize};

use crate::recipe::{Parameters, Recipe};

/// Settings of `input-noise`; the network's dropout is that of the variant with dropout.
pub type InputNoise = Recipe<InputNoiseParameters>;

/// Settings of the experiment itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputNoiseParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// The linear model.
    pub linear: LinearParameters,
    /// Training images, a stratified subset of the training set; 0 for all.
    pub train_examples: usize,
    /// Standard deviation of the noise in training, in units of the range from black to white.
    pub train_noise: f64,
    /// Standard deviations of the noise on the test images, ascending from 0, in the same units.
    pub test_noise: Vec<f64>,
    /// Standard deviation of the small perturbations, in the same units.
    pub perturbation: f64,
    /// Test images that are perturbed.
    #[serde(deserialize_with = "range::at_least_one")]
    pub perturbed: usize,
}

/// Data of the linear model: standard normal inputs, equal weights, noise of its own on the targets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearParameters {
    /// Features.
    pub d_input: usize,
    /// Examples, at least as many as features.
    pub examples: usize,
    /// Every true weight.
    pub weight: f64,
    /// Standard deviation of the noise on the targets.
    pub target_noise: f64,
    /// Standard deviation σ of the noise on the inputs.
    pub input_noise: f64,
    /// Probability p with which an input is dropped, in the variant with dropout.
    pub dropout: Probability,
    /// Disturbed copies of the examples that are averaged over, ascending.
    pub copies: Vec<usize>,
    /// Times that all of these are drawn.
    #[serde(deserialize_with = "range::some_steps")]
    pub repetitions: u64,
}

impl Parameters for InputNoiseParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        let positive = |key, value: f64| {
            Invalid::unless(value > 0.0 && value.is_finite(), key, value, "a finite number greater than 0")
        };
        let linear = &self.linear;
        Invalid::unless(linear.d_input > 0, "experiment.linear.d_input", linear.d_input, "at least 1")?;
        let examples = linear.examples;
        let enough = examples >= linear.d_input;
        Invalid::unless(enough, "experiment.linear.examples", examples, "at least experiment.linear.d_input")?;
        Invalid::unless(linear.weight.is_finite(), "experiment.linear.weight", linear.weight, "a finite number")?;
        positive("experiment.linear.target_noise", linear.target_noise)?;
        positive("experiment.linear.input_noise", linear.input_noise)?;
        let dropout = linear.dropout.get();
        let some = dropout > 0.0 && dropout < 1.0;
        Invalid::unless(some, "experiment.linear.dropout", dropout, "a probability greater than 0 and less than 1")?;
        let copies = &linear.copies;
        let ascending = copies.len() >= 2 && copies[0] > 0 && copies.is_sorted_by(|a, b| a < b);
        Invalid::unless(ascending, "experiment.linear.copies", copies, "two or more, ascending, each at least 1")?;
        positive("experiment.train_noise", self.train_noise)?;
        let noise = &self.test_noise;
        let ascending = noise.len() >= 2 && noise[0] == 0.0 && noise.is_sorted_by(|a, b| a < b);
        let finite = noise.iter().all(|std| std.is_finite());
        Invalid::unless(ascending && finite, "experiment.test_noise", noise, "two or more, ascending from 0")?;
        positive("experiment.perturbation", self.perturbation)?;
        Ok(())
    }

    fn validate_run(&self, run: &Config) -> Result<(), Invalid> {
        let dropout: Vec<f64> = run.model.dropout.iter().map(|prob| prob.get()).collect();
        let drops = dropout.iter().any(|&prob| prob > 0.0);
        Invalid::unless(drops, "model.dropout", dropout, "a probability greater than 0 for the variant with dropout")
    }
}
