//! Settings of the experiment.

use mlp_settings::Invalid;
use serde::{Deserialize, Serialize};

use crate::recipe::{Parameters, Setup};

/// Settings of `weight-decay`.
pub type WeightDecay = Setup<WeightDecayParameters>;

/// Settings of the experiment itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightDecayParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Features.
    pub d_input: usize,
    /// Training examples.
    pub train_examples: usize,
    /// Test examples.
    pub test_examples: usize,
    /// Every true weight.
    pub weight: f64,
    /// True bias.
    pub bias: f64,
    /// Standard deviation of the noise on the targets.
    pub noise: f64,
    /// Learning rate of sets A and B, and of SGD against Adam.
    pub learning_rate: f64,
    /// Epochs of the same.
    pub epochs: usize,
    /// Set A, with standard normal inputs.
    pub normal: SetParameters,
    /// Set B, with inputs uniform on `[0, 1)`.
    pub uniform: SetParameters,
    /// L1 against L2, on set A.
    pub lasso: LassoParameters,
    /// Penalties λ at which SGD and Adam are compared on set A, ascending; also the stronger one of set A is.
    pub adam_penalties: Vec<f64>,
}

/// One set of examples.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetParameters {
    /// Examples in a step.
    pub batch_size: usize,
    /// The weaker and the stronger penalty λ.
    pub penalties: Vec<f64>,
}

/// L1 against L2.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LassoParameters {
    /// Penalty λ of both.
    pub penalty: f64,
    /// Learning rate of both.
    pub learning_rate: f64,
    /// Steps of both, each on all training examples.
    pub steps: usize,
}

impl Parameters for WeightDecayParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        for (key, count) in [
            ("experiment.d_input", self.d_input),
            ("experiment.train_examples", self.train_examples),
            ("experiment.test_examples", self.test_examples),
            ("experiment.epochs", self.epochs),
            ("experiment.normal.batch_size", self.normal.batch_size),
            ("experiment.uniform.batch_size", self.uniform.batch_size),
            ("experiment.lasso.steps", self.lasso.steps),
        ] {
            Invalid::unless(count > 0, key, count, "at least 1")?;
        }
        let few = self.train_examples < self.d_input;
        Invalid::unless(few, "experiment.train_examples", self.train_examples, "fewer than experiment.d_input")?;
        for (key, value) in [("experiment.weight", self.weight), ("experiment.bias", self.bias)] {
            Invalid::unless(value.is_finite(), key, value, "a finite number")?;
        }
        let noise = self.noise;
        Invalid::unless(noise >= 0.0 && noise.is_finite(), "experiment.noise", noise, "a finite number of at least 0")?;
        for (key, value) in [
            ("experiment.learning_rate", self.learning_rate),
            ("experiment.lasso.learning_rate", self.lasso.learning_rate),
            ("experiment.lasso.penalty", self.lasso.penalty),
        ] {
            Invalid::unless(value > 0.0 && value.is_finite(), key, value, "a finite number greater than 0")?;
        }
        for (key, penalties) in [
            ("experiment.normal.penalties", &self.normal.penalties),
            ("experiment.uniform.penalties", &self.uniform.penalties),
        ] {
            let two = penalties.len() == 2 && ascending(penalties);
            Invalid::unless(two, key, penalties, "two finite numbers of at least 0, ascending")?;
        }
        let penalties = &self.adam_penalties;
        let allowed = ascending(penalties) && penalties.first().is_some_and(|&penalty| penalty > 0.0);
        Invalid::unless(
            allowed,
            "experiment.adam_penalties",
            penalties,
            "one or more finite numbers above 0, ascending",
        )
    }
}

impl WeightDecayParameters {
    /// Where the norm of the weight lies after training, as far as theory says it from these settings.
    ///
    /// Examples determine as many directions of the weight as there are examples. In the others nothing acts but decay: the
    /// initial norm there, √(directions) give or take √½, is multiplied by `1 - ηλ` in every step. In the directions of the
    /// examples the fit is at most as long as the true weight. None where that part is not the smaller one by a factor of
    /// 2, so that the norm depends on how far the fit has come.
    pub(super) fn norm(&self, set: &SetParameters, penalty: f64) -> Option<[f64; 2]> {
        let unseen = (self.d_input - self.train_examples) as f64;
        let steps = self.epochs * self.train_examples.div_ceil(set.batch_size);
        let decayed = unseen.sqrt() * (1.0 - self.learning_rate * penalty).abs().powf(steps as f64);
        let fitted = (self.d_input as f64).sqrt() * self.weight.abs();
        // Three standard deviations of one initial norm.
        let scatter = 3.0 / (2.0 * unseen).sqrt();
        (decayed > 2.0 * fitted).then(|| [decayed * (1.0 - scatter), decayed.hypot(fitted) * (1.0 + scatter)])
    }
}

fn ascending(penalties: &[f64]) -> bool {
    let finite = penalties.iter().all(|&penalty| penalty >= 0.0 && penalty.is_finite());
    finite && penalties.is_sorted_by(|a, b| a < b)
}

/// Rounding of 32-bit floats in a weight, over a few thousand steps that add up as a random walk.
pub(super) const ROUNDING: f64 = 1e-5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_norm_expected_follows_the_penalty() {
        let parameters = WeightDecayParameters {
            d_input: 200,
            train_examples: 20,
            weight: 0.01,
            learning_rate: 0.003,
            epochs: 100,
            ..Default::default()
        };
        let [a, b] = [5, 1].map(|batch_size| SetParameters { batch_size, penalties: Vec::new() });
        // √180 = 13.416, after 400 steps 0.3608 at λ = 3 and 4.032 at λ = 1; 15.8 % below.
        for (penalty, least) in [(0.0, 11.295), (1.0, 3.395), (3.0, 0.3037)] {
            let [low, high] = parameters.norm(&a, penalty).unwrap();
            assert!((low / least - 1.0).abs() < 1e-3 && high > 1.3 * low, "λ = {penalty}: {low} to {high}");
        }
        assert!(parameters.norm(&b, 0.005).is_some());
        assert_eq!(parameters.norm(&b, 4.0), None, "nothing is left of the initial weight");
    }
}
