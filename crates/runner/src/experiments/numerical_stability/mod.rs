//! # Question
//!
//! Why do deep networks with unlucky weights not learn?
//!
//! # Variants
//!
//! Products of `factors` random matrices with entries N(0, 1), with Xavier's variance, and N(0, 0.25²). Networks of 2
//! to `depth` hidden layers with sigmoid, tanh and ReLU, each with weights N(0, `model.init.std`²), N(0, 1) and
//! Xavier's. One hidden layer of `model.hidden` units trained from constant weights (`model.init.value`), from constant
//! weights with dropout (`model.dropout`), and from random ones.
//!
//! # Held equal
//!
//! The random numbers: the three products of a seed, and the three kinds of weights, are the same normal numbers times
//! another factor. The images of the batch, and in training also their order.
//!
//! # Measured
//!
//! Sigmoid and its derivative; growth and largest entry of the products; the norm of the gradient of each layer's
//! weights over one batch, before training; after training, how many hidden units differ, and the test accuracy.
//!
//! # Expected
//!
//! `σ' ≤ 1/4`, and below `e⁻ˣ` in both tails. A vector grows by `(ln 2 + ψ(side/2))/2` with each matrix (Cohen and
//! Newman 1984): 0.558 for four rows, a product of 100 about 10²⁴. The gradient of a sigmoid net with Xavier weights
//! shrinks by at least 4 with each layer downwards, that of a ReLU net keeps its size. Weights N(0, σ²) multiply the
//! gradient by at most `σ·√width` with each layer more, and N(0, 1) with ReLU by about `√(width/2)`. Equal units get
//! equal gradients and stay equal; dropout and random weights make them differ.

mod gradients;
mod products;
mod symmetry;

use anyhow::Result;
use burn_mlp::Activation;
use serde::{Deserialize, Serialize};

use super::{Experiment, activations};
use crate::backend::Device;
use crate::config::Config;
use crate::finding::{Bound, Claim, Finding};
use crate::lab::Lab;
use crate::recipe::{Parameters, Recipe};
use crate::settings::Invalid;

/// Settings of `numerical-stability`; the sections of a training run describe the network that starts with constant
/// weights.
pub type NumericalStability = Recipe<NumericalStabilityParameters>;

/// Its own section.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumericalStabilityParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// The sigmoid is looked at over `[-limit, limit]`.
    pub limit: f64,
    /// Rows and columns of each random matrix.
    pub side: usize,
    /// Matrices in a product.
    pub factors: usize,
    /// Products for each seed.
    pub products: usize,
    /// Hidden layers of the deepest network.
    pub depth: usize,
    /// Units of each of them.
    pub width: usize,
}

impl Parameters for NumericalStabilityParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        let limit = self.limit;
        Invalid::unless(limit > 0.0 && limit <= 80.0, "experiment.limit", limit, "a number in (0, 80]")?;
        Invalid::unless((1..=64).contains(&self.side), "experiment.side", self.side, "1 to 64")?;
        Invalid::unless((1..=10_000).contains(&self.factors), "experiment.factors", self.factors, "1 to 10000")?;
        Invalid::unless(self.products > 0, "experiment.products", self.products, "at least 1")?;
        Invalid::unless((3..=64).contains(&self.depth), "experiment.depth", self.depth, "3 to 64")?;
        Invalid::unless(self.width > 0, "experiment.width", self.width, "at least 1")
    }

    fn validate_run(&self, run: &Config) -> Result<(), Invalid> {
        let dropout: Vec<f64> = run.model.dropout.iter().map(|prob| prob.get()).collect();
        let drops = dropout.first().is_some_and(|&prob| prob > 0.0);
        Invalid::unless(drops, "model.dropout", dropout, "a probability greater than 0 for the first hidden layer")
    }
}

impl Experiment for NumericalStability {
    const NAME: &'static str = "numerical-stability";
    const QUESTION: &'static str = "Why do deep networks with unlucky weights not learn?";
    const CONFIG: &'static str = include_str!("../../../../../configs/numerical-stability.toml");
    const QUICK: &'static [&'static str] = &[
        "experiment.products=10",
        "experiment.depth=6",
        "experiment.width=64",
        "model.hidden=[64]",
        "training.epochs=3",
        "training.batch_size=64",
    ];

    fn run(&self, lab: &Lab) -> Result<Finding> {
        let mut finding = Finding::default();
        self.add_sigmoid(lab.device(), &mut finding);
        products::add(self, &mut finding);
        gradients::add(self, lab, &mut finding)?;
        symmetry::add(self, lab, &mut finding)?;
        Ok(finding)
    }
}

impl NumericalStability {
    fn add_sigmoid(&self, device: &Device, finding: &mut Finding) {
        let limit = self.experiment.limit;
        let (_, derivatives) = activations::apply(Activation::Sigmoid, &[-limit as f32, 0.0, limit as f32], device);
        let [left, middle, right] = derivatives[..] else { unreachable!("a derivative for each point") };
        finding.claim(Claim::measured("Sigmoid: derivative at 0", [middle.into()], Bound::Between(0.25, 0.25)));
        // The derivative is σ(1 - σ), and 1 - σ is rounded.
        let bound = Bound::AtMost((-limit).exp() + f64::from(f32::EPSILON));
        for (tail, derivative) in [("left", left), ("right", right)] {
            let sentence = format!("Sigmoid: derivative in the {tail} tail, at |x| = {limit}");
            finding.claim(Claim::measured(sentence, [derivative.into()], bound));
        }
        let chart = activations::chart("Sigmoid and its derivative", Activation::Sigmoid, limit, device);
        finding.picture("sigmoid", "The derivative of the sigmoid is at most 1/4 and vanishes in both tails.", &chart);
    }
}
