//! # Question
//!
//! Does depth hurt a plain network, and do shortcuts repair it?
//!
//! # Variants
//!
//! Fully connected networks with batch normalization, shallow and deep, with and without shortcuts; the chapter's
//! convolutional network of two pre-activation blocks.
//!
//! # Held equal
//!
//! With and without shortcuts: initial weights, batches, number of parameters.
//!
//! # Measured
//!
//! Training loss of the last epoch; the gradient that a block passes to its input when its own branch gives zero; test
//! accuracy of the convolutional network.
//!
//! # Expected
//!
//! The deeper plain network has the *higher training loss*, which overfitting cannot explain; with shortcuts it has not. An
//! identity shortcut passes the gradient unchanged.
//!
//! # Source
//!
//! He et al. 2015 and 2016.

mod convolutional;
mod degradation;
mod settings;
mod shortcut;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use self::convolutional::Convolutional;
pub use self::settings::Residual;
use self::shortcut::Deviations;
use crate::finding::Finding;
use crate::training::History;
use crate::{Experiment, Lab, Platform};

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    /// Of each fully connected network.
    degradation: [History; 4],
    shortcut: Deviations,
    convolutional: Convolutional,
}

impl Experiment for Residual {
    const NAME: &'static str = "residual";
    const QUESTION: &'static str = "Does depth hurt a plain network, and do shortcuts repair it?";
    const CONFIG: &'static str = include_str!("../../../../../configs/residual.toml");
    const QUICK: &'static [&'static str] = &[
        "training.epochs=3",
        "experiment.images=2000",
        "experiment.blocks=[2, 10]",
        "experiment.network_images=256",
        "experiment.network_test_images=200",
        "experiment.network_epochs=2",
    ];

    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        Ok(Measurement {
            degradation: degradation::measure(self, lab, seed)?,
            shortcut: Deviations::measure::<P>(seed, lab.device())?,
            convolutional: Convolutional::measure(self, lab, seed)?,
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let mut finding = Finding::default();
        degradation::add(self, &each(measurements, |measurement| &measurement.degradation), &mut finding);
        shortcut::add(&each(measurements, |measurement| &measurement.shortcut), &mut finding);
        convolutional::add(self, &each(measurements, |measurement| &measurement.convolutional), &mut finding);
        Ok(finding)
    }
}

/// The same part of each measurement.
fn each<T>(measurements: &[Measurement], part: fn(&Measurement) -> &T) -> Vec<&T> {
    measurements.iter().map(part).collect()
}
