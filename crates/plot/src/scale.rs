//! Axes: from values to positions, and their ticks.

use crate::labels::{Format, decimal, places_of, power_label, power_of_ten};

/// Largest number of intervals between ticks of a linear axis. With steps of 1, 2, 5 and 10 there are at least four.
const INTERVALS: f64 = 10.0;
/// Largest number of powers of ten that are ticks of a log axis.
const POWERS: i32 = 9;
/// Values beyond this are not drawn, so that the span of an axis with its padding cannot overflow.
const LARGEST: f64 = 1e250;
/// Largest end of an axis, with its padding.
const FARTHEST: f64 = 1e300;
/// A span of less than this fraction of its values is rounding error.
const SMALLEST_SPAN: f64 = 1e-10;

/// A linear or logarithmic axis between two values.
///
/// # Examples
///
/// ```
/// use mlp_plot::Scale;
///
/// let scale = Scale::linear(0.0, 6.0);
/// assert_eq!(scale.fraction(1.5), 0.25);
/// let labels: Vec<String> = scale.ticks().into_iter().map(|tick| tick.label).collect();
/// assert_eq!(labels, ["0", "1", "2", "3", "4", "5", "6"]);
/// assert!((Scale::log(0.01, 100.0).fraction(1.0) - 0.5).abs() < 1e-12);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    log: bool,
    /// Whether ticks are at whole numbers only, as for epochs.
    whole: bool,
}

/// A tick on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// The value.
    pub value: f64,
    /// Its label.
    pub label: String,
}

impl Scale {
    /// A linear axis from `low` to `high`. If they are equal, it is widened around them. An end that is not finite
    /// counts as 0.
    pub fn linear(low: f64, high: f64) -> Self {
        let finite = |value: f64| if drawable(value) { value } else { 0.0 };
        let (low, high) = (finite(low.min(high)), finite(high.max(low)));
        let (low, high) = (low.min(high), high.max(low));
        let largest = low.abs().max(high.abs());
        let (low, high) = if largest < 1.0 / LARGEST {
            (-1.0, 1.0)
        } else if high - low <= SMALLEST_SPAN * largest {
            (low - 0.1 * largest, high + 0.1 * largest)
        } else {
            (low, high)
        };
        Self { low, high, log: false, whole: false }
    }

    /// A logarithmic axis from `low` to `high`. An end that is not positive and finite counts as 1.
    pub fn log(low: f64, high: f64) -> Self {
        let positive = |value: f64| if drawable_log(value) { value } else { 1.0 };
        let (low, high) = (positive(low), positive(high));
        let (low, high) = (low.min(high), high.max(low));
        // Nearly equal ends are widened, as on a linear axis.
        let (low, high) = if high / low < 1.02 { (low / 1.3, high * 1.3) } else { (low, high) };
        Self { low, high, log: true, whole: false }
    }

    /// The same axis with ticks at whole numbers only. There may then be fewer than three.
    #[must_use]
    pub fn whole(self) -> Self {
        Self { whole: true, ..self }
    }

    /// The same axis extended at both ends by the fraction `part` of its length.
    #[must_use]
    pub fn padded(self, part: f64) -> Self {
        if self.log {
            let factor = (part * self.log_span()).exp();
            Self { low: (self.low / factor).max(1.0 / FARTHEST), high: (self.high * factor).min(FARTHEST), ..self }
        } else {
            let room = part * (self.high - self.low);
            Self { low: (self.low - room).max(-FARTHEST), high: (self.high + room).min(FARTHEST), ..self }
        }
    }

    /// Length of a log axis in natural logarithms. A difference of logarithms, since the quotient of the ends could
    /// overflow.
    fn log_span(&self) -> f64 {
        self.high.ln() - self.low.ln()
    }

    /// Lower end.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// Upper end.
    pub fn high(&self) -> f64 {
        self.high
    }

    /// Whether `value` has a position on an axis of this kind: it must be finite, and positive on a log axis.
    pub fn places(&self, value: f64) -> bool {
        if self.log { drawable_log(value) } else { drawable(value) }
    }

