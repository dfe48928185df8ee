//! How well scores rank positive examples above negative ones.

use crate::{Labels, MetricsError, Values, checks};

/// Area under the receiver operating characteristic curve, in `[0, 1]`: the probability that a random positive example
/// has a higher score than a random negative one; ties count half (Hanley and McNeil 1982).
///
/// 1 for a perfect ranking, 0.5 for a random one. Only the order of the scores matters, so logits serve as well as
/// probabilities. Takes `O(n log n)` time.
///
/// # Shapes
///
/// - `scores`: one per example; higher means more likely positive
/// - `labels`: one per example, `true` or 1 for positive and `false` or 0 for negative
///
/// # Errors
///
/// If there is no example, the lengths differ, a score is not finite, a label is neither 0 nor 1, or all examples have
/// the same label ([`MetricsError::MissingClass`]).
///
/// # Examples
///
/// Of the four pairs of a positive and a negative example, only (0.35, 0.4) is in the wrong order.
///
/// ```
/// use mlp_metrics::auroc;
///
/// assert_eq!(auroc(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true])?, 0.75);
/// # Ok::<(), mlp_metrics::MetricsError>(())
/// ```
pub fn auroc(scores: impl Values, labels: impl Labels) -> Result<f64, MetricsError> {
    let scores = scores.values();
    let labels = checks::class_indices("label", labels, 2)?;
    checks::not_empty("example", labels.len())?;
    checks::same_length("scores, one for each label", labels.len(), scores.len())?;
    checks::finite("score", &scores)?;
    check_occurrence(&labels, 2)?;
    Ok(area(scores.iter().copied().zip(labels.into_iter().map(|label| label == 1)).collect()))
}

/// Mean over the classes of the [`auroc`] of each class against all others, scored by its probability. Every class has
/// the same weight, as in scikit-learn's `roc_auc_score(multi_class="ovr")`.
///
/// # Shapes
///
/// - `probabilities`: `[examples, classes]`, row by row; each row sums to 1
/// - `labels`: `[examples]`, the true classes, each below `classes`
///
/// # Errors
///
/// If there are fewer than two classes, there is no example, the lengths do not match, a label is not below `classes`, a
/// probability is negative or not finite, a row does not sum to 1 within 10⁻³, or a class has no example
/// ([`MetricsError::MissingClass`]).
///
/// # Examples
///
/// ```
/// use mlp_metrics::auroc_one_vs_rest;
///
/// let probabilities = [0.5, 0.3, 0.2, /**/ 0.2, 0.6, 0.2, /**/ 0.1, 0.5, 0.4];
/// assert_eq!(auroc_one_vs_rest(&probabilities, &[0, 1, 2], 3)?, 1.0);
/// # Ok::<(), mlp_metrics::MetricsError>(())
/// ```
pub fn auroc_one_vs_rest(probabilities: impl Values, labels: impl Labels, classes: usize) -> Result<f64, MetricsError> {
    if classes < 2 {
        return Err(MetricsError::Length { name: "classes or more", expected: 2, found: classes });
    }
    let probabilities = probabilities.values();
    let labels = checks::distribution_labels(&probabilities, labels, classes)?;
    check_occurrence(&labels, classes)?;
    let of_class = |class| {
        let scores = probabilities.iter().copied().skip(class).step_by(classes);
        area(scores.zip(labels.iter().map(|&label| label == class)).collect())
    };
    Ok((0..classes).map(of_class).sum::<f64>() / classes as f64)
}

fn check_occurrence(labels: &[usize], classes: usize) -> Result<(), MetricsError> {
    let mut occurs = vec![false; classes];
    labels.iter().for_each(|&label| occurs[label] = true);
    match occurs.iter().position(|occurs| !occurs) {
        Some(class) => Err(MetricsError::MissingClass { class }),
        None => Ok(()),
    }
}

