//! A straight line through the logarithms of norms.

/// A straight line through values at 0, 1, 2, … by least squares.
pub(super) struct Line {
    pub(super) slope: f64,
    /// Fraction of the variance that it explains.
    pub(super) determination: f64,
}

pub(super) fn line(values: &[f64]) -> Line {
    let n = values.len() as f64;
    let (mean_x, mean_y) = ((n - 1.0) / 2.0, values.iter().sum::<f64>() / n);
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in values.iter().enumerate() {
        let (x, y) = (x as f64 - mean_x, y - mean_y);
        xx += x * x;
        xy += x * y;
        yy += y * y;
    }
    Line { slope: xy / xx, determination: xy * xy / (xx * yy) }
}

/// Natural logarithms.
pub(super) fn logs(values: &[f64]) -> Vec<f64> {
    values.iter().map(|value| value.ln()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_and_scatter_is_not_explained() {
        let exact = line(&[1.0, 3.0, 5.0, 7.0]);
        assert_eq!((exact.slope, exact.determination), (2.0, 1.0));
        // numpy.polyfit([0, 1, 2], [0, 1, 0], 1): slope 0.
        let scattered = line(&[0.0, 1.0, 0.0]);
        assert_eq!((scattered.slope, scattered.determination), (0.0, 0.0));
    }
}
