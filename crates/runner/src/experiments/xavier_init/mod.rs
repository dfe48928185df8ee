//! # Question
//!
//! Does Xavier's variance keep activations and gradients at their size, and do deep sigmoid networks train with it?
//!
//! # Variants
//!
//! Weights N(0, 2/(n_in + n_out)) and U(±√(6/(n_in + n_out))), N(0, `model.init.std`²) and N(0, 1), and the two
//! conditions that Xavier's variance is a compromise of: `n_in·γ = 1` forward and `n_out·γ = 1` backward. Linear nets
//! of `depth` equal layers, and of layers of `widths` units. A network of `model.hidden` sigmoid units trained from
//! N(0, `model.init.std`²) and from Xavier's weights, and with the rescaled sigmoid `4σ(x) - 2` from both.
//!
//! # Held equal
//!
//! The random numbers: normal weights of one seed are the same numbers times another standard deviation. Inputs,
//! gradients at the output; in training the order of the images.
//!
//! # Measured
//!
//! The variance of the weights; the variance of activations and of gradients in each layer of a linear net, over that
//! at the input and at the output; training loss and test accuracy of the sigmoid networks.
//!
//! # Expected
//!
//! A layer multiplies the mean squared activation by `n_in·γ` and, backwards, the mean squared gradient by `n_out·γ`,
//! in the mean over weights. Around it one network's ratio has at most the variance `Π(1 + 2/n) - 1`, over the widths
//! `n` of the layers reached, whatever the inputs: a claim's interval is four standard errors of the mean over all
//! networks and seeds. Sigmoid layers shrink gradients by `σ' ≤ 1/4` on top, and `4σ(x) - 2` undoes that near 0.

mod training;
mod variances;

use anyhow::Result;
use burn_mlp::Activation;
use serde::{Deserialize, Serialize};

use super::Experiment;
use crate::config::{Config, InitKind, ModelConfig};
use crate::finding::Finding;
use crate::lab::Lab;
use crate::recipe::{Parameters, Recipe};
use crate::settings::Invalid;

/// Settings of `xavier-init`; the sections of a training run describe the sigmoid networks.
pub type XavierInit = Recipe<XavierInitParameters>;

/// Its own section.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct XavierInitParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Weights drawn for each measured variance.
    pub samples: usize,
    /// Linear nets drawn for each seed.
    pub networks: usize,
    /// Inputs of each, and gradients at its output.
    pub examples: usize,
    /// Layers of the nets of equal layers.
    pub depth: usize,
    /// Their units.
    pub width: usize,
    /// Units from the input to the output of the nets of unequal layers.
    pub widths: Vec<usize>,
}

impl Parameters for XavierInitParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        Invalid::unless(self.samples >= 1000, "experiment.samples", self.samples, "at least 1000")?;
        Invalid::unless(self.networks > 0, "experiment.networks", self.networks, "at least 1")?;
        Invalid::unless(self.examples > 0, "experiment.examples", self.examples, "at least 1")?;
        Invalid::unless((1..=100).contains(&self.depth), "experiment.depth", self.depth, "1 to 100")?;
        Invalid::unless((1..=4096).contains(&self.width), "experiment.width", self.width, "1 to 4096")?;
        let widths = self.widths.len() >= 2 && self.widths.iter().all(|width| (1..=4096).contains(width));
        Invalid::unless(widths, "experiment.widths", &self.widths, "at least two numbers, each 1 to 4096")
    }

    fn validate_run(&self, run: &Config) -> Result<(), Invalid> {
        let ModelConfig { activation, init, hidden, .. } = &run.model;
        Invalid::unless(!hidden.is_empty(), "model.hidden", hidden, "at least one hidden layer")?;
        let sigmoid = *activation == Activation::Sigmoid;
        Invalid::unless(sigmoid, "model.activation", activation, "sigmoid, to which 4σ(x) - 2 is compared")?;
        let xavier = init.kind == InitKind::XavierNormal;
        Invalid::unless(xavier, "model.init.kind", init.kind, "xavier-normal, to which normal is compared")
    }
}

impl Experiment for XavierInit {
    const NAME: &'static str = "xavier-init";
    const QUESTION: &'static str =
        "Does Xavier's variance keep activations and gradients at their size, and deep sigmoid networks trainable?";
    const CONFIG: &'static str = include_str!("../../../../../configs/xavier-init.toml");
    const QUICK: &'static [&'static str] = &["experiment.networks=10", "experiment.width=64", "training.batch_size=32"];

    fn run(&self, lab: &Lab) -> Result<Finding> {
        let mut finding = Finding::default();
        variances::add_distributions(self, &mut finding);
        lab.tell("variances in linear nets");
        variances::add_layers(self, lab.device(), &mut finding);
        variances::add_conditions(self, lab.device(), &mut finding);
        training::add(self, lab, &mut finding)?;
        Ok(finding)
    }
}
