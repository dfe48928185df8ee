//! The frame of a chart: its scales, grid, ticks and names.

use crate::scale::{Scale, Tick};
use crate::svg::{SIZE, SMALL_SIZE, Svg, widest};
use crate::text::{shorten, width};

/// Space between a tick's label and the axis.
const GAP: f64 = 7.0;

/// Two axes around the area where data is drawn.
pub(super) struct Axes<'a> {
    /// Horizontal axis.
    pub x: Scale,
    /// Vertical axis.
    pub y: Scale,
    /// Name of the horizontal axis, with its unit.
    pub x_label: &'a str,
    /// Name of the vertical axis, with its unit.
    pub y_label: &'a str,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl<'a> Axes<'a> {
    /// Axes that fill a picture of `size` from `top` down to `below` pixels above its lower edge.
    pub fn new([x, y]: [Scale; 2], [x_label, y_label]: [&'a str; 2], size: [f64; 2], top: f64, below: f64) -> Self {
        let labels = y.ticks();
        let labels = widest(labels.iter().map(|tick| &tick.label[..]), SMALL_SIZE);
        let name = if y_label.is_empty() { 8.0 } else { 30.0 };
        let under = if x_label.is_empty() { 24.0 } else { 44.0 };
        Self {
            x,
            y,
            x_label,
            y_label,
            left: name + labels + GAP,
            right: size[0] - 16.0,
            top: top + 8.0,
            bottom: size[1] - below - under,
        }
    }

    /// Origin and size of the data area.
    pub fn area(&self) -> ([f64; 2], [f64; 2]) {
        ([self.left, self.top], [self.right - self.left, self.bottom - self.top])
    }

    /// Pixel position of a point. Valid only for values that [have a position](Scale::places) on both axes.
    pub fn point(&self, x: f64, y: f64) -> [f64; 2] {
        // Far outside of the area the exact position does not matter, but its many digits would be written to the file.
        let across = self.x.fraction(x).clamp(-100.0, 100.0);
        let up = self.y.fraction(y).clamp(-100.0, 100.0);
        [self.left + across * (self.right - self.left), self.bottom - up * (self.bottom - self.top)]
    }

    /// Whether both coordinates lie on the axes.
    pub fn contains(&self, x: f64, y: f64) -> bool {
        self.x.holds(x) && self.y.holds(y)
    }

    /// Draws the grid, axes, tick labels and axis names.
    pub fn draw(&self, svg: &mut Svg) {
        let x_ticks = self.x.ticks();
        let y_ticks = self.y.ticks();
        for tick in &x_ticks {
            let x = self.left + self.x.fraction(tick.value) * (self.right - self.left);
            svg.line("grid", [x, self.top], [x, self.bottom]);
        }
        for tick in &y_ticks {
            let y = self.bottom - self.y.fraction(tick.value) * (self.bottom - self.top);
            svg.line("grid", [self.left, y], [self.right, y]);
            svg.text("small muted end", [self.left - GAP, y + 4.0], &tick.label);
        }
        svg.polyline("axis", &[[self.left, self.top], [self.left, self.bottom], [self.right, self.bottom]]);
        self.label_x(svg, &x_ticks);
        let (middle, name_y) = (0.5 * (self.left + self.right), self.bottom + 38.0);
        svg.text("middle", [middle, name_y], &shorten(self.x_label, self.right - self.left, SIZE));
        if !self.y_label.is_empty() {
            let name = shorten(self.y_label, self.bottom - self.top, SIZE);
            svg.turned_text("middle", [20.0, 0.5 * (self.top + self.bottom)], -90.0, &name);
        }
    }

    /// Draws labels below the ticks. If they would touch, only every second, every third and so on is drawn.
    fn label_x(&self, svg: &mut Svg, ticks: &[Tick]) {
        let needed = ticks.iter().map(|tick| width(&tick.label, SMALL_SIZE)).fold(0.0, f64::max) + 8.0;
        let places: Vec<f64> =
            ticks.iter().map(|tick| self.left + self.x.fraction(tick.value) * (self.right - self.left)).collect();
        let closest = places.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
        let every = if closest.is_finite() { (needed / closest).ceil().max(1.0) as usize } else { 1 };
        for (tick, &x) in ticks.iter().zip(&places).step_by(every) {
            let half = 0.5 * width(&tick.label, SMALL_SIZE);
            let x = x.min(svg.width() - half - 2.0);
            svg.text("small muted middle", [x, self.bottom + 18.0], &tick.label);
        }
    }
}
