//! Figures as text.

use mlp_metrics::mean_and_deviation;

/// A number with four significant digits where it has a fraction; small and large ones in scientific notation.
pub fn figure(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    if !(1e-3..1e6).contains(&magnitude) {
        return format!("{value:.2e}");
    }
    let decimals = (3 - magnitude.log10().floor() as i32).max(0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Mean and standard deviation as `0.8608 ± 0.0013`: two digits of the deviation, the mean as far as those.
pub fn spread(values: &[f64]) -> String {
    let (mean, deviation) = mean_and_deviation(values);
    if values.len() < 2 {
        return figure(mean);
    }
    let plain = |value: f64| (1e-4..1e6).contains(&value.abs());
    if !plain(deviation) || mean != 0.0 && !plain(mean) {
        return format!("{} ± {}", figure(mean), figure(deviation));
    }
    let decimals = (1 - deviation.log10().floor() as i32).max(0) as usize;
    format!("{mean:.decimals$} ± {deviation:.decimals$}")
}
