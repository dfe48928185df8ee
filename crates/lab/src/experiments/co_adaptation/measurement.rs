//! What is measured with one seed.

use serde::{Deserialize, Serialize};

use super::sub_network::Changed;
use super::units::Units;

/// The networks, in the order of [`Measurement::runs`].
pub(super) const NAMES: [&str; 5] = [
    "without dropout",
    "with dropout",
    "with the probabilities swapped",
    "with one sub-network for a mini-batch",
    "without dropout, from other weights",
];

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    /// One for each of [`NAMES`].
    pub(super) runs: Vec<Run>,
    /// What steps with one sub-network for a mini-batch change.
    pub(super) changed: Changed,
}

/// What is measured of a trained network, dropout off.
#[derive(Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) train_accuracy: f64,
    pub(super) test_accuracy: f64,
    pub(super) test_loss: f64,
    /// Of each hidden layer.
    pub(super) units: Vec<Units>,
    /// Test accuracy lost for each of the fractions of the hidden units that is removed.
    pub(super) lost: Vec<f64>,
}
