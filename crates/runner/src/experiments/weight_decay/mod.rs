//! # Question
//!
//! What does a penalty on the weights do to a model with more weights than examples?
//!
//! # Variants
//!
//! `y = 0.05 + Σ 0.01·xᵢ + ε`, `ε ~ N(0, 0.01²)`, 200 features, 20 training and 100 test examples, weights from N(0, 1).
//! Set A: `x ~ N(0, 1)`, batches of 5, λ = 0 and 3. Set B: `x ~ U[0, 1)`, batches of 1, λ = 0.005 and 4. Each from scratch
//! with the penalty in the loss, and by modules with decay in the optimizer, on the weight only. Also L1 against L2, and
//! penalty against decay under SGD and under Adam.
//!
//! # Held equal
//!
//! Examples, initial weights, batches and learning rate.
//!
//! # Measured
//!
//! `‖w‖` after training, the losses `½(y - ŷ)²` without penalty over epochs; the part of the weights that are zero; the
//! distance between the weights of two variants.
//!
//! # Expected
//!
//! A step is `w ← (1 - ηλ)w - η/|B|·Σ x(wᵀx + b - y)`: the texts add the penalty to the loss of every example of a batch,
//! sum, and divide by the batch size. 20 examples determine 20 directions of the weight; the other 180 keep what the
//! decay leaves of their `√180 ≈ 13.4`: all of it at λ = 0, `(1 - 0.009)⁴⁰⁰` of it, 0.36, in set A at λ = 3. In set B at
//! λ = 4 nothing of it is left, and `‖w‖` is that of the penalized fit, 0.09 where the bias is still on its way.
//! Without decay the training loss is far below the test loss, which falls with it. L1 zeroes all but as many weights as
//! there are examples; L2 none. For SGD penalty and decay are one update; Adam divides the penalty's gradient by its own
//! size, and decays less.

mod penalties;
mod regression;
mod sets;

use anyhow::Result;
use burn_fashion_mnist::{Inputs, LinearDataConfig};
use serde::{Deserialize, Serialize};

use self::regression::Regression;
use super::Experiment;
use crate::finding::Finding;
use crate::lab::Lab;
use crate::recipe::{Parameters, Setup};
use crate::settings::Invalid;

/// Settings of `weight-decay`.
pub type WeightDecay = Setup<WeightDecayParameters>;

/// Its own section.
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

fn ascending(penalties: &[f64]) -> bool {
    let finite = penalties.iter().all(|&penalty| penalty >= 0.0 && penalty.is_finite());
    finite && penalties.is_sorted_by(|a, b| a < b)
}

/// Rounding of 32-bit floats in a weight, over a few thousand steps that add up as a random walk.
const ROUNDING: f64 = 1e-5;

impl Experiment for WeightDecay {
    const NAME: &'static str = "weight-decay";
    const QUESTION: &'static str = "What does a penalty on the weights do where there are more weights than examples?";
    const CONFIG: &'static str = include_str!("../../../../../configs/weight-decay.toml");
    const QUICK: &'static [&'static str] = &["experiment.seeds=3", "experiment.adam_penalties=[0.3, 3.0]"];

    fn run(&self, lab: &Lab) -> Result<Finding> {
        let mut finding = Finding::default();
        for set in self.sets() {
            lab.tell(format!("set {}", set.name));
            self.decay(&mut finding, lab, &set);
        }
        lab.tell("L1 against L2");
        self.lasso(&mut finding, lab);
        lab.tell("SGD and Adam");
        self.adam(&mut finding, lab);
        Ok(finding)
    }
}

impl WeightDecay {
    /// A regression on one of the sets.
    fn regression(&self, inputs: Inputs, batch_size: usize, seed: u64) -> Regression {
        let WeightDecayParameters { d_input, weight, bias, noise, learning_rate, epochs, .. } = self.experiment;
        let config = LinearDataConfig { d_input, weight, bias, noise, inputs, seed };
        let (train, test) =
            (config.draw(self.experiment.train_examples, 0), config.draw(self.experiment.test_examples, 1));
        Regression { train, test, batch_size, learning_rate, epochs, seed }
    }
}