/// The fraction of the pairs of a positive and a negative example that are in order. Each example has a score, and
/// whether it is positive.
fn area(mut examples: Vec<(f64, bool)>) -> f64 {
    examples.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    // Twice the number of pairs in order is a whole number, and so computed exactly.
    let (mut negatives_below, mut positives, mut twice_in_order) = (0_u128, 0_u128, 0_u128);
    for tied in examples.chunk_by(|a, b| a.0 == b.0) {
        let tied_positives = tied.iter().filter(|(_, positive)| *positive).count() as u128;
        let tied_negatives = tied.len() as u128 - tied_positives;
        twice_in_order += tied_positives * (2 * negatives_below + tied_negatives);
        negatives_below += tied_negatives;
        positives += tied_positives;
    }
    twice_in_order as f64 / (2 * positives * negatives_below) as f64
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_area_agrees_with_scikit_learn() {
        // from sklearn.metrics import roc_auc_score
        // y = [0, 0, 1, 1, 0, 1, 0, 1, 1, 0]
        // s = [0.1, 0.4, 0.35, 0.8, 0.4, 0.4, -2.0, 0.8, 0.1, 0.8]
        // print(roc_auc_score(y, s))
        let scores = [0.1, 0.4, 0.35, 0.8, 0.4, 0.4, -2.0, 0.8, 0.1, 0.8];
        let found = auroc(&scores, &[0, 0, 1, 1, 0, 1, 0, 1, 1, 0]).unwrap();
        assert!((found - 0.62).abs() < 1e-15, "{found}");
    }

    #[test]
    fn the_mean_area_of_the_classes_agrees_with_scikit_learn() {
        // from sklearn.metrics import roc_auc_score
        // p = [[.7, .2, .1], [.1, .6, .3], [.2, .2, .6], [.5, .3, .2], [.3, .4, .3], [.6, .3, .1]]
        // print(roc_auc_score([0, 1, 2, 1, 2, 0], p, multi_class="ovr"))
        let rows = [0.7, 0.2, 0.1, 0.1, 0.6, 0.3, 0.2, 0.2, 0.6, 0.5, 0.3, 0.2, 0.3, 0.4, 0.3, 0.6, 0.3, 0.1];
        let found = auroc_one_vs_rest(&rows, &[0, 1, 2, 1, 2, 0], 3).unwrap();
        assert!((found - 0.916_666_666_666_666_6).abs() < 1e-15, "{found}");
    }

    #[test]
    fn zeros_of_either_sign_are_tied() {
        assert_eq!(auroc(&[-0.0, 0.0], &[true, false]), Ok(0.5));
        assert_eq!(auroc(&[-0.0, 0.0], &[false, true]), Ok(0.5));
    }

    #[test]
    fn what_cannot_be_ranked_is_refused() {
        let refused = |scores: &[f64], labels: &[i8]| auroc(scores, labels).unwrap_err().to_string();
        assert_eq!(refused(&[], &[]), "expected at least one example, found none");
        assert_eq!(refused(&[0.5], &[0, 1]), "expected 2 scores, one for each label, found 1");
        assert_eq!(refused(&[0.5, f64::NAN], &[0, 1]), "score 1 is NaN; expected a finite number");
        assert_eq!(refused(&[0.5, 0.5], &[0, -1]), "label 1 is -1; expected 0 to 1 (2 classes)");
        assert_eq!(refused(&[0.5, 0.1], &[0, 0]), "no example has label 1; expected at least one");
        assert_eq!(refused(&[0.5, 0.1], &[1, 1]), "no example has label 0; expected at least one");
        let refused =
            |rows: &[f32], labels: &[u8], classes| auroc_one_vs_rest(rows, labels, classes).unwrap_err().to_string();
        assert_eq!(refused(&[1.0], &[0], 1), "expected 2 classes or more, found 1");
        assert_eq!(refused(&[0.5; 2], &[1], 2), "no example has label 0; expected at least one");
        assert_eq!(refused(&[0.5, 0.25], &[1], 2), "the probabilities of example 0 sum to 0.75; expected 1");
    }

    proptest! {
        #[test]
        fn the_area_is_the_fraction_of_the_pairs_in_order(
            examples in proptest::collection::vec((0_i8..6, any::<bool>()), 2..60),
        ) {
            let of = |wanted: bool| examples.iter().filter(move |example| example.1 == wanted).map(|example| example.0);
            let pairs = of(true).count() * of(false).count();
            prop_assume!(pairs > 0);
            let half = |(high, low): (i8, i8)| f64::from(1 + (high - low).signum()) / 2.0;
            let in_order: f64 = of(true).flat_map(|high| of(false).map(move |low| (high, low))).map(half).sum();
            let (scores, labels): (Vec<f64>, Vec<bool>) =
                examples.iter().map(|&(score, positive)| (f64::from(score), positive)).unzip();
            prop_assert_eq!(auroc(&scores, &labels), Ok(in_order / pairs as f64));
        }

        #[test]
        fn of_two_classes_each_has_the_area_of_the_other(
            examples in proptest::collection::vec((0.0..1.0_f64, any::<bool>()), 2..60),
        ) {
            let (scores, labels): (Vec<f64>, Vec<bool>) = examples.into_iter().unzip();
            prop_assume!(labels.contains(&true) && labels.contains(&false));
            // Powers of two, so that no rounding makes scores equal.
            let scores: Vec<f64> = scores.iter().map(|score| (score * 1024.0).floor() / 1024.0).collect();
            let rows: Vec<f64> = scores.iter().flat_map(|&score| [1.0 - score, score]).collect();
            prop_assert_eq!(auroc_one_vs_rest(&rows, &labels, 2), auroc(&scores, &labels));
        }
    }
}
