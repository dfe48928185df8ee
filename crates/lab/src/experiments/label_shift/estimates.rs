//! Class shares of unlabeled images, as a classifier's predictions give them.

use anyhow::Result;
use burn_fashion_mnist::Images;
use burn_mlp::Mlp;
use mlp_metrics::{ConfusionMatrix, ImportanceError, LabelShift as Estimate, Predictions, ShiftMethod, Temperature};
use serde::{Deserialize, Serialize};

use crate::platform::Inner;
use crate::{Lab, Platform};

/// Estimated class shares of a target beside the true ones.
#[derive(Serialize, Deserialize)]
pub(super) struct Estimates {
    /// True shares.
    pub(super) truth: Vec<f64>,
    /// Shares in the source: the estimate of who ignores the shift.
    pub(super) source: Vec<f64>,
    /// By the confusion matrix; those of the source where it cannot be inverted.
    pub(super) by_confusion: Vec<f64>,
    /// By expectation-maximization.
    pub(super) by_maximization: Vec<f64>,
    /// Condition number of the confusion matrix.
    pub(super) condition_number: f64,
    /// Sum of the shares by the confusion matrix that were negative and set to 0.
    pub(super) clipped: f64,
}

/// How far estimated class shares are from the true ones, in total variation, and what the estimate says of itself.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Errors {
    pub(super) source: f64,
    pub(super) by_confusion: f64,
    pub(super) by_maximization: f64,
    pub(super) condition_number: f64,
    pub(super) clipped: f64,
}

impl Estimates {
    /// A condition number beyond which it makes no difference: that of a singular matrix is infinite.
    const LARGEST_CONDITION_NUMBER: f64 = 1e6;

    /// The estimates of `network`, with its confusion matrix on `validation`, and its probabilities adjusted to those by
    /// expectation-maximization.
    pub(super) fn of<P: Platform>(
        lab: &Lab<P>,
        network: &Mlp<Inner<P>>,
        validation: &Images,
        target: &Images,
        truth: Vec<f64>,
    ) -> Result<(Self, Vec<f64>)> {
        let (on_validation, on_target) = (lab.predict(network, validation), lab.predict(network, target));
        let source = shares(validation);
        let (by_confusion, condition_number, clipped) = match by_confusion(&on_validation, validation, &on_target) {
            Ok(Estimate { target, method: ShiftMethod::ConfusionMatrix { condition_number, clipped }, .. }) => {
                (target, condition_number, clipped)
            }
            Err(ImportanceError::NearSingular { condition_number, .. }) => {
                (source.clone(), condition_number.min(Self::LARGEST_CONDITION_NUMBER), 0.0)
            }
            Err(error) => return Err(error.into()),
            Ok(estimate) => anyhow::bail!("{:?} where a confusion matrix was given", estimate.method),
        };
        let (by_maximization, adjusted) = by_maximization(&on_validation, validation, &on_target)?;
        Ok((Self { truth, source, by_confusion, by_maximization, condition_number, clipped }, adjusted))
    }

    pub(super) fn errors(&self) -> Errors {
        let error = |shares: &[f64]| total_variation(shares, &self.truth);
        Errors {
            source: error(&self.source),
            by_confusion: error(&self.by_confusion),
            by_maximization: error(&self.by_maximization),
            condition_number: self.condition_number,
            clipped: self.clipped,
        }
    }

    /// The weight `p(y)/q(y)` of each class, with p by the confusion matrix.
    pub(super) fn weights(&self) -> Vec<f64> {
        self.by_confusion.iter().zip(&self.source).map(|(target, source)| target / source).collect()
    }
}

impl Errors {
    /// The mean of some, at least one.
    pub(super) fn mean(all: &[Self]) -> Self {
        let mean = |metric: fn(&Self) -> f64| all.iter().map(metric).sum::<f64>() / all.len() as f64;
        Self {
            source: mean(|errors| errors.source),
            by_confusion: mean(|errors| errors.by_confusion),
            by_maximization: mean(|errors| errors.by_maximization),
            condition_number: mean(|errors| errors.condition_number),
            clipped: mean(|errors| errors.clipped),
        }
    }
}

