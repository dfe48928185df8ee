//! Importance weights from a classifier that distinguishes two samples, and operations on weights.

use super::ImportanceError;
use crate::{MetricsError, Values, checks};

/// Importance weights for covariate shift: the ratio `p(x)/q(x)` of target to source density, from a logistic
/// classifier.
///
/// Train a binary classifier on the pooled examples to distinguish the `n_target` target examples (label 1) from the
/// `n_source` source examples (label 0). Its logit `h` at `x` estimates `ln(n_target·p(x)) - ln(n_source·q(x))`. Hence
/// `p(x)/q(x) = exp(h)·n_source/n_target`; the factor `n_source/n_target` corrects for unequal sample sizes. A
/// classifier trained with balanced class weights learns `ln(p(x)/q(x))` directly: pass equal numbers for it.
///
/// The classifier has to be calibrated. No weight compensates for regions of the target without source examples. If the
/// samples are easy to distinguish, a few weights dominate: see [`effective_sample_size`] and [`clip_weights`].
///
/// # Shapes
///
/// - `logits`: one per example, usually of the source
/// - output: the same
///
/// # Errors
///
/// If `n_source` or `n_target` is 0, or a logit is not finite or so large that its weight is not: `exp(h)` overflows
/// above 709.
///
/// # Examples
///
/// Of 400 pooled examples, 100 are from the target. A classifier that outputs only these base rates implies equal
/// densities:
///
/// ```
/// use mlp_metrics::density_ratio;
///
/// let logit = (100.0_f32 / 300.0).ln();
/// let weights = density_ratio(&[logit, logit], /* n_source */ 300, /* n_target */ 100)?;
/// assert!(weights.iter().all(|weight| (weight - 1.0).abs() < 1e-6));
/// # Ok::<(), mlp_metrics::ImportanceError>(())
/// ```
pub fn density_ratio(logits: impl Values, n_source: usize, n_target: usize) -> Result<Vec<f64>, ImportanceError> {
    checks::not_empty("source example", n_source)?;
    checks::not_empty("target example", n_target)?;
    let logits = logits.values();
    checks::finite("logit", &logits)?;
    let factor = n_source as f64 / n_target as f64;
    let weights: Vec<f64> = logits.iter().map(|&logit| libm::exp(logit) * factor).collect();
    match weights.iter().position(|weight| weight.is_infinite()) {
        Some(index) => {
            let expected = "a number for which exp(logit)·n_source/n_target does not overflow";
            Err(MetricsError::Value { name: "logit", index, expected, found: logits[index] }.into())
        }
        None => Ok(weights),
    }
}

/// Limits each weight to at most `maximum`, which reduces variance at the cost of some bias.
///
/// # Errors
///
/// If a weight is negative or not finite, or the maximum is negative or NaN.
///
/// # Examples
///
/// ```
/// use mlp_metrics::clip_weights;
///
/// assert_eq!(clip_weights(&[0.5, 40.0], 10.0)?, [0.5, 10.0]);
/// # Ok::<(), mlp_metrics::ImportanceError>(())
/// ```
pub fn clip_weights(weights: impl Values, maximum: f64) -> Result<Vec<f64>, ImportanceError> {
    let weights = weights.values();
    checks::not_negative("weight", &weights)?;
    if maximum.is_nan() || maximum < 0.0 {
        let expected = "a number, at least 0";
        return Err(MetricsError::Parameter { name: "largest weight", expected, found: maximum }.into());
    }
    Ok(weights.iter().map(|weight| weight.min(maximum)).collect())
}

/// Divides the weights by their mean. A weighted mean loss then has the scale of the unweighted one, so the learning
/// rate keeps its meaning.
///
/// # Errors
///
/// If there is no weight, a weight is negative or not finite, or their sum is 0 or infinite.
///
/// # Examples
///
/// ```
/// use mlp_metrics::normalize_weights;
///
/// assert_eq!(normalize_weights(&[1.0, 3.0])?, [0.5, 1.5]);
/// # Ok::<(), mlp_metrics::ImportanceError>(())
/// ```
pub fn normalize_weights(weights: impl Values) -> Result<Vec<f64>, ImportanceError> {
    let weights = weights.values();
    checks::not_empty("weight", weights.len())?;
    checks::not_negative("weight", &weights)?;
    let sum: f64 = weights.iter().sum();
    if sum == 0.0 || sum.is_infinite() {
        return Err(ImportanceError::WeightSum { sum });
    }
    let mean = sum / weights.len() as f64;
    Ok(weights.iter().map(|weight| weight / mean).collect())
}

