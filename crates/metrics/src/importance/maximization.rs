//! Class distribution of an unlabelled target sample, by maximum likelihood.

use super::label_shift::{mass, products, quotients};
use super::{ImportanceError, LabelShift, ShiftMethod};
use crate::{Values, checks};

impl LabelShift {
    /// Expectation-maximization (Saerens, Latinne and Decaestecker 2002): the maximum-likelihood class distribution of
    /// the target, from the probabilities that a classifier predicts for the target examples.
    ///
    /// Starts at `p = q`, the source prior, and iterates `p_y ← mean over x of p_y/q_y·P(y | x) / Σ_c p_c/q_c·P(c | x)`
    /// until no entry changes by more than [`TOLERANCE`](Self::TOLERANCE), at most
    /// [`MAX_ITERATIONS`](Self::MAX_ITERATIONS) times. The log-likelihood is concave and increases with every
    /// iteration. How close the last iterate is to the maximum depends on how well the classes are separated.
    /// [`ShiftMethod`] reports whether the iteration converged.
    ///
    /// As the prior, pass the mean of the classifier's predicted probabilities over held-out source examples. For a
    /// calibrated classifier this is the class distribution of the source. For any other, the class distribution would
    /// produce a shift even between the source and itself. The weights are relative to this prior.
    ///
    /// # Shapes
    ///
    /// - `source_prior`: `[classes]`, mean probability of each class in the source; sums to 1
    /// - `target_probabilities`: `[examples, classes]`, row by row; each row sums to 1
    ///
    /// # Errors
    ///
    /// If there is no class or no example, the number of probabilities is not a multiple of the number of classes, a
    /// probability is negative or not finite, the prior or a row does not sum to 1 within 10⁻³, or an entry of the
    /// prior is below 10⁻¹².
    ///
    /// # Examples
    ///
    /// For a classifier that is always certain, the result is the distribution of its predictions:
    ///
    /// ```
    /// use mlp_metrics::LabelShift;
    ///
    /// let shift = LabelShift::from_probabilities(&[0.5, 0.5], &[1.0_f32, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0])?;
    /// assert_eq!(shift.target, [0.25, 0.75]);
    /// assert_eq!(shift.weights, [0.5, 1.5]);
    /// # Ok::<(), mlp_metrics::ImportanceError>(())
    /// ```
    pub fn from_probabilities(
        source_prior: impl Values,
        target_probabilities: impl Values,
    ) -> Result<Self, ImportanceError> {
        let prior = checked_prior(&source_prior.values())?;
        let probabilities = target_probabilities.values();
        checks::not_empty("target example", probabilities.len())?;
        checks::distributions(&probabilities, prior.len())?;
        let mut target = prior.clone();
        let (mut iterations, mut converged) = (0, false);
        while !converged && iterations < Self::MAX_ITERATIONS {
            let next = maximize(&quotients(&target, &prior), &probabilities);
            converged = next.iter().zip(&target).all(|(next, last)| (next - last).abs() <= Self::TOLERANCE);
            target = next;
            iterations += 1;
        }
        Ok(Self::new(&prior, target, ShiftMethod::ExpectationMaximization { iterations, converged }))
    }
}

/// One iteration: the mean of the re-weighted rows.
fn maximize(weights: &[f64], probabilities: &[f64]) -> Vec<f64> {
    let mut next = vec![0.0; weights.len()];
    for row in probabilities.chunks_exact(weights.len()) {
        // The mass is never 0: a class to which a row assigns probability received some of the previous mean from that
        // row.
        let scale = 1.0 / mass(weights, row);
        next.iter_mut().zip(products(weights, row)).for_each(|(next, product)| *next += product * scale);
    }
    let sum: f64 = next.iter().sum();
    next.iter_mut().for_each(|share| *share /= sum);
    next
}

