//! Grouped bars with error bars.

use crate::Picture;
use crate::labels::{decimal, four_digits};
use crate::legend::{self, Legend, Sample};
use crate::scale::Scale;
use crate::svg::{SIZE, SMALL_SIZE, Svg, notes, widest};
use crate::text::{shorten, width, wrap};

const WIDTH: f64 = 520.0;
/// Largest width of the names of groups.
const NAMES: f64 = 170.0;
/// Height of a bar.
const BAR: f64 = 18.0;
/// Space between two groups.
const GAP: f64 = 12.0;

/// Values of several variants: one group of horizontal bars for each name, with one bar for each series.
///
/// Each bar is followed by its value. A value that is not finite has no bar and is written as `–`.
///
/// # Examples
///
/// ```
/// use mlp_plot::{Bars, Picture as _};
///
/// let bars = Bars::new("Test accuracy", ["no dropout", "dropout"])
///     .value_label("accuracy (%)")
///     .series("last epoch", [87.1, 88.3])
///     .series_with_error("mean of three seeds", [(86.9, 0.2), (88.1, 0.1)]);
/// assert!(bars.svg().contains("88.1 ± 0.1"));
/// ```
#[derive(Clone, Debug)]
pub struct Bars {
    title: String,
    groups: Vec<String>,
    label: String,
    range: Option<(f64, f64)>,
    decimals: Option<usize>,
    series: Vec<(String, Vec<Value>)>,
    notes: Vec<String>,
}

/// A value and its error, if it has one.
type Value = (f64, Option<f64>);

