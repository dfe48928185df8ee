//! Drawing of a chart: the range of its axes, the notes on values that are not shown, and the layout.

use super::{Axis, Chart};
use crate::Picture;
use crate::axes::Axes;
use crate::labels::four_digits;
use crate::layers::Layer;
use crate::legend::{Legend, Sample};
use crate::scale::{Scale, drawable, drawable_log};
use crate::svg::{SMALL_SIZE, Svg, notes};
use crate::text::wrap;

const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 340.0;

impl Chart {
    /// Names of the series in the order of their first appearance. Guides are always grey, so they take no color.
    fn series(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for (name, layer) in &self.layers {
            if !matches!(layer, Layer::Guide(_)) && !names.contains(&&name[..]) {
                names.push(&name[..]);
            }
        }
        names
    }

    fn legend(&self, series: &[&str]) -> Legend {
        let sample_of = |name: &str, guides: bool| {
            let layers = self.layers.iter().filter(|(layer, _)| layer == name).map(|(_, layer)| layer);
            let layers = layers.filter(|layer| matches!(layer, Layer::Guide(_)) == guides);
            layers.fold(Sample::default(), |sample, layer| layer.sample(sample))
        };
        let mut legend = Legend::default();
        for (index, name) in series.iter().enumerate() {
            legend.add(name, index, sample_of(name, false));
        }
        for (name, _) in self.layers.iter().filter(|(_, layer)| matches!(layer, Layer::Guide(_))) {
            legend.add(name, 0, sample_of(name, true));
        }
        legend
    }

    fn scales(&self) -> [Scale; 2] {
        let points: Vec<(f64, f64)> = self.layers.iter().flat_map(|(_, layer)| layer.points()).collect();
        let columns = self.layers.iter().any(|(_, layer)| matches!(layer, Layer::Columns(_)));
        let x = self.x.scale(points.iter().map(|&(x, _)| x), if columns { 0.0 } else { 0.025 });
        let x = if whole(points.iter().map(|&(x, _)| x)) { x.whole() } else { x };
        let base = (columns && !self.y.log).then_some(0.0);
        let y = self.y.scale(points.iter().map(|&(_, y)| y).chain(base), 0.05);
        // Columns stand on the axis itself.
        let stands = columns && self.y.range.is_none() && !self.y.log && !points.iter().any(|&(_, y)| y < 0.0);
        [x, if stands { Scale::linear(0.0, y.high()) } else { y }]
    }

    /// Notes on how many values are not shown, and why.
    fn dropped(&self, [x, y]: [Scale; 2]) -> Vec<String> {
        let (mut missing, mut low, mut outside) = (0, 0, 0);
        let any = |points: &[(f64, f64)], test: &dyn Fn(f64, f64) -> bool| points.iter().any(|&(px, py)| test(px, py));
        for layer in self.layers.iter().map(|(_, layer)| layer) {
            // The two ends of a band or a column are one value.
            for value in layer.points().chunks(layer.points_of_a_value()) {
                if any(value, &|px, py| !(drawable(px) && drawable(py))) {
                    missing += 1;
                } else if any(value, &|px, py| !(x.places(px) && y.places(py))) {
                    low += 1;
                } else if any(value, &|px, py| !(x.holds(px) && y.holds(py))) {
                    outside += 1;
                }
            }
        }
        let values = |count: usize, what: &str| match count {
            0 => None,
            1 => Some(format!("1 value {what} is not shown.")),
            count => Some(format!("{count} values {what} are not shown.")),
        };
        let dropped = [
            values(missing, "that is not finite").map(|note| note.replace("values that is", "values that are")),
            values(low, "at or below 0"),
            values(outside, "outside of the axes"),
        ];
        dropped.into_iter().flatten().collect()
    }

    fn description(&self, series: &[&str]) -> String {
        let mut text = format!("Chart of {} against {}.", or(&self.y.label, "values"), or(&self.x.label, "values"));
        for name in series {
            let layers = self.layers.iter().filter(|(layer, _)| layer == name);
            let points: Vec<(f64, f64)> = layers.flat_map(|(_, layer)| layer.points()).collect();
            let finite = || points.iter().filter(|&&(x, y)| drawable(x) && drawable(y));
            if let (Some(first), Some(last)) = (finite().next(), finite().next_back()) {
                let (from, to) = (four_digits(first.1), four_digits(last.1));
                text.push_str(&format!(" {}: {} points from {from} to {to}.", or(name, "data"), points.len()));
            }
        }
        text
    }
}

impl Axis {
    fn scale(&self, values: impl Iterator<Item = f64>, padding: f64) -> Scale {
        let make = |low, high| if self.log { Scale::log(low, high) } else { Scale::linear(low, high) };
        if let Some((low, high)) = self.range {
            return make(low, high);
        }
        let placed = values.filter(|&value| if self.log { drawable_log(value) } else { drawable(value) });
        let ends = placed.fold(None, |ends: Option<(f64, f64)>, value| {
            Some(ends.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
        });
        match ends {
            Some((low, high)) => make(low, high).padded(padding),
            None => make(if self.log { 0.1 } else { 0.0 }, 1.0),
        }
    }
}

impl Picture for Chart {
    fn draw(&self) -> Svg {
        let series = self.series();
        let scales = self.scales();
        let texts = self.dropped(scales).into_iter().chain(self.notes.iter().cloned());
        let lines: Vec<String> = texts.flat_map(|note| wrap(&note, WIDTH - 24.0, SMALL_SIZE)).collect();
        let below = if lines.is_empty() { 8.0 } else { 14.0 + 16.0 * lines.len() as f64 };
        // Notes and a legend of several rows add to the height, so that the size of the data area does not change.
        let mut svg = Svg::new(WIDTH, HEIGHT, &self.title, &self.description(&series));
        let top = svg.heading();
        let top = self.legend(&series).draw(&mut svg, 12.0, top);
        svg.set_height(HEIGHT + (top - 54.0).max(0.0) + below - 8.0);
        let size = [svg.width(), svg.height()];
        let axes = Axes::new(scales, [&self.x.label, &self.y.label], size, top, below);
        axes.draw(&mut svg);
        let mut layers: Vec<&(String, Layer)> = self.layers.iter().collect();
        layers.sort_by_key(|(_, layer)| layer.depth());
        let ([x, y], [width, height]) = axes.area();
        // Markers on the edge extend beyond it.
        svg.clipped([x - 5.0, y - 5.0], [width + 10.0, height + 10.0], |svg| {
            for (name, layer) in layers {
                let index = series.iter().position(|known| known == name).unwrap_or(0);
                layer.draw(svg, &axes, index);
            }
        });
        let nothing = !self.layers.iter().flat_map(|(_, layer)| layer.points()).any(|(x, y)| axes.contains(x, y));
        if nothing {
            svg.text("middle muted", [x + 0.5 * width, y + 0.5 * height], "no data");
        }
        notes(&mut svg, &lines, size[1] - 16.0 * lines.len() as f64 + 6.0);
        svg
    }
}

/// Whether all values are whole numbers, so that the axis should have ticks at whole numbers only.
fn whole(values: impl Iterator<Item = f64>) -> bool {
    let mut drawn = values.filter(|&value| drawable(value)).peekable();
    drawn.peek().is_some() && drawn.all(|value| value == value.round() && value.abs() < 1e9)
}

fn or<'a>(text: &'a str, instead: &'a str) -> &'a str {
    if text.is_empty() { instead } else { text }
}