/// Effective sample size `(Σw)²/Σw²` (Kish 1965): the number of equally weighted examples with the same variance of the
/// mean.
///
/// Ranges from 1, if one example has all the weight, to `n` for equal weights. Returns 0 if there are no weights or all
/// are 0. Scaling all weights does not change the result.
///
/// # Errors
///
/// If a weight is negative or not finite.
///
/// # Examples
///
/// ```
/// use mlp_metrics::effective_sample_size;
///
/// assert_eq!(effective_sample_size(&[2.0, 2.0, 2.0])?, 3.0);
/// assert_eq!(effective_sample_size(&[9.0, 0.0, 0.0])?, 1.0);
/// assert_eq!(effective_sample_size(&[2.0, 1.0, 1.0])?, 8.0 / 3.0);
/// # Ok::<(), mlp_metrics::ImportanceError>(())
/// ```
pub fn effective_sample_size(weights: impl Values) -> Result<f64, ImportanceError> {
    let weights = weights.values();
    checks::not_negative("weight", &weights)?;
    let largest = weights.iter().copied().fold(0.0, f64::max);
    if largest == 0.0 {
        return Ok(0.0);
    }
    // Relative to the largest weight: the square of exp(h) would overflow.
    let relative = || weights.iter().map(|weight| weight / largest);
    let sum: f64 = relative().sum();
    Ok(sum * sum / relative().map(|weight| weight * weight).sum::<f64>())
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_logit_of_two_normals_gives_the_ratio_of_their_densities() {
        // Target N(1, 1), source N(0, 1): p/q = exp(x - 1/2). The optimal logit depends on the sample sizes.
        let (n_source, n_target) = (3000, 1000);
        for x in [-2.0, 0.0, 0.5, 3.0_f64] {
            let logit = x - 0.5 + (f64::from(n_target) / f64::from(n_source)).ln();
            let weight = density_ratio(&[logit as f32], n_source as usize, n_target as usize).unwrap()[0];
            assert!((weight / (x - 0.5).exp() - 1.0).abs() < 1e-6, "{x}: {weight}");
        }
    }

    #[test]
    fn what_gives_no_weights_is_refused() {
        let ratio =
            |logit, n_source, n_target| density_ratio(&[0.0, logit], n_source, n_target).unwrap_err().to_string();
        assert_eq!(ratio(0.0, 0, 1), "expected at least one source example, found none");
        assert_eq!(ratio(0.0, 1, 0), "expected at least one target example, found none");
        assert_eq!(ratio(f32::INFINITY, 1, 1), "logit 1 is inf; expected a finite number");
        assert!(ratio(709.8, 1, 1).starts_with("logit 1 is 709.79998779296"), "{}", ratio(709.8, 1, 1));
        assert!(ratio(709.0, 3, 1).ends_with("exp(logit)·n_source/n_target does not overflow"));
        assert!(density_ratio(&[709.0], 1, 1).unwrap()[0].is_finite());
        let normalized = |weights: &[f64]| normalize_weights(weights).unwrap_err().to_string();
        assert_eq!(normalized(&[]), "expected at least one weight, found none");
        assert_eq!(normalized(&[1.0, -0.5]), "weight 1 is -0.5; expected a finite number, at least 0");
        assert_eq!(normalized(&[0.0, 0.0]), "the weights sum to 0; expected a finite number above 0");
        assert_eq!(normalized(&[f64::MAX, f64::MAX]), "the weights sum to inf; expected a finite number above 0");
    }

    #[test]
    fn what_is_no_weight_is_neither_clipped_nor_counted() {
        let clipped = |weights: &[f64], maximum| clip_weights(weights, maximum).unwrap_err().to_string();
        assert_eq!(clipped(&[1.0, f64::NAN], 1.0), "weight 1 is NaN; expected a finite number, at least 0");
        assert_eq!(clipped(&[f64::INFINITY], 1.0), "weight 0 is inf; expected a finite number, at least 0");
        assert_eq!(clipped(&[1.0], f64::NAN), "the largest weight is NaN; expected a number, at least 0");
        let size = |weights: &[f64]| effective_sample_size(weights).unwrap_err().to_string();
        assert_eq!(size(&[1.0, f64::NAN]), "weight 1 is NaN; expected a finite number, at least 0");
        assert_eq!(size(&[-1.0]), "weight 0 is -1; expected a finite number, at least 0");
    }

    #[test]
    fn no_weight_is_no_example() {
        assert_eq!(effective_sample_size(&[] as &[f64]), Ok(0.0));
        assert_eq!(effective_sample_size(&[0.0, 0.0]), Ok(0.0));
        assert_eq!(effective_sample_size(&[1e300, 1e300]), Ok(2.0));
    }

    proptest! {
        #[test]
        fn the_effective_size_is_between_one_and_all(weights in proptest::collection::vec(0.0..1e3_f64, 1..100)) {
            prop_assume!(weights.iter().any(|&weight| weight > 0.0));
            let size = effective_sample_size(&weights).unwrap();
            prop_assert!(size >= 1.0 - 1e-12 && size <= weights.len() as f64 * (1.0 + 1e-12));
            let normalized = normalize_weights(&weights).unwrap();
            prop_assert!((effective_sample_size(&normalized).unwrap() / size - 1.0).abs() < 1e-12);
            prop_assert!((normalized.iter().sum::<f64>() / weights.len() as f64 - 1.0).abs() < 1e-12);
        }

        #[test]
        fn clipping_never_lowers_the_effective_size(
            weights in proptest::collection::vec(1e-3..1e3_f64, 1..50),
            maximum in 1e-3..1e3_f64,
        ) {
            let clipped = effective_sample_size(&clip_weights(&weights, maximum).unwrap()).unwrap();
            prop_assert!(clipped >= effective_sample_size(&weights).unwrap() * (1.0 - 1e-12));
        }
    }
}
