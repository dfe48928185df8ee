//! # Question
//!
//! What does noise on the inputs do to what is learned?
//!
//! # Variants
//!
//! A linear model fitted to copies of its examples with Gaussian noise `ε ~ N(0, σ²)` on the inputs, or with dropout on
//! them, against ridge regression. A perceptron trained as it is, with Gaussian noise on every input of every step, and
//! with dropout.
//!
//! # Held equal
//!
//! Linear: the examples. Perceptron: initial weights, batches, the noise on the test images and the perturbations.
//!
//! # Measured
//!
//! Linear: the distance between the minimizer of the disturbed squared error and the ridge solution with the penalty
//! that theory gives, and its decline with the number of copies; the norm of the minimizer. Perceptron: the accuracy on
//! test images under noise, which is not clipped at black and white and so has mean 0, as in training; the change of the
//! predicted probabilities under small perturbations, for their length.
//!
//! # Expected
//!
//! The expected disturbed squared error *is* a ridge objective (Bishop 1995), so what is left is sampling error, which
//! falls as one over the square root of the copies; control: the distance from another ridge solution stays. A perceptron
//! trained with noise or dropout is better under noise, and changes less under small perturbations; control: one trained
//! as it is, from other weights, is not.

mod linear;
mod linear_conclusions;
mod normal_equations;
mod perceptron;
mod perceptron_conclusions;
mod settings;

use anyhow::{Context as _, Result};
use burn_fashion_mnist::{Inputs, LinearDataConfig};
use serde::{Deserialize, Serialize};

use self::linear::{Disturbance, NoisyFit};
use self::perceptron::PerceptronMeasurement;
use crate::finding::Finding;
use crate::{Experiment, Lab, Platform};

pub use settings::InputNoise;

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    noise: NoisyFit,
    dropout: NoisyFit,
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
        "experiment.train_examples=2000",
        "experiment.test_noise=[0.0, 0.2, 0.4]",
        "experiment.perturbed=500",
        "experiment.linear.copies=[10, 100]",
        "experiment.linear.repetitions=1",
    ];

    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        let linear = &self.experiment.linear;
        Ok(Measurement {
            noise: self.measure_linear(Disturbance::Noise(linear.input_noise), seed)?,
            dropout: self.measure_linear(Disturbance::Dropout(linear.dropout.get()), seed)?,
            perceptron: self.measure_perceptron(lab, seed)?,
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let mut finding = Finding::default();
        let fits = |of: fn(&Measurement) -> &NoisyFit| measurements.iter().map(of).collect::<Vec<_>>();
        let (noise, dropout) = (fits(|measured| &measured.noise), fits(|measured| &measured.dropout));
        linear_conclusions::conclude(&mut finding, &self.experiment.linear, &noise, &dropout);
        let perceptrons: Vec<_> = measurements.iter().map(|measurement| &measurement.perceptron).collect();
        perceptron_conclusions::conclude(&mut finding, &self.experiment.test_noise, &perceptrons);
        Ok(finding)
    }
}

impl InputNoise {
    fn measure_linear(&self, disturbance: Disturbance, seed: u64) -> Result<NoisyFit> {
        let linear = &self.experiment.linear;
        let config = LinearDataConfig {
            d_input: linear.d_input,
            weight: linear.weight,
            bias: 0.0,
            noise: linear.target_noise,
            inputs: Inputs::Normal,
            seed,
        };
        let data = config.draw(linear.examples, 0);
        let fit = NoisyFit::new(&data, disturbance, &linear.copies, linear.repetitions, seed);
        fit.context("the examples of the linear model determine no single solution")
    }
}
