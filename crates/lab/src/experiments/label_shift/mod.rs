//! # Question
//!
//! Can the class shares of unlabeled data be found from a classifier's predictions, and do they help it?
//!
//! # Variants
//!
//! Shares by the confusion matrix (`C·p(y) = μ`, Lipton et al. 2018) and by expectation-maximization (Saerens et al. 2002);
//! a model trained without weights, one trained with weights `p(y)/q(y)`, and the first one with its probabilities adjusted.
//!
//! # Held equal
//!
//! Initial weights, batches, and the target images, seed by seed. `P(x given y)` is that of the data set in both places.
//!
//! # Measured
//!
//! Total variation `½·Σ|p̂(y) - p(y)|` between estimated and true shares of the target; accuracy on the target.
//!
//! # Expected
//!
//! Shares within 0.03; a weighted model that is better on the target; a confusion matrix that cannot be inverted is
//! reported, not divided by.

mod conclusions;
mod measurement;

use anyhow::{Result, bail};
use burn::module::AutodiffModule;
use burn_fashion_mnist::{Images, shift};
use burn_mlp::Mlp;
use mlp_metrics::{
    ConfusionMatrix, ImportanceError, LabelShift as Estimate, Predictions, ShiftMethod, Temperature, top_label,
};
use mlp_settings::Invalid;
use mlp_splits::stratified_split;
use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::platform::Inner;
use crate::recipe::{Parameters, Recipe};
use crate::training::Training;
use crate::{Experiment, Lab, Platform};
use measurement::Measurement;

/// Settings of `label-shift`.
pub type LabelShift = Recipe<LabelShiftParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelShiftParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Shares of the classes in the target, up to a common factor.
    pub target: Vec<f64>,
    /// Size of the target, as a fraction of the test images, in `(0, 1]`.
    pub target_fraction: f64,
    /// Fraction of the training images on which the confusion matrix is measured, in `(0, 1)`.
    pub validation_fraction: f64,
}

impl Parameters for LabelShiftParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        let target = &self.target;
        let shares = target.iter().all(|share| *share >= 0.0 && share.is_finite()) && target.iter().sum::<f64>() > 0.0;
        Invalid::unless(shares, "experiment.target", target, "finite numbers of at least 0, not all 0")?;
        let size = self.target_fraction;
        Invalid::unless(size > 0.0 && size <= 1.0, "experiment.target_fraction", size, "a number in (0, 1]")?;
        let held_out = self.validation_fraction;
        let allowed = held_out > 0.0 && held_out < 1.0;
        Invalid::unless(allowed, "experiment.validation_fraction", held_out, "a number in (0, 1)")
    }
}

impl Experiment for LabelShift {
    const NAME: &'static str = "label-shift";
    const QUESTION: &'static str =
        "Can the class shares of unlabeled data be found from predictions, and do they help?";
    const CONFIG: &'static str = include_str!("../../../../../configs/label-shift.toml");
    const QUICK: &'static [&'static str] = &["training.epochs=5"];

    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        lab.tell(format!("seed {seed}"));
        let (data, config, sets) = (lab.data(), self.config(seed), self.sets(lab, seed)?);
        let Sets { train, validation, target } = &sets;
        let classes = data.class_names().len();
        let untrained = lab.mlp(&config)?;
        let singular_reported = sets.refused(lab, &untrained.valid(), classes);

        let plain = Training::new(&config, train, target).run(lab, untrained)?;
        let mlp: Mlp<Inner<P>> = plain.network.valid();
        let (on_validation, on_target) = (lab.predict(&mlp, validation), lab.predict(&mlp, target));
        let by_confusion = estimate(&on_validation, validation, &on_target, classes)?;
        let ShiftMethod::ConfusionMatrix { condition_number, .. } = by_confusion.method else {
            bail!("class shares by the confusion matrix come without its condition number");
        };
        let (by_maximization, calibrated) = maximize(&on_validation, validation, &on_target, classes)?;

        let weights: Vec<f32> =
            train.labels().iter().map(|&label| by_confusion.weights[usize::from(label)] as f32).collect();
        let weighted = Training::new(&config, train, target).with_weights(&weights).run(lab, lab.mlp(&config)?)?;
        let confusion = ConfusionMatrix::from_labels(&on_validation.classes(), validation.labels(), classes)?;
        Ok(Measurement {
            classes: data.class_names().to_vec(),
            truth: shares(target),
            source: shares(train),
            confusion: fractions(&confusion),
            condition_number,
            singular_reported,
            unweighted: plain.history.last().test_accuracy,
            weighted: weighted.history.last().test_accuracy,
            adjusted: accuracy(&by_maximization.adjust(&calibrated)?, target, classes),
            by_confusion: by_confusion.target,
            by_maximization: by_maximization.target,
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        Ok(conclusions::conclude(measurements))
    }
}

