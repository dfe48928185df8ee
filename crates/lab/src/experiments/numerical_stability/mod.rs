//! # Question
//!
//! Why do deep networks with unlucky weights not learn?
//!
//! # Variants
//!
//! Products of `factors` random matrices with entries N(0, 1), with Xavier's variance, and N(0, 0.25²). Networks of 2
//! and of `depth` hidden layers with sigmoid, tanh and ReLU, each with weights N(0, `model.init.std`²), N(0, 1) and
//! Xavier's. One hidden layer of `model.hidden` units trained from constant weights (`model.init.value`), from constant
//! weights with dropout (`model.dropout`), and from random ones. Products of probabilities and of matrices, and gradients
//! of the deep network, in 16, 32 and 64 bits. Deep networks with weights that are too small, too large and right, each
//! trained with learning rates from 10⁻⁵ to 10².
//!
//! # Held equal
//!
//! The random numbers: the three products of a seed, and the three kinds of weights, are the same normal numbers times
//! another factor. The images of the batch, and in training also their order.
//!
//! # Measured
//!
//! Sigmoid and its derivative; growth and largest entry of the products; the norm of the gradient of each layer's
//! weights over one batch, before training; after training, how many hidden units differ, and the test accuracy. Factors
//! until a product is 0 or its determinant wrong; elements of a gradient that are lost in 16 bits; the loss after a
//! fixed number of steps at each learning rate.
//!
//! # Expected
//!
//! `σ' ≤ 1/4`, and below `e⁻ˣ` in both tails. A vector grows by `(ln 2 + ψ(side/2))/2` with each matrix (Cohen and
//! Newman 1984): 0.558 for four rows, a product of 100 about 10²⁴. The gradient of a sigmoid net with Xavier weights
//! shrinks by at least 4 with each layer downwards, that of a ReLU net keeps its size. Weights N(0, σ²) multiply the
//! gradient by at most `σ·√width` with each layer more, and N(0, 1) with ReLU by about `√(width/2)`. Equal units get
//! equal gradients and stay equal; dropout and random weights make them differ.

mod gradients;
mod half;
mod long_products;
mod precision;
mod products;
mod rates;
mod settings;
mod symmetry;

use anyhow::Result;
use burn_mlp::Activation;
use serde::{Deserialize, Serialize};

use self::gradients::LayerGradients;
use self::half::Halves;
use self::long_products::LongProducts;
use self::products::Products;
use self::rates::RateSweep;
pub use self::settings::NumericalStability;
use self::symmetry::Symmetry;
use super::activations::{Curves, apply};
use crate::finding::{Bound, Claim, Finding};
use crate::platform::Device;
use crate::{Experiment, Lab, Platform};

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    sigmoid: Sigmoid,
    products: Products,
    long_products: LongProducts,
    gradients: LayerGradients,
    halves: Halves,
    rates: RateSweep,
    symmetry: Symmetry,
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
        "experiment.rate_steps=10",
        "experiment.rate_powers=[-3, 1]",
    ];

    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        Ok(Measurement {
            sigmoid: Sigmoid::measure::<P>(self.experiment.limit, lab.device()),
            products: Products::measure(&self.experiment, seed),
            long_products: LongProducts::measure(&self.experiment, seed),
            gradients: LayerGradients::measure(self, lab, seed)?,
            halves: Halves::measure(self, lab, seed)?,
            rates: RateSweep::measure(self, lab, seed)?,
            symmetry: Symmetry::measure(self, lab, seed)?,
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let mut finding = Finding::default();
        measurements[0].sigmoid.add(self.experiment.limit, &mut finding);
        products::add(&each(measurements, |measurement| &measurement.products), &self.experiment, &mut finding);
        long_products::add(
            &each(measurements, |measurement| &measurement.long_products),
            &self.experiment,
            &mut finding,
        );
        gradients::add(&each(measurements, |measurement| &measurement.gradients), self, &mut finding);
        half::add(&each(measurements, |measurement| &measurement.halves), self, &mut finding);
        rates::add(&each(measurements, |measurement| &measurement.rates), self, &mut finding);
        symmetry::add(&each(measurements, |measurement| &measurement.symmetry), self, &mut finding);
        Ok(finding)
    }
}

/// The same part of each measurement.
fn each<T>(measurements: &[Measurement], part: fn(&Measurement) -> &T) -> Vec<&T> {
    measurements.iter().map(part).collect()
}

/// The sigmoid, in which nothing is random.
#[derive(Serialize, Deserialize)]
struct Sigmoid {
    /// Its derivative at the left end, at 0 and at the right end.
    derivatives: [f32; 3],
    curves: Curves,
}

impl Sigmoid {
    /// Over `[-limit, limit]`.
    fn measure<P: Platform>(limit: f64, device: &Device<P>) -> Self {
        let points = [-limit, 0.0, limit].map(|x| x as f32);
        let (_, derivatives) = apply::<P>(Activation::Sigmoid, &points, device);
        Self {
            derivatives: derivatives.try_into().expect("a derivative for each point"),
            curves: Curves::of::<P>(Activation::Sigmoid, limit, device),
        }
    }

    fn add(&self, limit: f64, finding: &mut Finding) {
        let [left, middle, right] = self.derivatives;
        finding.claim(Claim::check("Sigmoid: derivative at 0", [middle.into()], Bound::Equal(0.25)));
        // The derivative is σ(1 - σ), and 1 - σ is rounded.
        let bound = Bound::AtMost((-limit).exp() + f64::from(f32::EPSILON));
        for (tail, derivative) in [("left", left), ("right", right)] {
            let sentence = format!("Sigmoid: derivative in the {tail} tail, at |x| = {limit}");
            finding.claim(Claim::measured(sentence, [derivative.into()]).bound(bound));
        }
        let chart = self.curves.chart("Sigmoid and its derivative");
        finding.picture("sigmoid", "The derivative of the sigmoid is at most 1/4 and vanishes in both tails.", &chart);
    }
}
