//! How far a doubt can be trusted: a number for each prediction that should be larger where the prediction is wrong.

use mlp_metrics::auroc;
use serde::{Deserialize, Serialize};

use super::prediction::Prediction;

/// What rejecting the predictions that are doubted most leaves.
#[derive(Serialize, Deserialize)]
pub(super) struct Ranking {
    /// Accuracy of all predictions.
    pub(super) all: f64,
    /// Accuracy of the four fifths that are doubted least.
    pub(super) surest: f64,
    /// Accuracy of what is left, as a mean over all numbers of predictions that may be rejected: the area under the
    /// rejection curve.
    pub(super) area: f64,
    /// Probability that a wrong prediction is doubted more than a right one; ties count half. None where all are right,
    /// or all are wrong.
    pub(super) roc_area: Option<f64>,
    /// Accuracy of what is left for each fraction rejected.
    pub(super) left: Vec<f64>,
}

impl Ranking {
    /// What the `doubts` about some predictions are worth, and what is left where these `fractions` are rejected.
    pub(super) fn new(predictions: &[Prediction], doubts: &[f64], fractions: &[f64]) -> Self {
        let mut order: Vec<usize> = (0..predictions.len()).collect();
        order.sort_by(|&a, &b| doubts[a].total_cmp(&doubts[b]));
        let right: Vec<bool> = order.into_iter().map(|index| predictions[index].right).collect();
        let wrong: Vec<bool> = predictions.iter().map(|prediction| !prediction.right).collect();
        Self {
            all: accuracy_left(&right, 0.0),
            surest: accuracy_left(&right, 0.2),
            area: mean_accuracy(&right),
            roc_area: auroc(doubts, &wrong).ok(),
            left: fractions.iter().map(|&fraction| accuracy_left(&right, fraction)).collect(),
        }
    }
}

/// Accuracy of the predictions left when this fraction of them is rejected. The one doubted least comes first.
fn accuracy_left(right: &[bool], rejected: f64) -> f64 {
    let kept = ((1.0 - rejected) * right.len() as f64).round().max(1.0) as usize;
    right[..kept].iter().filter(|&&right| right).count() as f64 / kept as f64
}

/// Mean over all `k` of the accuracy of the first `k` predictions.
fn mean_accuracy(right: &[bool]) -> f64 {
    let mut correct = 0;
    let accuracies = right.iter().zip(1..).map(|(&right, kept)| {
        correct += u32::from(right);
        f64::from(correct) / f64::from(kept)
    });
    accuracies.sum::<f64>() / right.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranking(doubts_and_rights: &[(f64, bool)]) -> Ranking {
        let prediction =
            |&(_, right)| Prediction { class: 0, right, entropy: 0.0, mutual_information: 0.0, agreement: 1.0 };
        let doubts: Vec<f64> = doubts_and_rights.iter().map(|(doubt, _)| *doubt).collect();
        let predictions: Vec<Prediction> = doubts_and_rights.iter().map(prediction).collect();
        Ranking::new(&predictions, &doubts, &[0.0, 0.25, 0.5, 0.99])
    }

    #[test]
    fn rejecting_takes_what_is_doubted_most_first() {
        let run = ranking(&[(0.9, false), (0.1, true), (0.5, true), (0.8, false)]);
        assert_eq!(run.left, [0.5, 2.0 / 3.0, 1.0, 1.0]);
        assert_eq!((run.all, run.roc_area), (0.5, Some(1.0)));
        assert!((run.area - (1.0 + 1.0 + 2.0 / 3.0 + 0.5) / 4.0).abs() < 1e-12);
    }

    #[test]
    fn the_area_under_the_roc_curve_is_the_fraction_of_pairs_in_order() {
        assert_eq!(ranking(&[(0.5, false), (0.5, true)]).roc_area, Some(0.5));
        // Of the pairs (0.4, 0.1) and (0.4, 0.6) one is in order.
        assert_eq!(ranking(&[(0.4, false), (0.1, true), (0.6, true)]).roc_area, Some(0.5));
        assert_eq!(ranking(&[(0.1, true), (0.6, true)]).roc_area, None);
    }
}
