//! Curves of several runs in one chart.

use mlp_plot::Chart;

/// Adds one curve for each seed, all over the same points, as the line of their medians and the band from the lowest
/// to the highest: both are as true on a logarithmic axis as on a linear one.
///
/// # Panics
///
/// If the curves differ in length.
pub fn over_seeds(chart: Chart, name: &str, curves: &[Vec<(f64, f64)>]) -> Chart {
    let points = curves.first().map_or(0, Vec::len);
    assert!(curves.iter().all(|curve| curve.len() == points), "curves over the same points");
    let at = |point: usize| {
        let mut values: Vec<f64> = curves.iter().map(|curve| curve[point].1).collect();
        values.sort_by(f64::total_cmp);
        (curves[0][point].0, values)
    };
    let columns: Vec<(f64, Vec<f64>)> = (0..points).map(at).collect();
    let band: Vec<(f64, f64, f64)> = columns.iter().map(|(x, y)| (*x, y[0], y[y.len() - 1])).collect();
    let line: Vec<(f64, f64)> = columns.iter().map(|(x, y)| (*x, median(y))).collect();
    let chart = if curves.len() > 1 { chart.band(name, band) } else { chart };
    chart.line(name, line)
}

/// Median of sorted values, at least one.
fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_middles() {
        assert_eq!(median(&[1.0]), 1.0);
        assert_eq!(median(&[1.0, 2.0, 9.0]), 2.0);
        assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), 3.0);
    }
}
