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

use anyhow::Result;
use burn::module::AutodiffModule;
use burn_fashion_mnist::{Images, shift, stratified_split};
use burn_mlp::{ConfusionMatrix, ImportanceError, LabelShift as Estimate, Mlp, ShiftMethod, Temperature, top_label};
use serde::{Deserialize, Serialize};

use super::Experiment;
use crate::backend::Inner;
use crate::evaluate::Predictions;
use crate::finding::{Bound, Claim, Finding, Table, figure, spread};
use crate::fit::Fit;
use crate::lab::Lab;
use crate::plot::{Bars, Heatmap};
use crate::recipe::{Parameters, Recipe};
use crate::settings::Invalid;

/// Settings of `label-shift`.
pub type LabelShift = Recipe<LabelShiftParameters>;

/// Its own section.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelShiftParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Shares of the classes in the target, up to a common factor.
    pub target: Vec<f64>,
    /// Size of the target, as a part of the test images, in `(0, 1]`.
    pub target_fraction: f64,
    /// Part of the training images on which the confusion matrix is measured, in `(0, 1)`.
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
        let part = self.target_fraction;
        Invalid::unless(part > 0.0 && part <= 1.0, "experiment.target_fraction", part, "a number in (0, 1]")?;
        let held_out = self.validation_fraction;
        let allowed = held_out > 0.0 && held_out < 1.0;
        Invalid::unless(allowed, "experiment.validation_fraction", held_out, "a number in (0, 1)")
    }
}

/// What one seed gives.
struct Outcome {
    truth: Vec<f64>,
    source: Vec<f64>,
    by_confusion: Estimate,
    by_maximization: Estimate,
    confusion: ConfusionMatrix,
    unweighted: f64,
    weighted: f64,
    adjusted: f64,
    /// Whether the confusion matrix of an untrained network is refused.
    singular_reported: bool,
}

impl Outcome {
    fn condition_number(&self) -> f64 {
        match self.by_confusion.method {
            ShiftMethod::ConfusionMatrix { condition_number, .. } => condition_number,
            _ => f64::NAN,
        }
    }
}

impl Experiment for LabelShift {
    const NAME: &'static str = "label-shift";
    const QUESTION: &'static str =
        "Can the class shares of unlabeled data be found from predictions, and do they help?";
    const CONFIG: &'static str = include_str!("../../../../configs/label-shift.toml");
    const QUICK: &'static [&'static str] = &["training.epochs=5", "experiment.seeds=3"];

    fn run(&self, lab: &Lab) -> Result<Finding> {
        let mut outcomes = Vec::new();
        for seed in self.seeds() {
            lab.tell(format!("seed {seed}"));
            outcomes.push(self.outcome(lab, seed)?);
        }
        let of = |figure: &dyn Fn(&Outcome) -> f64| outcomes.iter().map(figure).collect::<Vec<f64>>();
        let by_confusion = of(&|outcome| total_variation(&outcome.by_confusion.target, &outcome.truth));
        let by_maximization = of(&|outcome| total_variation(&outcome.by_maximization.target, &outcome.truth));
        let ignored = of(&|outcome| total_variation(&outcome.source, &outcome.truth));
        let (unweighted, weighted, adjusted) =
            (of(&|outcome| outcome.unweighted), of(&|outcome| outcome.weighted), of(&|outcome| outcome.adjusted));
        let condition = of(&Outcome::condition_number);
        let reported = of(&|outcome| f64::from(u8::from(outcome.singular_reported)));

        let mut finding = Finding::default();
        let within = Bound::AtMost(0.03);
        finding
            .claim(Claim::measured(
                "Total variation between true class shares and those by the confusion matrix",
                by_confusion.clone(),
                within,
            ))
            .claim(Claim::measured(
                "Total variation between true class shares and those by expectation-maximization",
                by_maximization.clone(),
                within,
            ))
            .claim(Claim::paired(
                "Accuracy on the target, weighted minus unweighted training",
                &weighted,
                &unweighted,
                Bound::Positive,
            ))
            .claim(Claim::paired(
                "Accuracy on the target, adjusted minus plain probabilities",
                &adjusted,
                &unweighted,
                Bound::Positive,
            ))
            .claim(Claim::measured(
                "Part of the seeds in which the near-singular confusion matrix of an untrained network is reported",
                reported,
                Bound::AtLeast(1.0),
            ))
            .table(
                Table::new("Class shares of the target", &["shares", "total variation from the true ones"])
                    .row(["those of the source".to_owned(), spread(&ignored)])
                    .row(["by the confusion matrix".to_owned(), spread(&by_confusion)])
                    .row(["by expectation-maximization".to_owned(), spread(&by_maximization)]),
            )
            .table(
                Table::new("On the target", &["model", "accuracy"])
                    .row(["unweighted".to_owned(), spread(&unweighted)])
                    .row(["trained with weights p(y)/q(y)".to_owned(), spread(&weighted)])
                    .row(["unweighted, probabilities adjusted".to_owned(), spread(&adjusted)]),
            )
            .note(format!("Condition number of the confusion matrix: {}.", spread(&condition)));
        pictures(&mut finding, &outcomes[0], lab)?;
        Ok(finding)
    }
}

