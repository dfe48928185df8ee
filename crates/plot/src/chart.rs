//! Charts of curves, points and histograms.

mod draw;

use crate::layers::Layer;

/// Curves, bands, points and columns over two axes, linear or logarithmic.
///
/// All layers with the same name form one series, with one color and one entry in the legend. Colors, dashes and
/// markers follow the order in which names first appear. A value that is not finite leaves a gap in its line, and so
/// does one that is not positive on a log axis. A note below the chart counts them. The axes cover all data, unless a
/// range is set. Values outside of it are cut off, and also counted.
///
/// # Examples
///
/// ```
/// use mlp_plot::{Chart, Picture as _};
///
/// let epochs = [1.0, 2.0, 3.0];
/// let chart = Chart::new("Loss")
///     .x_label("epoch")
///     .y_label("cross-entropy (nats)")
///     .log_y()
///     .line("train", epochs.into_iter().zip([0.8, 0.0, 0.4]))
///     .band("train", [(1.0, 0.7, 0.9), (3.0, 0.3, 0.5)]);
/// assert!(chart.svg().contains("1 value at or below 0 is not shown"));
/// ```
#[derive(Clone, Debug)]
pub struct Chart {
    title: String,
    x: Axis,
    y: Axis,
    layers: Vec<(String, Layer)>,
    notes: Vec<String>,
}

#[derive(Clone, Debug, Default)]
struct Axis {
    label: String,
    log: bool,
    range: Option<(f64, f64)>,
}

