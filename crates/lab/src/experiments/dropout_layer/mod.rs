//! # Question
//!
//! Does dropout by hand do what its formula says?
//!
//! # Variants
//!
//! Dropout by hand ([`crate::scratch::dropout`]: a mask from uniform numbers, keep where `u > p`, divide by `1 - p`)
//! and the library's layer ([`burn_mlp::Dropout`]).
//!
//! # Held equal
//!
//! The inputs: the numbers 0 to 15 as two rows of eight.
//!
//! # Measured
//!
//! With `p` = 0, 0.5 and 1 the elements that are not what the formula allows; with the probabilities of
//! `experiment.probs` the mean over `experiment.masks` masks, and the elements whose gradient does not have the mask of
//! the forward pass; how many values outside `[0, 1]` are accepted as a probability. In a network of five hidden units, what
//! outputs and gradients have to do with the units that are dropped.
//!
//! # Expected
//!
//! `h' = 0` with probability `p`, else `h/(1 - p)`: unchanged at `p = 0`, 0 or doubled at 0.5, all zeros (not NaN) at 1.
//! `E[h'] = h` and `Var[h'] = h²·p/(1 - p)`, so each mean lies within a few of its standard errors from `h`.
//! All weights to and from a dropped unit have gradients of exactly 0.

mod five_units;
mod implementations;
mod inputs;
mod means;
mod pictures;
mod settings;

use anyhow::Result;
use burn_mlp::{Key, Probability};
use burn_mlp_train::values;
use serde::{Deserialize, Serialize};

use self::five_units::FiveUnits;
use self::implementations::{IMPLEMENTATIONS, Implementation};
use self::inputs::{ELEMENTS, rows};
use self::means::Means;
use self::pictures::Pictured;
pub use self::settings::DropoutLayer;
use crate::finding::{Bound, Claim, Finding};
use crate::platform::Device;
use crate::{Experiment, Lab, Platform};

/// What is no probability.
const OUTSIDE: [f64; 5] = [-0.1, 1.1, -f64::MIN_POSITIVE, f64::INFINITY, f64::NAN];

type Allowed = fn(f32, f32) -> bool;

/// With these probabilities every element is one of one or two values.
const CASES: [(&str, f64, Allowed); 3] = [
    ("p = 0: elements that changed", 0.0, |x, y| y == x),
    ("p = 0.5: elements that are neither 0 nor doubled", 0.5, |x, y| y == 0.0 || y == 2.0 * x),
    ("p = 1: elements that are not 0, some inputs being infinite", 1.0, |_, y| y == 0.0),
];

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    /// Elements that are not what the formula allows, in each of [`CASES`].
    wrong_values: [usize; CASES.len()],
    means: Means,
    /// Elements whose gradient does not have the mask of the forward pass.
    wrong_gradients: usize,
    five_units: FiveUnits,
    pictured: Pictured,
}

impl Experiment for DropoutLayer {
    const NAME: &'static str = "dropout-layer";
    const QUESTION: &'static str = "Does dropout by hand do what its formula says?";
    const CONFIG: &'static str = include_str!("../../../../../configs/dropout-layer.toml");
    const QUICK: &'static [&'static str] = &["experiment.masks=1000"];

    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        let device = lab.device();
        let mut wrong_values = [0; CASES.len()];
        for (wrong, (_, prob, allowed)) in wrong_values.iter_mut().zip(CASES) {
            *wrong = self.wrong_values::<P>(Probability::new(prob)?, allowed, seed, device);
        }
        Ok(Measurement {
            wrong_values,
            means: Means::measure::<P>(self, seed, device),
            wrong_gradients: self.wrong_gradients::<P>(seed, device),
            five_units: FiveUnits::measure::<P>(seed, device)?,
            pictured: Pictured::measure::<P>(self, seed, device)?,
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let mut finding = Finding::default();
        let counts = |of: &dyn Fn(&Measurement) -> usize| -> Vec<f64> {
            measurements.iter().map(|measurement| of(measurement) as f64).collect()
        };
        for (index, (sentence, ..)) in CASES.into_iter().enumerate() {
            let wrong = counts(&|measurement| measurement.wrong_values[index]);
            finding.claim(Claim::check(sentence, wrong, Bound::EachAtMost(0.0)));
        }
        let means: Vec<&Means> = measurements.iter().map(|measurement| &measurement.means).collect();
        means::add(&means, &self.experiment, &mut finding);
        let sentence = "Backward pass: elements whose gradient does not have the mask of the forward pass";
        let wrong = counts(&|measurement| measurement.wrong_gradients);
        finding.claim(Claim::check(sentence, wrong, Bound::EachAtMost(0.0)));
        let accepted = OUTSIDE.iter().filter(|&&value| Probability::new(value).is_ok()).count();
        let sentence = format!("Numbers outside [0, 1] accepted as a probability, of {}", OUTSIDE.len());
        finding.claim(Claim::measured(sentence, [accepted as f64]));
        let five_units: Vec<&FiveUnits> = measurements.iter().map(|measurement| &measurement.five_units).collect();
        five_units::add(&five_units, &mut finding);
        pictures::add(&measurements[0].pictured, self.experiment.masks, &mut finding);
        Ok(finding)
    }
}

impl DropoutLayer {
    /// Elements of both implementations that are not allowed.
    fn wrong_values<P: Platform>(&self, prob: Probability, allowed: Allowed, seed: u64, device: &Device<P>) -> usize {
        let mut input = self.repeated();
        if prob == Probability::ONE {
            input[0] = f32::INFINITY;
        }
        let wrong = |(_, implementation): (&str, Implementation)| {
            let output = values(implementation.apply(rows::<P::Train>(&input, device), prob, seed));
            input.iter().zip(output).filter(|&(&x, y)| !allowed(x, y)).count()
        };
        IMPLEMENTATIONS.into_iter().map(wrong).sum()
    }

    /// The backward pass multiplies by the mask of the forward pass: where it does not.
    fn wrong_gradients<P: Platform>(&self, seed: u64, device: &Device<P>) -> usize {
        let length = self.experiment.masks * ELEMENTS;
        let normals = Key::new(seed, *b"upstream").normals();
        let upstream: Vec<f32> = normals.take(length).map(|normal| normal as f32).collect();
        let mut wrong = 0;
        for (_, implementation) in IMPLEMENTATIONS {
            for &prob in &self.experiment.probs {
                // For inputs of one the output is the mask.
                let x = rows::<P::Train>(&vec![1.0; length], device).require_grad();
                let y = implementation.apply(x.clone(), prob, seed);
                let gradients = (y.clone() * rows(&upstream, device)).sum().backward();
                let gradient = x.grad(&gradients).map(values).unwrap_or_default();
                let (mask, expected) = (values(y), upstream.iter());
                let right = expected.zip(&mask).zip(&gradient).filter(|((g, m), found)| *g * *m == **found);
                wrong += length - right.count();
            }
        }
        wrong
    }
}
