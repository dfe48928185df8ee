//! # Question
//!
//! Images come from elsewhere than the training images did: do importance weights help, and when not?
//!
//! # Variants
//!
//! Training without weights; with weights `β = p(x)/q(x)` estimated by a logistic regression that tells target images
//! (z = 1) from source images (z = 0); with the true weights. Four targets: brighter images, for which the logarithm of β
//! is linear in the pixels; the darkest and the brightest images, for which it is not, so that a logistic regression
//! cannot represent it (a classifier with a hidden layer can); drawings of the images, of which the source has none; and
//! images as in the source.
//!
//! # Held equal
//!
//! Source images, initial weights, batches. `P(y given x)` is that of the data set in both places: source and target are
//! selections of its images by brightness, kept with probability `σ(-ℓ)` and `σ(ℓ)`. The true ratio of densities is thus
//! `e^ℓ` up to a constant.
//!
//! # Measured
//!
//! Slope of the estimated on the true `ln β`; mean of the weights, which is 1 for a ratio of densities; effective sample
//! size `(Σβ)²/Σβ²`; accuracy of the domain classifier on held-out images; accuracy on target test images.
//!
//! # Expected
//!
//! Weights help a model that is too small to be right everywhere: here a linear one. It then is right where the target
//! is. For drawings they cannot help, and the domain classifier and the effective sample size say so. A ratio that the domain
//! classifier cannot represent is underestimated, and nothing says so.

mod conclusions;
mod measurement;
mod ratio;
mod sets;
mod settings;

use anyhow::Result;
use burn::module::AutodiffModule;
use burn_fashion_mnist::Images;
use mlp_metrics::{clip_weights, effective_sample_size, mean_and_deviation, normalize_weights};

use crate::finding::Finding;
use crate::training::Training;
use crate::{Experiment, Lab, Platform};
use measurement::{Case, Estimated, Measurement};
use ratio::{Ratio, slope};
use sets::{Sets, Shift};
pub use settings::CovariateShift;

impl Experiment for CovariateShift {
    const NAME: &'static str = "covariate-shift";
    const QUESTION: &'static str =
        "When images come from elsewhere than the training images, do importance weights help, and when not?";
    const CONFIG: &'static str = include_str!("../../../../../configs/covariate-shift.toml");
    const QUICK: &'static [&'static str] = &["training.epochs=20", "experiment.ratio_epochs=20"];

    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        Ok(Measurement {
            brighter: self.case(lab, seed, Shift::Brighter)?,
            extremes: self.case(lab, seed, Shift::Extremes)?,
            drawings: self.case(lab, seed, Shift::Drawings)?,
            none: self.case(lab, seed, Shift::None)?,
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        Ok(conclusions::conclude(measurements))
    }
}

impl CovariateShift {
    fn case<P: Platform>(&self, lab: &Lab<P>, seed: u64, shift: Shift) -> Result<Case> {
        lab.tell(format!("seed {seed}: {}", shift.name()));
        let sets = Sets::draw(lab.data(), shift, self.experiment.strength, seed)?;
        let ratio = |hidden: &[usize]| Ratio::estimate(lab, self, seed, &sets, hidden);
        let estimated = |ratio: &Ratio| self.estimated(lab, seed, shift, &sets, ratio);
        let linear = ratio(&[])?;
        let true_weights: Vec<f64> = sets.log_ratio.iter().map(|log| log.exp()).collect();
        let hidden = || estimated(&ratio(&[self.experiment.ratio_hidden])?);
        let source = |weights| self.accuracy(lab, seed, &sets.source, &sets.target_test, weights);
        let target = || self.accuracy(lab, seed, &sets.target, &sets.target_test, None);
        Ok(Case {
            linear: estimated(&linear)?,
            hidden: (shift == Shift::Extremes).then(hidden).transpose()?,
            unweighted: source(None)?,
            true_weights: shift.has_ratio().then(|| source(Some(&true_weights))).transpose()?,
            target_labels: (shift == Shift::Drawings).then(target).transpose()?,
            ratios: if shift.has_ratio() { some(&sets.log_ratio, &linear.logs()) } else { Vec::new() },
        })
    }

    fn estimated<P: Platform>(
        &self,
        lab: &Lab<P>,
        seed: u64,
        shift: Shift,
        sets: &Sets,
        ratio: &Ratio,
    ) -> Result<Estimated> {
        let Ratio { weights, domain_accuracy } = ratio;
        Ok(Estimated {
            slope: shift.has_ratio().then(|| slope(&sets.log_ratio, &ratio.logs())),
            mean_weight: weights.iter().sum::<f64>() / weights.len() as f64,
            effective: effective_sample_size(weights)? / weights.len() as f64,
            domain_accuracy: *domain_accuracy,
            accuracy: self.accuracy(lab, seed, &sets.source, &sets.target_test, Some(weights))?,
        })
    }

    /// Accuracy on test images after training, where there are weights with these: divided by their mean, and none beyond
    /// the largest allowed.
    fn accuracy<P: Platform>(
        &self,
        lab: &Lab<P>,
        seed: u64,
        train: &Images,
        test: &Images,
        weights: Option<&[f64]>,
    ) -> Result<f64> {
        let config = self.config(seed);
        let bounded = |weights: &[f64]| -> Result<Vec<f32>> {
            let clipped = clip_weights(&normalize_weights(weights)?, self.experiment.largest_weight)?;
            Ok(normalize_weights(&clipped)?.into_iter().map(|weight| weight as f32).collect())
        };
        let weights = weights.map(bounded).transpose()?;
        let none = train.select(&[]);
        let mut training = Training::new(&config, train, &none);
        if let Some(weights) = &weights {
            training = training.with_weights(weights);
        }
        Ok(lab.accuracy(&training.run(lab, lab.mlp(&config)?)?.network.valid(), test))
    }
}

/// True and estimated `ln β` of the first source images, each less its mean, since the true one is known up to a
/// constant; in thousandths.
fn some(truth: &[f64], estimated: &[f64]) -> Vec<(f64, f64)> {
    const SHOWN: usize = 60;
    let centered = |logs: &[f64]| {
        let (mean, _) = mean_and_deviation(logs);
        logs.iter().take(SHOWN).map(|log| ((log - mean) * 1000.0).round() / 1000.0).collect::<Vec<f64>>()
    };
    centered(truth).into_iter().zip(centered(estimated)).collect()
}
