//! # Question
//!
//! What can networks with hidden layers do that linear models cannot, and what do width and depth add?
//!
//! # Variants
//!
//! Affine layers with nothing in between, and their product. A linear model and a network with one hidden layer on XOR and
//! on AND. One hidden layer of 4 to 256 units on `sin 2πx`. One, two and three hidden layers with equal numbers of
//! parameters on a function of functions. A network and the same with its hidden units in another order, for every
//! activation.
//!
//! # Held equal
//!
//! Examples and steps of all networks for one function.
//!
//! # Measured
//!
//! Differences between outputs; loss and accuracy on the four inputs; root mean squared error on new examples.
//!
//! # Expected
//!
//! Affine layers are one affine map, and the order of hidden units means nothing, both to rounding. On XOR the best that a
//! linear model can do is to say one half everywhere, with a loss of ln 2, and it has at most three of four right; with
//! a hidden layer all four are. On AND, as a control, both have all four. More units approximate better, as the theorem of
//! universal approximation lets hope (Cybenko 1989) without promising that training finds the weights; deeper networks
//! approximate a function of functions better than wider ones.

mod fit;
mod functions;
mod gates;
mod identities;
mod settings;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use self::functions::Approximation;
use self::gates::Gates;
use self::identities::Identities;
use crate::finding::Finding;
use crate::{Experiment, Lab, Platform};

pub use settings::HiddenLayers;

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    identities: Identities,
    gates: Gates,
    approximation: Approximation,
}

impl Experiment for HiddenLayers {
    const NAME: &'static str = "hidden-layers";
    const QUESTION: &'static str = "What do hidden layers add to a linear model, and what do width and depth?";
    const CONFIG: &'static str = include_str!("../../../../../configs/hidden-layers.toml");
    const QUICK: &'static [&'static str] = &[
        "experiment.functions.steps=300",
        "experiment.functions.widths=[4, 64]",
        "experiment.functions.deep=[24, 24]",
    ];

    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        Ok(Measurement {
            identities: self.measure_identities(lab, seed)?,
            gates: self.measure_gates(lab, seed)?,
            approximation: self.measure_functions(lab, seed)?,
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let mut finding = Finding::default();
        let layers = self.experiment.identities.hidden.len() + 1;
        let identities: Vec<&Identities> = measurements.iter().map(|measured| &measured.identities).collect();
        identities::conclude(&mut finding, layers, &identities);
        let gates: Vec<&Gates> = measurements.iter().map(|measured| &measured.gates).collect();
        self.conclude_gates(&mut finding, &gates);
        let functions: Vec<&Approximation> = measurements.iter().map(|measured| &measured.approximation).collect();
        self.conclude_functions(&mut finding, &functions);
        Ok(finding)
    }
}
