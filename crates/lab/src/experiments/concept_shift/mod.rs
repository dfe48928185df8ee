//! # Question
//!
//! Labels change their meaning, for some classes or for all, at once or one pair of classes at a time: is it better to go
//! on with the old network than to start again?
//!
//! # Variants
//!
//! A network trained under the old labels, as it is; the same, trained on images with the labels that hold now, all changes
//! at once; the same, trained in each period while a pair of classes changes at a time; a new network, trained on the
//! images with the labels that hold now; a new network, trained on these and on the old images with their old labels. The
//! labels of no pair, of one, and so on up to all have changed.
//!
//! # Held equal
//!
//! Each period has as many images as the old network was trained on, all of them others. A network trained on a set of
//! images makes the same number of passes over it, in batches of the same order; new networks start from the weights that
//! the old one started from.
//!
//! # Measured
//!
//! Accuracy on the test images under the labels that hold now, every few steps and after the last; the number of steps to
//! one point below the accuracy that the new network has at its end (one look more than there are where it is never
//! reached).
//!
//! # Expected
//!
//! The old network needs fewer steps and ends higher where few labels changed. Where all change at once, it is better to
//! start again. Where as much changes little by little, a network that is kept up to date stays ahead.

mod conclusions;
mod measurement;
mod period;
mod settings;

use anyhow::Result;

use crate::finding::Finding;
use crate::{Experiment, Lab, Platform};
use measurement::{Measurement, Period};
pub use settings::ConceptShift;

impl Experiment for ConceptShift {
    const NAME: &'static str = "concept-shift";
    const QUESTION: &'static str =
        "When labels change their meaning, partly or gradually, is going on with the old network better?";
    const CONFIG: &'static str = include_str!("../../../../../configs/concept-shift.toml");
    const QUICK: &'static [&'static str] = &[
        "experiment.swapped=[[0, 6], [1, 3]]",
        "experiment.images=1000",
        "experiment.look_every=2",
        "experiment.test_images=500",
    ];

    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        let (parameters, config) = (&self.experiment, self.config(seed));
        let sets = period::images(lab.data(), parameters, seed)?;
        let under = |changed: usize| -> Result<period::Period<'_, P>> {
            let test = period::relabeled(&lab.data().test, &parameters.swapped[..changed])?;
            Ok(period::Period { lab, parameters, test })
        };
        lab.tell(format!("seed {seed}: under the old labels"));
        let old = under(0)?.train(&config, lab.mlp(&config)?, &sets[0])?;
        let mut updated = old.clone();
        let mut periods = Vec::new();
        for (changed, images) in sets[1..].iter().enumerate() {
            lab.tell(format!("seed {seed}: pairs changed: {changed}"));
            let period = under(changed)?;
            updated = period.train(&config, updated, images)?;
            let mixed = period.train(&config, lab.mlp(&config)?, &period::together(&sets[0], images)?)?;
            periods.push(Period {
                kept: period.accuracy(&old),
                sudden: period.run(&config, old.clone(), images)?,
                gradual: period.accuracy(&updated),
                new: period.run(&config, lab.mlp(&config)?, images)?,
                mixed: period.accuracy(&mixed),
            });
        }
        let config = self.config(seed.wrapping_add(1 << 32));
        let (period, network) = (under(0)?, lab.mlp(&config)?);
        let other = period.accuracy(&period.train(&config, network, &sets[1])?);
        Ok(Measurement { periods, other })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        Ok(conclusions::conclude(&self.experiment, measurements))
    }
}
