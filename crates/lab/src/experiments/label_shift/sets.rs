//! Source and target images.

use anyhow::Result;
use burn_fashion_mnist::{FashionMnist, Images, shift};
use mlp_splits::stratified_split;

use super::settings::LabelShiftParameters;

/// Images of one seed.
pub(super) struct Sets {
    pub(super) train: Images,
    /// Of the source, for the confusion matrix.
    pub(super) validation: Images,
    /// With labels that only accuracies and the true shares are taken from.
    pub(super) target: Images,
}

impl Sets {
    pub(super) fn draw(data: &FashionMnist, parameters: &LabelShiftParameters, seed: u64) -> Result<Self> {
        let (kept, held_out) = stratified_split(data.train.labels(), parameters.validation_fraction, seed)?;
        let size = (parameters.target_fraction * data.test.len() as f64).round() as usize;
        Ok(Self {
            train: data.train.select(&kept),
            validation: data.train.select(&held_out),
            target: shift::resample_labels(&data.test, &parameters.target, size, seed)?,
        })
    }
}
