//! What a choice among equals brings: nothing, and so must the measurement say.

use anyhow::{Context, Result};
use burn_fashion_mnist::Images;
use mlp_metrics::mean_and_deviation;

use super::cross_validation::{Candidate, lowest};
use super::settings::ModelSelection;
use crate::{Lab, Platform};

/// How many copies of one candidate there are to choose from.
const COPIES: u64 = 3;

impl ModelSelection {
    /// Error on further images of the one chosen from copies of a candidate that differ in nothing but the seed, minus the
    /// mean of all copies. Training on all folds has a seed of its own again: a seed that was lucky is not used twice.
    pub(super) fn control<P: Platform>(
        &self,
        lab: &Lab<P>,
        seed: u64,
        images: &Images,
        reference: &Images,
    ) -> Result<f64> {
        lab.tell(format!("seed {seed}: control, a choice among {COPIES} copies"));
        let (widths, weight_decays) = (&self.experiment.widths, &self.experiment.weight_decays);
        let candidate =
            Candidate { width: widths[widths.len() / 2], weight_decay: weight_decays[weight_decays.len() / 2] };
        let (mut validation, mut further) = (Vec::new(), Vec::new());
        for copy in 1..=COPIES {
            let of_copy = seed.wrapping_add(copy << 32);
            validation.push(self.cross_validate(lab, [seed, of_copy], candidate, images)?.validation);
            let network = self.train(lab, of_copy.wrapping_add(COPIES << 32), candidate, images)?;
            further.push(1.0 - lab.accuracy(&network, reference));
        }
        let chosen = lowest(&validation).context("no copy has a validation error")?;
        Ok(further[chosen] - mean_and_deviation(&further).0)
    }
}
