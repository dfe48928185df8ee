//! Proper scoring rules: expected scores that only the true probabilities minimize (Gneiting and Raftery 2007).

use crate::{Labels, MetricsError, Values, checks};

/// Brier score (Brier 1950): the mean over the examples of `Σ_c (p_c - y_c)²`, where `y` is 1 at the true class and 0
/// elsewhere.
///
/// From 0, if every true class has probability 1, to 2. For two classes, scikit-learn's `brier_score_loss` counts only
/// one of them, which gives half of this.
///
/// # Shapes
///
/// - `probabilities`: `[examples, classes]`, row by row; each row sums to 1
/// - `labels`: `[examples]`, the true classes, each below `classes`
///
/// # Errors
///
/// If there is no example or no class, the lengths do not match, a label is not below `classes`, a probability is
/// negative or not finite, or a row does not sum to 1 within 10⁻³.
///
/// # Examples
///
/// ```
/// use mlp_metrics::brier_score;
///
/// assert_eq!(brier_score(&[0.75, 0.25, 0.5, 0.5], &[0, 1], 2)?, (0.125 + 0.5) / 2.0);
/// # Ok::<(), mlp_metrics::MetricsError>(())
/// ```
pub fn brier_score(probabilities: impl Values, labels: impl Labels, classes: usize) -> Result<f64, MetricsError> {
    mean_score(probabilities, labels, classes, |row, label| {
        let truth = |class| f64::from(u8::from(class == label));
        row.iter().enumerate().map(|(class, p)| (p - truth(class)) * (p - truth(class))).sum()
    })
}

/// Negative log-likelihood, also called log loss or cross-entropy: the mean over the examples of `-ln p`, where `p` is
/// the probability of the true class. In nats, at least 0 up to rounding.
///
/// Probabilities are not clipped: a single true class with probability 0 makes the result infinite.
///
/// # Shapes
///
/// - `probabilities`: `[examples, classes]`, row by row; each row sums to 1
/// - `labels`: `[examples]`, the true classes, each below `classes`
///
/// # Errors
///
/// If there is no example or no class, the lengths do not match, a label is not below `classes`, a probability is
/// negative or not finite, or a row does not sum to 1 within 10⁻³.
///
/// # Examples
///
/// ```
/// use mlp_metrics::negative_log_likelihood;
///
/// let probabilities = [0.5, 0.5, 1.0, 0.0];
/// assert_eq!(negative_log_likelihood(&probabilities, &[0, 0], 2)?, 2.0_f64.ln() / 2.0);
/// assert_eq!(negative_log_likelihood(&probabilities, &[0, 1], 2)?, f64::INFINITY);
/// # Ok::<(), mlp_metrics::MetricsError>(())
/// ```
pub fn negative_log_likelihood(
    probabilities: impl Values,
    labels: impl Labels,
    classes: usize,
) -> Result<f64, MetricsError> {
    mean_score(probabilities, labels, classes, |row, label| -libm::log(row[label]))
}

/// The mean over the examples of a score of the row and its label.
fn mean_score(
    probabilities: impl Values,
    labels: impl Labels,
    classes: usize,
    score: impl Fn(&[f64], usize) -> f64,
) -> Result<f64, MetricsError> {
    let probabilities = probabilities.values();
    let labels = checks::distribution_labels(&probabilities, labels, classes)?;
    let rows = probabilities.chunks_exact(classes).zip(&labels);
    Ok(rows.map(|(row, &label)| score(row, label)).sum::<f64>() / labels.len() as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROWS: [f64; 18] = [0.7, 0.2, 0.1, 0.1, 0.6, 0.3, 0.2, 0.2, 0.6, 0.5, 0.3, 0.2, 0.3, 0.4, 0.3, 0.6, 0.3, 0.1];
    const LABELS: [u8; 6] = [0, 1, 2, 1, 2, 0];

    #[test]
    fn the_scores_agree_with_scikit_learn() {
        // from sklearn.metrics import brier_score_loss, log_loss
        // p = [[.7, .2, .1], [.1, .6, .3], [.2, .2, .6], [.5, .3, .2], [.3, .4, .3], [.6, .3, .1]]
        // y = [0, 1, 2, 1, 2, 0]
        // print(brier_score_loss(y, p, labels=[0, 1, 2]), log_loss(y, p))
        let brier = brier_score(&ROWS, &LABELS, 3).unwrap();
        assert!((brier - 0.403_333_333_333_333_3).abs() < 1e-15, "{brier}");
        let nll = negative_log_likelihood(&ROWS, &LABELS, 3).unwrap();
        assert!((nll - 0.716_182_903_981_429_5).abs() < 1e-15, "{nll}");
    }

    #[test]
    fn for_two_classes_the_brier_score_is_twice_that_of_scikit_learn() {
        // from sklearn.metrics import brier_score_loss
        // print(brier_score_loss([0, 1, 1, 0], [.1, .8, .3, .6]))
        let rows: Vec<f64> = [0.1, 0.8, 0.3, 0.6].into_iter().flat_map(|p| [1.0 - p, p]).collect();
        let brier = brier_score(&rows, &[0, 1, 1, 0], 2).unwrap();
        assert!((brier - 2.0 * 0.224_999_999_999_999_98).abs() < 1e-15, "{brier}");
    }

    #[test]
    fn what_are_no_labelled_distributions_is_refused() {
        let expected = MetricsError::RowSum { name: "example", index: 0, sum: 1.5 };
        assert_eq!(brier_score(&[0.75, 0.75], &[0], 2), Err(expected.clone()));
        assert_eq!(negative_log_likelihood(&[0.75, 0.75], &[0], 2), Err(expected));
        let expected = MetricsError::Label { name: "label", index: 0, found: -1, classes: 2 };
        assert_eq!(brier_score(&[0.5, 0.5], &[-1], 2), Err(expected.clone()));
        assert_eq!(negative_log_likelihood(&[0.5, 0.5], &[-1], 2), Err(expected));
    }

    proptest! {
        /// Labels in the proportions of `truth`, predicted with `other` for every example.
        #[test]
        fn nothing_scores_better_than_the_true_proportions(
            truth in proptest::collection::vec(1_usize..10, 3),
            other in proptest::collection::vec(0.01..1.0_f64, 3),
        ) {
            let labels: Vec<usize> =
                truth.iter().enumerate().flat_map(|(class, &count)| core::iter::repeat_n(class, count)).collect();
            let proportions: Vec<f64> = truth.iter().map(|&count| count as f64 / labels.len() as f64).collect();
            let other: Vec<f64> = other.iter().map(|p| p / other.iter().sum::<f64>()).collect();
            let repeated = |row: &[f64]| row.repeat(labels.len());
            let brier = |row: &[f64]| brier_score(&repeated(row), &labels, 3).unwrap();
            let nll = |row: &[f64]| negative_log_likelihood(&repeated(row), &labels, 3).unwrap();
            prop_assert!(brier(&proportions) <= brier(&other) + 1e-12);
            prop_assert!(nll(&proportions) <= nll(&other) + 1e-12);
        }
    }
}
