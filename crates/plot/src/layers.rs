//! The layers of a chart: lines, bands, markers, columns and guides.

use crate::axes::Axes;
use crate::legend::{self, Sample};
use crate::scale::Scale;
use crate::svg::{Svg, number};

/// Largest number of markers on a line. A line with more points has markers at some of them only.
const MARKERS: usize = 16;

/// A layer in data coordinates.
#[derive(Clone, Debug)]
pub(super) enum Layer {
    /// Points joined in order; a point that cannot be drawn leaves a gap.
    Line(Vec<(f64, f64)>),
    /// The area between two lines: x, low, high.
    Band(Vec<(f64, f64, f64)>),
    /// Points.
    Markers(Vec<(f64, f64)>),
    /// Bars without gaps between them: from, to, height.
    Columns(Vec<(f64, f64, f64)>),
    /// A line to compare with.
    Guide(Vec<(f64, f64)>),
}

impl Layer {
    /// All points of the layer.
    pub fn points(&self) -> Vec<(f64, f64)> {
        match self {
            Self::Line(points) | Self::Markers(points) | Self::Guide(points) => points.clone(),
            Self::Band(band) => band.iter().flat_map(|&(x, low, high)| [(x, low), (x, high)]).collect(),
            Self::Columns(columns) => columns.iter().flat_map(|&(from, to, y)| [(from, y), (to, y)]).collect(),
        }
    }

    /// How many consecutive points belong to one value.
    pub fn points_of_a_value(&self) -> usize {
        match self {
            Self::Line(_) | Self::Markers(_) | Self::Guide(_) => 1,
            Self::Band(_) | Self::Columns(_) => 2,
        }
    }

    /// `sample` with what the legend shows for this layer added.
    pub fn sample(&self, sample: Sample) -> Sample {
        match self {
            Self::Line(_) => Sample { line: true, marker: true, ..sample },
            Self::Band(_) => Sample { band: true, ..sample },
            Self::Markers(_) => Sample { marker: true, ..sample },
            Self::Columns(_) => Sample { column: true, ..sample },
            Self::Guide(_) => Sample { guide: true, ..sample },
        }
    }

    /// Drawing order: layers that cover large areas are drawn first.
    pub fn depth(&self) -> usize {
        match self {
            Self::Columns(_) => 0,
            Self::Band(_) => 1,
            Self::Guide(_) => 2,
            Self::Line(_) => 3,
            Self::Markers(_) => 4,
        }
    }

    pub fn draw(&self, svg: &mut Svg, axes: &Axes<'_>, series: usize) {
        match self {
            Self::Line(points) => line(svg, axes, series, points),
            Self::Band(band) => draw_band(svg, axes, series, band),
            Self::Markers(points) => {
                for &(x, y) in points.iter().filter(|&&(x, y)| axes.contains(x, y)) {
                    legend::marker(svg, series, axes.point(x, y));
                }
            }
            Self::Columns(columns) => draw_columns(svg, axes, series, columns),
            Self::Guide(points) => {
                for run in runs(points, axes) {
                    svg.path("guide", &path(&run, axes));
                }
            }
        }
    }
}

fn line(svg: &mut Svg, axes: &Axes<'_>, series: usize, points: &[(f64, f64)]) {
    let every = points.len().div_ceil(MARKERS).max(1);
    let mut index = 0;
    for run in runs(points, axes) {
        if run.len() > 1 {
            svg.path(&legend::line(series), &path(&run, axes));
        }
        for &(x, y) in &run {
            // A point with gaps on both sides always gets a marker: no line would show it.
            if (index % every == 0 || run.len() == 1) && axes.contains(x, y) {
                legend::marker(svg, series, axes.point(x, y));
            }
            index += 1;
        }
    }
}

fn draw_band(svg: &mut Svg, axes: &Axes<'_>, series: usize, band: &[(f64, f64, f64)]) {
    let places = |&(x, low, high): &(f64, f64, f64)| axes.x.places(x) && axes.y.places(low) && axes.y.places(high);
    for run in band.split(|point| !places(point)).filter(|run| run.len() > 1) {
        let upper = run.iter().map(|&(x, _, high)| (x, high));
        let lower = run.iter().rev().map(|&(x, low, _)| (x, low));
        let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
        svg.path(&format!("band {}", legend::color(series)), &format!("{}Z", path(&outline, axes)));
    }
}

fn draw_columns(svg: &mut Svg, axes: &Axes<'_>, series: usize, columns: &[(f64, f64, f64)]) {
    let base = base(axes.y);
    for &(from, to, y) in columns {
        if axes.x.places(from) && axes.x.places(to) && axes.y.places(y) {
            let (low, high) = (axes.point(from, base.min(y)), axes.point(to, base.max(y)));
            svg.rect(&legend::column(series), [low[0], high[1]], [(high[0] - low[0]).max(0.0), low[1] - high[1]]);
        }
    }
}

/// The value on which columns stand: 0, or the lower end of a log axis.
fn base(scale: Scale) -> f64 {
    if scale.places(0.0) { 0.0 } else { scale.low() }
}

/// The runs of consecutive points that the axes can show, in order.
fn runs(points: &[(f64, f64)], axes: &Axes<'_>) -> Vec<Vec<(f64, f64)>> {
    let stretches = points.split(|&(x, y)| !(axes.x.places(x) && axes.y.places(y)));
    stretches.filter(|run| !run.is_empty()).map(<[(f64, f64)]>::to_vec).collect()
}

fn path(points: &[(f64, f64)], axes: &Axes<'_>) -> String {
    let mut path = String::new();
    for (index, &(x, y)) in points.iter().enumerate() {
        let [x, y] = axes.point(x, y);
        path.push(if index == 0 { 'M' } else { 'L' });
        path.push_str(&format!("{} {}", number(x), number(y)));
    }
    path
}