    /// Whether `value` lies between the ends.
    pub fn holds(&self, value: f64) -> bool {
        self.places(value) && (-1e-9..=1.0 + 1e-9).contains(&self.fraction(value))
    }

    /// Position of `value`: 0 at the lower end, 1 at the upper one. Valid only for values for which
    /// [`places`](Self::places) is true.
    pub fn fraction(&self, value: f64) -> f64 {
        if self.log {
            (value.ln() - self.low.ln()) / self.log_span()
        } else {
            (value - self.low) / (self.high - self.low)
        }
    }

    /// The ticks in increasing order: multiples of 1, 2 or 5 times a power of ten, or powers of ten on a log axis.
    ///
    /// There are 3 to 11 of them, unless the axis is [whole](Self::whole).
    pub fn ticks(&self) -> Vec<Tick> {
        if self.log { self.log_ticks() } else { self.linear_ticks() }
    }

    fn linear_ticks(&self) -> Vec<Tick> {
        let mut step = step((self.high - self.low) / INTERVALS);
        if self.whole {
            step = step.max(1.0);
        }
        // The tolerance keeps a tick exactly on an end from being lost to rounding.
        let first = (self.low / step - 1e-6).ceil();
        let last = (self.high / step + 1e-6).floor();
        let count = (last - first).max(-1.0) as usize;
        let count = if last < first { 0 } else { count + 1 };
        let values: Vec<f64> = (0..count).map(|index| (first + index as f64) * step).collect();
        let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        let format = Format::new(largest, step);
        let tick = |value: f64| Tick { value: value.clamp(self.low, self.high), label: format.label(value) };
        values.into_iter().map(tick).collect()
    }

    fn log_ticks(&self) -> Vec<Tick> {
        let first = (self.low.log10() - 1e-9).ceil() as i32;
        let last = (self.high.log10() + 1e-9).floor() as i32;
        let powers = last - first + 1;
        let inside = |value: f64| value >= self.low * (1.0 - 1e-9) && value <= self.high * (1.0 + 1e-9);
        let values: Vec<f64> = if powers >= 3 {
            let stride = (powers + POWERS - 1) / POWERS;
            (first..=last).filter(|power| power.rem_euclid(stride) == 0).map(power_of_ten).collect()
        } else {
            let multiples = |power| [1.0, 2.0, 5.0].map(|factor| factor * power_of_ten(power));
            (first - 1..=last).flat_map(multiples).filter(|&value| inside(value)).collect()
        };
        if values.len() < 3 {
            return Self { log: false, whole: false, ..*self }.linear_ticks();
        }
        // All labels of an axis have the same notation.
        let plain = values.iter().all(|&value| (0.9e-4..1.1e5).contains(&value));
        let label = |value: f64| if plain { decimal(value, places_of(value)) } else { power_label(value) };
        let tick = |value: f64| Tick { value: value.clamp(self.low, self.high), label: label(value) };
        values.into_iter().map(tick).collect()
    }
}

/// Whether a linear axis can show `value`.
pub(super) fn drawable(value: f64) -> bool {
    value.abs() <= LARGEST
}

/// Whether a log axis can show `value`.
pub(super) fn drawable_log(value: f64) -> bool {
    (1.0 / LARGEST..=LARGEST).contains(&value)
}

