//! # Question
//!
//! Does dropout left on at prediction tell which predictions to distrust?
//!
//! # Variants
//!
//! Doubt by the entropy of `samples` passes with dropout on; by their disagreement; by the entropy of the single pass with
//! dropout off; by random numbers. Test images as they are; with pixel noise; with a square cut out; images of pure noise.
//!
//! # Held equal
//!
//! The trained network and its masks.
//!
//! # Measured
//!
//! Predictive entropy (nats), mutual information, agreement of the passes with the class of their mean; accuracy of what
//! is left when the predictions doubted most are rejected; how well entropy separates wrong predictions from right ones,
//! and damaged images from images as they are (areas under the ROC curve).
//!
//! # Expected
//!
//! Accuracy rises as more is rejected, by the single pass as much as by the passes; damaged images get a higher entropy
//! than clean ones, and the passes tell them better than the single pass. Not so images of pure noise: the passes agree on
//! them *more* than on clean ones. Control: random numbers tell nothing.
//!
//! # Source
//!
//! Gal and Ghahramani 2016.

mod corruption;
mod least_certain;
mod prediction;
mod ranking;
mod rejection;
mod settings;

use anyhow::Result;
use burn::module::AutodiffModule;
use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::variants::train_mlp;
use crate::{Experiment, Lab, Platform};
use corruption::Corruption;
use least_certain::LeastCertain;
use rejection::Rejection;
pub use settings::Uncertainty;

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    rejection: Rejection,
    corruption: Corruption,
    least_certain: LeastCertain,
}

impl Experiment for Uncertainty {
    const NAME: &'static str = "uncertainty";
    const QUESTION: &'static str = "Does dropout left on at prediction tell which predictions to distrust?";
    const CONFIG: &'static str = include_str!("../../../../../configs/uncertainty.toml");
    const QUICK: &'static [&'static str] = &["training.epochs=5", "experiment.samples=20", "experiment.images=300"];
    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        let trained = train_mlp(lab, "with dropout", &self.config(seed))?;
        let network = trained.network.valid();
        lab.tell(format!("{} passes over the test images", self.experiment.samples));
        let clean = self.predict(lab, &network, &lab.data().test)?;
        Ok(Measurement {
            rejection: Rejection::of(&clean, &self.experiment.rejected, seed),
            corruption: self.corruption(lab, &network, &clean, seed)?,
            least_certain: LeastCertain::of(lab, &clean.passes),
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let mut finding = Finding::default();
        let rejections: Vec<&Rejection> = measurements.iter().map(|measured| &measured.rejection).collect();
        rejection::conclude(&mut finding, &rejections, &self.experiment.rejected);
        let corruptions: Vec<&Corruption> = measurements.iter().map(|measured| &measured.corruption).collect();
        corruption::conclude(&mut finding, &corruptions);
        let caption = "The test images with the highest predictive entropy, first seed";
        finding.picture("least-certain", caption, &measurements[0].least_certain.gallery());
        Ok(finding)
    }
}
