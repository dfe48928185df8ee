//! The styles of series, and the legend that names them.

use crate::svg::{COLORS, SMALL_SIZE, Svg, number};
use crate::text::{shorten, width};

/// Height of a legend row.
const ROW: f64 = 20.0;
/// Width of the sample of a series in the legend.
const SAMPLE: f64 = 34.0;
/// Space between two entries.
const GAP: f64 = 18.0;

/// CSS class of a series' color.
pub(super) fn color(series: usize) -> String {
    format!("s{}", series % COLORS)
}

/// Index of a series' dashes and marker. It is shifted whenever the colors repeat, so that no two of 36 series look
/// alike.
fn pattern(series: usize) -> usize {
    (series + series / COLORS) % COLORS
}

/// CSS classes of a series' lines.
pub(super) fn line(series: usize) -> String {
    match pattern(series) {
        0 => format!("line {}", color(series)),
        dashes => format!("line {} d{dashes}", color(series)),
    }
}

/// CSS classes of a series' bars, which also differ in the opacity of their fill.
pub(super) fn bar(series: usize) -> String {
    match series % 3 {
        0 => format!("bar {}", color(series)),
        fill => format!("bar {} f{fill}", color(series)),
    }
}

/// CSS classes of a series' columns, which are translucent.
pub(super) fn column(series: usize) -> String {
    format!("column {}", color(series))
}

/// Draws the marker of a series.
pub(super) fn marker(svg: &mut Svg, series: usize, [x, y]: [f64; 2]) {
    const R: f64 = 4.0;
    let corners = |corners: &[[f64; 2]]| {
        let points: Vec<String> =
            corners.iter().map(|[dx, dy]| format!("{} {}", number(x + R * dx), number(y + R * dy))).collect();
        format!("M{}Z", points.join("L"))
    };
    let (class, path) = match pattern(series) {
        0 => return svg.circle(&format!("mark {}", color(series)), [x, y], R - 0.5),
        1 => ("mark", corners(&[[-0.85, -0.85], [0.85, -0.85], [0.85, 0.85], [-0.85, 0.85]])),
        2 => ("mark", corners(&[[0.0, -1.15], [1.1, 0.85], [-1.1, 0.85]])),
        3 => ("open", corners(&[[0.0, -1.2], [1.2, 0.0], [0.0, 1.2], [-1.2, 0.0]])),
        4 => ("open", format!("{}{}", corners(&[[-1.0, -1.0], [1.0, 1.0]]), corners(&[[-1.0, 1.0], [1.0, -1.0]]))),
        _ => ("open", format!("{}{}", corners(&[[0.0, -1.2], [0.0, 1.2]]), corners(&[[-1.2, 0.0], [1.2, 0.0]]))),
    };
    svg.path(&format!("{class} {}", color(series)), &path);
}

/// What the legend shows for a series.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sample {
    pub line: bool,
    pub marker: bool,
    pub band: bool,
    pub bar: bool,
    pub column: bool,
    pub guide: bool,
}

/// A legend, drawn above the data so that it covers none.
#[derive(Debug, Default)]
pub(super) struct Legend {
    entries: Vec<(String, usize, Sample)>,
}

impl Legend {
    /// Adds a series. A series without a name is not listed.
    pub fn add(&mut self, name: &str, series: usize, sample: Sample) {
        if !name.is_empty() {
            self.entries.push((name.to_owned(), series, sample));
        }
    }

    /// Draws the legend in rows from `y` downwards, and returns the `y` of its lower end.
    pub fn draw(&self, svg: &mut Svg, left: f64, y: f64) -> f64 {
        let room = svg.width() - left - 12.0;
        let (mut x, mut y) = (left, y);
        for (name, series, sample) in &self.entries {
            let name = shorten(name, room - SAMPLE, SMALL_SIZE);
            let needed = SAMPLE + width(&name, SMALL_SIZE);
            if x > left && x + needed > left + room {
                (x, y) = (left, y + ROW);
            }
            draw_sample(svg, *series, *sample, [x, y + ROW / 2.0]);
            svg.text("small", [x + SAMPLE, y + ROW / 2.0 + 4.0], &name);
            x += needed + GAP;
        }
        if self.entries.is_empty() { y } else { y + ROW + 2.0 }
    }
}

fn draw_sample(svg: &mut Svg, series: usize, sample: Sample, [x, y]: [f64; 2]) {
    let length = SAMPLE - 6.0;
    if sample.band {
        svg.rect(&format!("band {}", color(series)), [x, y - 6.0], [length, 12.0]);
    }
    if sample.bar {
        svg.rect(&bar(series), [x + 6.0, y - 5.0], [length - 12.0, 10.0]);
    }
    if sample.column {
        svg.rect(&column(series), [x + 6.0, y - 5.0], [length - 12.0, 10.0]);
    }
    if sample.line {
        svg.line(&line(series), [x, y], [x + length, y]);
    }
    if sample.guide {
        svg.line("guide", [x, y], [x + length, y]);
    }
    if sample.marker {
        marker(svg, series, [x + length / 2.0, y]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_series_look_alike_before_thirty_six() {
        let looks: BTreeSet<(String, usize)> = (0..36).map(|series| (color(series), pattern(series))).collect();
        assert_eq!(looks.len(), 36);
    }

    #[test]
    fn entries_wrap_into_rows_and_stay_inside() {
        let mut legend = Legend::default();
        let sample = Sample { line: true, ..Sample::default() };
        for series in 0..9 {
            legend.add(&format!("series with a rather long name {series}"), series, sample);
        }
        legend.add("", 9, sample);
        let mut svg = Svg::new(400.0, 400.0, "", "");
        let end = legend.draw(&mut svg, 50.0, 10.0);
        assert_eq!(end, 10.0 + 9.0 * ROW + 2.0);
        assert_eq!(crate::xml::count(&svg.document(), "line"), 9);
        assert_eq!(Legend::default().draw(&mut svg, 0.0, 7.0), 7.0);
    }
}
