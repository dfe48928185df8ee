//! # Question
//!
//! Does Xavier's variance keep activations and gradients at their size, and do deep sigmoid networks train with it?
//!
//! # Variants
//!
//! Weights N(0, 2/(n_in + n_out)) and U(±√(6/(n_in + n_out))), N(0, `model.init.std`²) and N(0, 1), and the two
//! conditions that Xavier's variance is a compromise of: `n_in·γ = 1` forward and `n_out·γ = 1` backward. Linear nets
//! of `depth` equal layers, and of layers of `widths` units. A network of `model.hidden` sigmoid units trained from
//! N(0, `model.init.std`²) and from Xavier's weights, and with the rescaled sigmoid `4σ(x) - 2` from both. Nets of equal
//! layers with `φ(x) = αx + β` after each.
//!
//! # Held equal
//!
//! The random numbers: normal weights of one seed are the same numbers times another standard deviation. Inputs,
//! gradients at the output; in training the order of the images.
//!
//! # Measured
//!
//! The variance of the weights; the variance of activations and of gradients in each layer of a linear net, over that
//! at the input and at the output; training loss and test accuracy of the sigmoid networks. The error of the sigmoid's
//! polynomial `1/2 + x/4 - x³/48` over the next term of its series, `|x|⁵/480`.
//!
//! # Expected
//!
//! A layer multiplies the mean squared activation by `n_in·γ` and, backwards, the mean squared gradient by `n_out·γ`,
//! in the mean over weights. Around it one network's ratio has at most the variance `Π(1 + 2/n) - 1`, over the widths
//! `n` of the layers reached, whatever the inputs: a claim's interval is four standard errors of the mean over all
//! networks and seeds. Sigmoid layers shrink gradients by `σ' ≤ 1/4` on top, and `4σ(x) - 2` undoes that near 0.
//! `αx + β` makes `α²v + β²` of the mean square `v` upwards and `α²v` downwards: of all these only `x` and `-x` keep both.

mod affine;
mod conditions;
mod layers;
mod profile;
mod settings;
mod taylor;
mod training;
mod variance;
mod weights;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use self::profile::Profile;
pub use self::settings::XavierInit;
use self::taylor::TaylorErrors;
use self::weights::DrawnWeights;
use crate::finding::Finding;
use crate::training::History;
use crate::{Experiment, Lab, Platform};

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    /// Of each distribution.
    weights: [DrawnWeights; 2],
    /// Of nets of equal layers, with each kind of weights.
    layers: [Profile; 4],
    /// Of nets of unequal layers, under each rule.
    conditions: [Profile; 3],
    /// Of nets with each affine function.
    affine: [Profile; 5],
    /// Of the sigmoid's polynomials.
    taylor: TaylorErrors,
    /// Of each sigmoid network.
    training: [History; 4],
}

impl Experiment for XavierInit {
    const NAME: &'static str = "xavier-init";
    const QUESTION: &'static str =
        "Does Xavier's variance keep activations and gradients at their size, and deep sigmoid networks trainable?";
    const CONFIG: &'static str = include_str!("../../../../../configs/xavier-init.toml");
    const QUICK: &'static [&'static str] = &["experiment.networks=10", "experiment.width=64", "training.batch_size=32"];
    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        lab.tell(format!("variances in linear nets: seed {seed}"));
        Ok(Measurement {
            weights: weights::measure(self, seed),
            layers: layers::measure::<P>(self, seed, lab.device()),
            conditions: conditions::measure::<P>(self, seed, lab.device()),
            affine: affine::measure::<P>(self, seed, lab.device()),
            taylor: TaylorErrors::measure::<P>(seed, lab.device()),
            training: training::measure(self, lab, seed)?,
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let mut finding = Finding::default();
        weights::add(self, &each(measurements, |measurement| &measurement.weights), &mut finding);
        layers::add(self, &each(measurements, |measurement| &measurement.layers), &mut finding);
        conditions::add(self, &each(measurements, |measurement| &measurement.conditions), &mut finding);
        affine::add(self, &each(measurements, |measurement| &measurement.affine), &mut finding);
        taylor::add(&each(measurements, |measurement| &measurement.taylor), &mut finding);
        training::add(self, &each(measurements, |measurement| &measurement.training), &mut finding);
        Ok(finding)
    }
}

/// The same part of each measurement.
fn each<T>(measurements: &[Measurement], part: fn(&Measurement) -> &T) -> Vec<&T> {
    measurements.iter().map(part).collect()
}