impl LabelShift {
    fn outcome(&self, lab: &Lab, seed: u64) -> Result<Outcome> {
        let (parameters, data, config) = (&self.experiment, lab.data()?, self.config(seed));
        let (kept, held_out) = stratified_split(data.train.labels(), parameters.validation_fraction, seed)?;
        let (train, validation) = (data.train.select(&kept), data.train.select(&held_out));
        let size = (parameters.target_fraction * data.test.len() as f64).round() as usize;
        let target = shift::resample_labels(&data.test, &parameters.target, size, seed)?;
        let classes = data.class_names().len();

        let untrained = lab.mlp(&config)?;
        let singular = Self::estimate(
            &lab.predict(&untrained.valid(), &validation),
            &validation,
            &lab.predict(&untrained.valid(), &target),
            classes,
        );
        let singular_reported = matches!(singular.err(), Some(ImportanceError::NearSingular { .. }));

        let plain = Fit::new(&config, &train, &target).run(lab, untrained)?;
        let mlp: Mlp<Inner> = plain.network.valid();
        let (on_validation, on_target) = (lab.predict(&mlp, &validation), lab.predict(&mlp, &target));
        let by_confusion = Self::estimate(&on_validation, &validation, &on_target, classes)?;
        // Expectation-maximization takes probabilities at their word: they are calibrated first (Alexandari et al. 2020),
        // and the prior is what the network believes it to be.
        let temperature = Temperature::fit(on_validation.logits(), validation.labels(), classes)?;
        let calibrated = temperature.probabilities(on_target.logits());
        let prior = mean_row(&temperature.probabilities(on_validation.logits()), classes);
        let by_maximization = Estimate::from_probabilities(&prior, &calibrated)?;

        let weights: Vec<f32> =
            train.labels().iter().map(|&label| by_confusion.weights[usize::from(label)] as f32).collect();
        let weighted = Fit::new(&config, &train, &target).with_weights(&weights).run(lab, lab.mlp(&config)?)?;
        let adjusted = by_maximization.adjust(&calibrated);
        Ok(Outcome {
            truth: shares(&target),
            source: shares(&train),
            confusion: ConfusionMatrix::from_labels(&on_validation.classes(), validation.labels(), classes)?,
            unweighted: plain.last().test_accuracy,
            weighted: weighted.last().test_accuracy,
            adjusted: accuracy(&adjusted, &target, classes),
            by_confusion,
            by_maximization,
            singular_reported,
        })
    }

    fn estimate(
        on_validation: &Predictions,
        validation: &Images,
        on_target: &Predictions,
        classes: usize,
    ) -> Result<Estimate, ImportanceError> {
        let confusion = ConfusionMatrix::from_labels(&on_validation.classes(), validation.labels(), classes);
        // Labels and predictions come from one data set: only a class without examples is left to go wrong.
        let confusion = confusion.map_err(|_| ImportanceError::Empty { name: "validation example" })?;
        Estimate::from_confusion(&confusion, &on_target.classes())
    }
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

fn total_variation(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| (one - other).abs()).sum::<f64>() / 2.0
}

fn accuracy(probabilities: &[f64], images: &Images, classes: usize) -> f64 {
    let rows = probabilities.chunks_exact(classes).zip(images.labels());
    let right = rows.filter(|(row, label)| top_label(row).0 == usize::from(**label)).count();
    right as f64 / images.len() as f64
}

fn pictures(finding: &mut Finding, outcome: &Outcome, lab: &Lab) -> Result<()> {
    let names = lab.data()?.class_names();
    let classes = 0..names.len();
    let bars = Bars::new("Class shares of the target", names)
        .value_label("share")
        .series("true", outcome.truth.clone())
        .series("by the confusion matrix", outcome.by_confusion.target.clone())
        .series("by expectation-maximization", outcome.by_maximization.target.clone());
    let row = |predicted: usize| classes.clone().map(move |actual| outcome.confusion.fraction(predicted, actual));
    let heatmap = Heatmap::new("Confusion matrix of the source", classes.clone().map(row))
        .rows("predicted", names)
        .columns("true", names)
        .decimals(2);
    let condition = figure(outcome.condition_number());
    finding
        .picture("shares", "Estimated and true class shares of the target, first seed", &bars)
        .picture(
            "confusion",
            &format!("Share of each true class predicted as each class, validation images, first seed; condition number {condition}"),
            &heatmap,
        );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn total_variation_is_half_the_absolute_differences() {
        assert_eq!(total_variation(&[0.5, 0.5], &[1.0, 0.0]), 0.5);
        assert_eq!(total_variation(&[0.2, 0.8], &[0.2, 0.8]), 0.0);
    }

    #[test]
    fn accuracy_counts_rows_whose_largest_is_the_label() {
        let images = Images::new(vec![0; 3], vec![0, 1, 1], 1, 1, 2).unwrap();
        assert_eq!(accuracy(&[0.9, 0.1, 0.2, 0.8, 0.6, 0.4], &images, 2), 2.0 / 3.0);
        assert_eq!(shares(&images), [1.0 / 3.0, 2.0 / 3.0]);
        assert_eq!(mean_row(&[0.5, 0.5, 0.25, 0.75], 2), [0.375, 0.625]);
    }
}
