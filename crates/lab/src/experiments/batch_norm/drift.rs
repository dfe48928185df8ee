//! How far the distribution of each unit of a layer moves in training.

use mlp_metrics::mean_and_deviation;
use serde::{Deserialize, Serialize};

/// Smallest variance: a sigmoid that is saturated for all images has none.
const SMALLEST: f64 = 1e-12;

/// Mean and variance of each unit over some images.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    means: Vec<f64>,
    variances: Vec<f64>,
}

impl Moments {
    /// Those of a matrix with one row for each image and one column for each unit.
    pub fn of(values: &[f32], units: usize) -> Self {
        let of_unit = |unit: usize| {
            let column: Vec<f64> = values.iter().skip(unit).step_by(units).map(|&value| value.into()).collect();
            let (mean, deviation) = mean_and_deviation(&column);
            (mean, (deviation * deviation).max(SMALLEST))
        };
        let (means, variances) = (0..units).map(of_unit).unzip();
        Self { means, variances }
    }
}

/// Change from one look to the next, averaged over looks and units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// Of the mean, in units of the standard deviation over images, which is that of all looks together.
    pub means: f64,
    /// Of the variance: the size of the logarithm of the ratio.
    pub variances: f64,
}

impl Drift {
    /// That over some looks; 0 for a single one.
    pub fn of(looks: &[&Moments]) -> Self {
        let units = looks.first().map_or(0, |look| look.means.len());
        let deviation = |unit: usize| {
            let variances = looks.iter().map(|look| look.variances[unit]);
            (variances.sum::<f64>() / looks.len() as f64).sqrt()
        };
        let deviations: Vec<f64> = (0..units).map(deviation).collect();
        let mut sum = Self { means: 0.0, variances: 0.0 };
        for pair in looks.windows(2) {
            for (unit, deviation) in deviations.iter().enumerate() {
                sum.means += (pair[1].means[unit] - pair[0].means[unit]).abs() / deviation;
                sum.variances += (pair[1].variances[unit] / pair[0].variances[unit]).ln().abs();
            }
        }
        let changes = (units * looks.len().saturating_sub(1)).max(1) as f64;
        Self { means: sum.means / changes, variances: sum.variances / changes }
    }
}

/// The value below which a part of `values` lies: the nearest of them.
pub fn percentile(values: &mut [f32], part: f64) -> f32 {
    values.sort_by(f32::total_cmp);
    values[(part * (values.len() - 1) as f64).round() as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_moves_means_and_a_factor_moves_variances() {
        let values = [1.0, -2.0, 2.0, 0.0, 3.0, 2.0];
        let shifted: Vec<f32> = values.iter().map(|value| value + 3.0).collect();
        let scaled: Vec<f32> = values.iter().map(|value| value * 2.0).collect();
        let [still, shifted, scaled] = [&values[..], &shifted, &scaled].map(|values| Moments::of(values, 2));
        assert_eq!(still.means, [2.0, 0.0]);
        assert_eq!(still.variances, [1.0, 4.0]);
        assert_eq!(Drift::of(&[&still]), Drift { means: 0.0, variances: 0.0 });
        // Deviations 1 and 2, a shift of 3: (3/1 + 3/2)/2.
        assert_eq!(Drift::of(&[&still, &shifted]), Drift { means: 2.25, variances: 0.0 });
        let drift = Drift::of(&[&still, &scaled]);
        assert!((drift.variances - 4.0_f64.ln()).abs() < 1e-12, "{drift:?}");
    }

    #[test]
    fn percentiles_are_values() {
        let mut values = [5.0, 1.0, 3.0, 2.0, 4.0];
        assert_eq!([0.0, 0.5, 1.0].map(|part| percentile(&mut values, part)), [1.0, 3.0, 5.0]);
    }
}
