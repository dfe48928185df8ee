//! What the experiment measures.

use serde::{Deserialize, Serialize};

use super::drift::{Drift, Moments};

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    pub(super) without: Run,
    pub(super) with: Run,
    /// With batch normalization, from other weights and in other batches.
    pub(super) repeated: Run,
}

/// What is measured of a network.
#[derive(Serialize, Deserialize)]
pub struct Run {
    /// Of the layer's inputs.
    pub(super) inputs: Drift,
    /// Of the outputs of its linear map.
    pub(super) mapped: Drift,
    /// Of what its activation function sees.
    pub(super) seen: Drift,
    /// What the activation function of the first unit sees at each look: 15th, 50th and 85th percentile.
    pub(super) percentiles: Vec<[f32; 3]>,
    /// Training loss of the last epoch.
    pub(super) train_loss: f64,
}

/// What one look at the layer shows.
pub struct Look {
    /// Of the layer's inputs.
    pub inputs: Moments,
    /// Of the outputs of its linear map.
    pub mapped: Moments,
    /// Of what its activation function sees.
    pub seen: Moments,
    /// Percentiles of what that of the first unit sees.
    pub percentiles: [f32; 3],
}

impl Run {
    /// What follows from the looks at a network.
    pub fn new(looks: &[Look], train_loss: f64) -> Self {
        let drift = |part: fn(&Look) -> &Moments| Drift::of(&looks.iter().map(part).collect::<Vec<_>>());
        Self {
            inputs: drift(|look| &look.inputs),
            mapped: drift(|look| &look.mapped),
            seen: drift(|look| &look.seen),
            percentiles: looks.iter().map(|look| look.percentiles).collect(),
            train_loss,
        }
    }
}
