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
mod settings;

use anyhow::{Context, Result};
use burn_fashion_mnist::{Inputs, LinearDataConfig};
use mlp_plot::Chart;
use serde::{Deserialize, Serialize};

use self::linear::{NoisyFit, log_slope};
use self::perceptron::PerceptronMeasurement;
use crate::finding::{Claim, Finding, Table, spread};
use crate::{Experiment, Lab, Platform, Seeded};

pub use settings::InputNoise;

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    linear: NoisyFit,
    perceptron: PerceptronMeasurement,
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

    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        Ok(Measurement { linear: self.measure_linear(seed)?, perceptron: self.measure_perceptron(lab, seed)? })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let mut finding = Finding::default();
        let (fits, perceptrons): (Vec<&NoisyFit>, Vec<&PerceptronMeasurement>) =
            measurements.iter().map(|measurement| (&measurement.linear, &measurement.perceptron)).unzip();
        self.claim_linear(&mut finding, &fits);
        self.report_linear(&mut finding, &fits);
        self.conclude_perceptron(&mut finding, &perceptrons);
        Ok(finding)
    }
}

impl InputNoise {
    fn measure_linear(&self, seed: u64) -> Result<NoisyFit> {
        let linear = &self.experiment.linear;
        let config = LinearDataConfig {
            d_input: linear.d_input,
            weight: linear.weight,
            bias: 0.0,
            noise: linear.target_noise,
            inputs: Inputs::Normal,
            seed,
        };
        let fit = NoisyFit::new(&config.draw(linear.examples, 0), linear.input_noise, &linear.copies, seed);
        fit.context("the examples of the linear model determine no single solution")
    }

    fn claim_linear(&self, finding: &mut Finding, fits: &[&NoisyFit]) {
        let last = self.experiment.linear.copies.len() - 1;
        let squares = fits.iter().map(|fit| (fit.distances[last].1 / fit.expected[last].1).powi(2));
        let slopes: Vec<f64> = fits.iter().map(|fit| log_slope(&fit.distances)).collect();
        finding
            .claim(Claim::measured(
                "Linear model: mean of the noise added to the inputs, in its standard errors",
                fits.iter().map(|fit| fit.bias).collect::<Vec<f64>>(),
            ))
            .claim(Claim::measured(
                "Linear model: squared distance of the noisy minimizer from the ridge solution with penalty n·σ², in \
                 units of its expectation from sampling",
                squares.collect::<Vec<f64>>(),
            ))
            .claim(Claim::measured(
                "Linear model: exponent with which that distance changes with the number of noisy copies (-1/2)",
                slopes,
            ))
            .claim(Claim::difference(
                "Linear model: distance of the noisy minimizer from least squares without noise, minus that from ridge",
                &from_plain(fits),
                &distances(fits, last),
            ));
    }

    fn report_linear(&self, finding: &mut Finding, fits: &[&NoisyFit]) {
        let header = ["noisy copies", "distance from ridge", "expected from sampling"];
        let mut table = Table::new("Minimizer of the noisy squared error", &header);
        for (index, copies) in self.experiment.linear.copies.iter().enumerate() {
            let expected: Vec<f64> = fits.iter().map(|fit| fit.expected[index].1).collect();
            table = table.row([copies.to_string(), spread(&distances(fits, index)), spread(&expected)]);
        }
        finding.table(table.row(["least squares without noise".to_owned(), spread(&from_plain(fits)), "-".to_owned()]));
        let mut chart = Chart::new("Noisy least squares and ridge regression").log_x().log_y();
        for (seed, fit) in self.seeds().iter().zip(fits) {
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
    }
}

/// Distance from the ridge solution at one of the numbers of copies, for each seed.
fn distances(fits: &[&NoisyFit], copies: usize) -> Vec<f64> {
    fits.iter().map(|fit| fit.distances[copies].1).collect()
}

/// Distance from least squares without noise, for each seed.
fn from_plain(fits: &[&NoisyFit]) -> Vec<f64> {
    fits.iter().map(|fit| fit.from_plain).collect()
}
