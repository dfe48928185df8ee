//! What the experiment measures.

use serde::{Deserialize, Serialize};

use super::receptive_field::Kernels;
use super::shortcut::Deviations;
use crate::tuning::Tuned;

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    /// Of each network, in their order.
    pub(super) runs: Vec<Run>,
    pub(super) shortcut: Deviations,
    pub(super) kernels: Kernels,
}

/// What is measured of a network.
#[derive(Serialize, Deserialize)]
pub struct Run {
    pub(super) training: Tuned,
    /// At the best learning rate, dropout off.
    pub(super) test_accuracy: f64,
}
