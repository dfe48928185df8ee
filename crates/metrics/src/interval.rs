//! What repetitions can show: confidence intervals, the smallest difference they would have found, and p-values of many
//! tests together.

use std::vec::Vec;

use crate::paired::two_sided_p;
use crate::{MetricsError, Values, checks, mean_and_deviation};

/// The confidence interval of a mean by Student's t-distribution, which holds for independent values that are
/// approximately normal.
///
/// # Errors
///
/// If there are fewer than two values, one is not finite, or `confidence` does not lie between 0 and 1.
///
/// # Examples
///
/// ```
/// use mlp_metrics::mean_interval;
///
/// // Mean 2, standard error 1/√3, quantile 4.3027 with two degrees of freedom.
/// let [low, high] = mean_interval(&[1.0, 2.0, 3.0], 0.95)?;
/// assert!((low + 0.4841).abs() < 1e-4 && (high - 4.4841).abs() < 1e-4);
/// # Ok::<(), mlp_metrics::MetricsError>(())
/// ```
pub fn mean_interval(values: impl Values, confidence: f64) -> Result<[f64; 2], MetricsError> {
    let (mean, error, freedom) = mean_and_error(values)?;
    let reach = quantile(inside("confidence", confidence)?, freedom) * error;
    Ok([mean - reach, mean + reach])
}

/// The smallest distance of the true mean from a bound that as many values with the same spread would have shown in a
/// share `power` of all repetitions: `(t₁ + t₂)·s/√n` with the quantiles of a two-sided interval of `confidence` and of
/// `power`.
///
/// # Errors
///
/// If there are fewer than two values, one is not finite, or `confidence` or `power` does not lie between 0 and 1.
///
/// # Examples
///
/// ```
/// use mlp_metrics::smallest_detectable;
///
/// // (4.3027 + 1.0607)/√3: three seeds show differences of three standard deviations.
/// let smallest = smallest_detectable(&[1.0, 2.0, 3.0], 0.95, 0.8)?;
/// assert!((smallest - 3.0966).abs() < 1e-4);
/// # Ok::<(), mlp_metrics::MetricsError>(())
/// ```
pub fn smallest_detectable(values: impl Values, confidence: f64, power: f64) -> Result<f64, MetricsError> {
    let (_, error, freedom) = mean_and_error(values)?;
    Ok(detectable(inside("confidence", confidence)?, inside("power", power)?, freedom) * error)
}

/// How many values with a standard deviation of `deviation` show, in a share `power` of all repetitions, that their true
/// mean is `distance` away from a bound: the smallest number whose [`smallest_detectable`] distance is that. None if a
/// million are too few.
///
/// # Errors
///
/// If `deviation` or `distance` is negative or not finite, or `confidence` or `power` does not lie between 0 and 1.
///
/// # Examples
///
/// ```
/// use mlp_metrics::sample_size;
///
/// // A difference of one standard deviation.
/// assert_eq!(sample_size(1.0, 1.0, 0.95, 0.8)?, Some(10));
/// assert_eq!(sample_size(1.0, 0.0, 0.95, 0.8)?, None);
/// # Ok::<(), mlp_metrics::MetricsError>(())
/// ```
pub fn sample_size(deviation: f64, distance: f64, confidence: f64, power: f64) -> Result<Option<u64>, MetricsError> {
    checks::not_negative("deviation", &[deviation])?;
    checks::not_negative("distance", &[distance])?;
    let (confidence, power) = (inside("confidence", confidence)?, inside("power", power)?);
    let enough = |count: u64| {
        let freedom = (count - 1) as f64;
        detectable(confidence, power, freedom) * deviation <= distance * libm::sqrt(count as f64)
    };
    let (mut too_few, mut many) = (1, 2);
    while !enough(many) {
        if many >= MOST {
            return Ok(None);
        }
        (too_few, many) = (many, (2 * many).min(MOST));
    }
    while many - too_few > 1 {
        let middle = u64::midpoint(too_few, many);
        if enough(middle) { many = middle } else { too_few = middle }
    }
    Ok(Some(many))
}

/// Most values that [`sample_size`] looks at.
const MOST: u64 = 1_000_000;

/// The smallest detectable distance in standard errors.
fn detectable(confidence: f64, power: f64, freedom: f64) -> f64 {
    // The quantile of one side: below it lies a share `power` of all.
    let of_power = quantile((2.0 * power - 1.0).abs(), freedom).copysign(power - 0.5);
    quantile(confidence, freedom) + of_power
}

