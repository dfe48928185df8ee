//! # Question
//!
//! Which arrangement of two convolutions and a shortcut lets a deep network learn?
//!
//! # Variants
//!
//! Networks of blocks of two 3×3 convolutions with stride 1: plain, shallow and deep; original residual blocks (v1), whose
//! ReLU follows the addition; pre-activation blocks (v2), whose activations lie inside the branch; v2 with `tanh` on the
//! shortcut; v2 with dropout behind the last convolution of each block; v2 once more from other weights and in other
//! batches. Stacks of 3×3 convolutions and the single one in whose place they stand.
//!
//! # Held equal
//!
//! The deep networks: number of parameters, initial weights, images and batches. The learning rate is not: each network is
//! trained at several and counts with the best.
//!
//! # Measured
//!
//! Training loss of the last epochs and test accuracy; the gradient that a block with a branch of zeros passes to its
//! input; the pixels that one output depends on, and the number of weights.
//!
//! # Expected
//!
//! The deep plain network ends with a higher training loss than the shallow one; residual networks do not. Pre-activation
//! is better than the original order, above all at a high learning rate; the identity is better than `tanh` on the
//! shortcut; dropout changes little. Three 3×3 convolutions see as much as one of 7×7 with 27/49 of its weights.
//!
//! # Source
//!
//! Course notes 1, section on residual networks; He et al. 2015 and 2016; Simonyan and Zisserman 2015.

mod conclusions;
mod measurement;
mod network;
mod networks;
mod receptive_field;
mod settings;
mod shortcut;

use anyhow::Result;

use self::measurement::Measurement;
use self::networks::Arm;
use self::receptive_field::Kernels;
pub use self::settings::ResidualConvolutions;
use self::shortcut::Deviations;
use crate::finding::Finding;
use crate::{Experiment, Lab, Platform};

impl Experiment for ResidualConvolutions {
    const NAME: &'static str = "residual-convolutions";
    const QUESTION: &'static str = "Which arrangement of convolutions and a shortcut lets a deep network learn?";
    const CONFIG: &'static str = include_str!("../../../../../configs/residual-convolutions.toml");
    const QUICK: &'static [&'static str] = &[
        "training.epochs=3",
        "experiment.images=200",
        "experiment.test_images=200",
        "experiment.channels=4",
        "experiment.blocks=[1, 4]",
        "experiment.rates=[1]",
    ];

    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        Ok(Measurement {
            runs: Arm::ALL.iter().map(|arm| arm.measure(self, lab, seed)).collect::<Result<_>>()?,
            shortcut: Deviations::measure::<P>(seed, lab.device())?,
            kernels: Kernels::measure::<P>(self.experiment.channels, seed, lab.device())?,
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let mut finding = Finding::default();
        conclusions::add(self, measurements, &mut finding);
        shortcut::add(&measurements.iter().map(|measurement| &measurement.shortcut).collect::<Vec<_>>(), &mut finding);
        let kernels: Vec<&Kernels> = measurements.iter().map(|measurement| &measurement.kernels).collect();
        receptive_field::add(&kernels, &mut finding);
        Ok(finding)
    }
}
