//! # Question
//!
//! What does noise on the inputs do to what is learned?
//!
//! # Variants
//!
//! A linear model fitted to noisy copies of its examples, against ridge regression. A perceptron trained as it is, with
//! Gaussian noise `ε ~ N(0, σ²)` on every input of every step, and with dropout.
//!
//! # Held equal
//!
//! Linear: the examples. Perceptron: initial weights, batches, the noise on the test images and the perturbations.
//!
//! # Measured
//!
//! Linear: the distance between the minimizer of the noisy squared error and the ridge solution with penalty `nσ²`, and
//! its decline with the number of noisy copies. Perceptron: the accuracy lost under pixel noise on the test images; the
//! change of the predicted probabilities under small perturbations, for their length.
//!
//! # Expected
//!
//! The expected noisy squared error *is* the ridge objective (Bishop 1995), so what is left is sampling error, which falls
//! as one over the square root of the copies. A perceptron trained with noise or dropout loses less accuracy under pixel
//! noise, and changes less under small perturbations.

mod linear;
mod perceptron;

use anyhow::{Context, Result};
use burn_fashion_mnist::{Inputs, LinearDataConfig};
use serde::{Deserialize, Serialize};

use self::linear::{NoisyFit, log_slope};
use super::Experiment;
use crate::config::Config;
use crate::finding::{Bound, Claim, Finding, Table, spread};
use crate::lab::Lab;
use crate::plot::Chart;
use crate::recipe::{Parameters, Recipe};
use crate::settings::Invalid;

/// Settings of `input-noise`; the network's dropout is that of the variant with dropout.
pub type InputNoise = Recipe<InputNoiseParameters>;

/// Its own section.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputNoiseParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// The linear model.
    pub linear: LinearParameters,
    /// Training images, a stratified part of the training set; 0 for all.
    pub train_examples: usize,
    /// Standard deviation of the noise in training, in units of the range from black to white.
    pub train_noise: f64,
    /// Standard deviations of the noise on the test images, ascending from 0, in the same units.
    pub test_noise: Vec<f64>,
    /// Standard deviation of the small perturbations, in the same units.
    pub perturbation: f64,
    /// Test images that are perturbed.
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
    /// Noisy copies of the examples that are averaged over, ascending.
    pub copies: Vec<usize>,
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
        let copies = &linear.copies;
        let ascending = copies.len() >= 2 && copies[0] > 0 && copies.is_sorted_by(|a, b| a < b);
        Invalid::unless(ascending, "experiment.linear.copies", copies, "two or more, ascending, each at least 1")?;
        positive("experiment.train_noise", self.train_noise)?;
        let noise = &self.test_noise;
        let ascending = noise.len() >= 2 && noise[0] == 0.0 && noise.is_sorted_by(|a, b| a < b);
        let finite = noise.iter().all(|std| std.is_finite());
        Invalid::unless(ascending && finite, "experiment.test_noise", noise, "two or more, ascending from 0")?;
        positive("experiment.perturbation", self.perturbation)?;
        Invalid::unless(self.perturbed > 0, "experiment.perturbed", self.perturbed, "at least 1")
    }

    fn validate_run(&self, run: &Config) -> Result<(), Invalid> {
        let dropout: Vec<f64> = run.model.dropout.iter().map(|prob| prob.get()).collect();
        let drops = dropout.iter().any(|&prob| prob > 0.0);
        Invalid::unless(drops, "model.dropout", dropout, "a probability greater than 0 for the variant with dropout")
    }
}

impl Experiment for InputNoise {
    const NAME: &'static str = "input-noise";
    const QUESTION: &'static str = "What does noise on the inputs do to what is learned?";
    const CONFIG: &'static str = include_str!("../../../../../configs/input-noise.toml");
    const QUICK: &'static [&'static str] = &[
        "model.hidden=[128, 128]",
        "training.batch_size=64",
        "training.learning_rate=0.2",
        "experiment.train_examples=3000",
        "experiment.test_noise=[0.0, 0.2, 0.4]",
        "experiment.perturbed=500",
    ];

    fn run(&self, lab: &Lab) -> Result<Finding> {
        let mut finding = Finding::default();
        self.linear(&mut finding)?;
        self.perceptron(&mut finding, lab)?;
        Ok(finding)
    }
}

impl InputNoise {
    fn linear(&self, finding: &mut Finding) -> Result<()> {
        let linear = &self.experiment.linear;
        let mut fits = Vec::new();
        for seed in self.seeds() {
            let config = LinearDataConfig {
                d_input: linear.d_input,
                weight: linear.weight,
                bias: 0.0,
                noise: linear.target_noise,
                inputs: Inputs::Normal,
                seed,
            };
            let fit = NoisyFit::new(&config.draw(linear.examples, 0), linear.input_noise, &linear.copies, seed);
            fits.push(fit.context("the examples of the linear model determine no single solution")?);
        }
        let last = linear.copies.len() - 1;
        let at = |copies: usize| fits.iter().map(|fit| fit.distances[copies].1).collect::<Vec<f64>>();
        let squares = fits.iter().map(|fit| (fit.distances[last].1 / fit.expected[last].1).powi(2));
        let plain: Vec<f64> = fits.iter().map(|fit| fit.from_plain).collect();
        let slopes: Vec<f64> = fits.iter().map(|fit| log_slope(&fit.distances)).collect();
        finding
            .claim(Claim::measured(
                "Linear model: mean of the noise added to the inputs, in its standard errors",
                fits.iter().map(|fit| fit.bias).collect::<Vec<f64>>(),
                Bound::Between(-3.0, 3.0),
            ))
            .claim(Claim::measured(
                "Linear model: squared distance of the noisy minimizer from the ridge solution with penalty n·σ², in \
                 units of its expectation from sampling",
                squares.collect::<Vec<f64>>(),
                Bound::Between(0.5, 1.5),
            ))
            .claim(Claim::measured(
                "Linear model: exponent with which that distance changes with the number of noisy copies (-1/2)",
                slopes,
                Bound::Between(-0.6, -0.4),
            ))
            .claim(Claim::paired(
                "Linear model: distance of the noisy minimizer from least squares without noise, minus that from ridge",
                &plain,
                &at(last),
                Bound::Positive,
            ));
        let header = ["noisy copies", "distance from ridge", "expected from sampling"];
        let mut table = Table::new("Minimizer of the noisy squared error", &header);
        for (index, copies) in linear.copies.iter().enumerate() {
            let expected: Vec<f64> = fits.iter().map(|fit| fit.expected[index].1).collect();
            table = table.row([copies.to_string(), spread(&at(index)), spread(&expected)]);
        }
        finding.table(table.row(["least squares without noise".to_owned(), spread(&plain), "-".to_owned()]));
        let mut chart = Chart::new("Noisy least squares and ridge regression").log_x().log_y();
        for (seed, fit) in self.seeds().iter().zip(&fits) {
            chart = chart.line(&format!("seed {seed}"), fit.distances.clone());
        }
        let chart = chart.guide("expected", fits[0].expected.clone());
        let caption =
            "Distance between the minimizer of the noisy squared error and the ridge solution with penalty n·σ²";
        finding.picture(
            "ridge",
            caption,
            &chart.x_label("noisy copies of the examples").y_label("distance of the weights"),
        );
        Ok(())
    }
}
