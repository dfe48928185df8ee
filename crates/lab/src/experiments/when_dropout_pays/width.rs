//! Narrow and wide networks.

use anyhow::Result;

use super::arms::Pair;
use super::gains::{Gains, picture, table};
use super::settings::{WhenDropoutPays, Width};
use crate::finding::{Claim, Finding};
use crate::{Lab, Platform};

impl WhenDropoutPays {
    /// One pair for each width.
    pub(super) fn measure_width<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Vec<Pair>> {
        let Width { units, dropout, images, epochs } = &self.experiment.width;
        let train = lab.train_subset(*images, seed)?;
        let pair = |&units: &usize| {
            lab.tell(format!("seed {seed}: {units} units"));
            let mut config = self.many_passes(seed, *epochs);
            config.model.hidden = vec![units; dropout.len()];
            config.model.dropout.clone_from(dropout);
            Pair::of(lab, &config, &train)
        };
        units.iter().map(pair).collect()
    }

    /// Claims that wide networks need dropout more.
    pub(super) fn conclude_width(&self, finding: &mut Finding, seeds: &[&Vec<Pair>]) {
        let Width { units, dropout, images, epochs } = &self.experiment.width;
        let settings = Gains::of_design(units, |units| format!("{units} units"), seeds);
        let title = format!(
            "{} hidden layer(s), {images} images, {epochs} epochs: test accuracy by the units of a layer",
            dropout.len()
        );
        finding
            .claim(Claim::difference(
                format!("Percentage points gained by dropout: {} units minus {}", units[units.len() - 1], units[0]),
                &settings[settings.len() - 1].points(),
                &settings[0].points(),
            ))
            .table(table(&title, &settings))
            .picture(
                "width",
                "What dropout changes on the test images over the width, median and range over seeds",
                &picture("Narrow and wide networks", "units of a hidden layer", &settings),
            );
    }
}