/// Validates the prior and scales it to sum to 1.
fn checked_prior(prior: &[f64]) -> Result<Vec<f64>, ImportanceError> {
    /// Far below any proportion that a sample can show, and large enough that quotients do not overflow.
    const SMALLEST: f64 = 1e-12;
    checks::not_empty("class", prior.len())?;
    checks::not_negative("source share", prior)?;
    if let Some(class) = prior.iter().position(|&share| share < SMALLEST) {
        return Err(ImportanceError::MissingClass { class });
    }
    let sum: f64 = prior.iter().sum();
    if (sum - 1.0).abs() > checks::SUM_TOLERANCE {
        return Err(ImportanceError::PriorSum { sum });
    }
    Ok(prior.iter().map(|share| share / sum).collect())
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use proptest::prelude::*;

    use super::*;

    fn converged(shift: &LabelShift) -> bool {
        matches!(shift.method, ShiftMethod::ExpectationMaximization { converged: true, .. })
    }

    /// Mean of `ln Σ_y p_y/q_y·P(y | x)`.
    fn likelihood(target: &[f64], prior: &[f64], probabilities: &[f64]) -> f64 {
        let weights = quotients(target, prior);
        let rows = probabilities.chunks_exact(prior.len());
        let n = rows.len() as f64;
        rows.map(|row| mass(&weights, row).ln()).sum::<f64>() / n
    }

    fn normalized(row: &[f64]) -> Vec<f64> {
        row.iter().map(|x| x / row.iter().sum::<f64>()).collect()
    }

    #[test]
    fn a_hand_computed_case() {
        // P(x=1 | y) = 0.2, 0.6: under the source shares 1/2, 1/2, P(y=1 | x=1) = 3/4 and P(y=1 | x=0) = 1/3. If half
        // of the x are 1, then 0.2·(1 - p) + 0.6·p = 1/2, so p = 3/4.
        let third = 1.0 / 3.0_f64;
        let shift = LabelShift::from_probabilities(&[0.5, 0.5], &[0.25, 0.75, 1.0 - third, third]).unwrap();
        assert!(converged(&shift), "{shift:?}");
        assert!((shift.target[1] - 0.75).abs() < 1e-6, "{shift:?}");
        // In the target P(y=1 | x=1) = 0.45/0.5 and P(y=1 | x=0) = 0.3/0.5.
        let adjusted = shift.adjust(&[0.25, 0.75, 1.0 - third, third]).unwrap();
        assert!((adjusted[1] - 0.9).abs() < 1e-6 && (adjusted[3] - 0.6).abs() < 1e-6, "{adjusted:?}");
    }

    #[test]
    fn probabilities_that_say_nothing_leave_the_prior() {
        let shift = LabelShift::from_probabilities(&[0.25, 0.75], &[0.25, 0.75, 0.25, 0.75]).unwrap();
        assert_eq!(shift.target, [0.25, 0.75]);
        assert_eq!(shift.method, ShiftMethod::ExpectationMaximization { iterations: 1, converged: true });
    }

    #[test]
    fn slow_convergence_is_told() {
        // Every example favors class 1 by a millionth: the estimate moves towards 1 by about as much per iteration.
        let rows = [0.499_999_5, 0.500_000_5].repeat(3);
        let shift = LabelShift::from_probabilities(&[0.5, 0.5], &rows).unwrap();
        let iterations = LabelShift::MAX_ITERATIONS;
        assert_eq!(shift.method, ShiftMethod::ExpectationMaximization { iterations, converged: false });
        assert!(shift.target[1] > 0.5);
    }

    #[test]
    fn what_gives_no_estimate_is_refused() {
        let refused =
            |prior: &[f64], rows: &[f32]| LabelShift::from_probabilities(prior, rows).unwrap_err().to_string();
        assert_eq!(refused(&[], &[1.0]), "expected at least one class, found none");
        assert_eq!(refused(&[1.0], &[]), "expected at least one target example, found none");
        assert_eq!(refused(&[0.5, 0.5], &[1.0; 3]), "expected rows of 2 probabilities, found 3 in all");
        assert_eq!(refused(&[0.0, 1.0], &[0.5, 0.5]), "class 0 does not occur in the source; expected every class to");
        assert!(refused(&[1.0, 1e-13], &[0.5, 0.5]).starts_with("class 1 does not occur"));
        assert_eq!(refused(&[0.5, 0.6], &[0.5, 0.5]), "the shares of the source sum to 1.1; expected 1");
        assert_eq!(
            refused(&[0.5, 0.5], &[0.5, 0.5, 0.5, 0.25]),
            "the probabilities of example 1 sum to 0.75; expected 1"
        );
        assert_eq!(refused(&[-0.5, 1.5], &[0.5, 0.5]), "source share 0 is -0.5; expected a finite number, at least 0");
        assert!(refused(&[0.5, 0.5], &[0.5, f32::NAN]).starts_with("the probability of class 1 in example 0 is NaN"));
    }

    proptest! {
        /// With the documented prior, there is no shift between the source and itself, whatever the calibration.
        #[test]
        fn the_source_itself_shows_no_shift(scores in proptest::collection::vec(0.01..1.0_f64, 60)) {
            let rows: Vec<f64> = scores.chunks(3).flat_map(normalized).collect();
            let prior: Vec<f64> = (0..3).map(|class| rows.iter().skip(class).step_by(3).sum::<f64>() / 20.0).collect();
            let shift = LabelShift::from_probabilities(&prior, &rows).unwrap();
            prop_assert_eq!(shift.method, ShiftMethod::ExpectationMaximization { iterations: 1, converged: true });
            prop_assert!(shift.weights.iter().all(|weight| (weight - 1.0).abs() < 1e-12));
        }

        #[test]
        fn the_estimate_is_a_fixed_point_and_nothing_is_likelier(
            scores in proptest::collection::vec(0.01..1.0_f64, 60),
            prior in proptest::collection::vec(0.1..1.0_f64, 3),
            other in proptest::collection::vec(0.0..1.0_f64, 3),
        ) {
            let rows: Vec<f64> = scores.chunks(3).flat_map(normalized).map(|p| f64::from(p as f32)).collect();
            let (prior, other) = (normalized(&prior), normalized(&other));
            let shift = LabelShift::from_probabilities(&prior, &rows).unwrap();
            prop_assert!((shift.target.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            prop_assert!(likelihood(&shift.target, &prior, &rows) >= likelihood(&prior, &prior, &rows) - 1e-12);
            if converged(&shift) {
                let best = likelihood(&shift.target, &prior, &rows);
                prop_assert!(best >= likelihood(&other, &prior, &rows) - 1e-6);
                let adjusted = shift.adjust(&rows).unwrap();
                for (class, share) in shift.target.iter().enumerate() {
                    let mean = adjusted.chunks(3).map(|row| row[class]).sum::<f64>() / 20.0;
                    prop_assert!((mean - share).abs() <= 2.0 * LabelShift::TOLERANCE);
                }
            }
        }
    }
}
