//! The control: a network without dropout against another one of another seed.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::arms::{Score, without_dropout};
use super::settings::WhenDropoutPays;
use crate::finding::{Claim, Finding};
use crate::{Lab, Platform};

/// What is measured with one seed: the main job without dropout, twice.
#[derive(Serialize, Deserialize)]
pub(super) struct ControlMeasurement {
    this_seed: Score,
    /// From other initial weights, with the images in another order.
    other_seed: Score,
}

impl WhenDropoutPays {
    pub(super) fn measure_control<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<ControlMeasurement> {
        lab.tell(format!("seed {seed}: control"));
        let score = |seed| Score::of(lab, &without_dropout(&self.config(seed)), &lab.data().train);
        // Far from the seeds of the experiment, which follow each other.
        Ok(ControlMeasurement { this_seed: score(seed)?, other_seed: score(seed ^ (1 << 40))? })
    }

    pub(super) fn conclude_control(&self, finding: &mut Finding, measurements: &[&ControlMeasurement]) {
        let of = |metric: fn(&ControlMeasurement) -> f64| -> Vec<f64> {
            measurements.iter().map(|measured| metric(measured)).collect()
        };
        finding.claim(Claim::paired(
            "Control: main job without dropout, one seed minus another, test accuracy in percentage points",
            &of(|measured| measured.this_seed.percent()),
            &of(|measured| measured.other_seed.percent()),
        ));
    }
}