/// The smallest of 1, 2, 5 times a power of ten that is at least `least`.
fn step(least: f64) -> f64 {
    let power = power_of_ten(least.log10().floor() as i32);
    let multiples = [1.0, 2.0, 5.0].map(|factor| factor * power);
    multiples.into_iter().find(|&step| step >= least * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(scale: Scale) -> Vec<String> {
        scale.ticks().into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn linear_labels_have_the_places_their_step_needs() {
        assert_eq!(labels(Scale::linear(0.0, 12.0)), ["0", "2", "4", "6", "8", "10", "12"]);
        assert_eq!(labels(Scale::linear(0.31, 0.42)), ["0.32", "0.34", "0.36", "0.38", "0.40", "0.42"]);
        assert_eq!(labels(Scale::linear(-1.0, 1.2)), ["−1.0", "−0.5", "0.0", "0.5", "1.0"]);
        assert_eq!(
            labels(Scale::linear(0.0, 60_000.0)),
            ["0", "10,000", "20,000", "30,000", "40,000", "50,000", "60,000"]
        );
        assert_eq!(labels(Scale::linear(0.0, 2.2e-7)), ["0", "0.5×10⁻⁷", "1.0×10⁻⁷", "1.5×10⁻⁷", "2.0×10⁻⁷"]);
    }

    #[test]
    fn log_labels_are_powers_of_ten_then_their_multiples_then_linear_steps() {
        assert_eq!(labels(Scale::log(0.001, 10.0)), ["0.001", "0.01", "0.1", "1", "10"]);
        assert_eq!(labels(Scale::log(1e-8, 1e-2)), ["10⁻⁸", "10⁻⁷", "10⁻⁶", "10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²"]);
        assert_eq!(labels(Scale::log(0.3, 6.0)), ["0.5", "1", "2", "5"]);
        assert_eq!(labels(Scale::log(0.3, 0.42)), ["0.30", "0.32", "0.34", "0.36", "0.38", "0.40", "0.42"]);
    }

    #[test]
    fn a_whole_axis_marks_whole_numbers_only() {
        assert_eq!(labels(Scale::linear(1.0, 2.0).whole()), ["1", "2"]);
        assert_eq!(labels(Scale::linear(0.5, 1.5).whole()), ["1"]);
        assert_eq!(labels(Scale::linear(0.8, 6.2).whole()), ["1", "2", "3", "4", "5", "6"]);
    }

    #[test]
    fn equal_or_impossible_ends_still_make_an_axis() {
        for (low, high) in [(0.0, 0.0), (3.0, 3.0), (f64::NAN, 1.0), (f64::NEG_INFINITY, f64::INFINITY), (1e-320, 0.0)]
        {
            for scale in [Scale::linear(low, high), Scale::log(low, high)] {
                assert!(scale.low() < scale.high(), "{scale:?}");
                assert!(scale.ticks().len() >= 3, "{scale:?}");
            }
        }
    }

    fn check(scale: Scale) {
        let ticks = scale.ticks();
        assert!((3..=11).contains(&ticks.len()), "{scale:?}: {ticks:?}");
        for pair in ticks.windows(2) {
            assert!(pair[0].value < pair[1].value, "{scale:?}: {ticks:?}");
            assert_ne!(pair[0].label, pair[1].label, "{scale:?}: {ticks:?}");
        }
        for tick in &ticks {
            assert!((scale.low()..=scale.high()).contains(&tick.value), "{scale:?}: {tick:?}");
            let fraction = scale.fraction(tick.value);
            assert!((-1e-9..=1.0 + 1e-9).contains(&fraction), "{scale:?}: {tick:?} at {fraction}");
        }
    }

    proptest! {
        #[test]
        fn linear_ticks_lie_inside_rise_and_are_three_to_eleven(
            low in -1e6_f64..1e6, power in -6_i32..12, factor in 1.0_f64..10.0,
        ) {
            check(Scale::linear(low, low + factor * 10.0_f64.powi(power)));
        }

        #[test]
        fn linear_ticks_of_any_two_numbers(low in -LARGEST..LARGEST, high in -LARGEST..LARGEST) {
            check(Scale::linear(low, high));
        }

        #[test]
        fn log_ticks_lie_inside_rise_and_are_three_to_eleven(power in -40.0_f64..40.0, decades in 0.01_f64..60.0) {
            let low = 10.0_f64.powf(power);
            check(Scale::log(low, low * 10.0_f64.powf(decades)));
        }

        #[test]
        fn an_axis_keeps_order(low in 0.001_f64..1e3, span in 0.1_f64..1e3, a in 0.0_f64..1.0, b in 0.0_f64..1.0) {
            for scale in [Scale::linear(low, low + span), Scale::log(low, low + span)] {
                let place = |part: f64| scale.fraction(low + part * span);
                prop_assert!(place(a.min(b)) <= place(a.max(b)));
            }
        }
    }
}
