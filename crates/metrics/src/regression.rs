//! How far predicted numbers are from their targets.

use crate::{MetricsError, Values, checks};

/// Root of the mean squared error, `√(Σ (predicted - actual)²/n)`, in the unit of the targets.
///
/// # Shapes
///
/// - `predicted`, `actual`: one number per example, or the elements of two matrices of equal shape
///
/// # Errors
///
/// If there is no number, the lengths differ, or a number is not finite.
///
/// # Examples
///
/// ```
/// use mlp_metrics::root_mean_squared_error;
///
/// assert_eq!(root_mean_squared_error(&[1.0, 5.0, 2.0, 2.0], &[2.0, 2.0, 3.0, 1.0])?, 3.0_f64.sqrt());
/// # Ok::<(), mlp_metrics::MetricsError>(())
/// ```
pub fn root_mean_squared_error(predicted: impl Values, actual: impl Values) -> Result<f64, MetricsError> {
    mean(predicted, actual, |error| error * error).map(libm::sqrt)
}

/// Mean absolute error, `Σ |predicted - actual|/n`, in the unit of the targets.
///
/// # Shapes
///
/// - `predicted`, `actual`: one number per example, or the elements of two matrices of equal shape
///
/// # Errors
///
/// If there is no number, the lengths differ, or a number is not finite.
///
/// # Examples
///
/// ```
/// use mlp_metrics::mean_absolute_error;
///
/// assert_eq!(mean_absolute_error(&[1.0, 5.0, 2.0, 2.0], &[2.0, 2.0, 3.0, 1.0])?, 1.5);
/// # Ok::<(), mlp_metrics::MetricsError>(())
/// ```
pub fn mean_absolute_error(predicted: impl Values, actual: impl Values) -> Result<f64, MetricsError> {
    mean(predicted, actual, f64::abs)
}

/// Coefficient of determination `R² = 1 - Σ (predicted - actual)²/Σ (actual - mean of actual)²`: the fraction of the
/// variance of the targets that the predictions explain.
///
/// 1 for perfect predictions and 0 for those that always predict the mean of the targets. Negative, without limit, for
/// worse ones.
///
/// # Shapes
///
/// - `predicted`, `actual`: one number per example
///
/// # Errors
///
/// If there is no number, the lengths differ, a number is not finite, or all targets are equal and so without variance
/// to explain ([`MetricsError::Constant`]).
///
/// # Examples
///
/// ```
/// use mlp_metrics::r_squared;
///
/// assert_eq!(r_squared(&[1.0, 2.0, 2.0], &[1.0, 2.0, 3.0])?, 0.5);
/// assert!(r_squared(&[1.0, 2.0], &[3.0, 3.0]).is_err());
/// # Ok::<(), mlp_metrics::MetricsError>(())
/// ```
pub fn r_squared(predicted: impl Values, actual: impl Values) -> Result<f64, MetricsError> {
    let (predicted, actual) = (predicted.values(), actual.values());
    check(&predicted, &actual)?;
    let value = actual[0];
    if actual.iter().all(|&target| target == value) {
        return Err(MetricsError::Constant { value });
    }
    let mean = actual.iter().sum::<f64>() / actual.len() as f64;
    let largest = actual.iter().map(|target| (target - mean).abs()).fold(0.0, f64::max);
    // Relative to the largest deviation: squares of very small or large deviations would underflow or overflow.
    let square = |difference: f64| (difference / largest) * (difference / largest);
    let residual: f64 = predicted.iter().zip(actual.iter()).map(|(predicted, actual)| square(predicted - actual)).sum();
    let total: f64 = actual.iter().map(|target| square(target - mean)).sum();
    Ok(1.0 - residual / total)
}

/// Mean of a function of the errors.
fn mean(predicted: impl Values, actual: impl Values, of: impl Fn(f64) -> f64) -> Result<f64, MetricsError> {
    let (predicted, actual) = (predicted.values(), actual.values());
    check(&predicted, &actual)?;
    let errors = predicted.iter().zip(actual.iter()).map(|(predicted, actual)| predicted - actual);
    Ok(errors.map(of).sum::<f64>() / actual.len() as f64)
}