/// Class shares of the target by `C·p(y) = μ`, where μ is how often each class is predicted for the *target*: it says
/// nothing of the target otherwise.
pub(super) fn by_confusion(
    on_validation: &Predictions,
    validation: &Images,
    on_target: &Predictions,
) -> Result<Estimate, ImportanceError> {
    let confusion = ConfusionMatrix::from_labels(&on_validation.classes(), validation.labels(), validation.classes())?;
    Estimate::from_confusion(&confusion, &on_target.classes())
}

/// Class shares of the target by expectation-maximization, and the probabilities adjusted to them.
///
/// Expectation-maximization takes probabilities at their word: they are calibrated first (Alexandari et al. 2020), and
/// the prior is what the network believes it to be.
fn by_maximization(
    on_validation: &Predictions,
    validation: &Images,
    on_target: &Predictions,
) -> Result<(Vec<f64>, Vec<f64>)> {
    let classes = validation.classes();
    let temperature = Temperature::fit(on_validation.logits(), validation.labels(), classes)?;
    let calibrated = temperature.probabilities(on_target.logits())?;
    let prior = mean_row(&temperature.probabilities(on_validation.logits())?, classes);
    let estimate = Estimate::from_probabilities(&prior, &calibrated)?;
    let adjusted = estimate.adjust(&calibrated)?;
    Ok((estimate.target, adjusted))
}

/// Mean of rows of probabilities.
fn mean_row(probabilities: &[f64], classes: usize) -> Vec<f64> {
    let rows = (probabilities.len() / classes) as f64;
    (0..classes).map(|class| probabilities.iter().skip(class).step_by(classes).sum::<f64>() / rows).collect()
}

/// Share of each class.
pub(super) fn shares(images: &Images) -> Vec<f64> {
    images.class_counts().into_iter().map(|count| count as f64 / images.len() as f64).collect()
}

fn total_variation(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| (one - other).abs()).sum::<f64>() / 2.0
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
    fn shares_and_means_are_taken_class_by_class() {
        let images = Images::new(vec![0; 3], vec![0, 1, 1], 1, 1, 2).unwrap();
        assert_eq!(shares(&images), [1.0 / 3.0, 2.0 / 3.0]);
        assert_eq!(mean_row(&[0.5, 0.5, 0.25, 0.75], 2), [0.375, 0.625]);
    }

    #[test]
    fn the_predictions_for_the_target_are_what_the_shares_follow_from() {
        // Recognizes 3/4 of class 0 and all of class 1, and predicts class 0 for 3 of 8 target images.
        let logits = |classes: &[usize]| -> Vec<f32> {
            classes.iter().flat_map(|&class| if class == 0 { [1.0, 0.0] } else { [0.0, 1.0] }).collect()
        };
        let predictions =
            |classes: &[usize]| Predictions::new(logits(classes), logits(classes), vec![0.0; classes.len()], 2);
        let validation = Images::new(vec![0; 8], vec![0, 0, 0, 0, 1, 1, 1, 1], 1, 1, 2).unwrap();
        let on_validation = predictions(&[0, 0, 0, 1, 1, 1, 1, 1]);
        let estimate = by_confusion(&on_validation, &validation, &predictions(&[0, 0, 0, 1, 1, 1, 1, 1])).unwrap();
        assert!((estimate.target[0] - 0.5).abs() < 1e-12);
        // The mean of the columns of C, (3/8, 5/8), has nothing of a target that holds class 0 only.
        let estimate = by_confusion(&on_validation, &validation, &predictions(&[0, 0, 0, 1])).unwrap();
        assert!((estimate.target[0] - 1.0).abs() < 1e-12);
    }
}