impl Bars {
    /// Bars for groups with these names.
    pub fn new<S: Into<String>>(title: impl Into<String>, groups: impl IntoIterator<Item = S>) -> Self {
        Self {
            title: title.into(),
            groups: groups.into_iter().map(Into::into).collect(),
            label: String::new(),
            range: None,
            decimals: None,
            series: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Names the axis of the values, with its unit.
    #[must_use]
    pub fn value_label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Fixes the range of the value axis. By default it covers 0 and all values.
    #[must_use]
    pub fn value_range(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }

    /// Sets the decimal places of the values. By default they have four significant digits.
    #[must_use]
    pub fn decimals(mut self, decimals: usize) -> Self {
        self.decimals = Some(decimals);
        self
    }

    /// Adds a series: one value for each group, in the order of the groups.
    #[must_use]
    pub fn series(mut self, name: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        self.series.push((name.into(), values.into_iter().map(|value| (value, None)).collect()));
        self
    }

    /// Adds a series of values with error bars from `value - error` to `value + error`.
    #[must_use]
    pub fn series_with_error(mut self, name: impl Into<String>, values: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.series.push((name.into(), values.into_iter().map(|(value, error)| (value, Some(error))).collect()));
        self
    }

    /// Adds a note below the bars.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The text that follows a bar.
    fn caption(&self, (value, error): Value) -> String {
        let write = |value: f64| match self.decimals {
            Some(decimals) if value.abs() < 1e12 => decimal(value, decimals),
            _ => four_digits(value),
        };
        match error {
            Some(error) if value.is_finite() && error.is_finite() => format!("{} ± {}", write(value), write(error)),
            _ => write(value),
        }
    }

    fn scale(&self) -> Scale {
        if let Some((low, high)) = self.range {
            return Scale::linear(low, high);
        }
        let ends = self.series.iter().flat_map(|(_, values)| values).filter(|(value, _)| value.is_finite());
        let ends = ends.flat_map(|&(value, error)| {
            let error = error.filter(|error| error.is_finite()).unwrap_or(0.0).abs();
            [value - error, value + error]
        });
        let (low, high) = ends.fold((0.0_f64, 0.0_f64), |(low, high), end| (low.min(end), high.max(end)));
        if low == high { Scale::linear(0.0, 1.0) } else { Scale::linear(low, high) }
    }
}

impl Picture for Bars {
    fn draw(&self) -> Svg {
        let mut description = format!("Bars of {}.", if self.label.is_empty() { "values" } else { &self.label });
        for (index, group) in self.groups.iter().enumerate() {
            let captions =
                self.series.iter().filter_map(|(name, values)| Some((name, self.caption(*values.get(index)?))));
            let captions: Vec<String> = captions.map(|(name, caption)| format!("{name} {caption}")).collect();
            description.push_str(&format!(" {group}: {}.", captions.join(", ")));
        }
        let mut svg = Svg::new(WIDTH, 0.0, &self.title, &description);
        let mut legend = Legend::default();
        for (series, (name, _)) in self.series.iter().enumerate() {
            legend.add(name, series, Sample { bar: true, ..Sample::default() });
        }
        let top = svg.heading();
        let top = legend.draw(&mut svg, 12.0, top) + 6.0;

        let captions: Vec<String> =
            self.series.iter().flat_map(|(_, values)| values).map(|&value| self.caption(value)).collect();
        let left = 20.0 + widest(self.groups.iter().map(|name| &name[..]), SIZE).min(NAMES);
        let right = WIDTH - 20.0 - widest(captions.iter().map(|caption| &caption[..]), SMALL_SIZE);
        let group = BAR * self.series.len().max(1) as f64 + GAP;
        let bottom = top + group * self.groups.len() as f64 + 4.0;
        let scale = self.scale();
        let place = |value: f64| left + scale.fraction(value).clamp(0.0, 1.0) * (right - left);
        draw_axis(&mut svg, &self.label, scale, [left, right], [top, bottom]);

        let zero = 0.0_f64.clamp(scale.low(), scale.high());
        svg.line("axis", [place(zero), top], [place(zero), bottom]);
        for (index, name) in self.groups.iter().enumerate() {
            let y = top + GAP / 2.0 + group * index as f64;
            let name = shorten(name, NAMES, SIZE);
            svg.text("end", [left - 8.0, y + (group - GAP) / 2.0 + 5.0], &name);
            for (series, (_, values)) in self.series.iter().enumerate() {
                let Some(&(value, error)) = values.get(index) else { continue };
                let (y, middle) = (y + BAR * series as f64, y + BAR * (series as f64 + 0.5));
                let mut end = place(zero);
                if scale.places(value) {
                    end = place(value).max(end);
                    let (from, to) = (place(zero.min(value)), place(zero.max(value)));
                    svg.rect(&legend::bar(series), [from, y + 1.0], [to - from, BAR - 2.0]);
                    if let Some(error) = error.filter(|error| error.is_finite()) {
                        let (from, to) = (place(value - error.abs()), place(value + error.abs()));
                        end = to.max(end);
                        svg.line("whisker", [from, middle], [to, middle]);
                        for x in [from, to] {
                            svg.line("whisker", [x, middle - 4.0], [x, middle + 4.0]);
                        }
                    }
                }
                svg.text("small", [end + 6.0, middle + 4.0], &self.caption((value, error)));
            }
        }
        let lines: Vec<String> = self.notes.iter().flat_map(|note| wrap(note, WIDTH - 24.0, SMALL_SIZE)).collect();
        let under = bottom + if self.label.is_empty() { 28.0 } else { 48.0 };
        notes(&mut svg, &lines, under + 12.0);
        svg.set_height(under + if lines.is_empty() { 0.0 } else { 6.0 + 16.0 * lines.len() as f64 });
        svg
    }
}

fn draw_axis(svg: &mut Svg, label: &str, scale: Scale, [left, right]: [f64; 2], [top, bottom]: [f64; 2]) {
    let ticks = scale.ticks();
    let needed = widest(ticks.iter().map(|tick| &tick.label[..]), SMALL_SIZE) + 8.0;
    let apart = (right - left) / ticks.len().max(1) as f64;
    let every = (needed / apart).ceil().max(1.0) as usize;
    for (index, tick) in ticks.iter().enumerate() {
        let x = left + scale.fraction(tick.value) * (right - left);
        svg.line("grid", [x, top], [x, bottom]);
        if index % every == 0 {
            svg.text("small muted middle", [x, bottom + 16.0], &tick.label);
        }
    }
    let half = 0.5 * width(label, SIZE);
    let middle = (0.5 * (left + right)).clamp(half.min(WIDTH / 2.0), WIDTH - half.min(WIDTH / 2.0));
    svg.text("middle", [middle, bottom + 36.0], &shorten(label, WIDTH - 24.0, SIZE));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{check, count};
    use proptest::prelude::*;

    #[test]
    fn every_value_has_a_bar_and_is_written() {
        let bars = Bars::new("Accuracy", ["a", "b", "c"])
            .value_label("accuracy (%)")
            .series("train", [90.5, 91.5, -5.5])
            .series_with_error("test", [(80.0, 1.0), (81.0, 0.5), (f64::NAN, 1.0)]);
        let svg = bars.svg();
        check(&svg);
        // Two in the legend, and five of six values.
        assert_eq!(count(&svg, "bar"), 2 + 5);
        assert_eq!(count(&svg, "whisker"), 2 * 3);
        for text in [">90.5<", ">−5.5<", ">80 ± 1<", ">81 ± 0.5<", ">–<"] {
            assert_eq!(svg.matches(text).count(), 1, "{text}");
        }
    }

    #[test]
    fn lengths_are_in_proportion() {
        let svg = Bars::new("", ["a", "b"]).series("", [1.0, 3.0]).svg();
        let widths: Vec<f64> = svg
            .lines()
            .filter(|line| line.starts_with("<rect class=\"bar"))
            .filter_map(|line| line.split(" width=\"").nth(1)?.split('"').next()?.parse().ok())
            .collect();
        assert_eq!(widths.len(), 2);
        assert!((widths[1] / widths[0] - 3.0).abs() < 0.01, "{widths:?}");
    }

    #[test]
    fn nothing_and_too_little_are_drawn() {
        check(&Bars::new("<", Vec::<String>::new()).svg());
        check(&Bars::new("", ["a", "b"]).series("short", [1.0]).svg());
        check(&Bars::new("", ["a"]).series("zero", [0.0]).series("nan", [f64::NAN]).svg());
    }

    proptest! {
        #[test]
        fn any_values_make_a_well_formed_picture(values in prop::collection::vec((any::<f64>(), any::<f64>()), 0..6)) {
            let names = (0..values.len()).map(|index| format!("group {index}"));
            check(&Bars::new("any", names).series_with_error("series", values).svg());
        }
    }
}