/// Images of one seed.
struct Sets {
    train: Images,
    /// Of the source, for the confusion matrix.
    validation: Images,
    /// With labels that only accuracies and the true shares are taken from.
    target: Images,
}

impl LabelShift {
    fn sets<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Sets> {
        let (parameters, data) = (&self.experiment, lab.data());
        let (kept, held_out) = stratified_split(data.train.labels(), parameters.validation_fraction, seed)?;
        let size = (parameters.target_fraction * data.test.len() as f64).round() as usize;
        Ok(Sets {
            train: data.train.select(&kept),
            validation: data.train.select(&held_out),
            target: shift::resample_labels(&data.test, &parameters.target, size, seed)?,
        })
    }
}

impl Sets {
    /// Whether the confusion matrix of a network is refused as nearly singular.
    fn refused<P: Platform>(&self, lab: &Lab<P>, network: &Mlp<Inner<P>>, classes: usize) -> bool {
        let (on_validation, on_target) = (lab.predict(network, &self.validation), lab.predict(network, &self.target));
        let estimated = estimate(&on_validation, &self.validation, &on_target, classes);
        matches!(estimated, Err(ImportanceError::NearSingular { .. }))
    }
}

/// Class shares of the target by the confusion matrix.
fn estimate(
    on_validation: &Predictions,
    validation: &Images,
    on_target: &Predictions,
    classes: usize,
) -> Result<Estimate, ImportanceError> {
    let confusion = ConfusionMatrix::from_labels(&on_validation.classes(), validation.labels(), classes)?;
    Estimate::from_confusion(&confusion, &on_target.classes())
}

/// Class shares of the target by expectation-maximization, and the calibrated probabilities they were found from.
///
/// Expectation-maximization takes probabilities at their word: they are calibrated first (Alexandari et al. 2020), and
/// the prior is what the network believes it to be.
fn maximize(
    on_validation: &Predictions,
    validation: &Images,
    on_target: &Predictions,
    classes: usize,
) -> Result<(Estimate, Vec<f64>)> {
    let temperature = Temperature::fit(on_validation.logits(), validation.labels(), classes)?;
    let calibrated = temperature.probabilities(on_target.logits())?;
    let prior = mean_row(&temperature.probabilities(on_validation.logits())?, classes);
    Ok((Estimate::from_probabilities(&prior, &calibrated)?, calibrated))
}

/// Mean of rows of probabilities.
fn mean_row(probabilities: &[f64], classes: usize) -> Vec<f64> {
    let rows = (probabilities.len() / classes) as f64;
    (0..classes).map(|class| probabilities.iter().skip(class).step_by(classes).sum::<f64>() / rows).collect()
}

/// Share of each class.
fn shares(images: &Images) -> Vec<f64> {
    images.class_counts().into_iter().map(|count| count as f64 / images.len() as f64).collect()
}

fn accuracy(probabilities: &[f64], images: &Images, classes: usize) -> f64 {
    let rows = probabilities.chunks_exact(classes).zip(images.labels());
    let right = rows.filter(|(row, label)| top_label(row).0 == usize::from(**label)).count();
    right as f64 / images.len() as f64
}

/// Fractions of a confusion matrix, row by row.
fn fractions(confusion: &ConfusionMatrix) -> Vec<Vec<f64>> {
    let classes = 0..confusion.classes();
    let row = |predicted| classes.clone().map(|actual| confusion.fraction(predicted, actual)).collect();
    classes.clone().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_counts_rows_whose_largest_is_the_label() {
        let images = Images::new(vec![0; 3], vec![0, 1, 1], 1, 1, 2).unwrap();
        assert_eq!(accuracy(&[0.9, 0.1, 0.2, 0.8, 0.6, 0.4], &images, 2), 2.0 / 3.0);
        assert_eq!(shares(&images), [1.0 / 3.0, 2.0 / 3.0]);
        assert_eq!(mean_row(&[0.5, 0.5, 0.25, 0.75], 2), [0.375, 0.625]);
    }
}
