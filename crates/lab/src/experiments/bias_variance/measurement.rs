//! What is measured with one seed.

use serde::{Deserialize, Serialize};

use super::decomposition::Decomposition;
use super::overfitting::Errors;

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    /// Errors of least squares, in the order of the numbers of examples.
    pub(super) linear: Vec<Errors>,
    /// The linear model where the true function has an interaction.
    pub(super) linear_model: Decomposition,
    /// The linear model where the true function is linear.
    pub(super) linear_truth: Decomposition,
    /// The networks, in the order of their widths.
    pub(super) networks: Vec<Decomposition>,
}

impl Measurement {
    /// All models.
    pub(super) fn models(&self) -> impl Iterator<Item = &Decomposition> {
        [&self.linear_model, &self.linear_truth].into_iter().chain(&self.networks)
    }
}