/// The p-values of several tests, adjusted so that the probability of any false finding among them stays below the level
/// that each is compared with (Holm 1979). In their order; NaN stays NaN and is not counted.
///
/// # Examples
///
/// ```
/// use mlp_metrics::holm;
///
/// assert_eq!(holm(&[0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
/// ```
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).filter(|&index| !p_values[index].is_nan()).collect();
    order.sort_by(|&one, &other| p_values[one].total_cmp(&p_values[other]));
    let mut adjusted = p_values.to_vec();
    let mut largest = 0.0_f64;
    for (rank, &index) in order.iter().enumerate() {
        largest = largest.max((order.len() - rank) as f64 * p_values[index]).min(1.0);
        adjusted[index] = largest;
    }
    adjusted
}

/// Mean, standard error and degrees of freedom.
fn mean_and_error(values: impl Values) -> Result<(f64, f64, f64), MetricsError> {
    let values = values.values();
    if values.len() < 2 {
        return Err(MetricsError::Length { name: "values or more", expected: 2, found: values.len() });
    }
    checks::finite("value", &values)?;
    let (mean, deviation) = mean_and_deviation(&values);
    Ok((mean, deviation / libm::sqrt(values.len() as f64), (values.len() - 1) as f64))
}

fn inside(name: &'static str, share: f64) -> Result<f64, MetricsError> {
    if share > 0.0 && share < 1.0 { Ok(share) } else { Err(MetricsError::Share { name, found: share }) }
}

/// The `t` with `P(|T| < t) = share`, by bisection to the last bit.
fn quantile(share: f64, freedom: f64) -> f64 {
    let outside = 1.0 - share;
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    while two_sided_p(high, freedom) > outside {
        (low, high) = (high, 2.0 * high);
    }
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return high;
        }
        if two_sided_p(middle, freedom) > outside {
            low = middle;
        } else {
            high = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_printed_tables() {
        // scipy.stats.t.ppf((1 + share) / 2, freedom)
        for (share, freedom, expected) in [
            (0.95, 1.0, 12.706_204_736_174_694),
            (0.95, 2.0, 4.302_652_729_749_462),
            (0.95, 9.0, 2.262_157_162_798_205),
            (0.6, 9.0, 0.883_403_859_685_534_6),
            (0.99, 29.0, 2.756_385_903_670_605),
        ] {
            assert!((quantile(share, freedom) / expected - 1.0).abs() < 1e-9, "{share} with {freedom}");
        }
        assert!(quantile(1e-6, 5.0) < 1e-5);
    }

    #[test]
    fn adjusted_values_never_fall_and_never_exceed_one() {
        // statsmodels.stats.multitest.multipletests([.01, .02, .02, .5, .9], method="holm")[1]
        assert_eq!(holm(&[0.02, 0.9, 0.01, 0.5, 0.02]), [0.08, 1.0, 0.05, 1.0, 0.08]);
        assert!(holm(&[]).is_empty());
        let with_nan = holm(&[0.01, f64::NAN, 0.02]);
        assert_eq!((with_nan[0], with_nan[1].is_nan(), with_nan[2]), (0.02, true, 0.02));
    }

    #[test]
    fn equal_values_have_an_interval_without_width() {
        assert_eq!(mean_interval(&[2.0, 2.0, 2.0], 0.95).unwrap(), [2.0, 2.0]);
    }

    #[test]
    fn what_has_no_interval_is_refused() {
        let refused = |values: &[f64], share| mean_interval(values, share).unwrap_err().to_string();
        assert_eq!(refused(&[1.0], 0.95), "expected 2 values or more, found 1");
        assert_eq!(refused(&[1.0, f64::NAN], 0.95), "value 1 is NaN; expected a finite number");
        assert_eq!(refused(&[1.0, 2.0], 1.0), "confidence is 1; expected a number between 0 and 1, both excluded");
        assert!(smallest_detectable(&[1.0, 2.0], 0.95, f64::NAN).is_err());
    }

    #[test]
    fn less_power_than_a_half_is_found_with_less() {
        let values = [1.0, 2.0, 3.0, 5.0];
        let smallest = |power| smallest_detectable(&values, 0.95, power).unwrap();
        assert!(smallest(0.2) < smallest(0.5) && smallest(0.5) < smallest(0.8));
    }
}