impl Chart {
    /// A chart without data.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), x: Axis::default(), y: Axis::default(), layers: Vec::new(), notes: Vec::new() }
    }

    /// Sets the name of the horizontal axis, with its unit.
    #[must_use]
    pub fn x_label(mut self, label: impl Into<String>) -> Self {
        self.x.label = label.into();
        self
    }

    /// Sets the name of the vertical axis, with its unit.
    #[must_use]
    pub fn y_label(mut self, label: impl Into<String>) -> Self {
        self.y.label = label.into();
        self
    }

    /// Makes the horizontal axis logarithmic.
    #[must_use]
    pub fn log_x(mut self) -> Self {
        self.x.log = true;
        self
    }

    /// Makes the vertical axis logarithmic.
    #[must_use]
    pub fn log_y(mut self) -> Self {
        self.y.log = true;
        self
    }

    /// Fixes the range of the horizontal axis.
    #[must_use]
    pub fn x_range(mut self, low: f64, high: f64) -> Self {
        self.x.range = Some((low, high));
        self
    }

    /// Fixes the range of the vertical axis.
    #[must_use]
    pub fn y_range(mut self, low: f64, high: f64) -> Self {
        self.y.range = Some((low, high));
        self
    }

    /// Adds a line through points in the order given.
    #[must_use]
    pub fn line(self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.layer(name, Layer::Line(points.into_iter().collect()))
    }

    /// Adds a filled band between two lines: `(x, low, high)`, such as mean ± standard deviation.
    #[must_use]
    pub fn band(self, name: &str, band: impl IntoIterator<Item = (f64, f64, f64)>) -> Self {
        self.layer(name, Layer::Band(band.into_iter().collect()))
    }

    /// Adds markers at points, without joining them.
    #[must_use]
    pub fn markers(self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.layer(name, Layer::Markers(points.into_iter().collect()))
    }

    /// Adds columns from 0 upwards: `(from, to, height)`, such as those of a histogram.
    #[must_use]
    pub fn columns(self, name: &str, columns: impl IntoIterator<Item = (f64, f64, f64)>) -> Self {
        self.layer(name, Layer::Columns(columns.into_iter().collect()))
    }

    /// Adds a dashed grey line to compare with, such as a theoretical value.
    #[must_use]
    pub fn guide(self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.layer(name, Layer::Guide(points.into_iter().collect()))
    }

    /// Adds a note below the chart.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    fn layer(mut self, name: &str, layer: Layer) -> Self {
        self.layers.push((name.to_owned(), layer));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Picture as _;
    use crate::xml::{check, count};
    use proptest::prelude::*;

    fn five() -> [(f64, f64); 5] {
        [(1.0, 0.9), (2.0, 0.5), (3.0, 0.4), (4.0, 0.35), (5.0, 0.33)]
    }

    /// Number of points of all lines.
    fn joined(svg: &str) -> usize {
        let paths = svg.lines().filter(|line| line.starts_with("<path class=\"line"));
        paths.map(|path| path.matches(['M', 'L']).count()).sum()
    }

    #[test]
    fn a_line_has_all_its_points_and_a_marker_at_each_of_few() {
        let svg = Chart::new("").line("", five()).svg();
        check(&svg);
        assert_eq!(joined(&svg), 5);
        assert_eq!(svg.matches("<circle").count(), 5);
        let many = (0..1000).map(|index| (f64::from(index), 0.0));
        let svg = Chart::new("").line("", many).svg();
        assert_eq!(joined(&svg), 1000);
        assert_eq!(svg.matches("<circle").count(), 16);
    }

    #[test]
    fn what_is_not_finite_leaves_a_gap_and_a_note() {
        let points =
            [(1.0, 1.0), (2.0, 2.0), (3.0, f64::NAN), (4.0, 1.0), (5.0, f64::INFINITY), (6.0, 1.0), (7.0, 2.0)];
        let svg = Chart::new("").line("", points).svg();
        check(&svg);
        assert_eq!(count(&svg, "line"), 2, "the stretch of one point has no line");
        assert_eq!(svg.matches("<circle").count(), 5, "but a marker");
        assert!(svg.contains("2 values that are not finite are not shown."));
    }

    #[test]
    fn a_log_axis_drops_what_it_cannot_show_and_says_so() {
        let svg = Chart::new("").log_y().line("", [(1.0, 1.0), (2.0, 0.0), (3.0, -1.0), (4.0, 0.01)]).svg();
        check(&svg);
        assert!(svg.contains("2 values at or below 0 are not shown."));
        assert!(!Chart::new("").line("", [(1.0, 0.0)]).svg().contains("not shown"));
    }

    #[test]
    fn empty_single_and_constant_series_are_drawn() {
        for points in [vec![], vec![(1.0, f64::NAN)]] {
            let svg = Chart::new("").line("train", points).svg();
            check(&svg);
            assert!(svg.contains(">no data<"));
        }
        for points in [vec![(1.0, 0.0)], vec![(1.0, 3.0), (2.0, 3.0)], vec![(0.0, 0.0), (0.0, 0.0)]] {
            for chart in [Chart::new(""), Chart::new("").log_y()] {
                check(&chart.line("train", points.clone()).svg());
            }
        }
    }

    #[test]
    fn one_name_is_one_series_and_one_entry() {
        let band = five().map(|(x, y)| (x, y - 0.1, y + 0.1));
        let chart =
            Chart::new("").line("train", five()).band("train", band).line("test", five()).guide("chance", five());
        let svg = chart.svg();
        check(&svg);
        for name in ["train", "test", "chance"] {
            assert_eq!(svg.matches(&format!(">{name}</text>")).count(), 1, "{name}");
        }
        // One each in the legend and in the chart.
        assert_eq!((count(&svg, "band"), count(&svg, "guide")), (2, 2));
        let colored = svg.lines().filter(|line| line.contains("class=\"line s1 d1\"")).count();
        assert_eq!(colored, 2);
    }

    #[test]
    fn a_fixed_range_cuts_and_counts_what_lies_outside() {
        let svg = Chart::new("").y_range(0.0, 1.0).line("", [(1.0, 0.5), (2.0, 1.5), (3.0, 1.0)]).svg();
        check(&svg);
        assert!(svg.contains("1 value outside of the axes is not shown."));
        assert_eq!(svg.matches("<circle").count(), 2);
    }

    #[test]
    fn a_band_or_column_that_cannot_be_drawn_is_one_value() {
        let broken = [(1.0, f64::NAN, 1.0), (2.0, 3.0, f64::NAN), (3.0, 4.0, 5.0)];
        for chart in [Chart::new("").band("", broken), Chart::new("").columns("", broken)] {
            let svg = chart.svg();
            check(&svg);
            assert!(svg.contains("2 values that are not finite are not shown."));
        }
    }

    #[test]
    fn columns_stand_on_zero() {
        let svg = Chart::new("").columns("count", [(0.0, 0.5, 3.0), (0.5, 1.0, 1.0)]).svg();
        check(&svg);
        let bottoms: Vec<f64> = svg
            .lines()
            .filter(|line| line.starts_with("<rect class=\"column s0\""))
            .skip(1)
            .map(|line| {
                let read = |name: &str| -> f64 {
                    let after = line.split(&format!(" {name}=\"")).nth(1).unwrap();
                    after.split('"').next().unwrap().parse().unwrap()
                };
                read("y") + read("height")
            })
            .collect();
        assert_eq!(bottoms.len(), 2);
        assert!((bottoms[0] - bottoms[1]).abs() < 0.02, "{bottoms:?}");
    }

    #[test]
    fn names_are_text() {
        let svg = Chart::new("<&\">").x_label("</svg>").y_label("a & b").line("<script>", five()).note("\"&\"").svg();
        let elements = check(&svg);
        assert!(!elements.contains(&"script".to_owned()));
        assert!(svg.contains("<title>&lt;&amp;&quot;&gt;</title>"));
    }

    proptest! {
        #[test]
        fn any_numbers_make_a_well_formed_picture(
            points in prop::collection::vec((any::<f64>(), any::<f64>()), 0..20), log_x: bool, log_y: bool,
        ) {
            let mut chart = Chart::new("any").line("line", points.clone()).markers("points", points.clone());
            if log_x {
                chart = chart.log_x();
            }
            if log_y {
                chart = chart.log_y();
            }
            let triples = points.iter().map(|&(x, y)| (x, y, x));
            check(&chart.band("line", triples.clone()).columns("columns", triples).svg());
        }
    }
}