fn check(predicted: &[f64], actual: &[f64]) -> Result<(), MetricsError> {
    checks::same_length("predictions, one for each target", actual.len(), predicted.len())?;
    checks::not_empty("example", actual.len())?;
    checks::finite("prediction", predicted)?;
    checks::finite("target", actual)
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_errors_agree_with_scikit_learn() {
        // from sklearn.metrics import root_mean_squared_error, mean_absolute_error, r2_score
        // y, p = [3.0, -0.5, 2.0, 7.0, 4.25], [2.5, 0.0, 2.1, 7.75, 3.0]
        // print(root_mean_squared_error(y, p), mean_absolute_error(y, p), r2_score(y, p))
        let (predicted, actual) = ([2.5, 0.0, 2.1, 7.75, 3.0], [3.0_f32, -0.5, 2.0, 7.0, 4.25]);
        let root = root_mean_squared_error(&predicted, &actual).unwrap();
        assert!((root - 0.725_947_656_515_261_4).abs() < 1e-15, "{root}");
        let absolute = mean_absolute_error(&predicted, &actual).unwrap();
        assert!((absolute - 0.62).abs() < 1e-15, "{absolute}");
        let explained = r_squared(&predicted, &actual).unwrap();
        assert!((explained - 0.914_169_381_107_491_9).abs() < 1e-15, "{explained}");
    }

    #[test]
    fn constant_targets_have_no_variance_to_explain() {
        let error = r_squared(&[0.1, 0.2, 0.3], &[0.1, 0.1, 0.1]).unwrap_err();
        assert_eq!(error.to_string(), "all targets are 0.1; expected at least two different ones");
        assert_eq!(r_squared(&[1.0], &[1.0]), Err(MetricsError::Constant { value: 1.0 }));
    }

    #[test]
    fn what_has_no_error_is_refused() {
        type Metric = fn(&[f64], &[f64]) -> Result<f64, MetricsError>;
        let metrics: [Metric; 3] =
            [|p, a| root_mean_squared_error(p, a), |p, a| mean_absolute_error(p, a), |p, a| r_squared(p, a)];
        for metric in metrics {
            let refused = |predicted: &[f64], actual: &[f64]| metric(predicted, actual).unwrap_err().to_string();
            assert_eq!(refused(&[], &[]), "expected at least one example, found none");
            assert_eq!(refused(&[1.0], &[1.0, 2.0]), "expected 2 predictions, one for each target, found 1");
            assert_eq!(refused(&[1.0, f64::NAN], &[1.0, 2.0]), "prediction 1 is NaN; expected a finite number");
            assert_eq!(refused(&[1.0, 2.0], &[f64::INFINITY, 2.0]), "target 0 is inf; expected a finite number");
        }
    }

    proptest! {
        #[test]
        fn the_explained_fraction_does_not_depend_on_the_unit(
            pairs in proptest::collection::vec((-1.0..1.0_f64, -1.0..1.0_f64), 2..30),
            exponent in -900..900_i32,
        ) {
            let (predicted, actual): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            prop_assume!(actual.iter().any(|&target| (target - actual[0]).abs() > 1e-6));
            let scaled = |values: &[f64]| values.iter().map(|value| libm::ldexp(*value, exponent)).collect::<Vec<_>>();
            prop_assert_eq!(r_squared(&scaled(&predicted), &scaled(&actual)), r_squared(&predicted, &actual));
        }

        #[test]
        fn the_mean_error_is_not_above_the_root_of_the_mean_square(
            pairs in proptest::collection::vec((-1e3..1e3_f64, -1e3..1e3_f64), 1..30),
        ) {
            let (predicted, actual): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let root = root_mean_squared_error(&predicted, &actual).unwrap();
            prop_assert!(mean_absolute_error(&predicted, &actual).unwrap() <= root * (1.0 + 1e-12));
        }
    }
}
