//! Several pictures in one, as a grid of panels.

use crate::Picture;
use crate::svg::Svg;

/// Pictures in rows, each with its own axes.
///
/// # Examples
///
/// ```
/// use mlp_plot::{Chart, Panels, Picture as _};
///
/// let curve = |name: &str| Chart::new(name).line("train", [(1.0, 0.5), (2.0, 0.25)]);
/// let panels = Panels::new("Curves", 2).with(&curve("loss")).with(&curve("error"));
/// assert_eq!(panels.draw().width(), 2.0 * curve("loss").draw().width());
/// ```
#[derive(Clone, Debug)]
pub struct Panels {
    title: String,
    columns: usize,
    pictures: Vec<Svg>,
}

impl Panels {
    /// A grid with `columns` pictures in each row, without pictures yet; 0 counts as 1.
    pub fn new(title: impl Into<String>, columns: usize) -> Self {
        Self { title: title.into(), columns: columns.max(1), pictures: Vec::new() }
    }

    /// Adds a picture after the others.
    #[must_use]
    pub fn with(mut self, picture: &dyn Picture) -> Self {
        self.pictures.push(picture.draw());
        self
    }
}

impl Picture for Panels {
    fn draw(&self) -> Svg {
        let across =
            |size: fn(&Svg) -> f64, pictures: &mut dyn Iterator<Item = &Svg>| pictures.map(size).fold(0.0, f64::max);
        let columns = self.columns.min(self.pictures.len().max(1));
        let widths: Vec<f64> = (0..columns)
            .map(|column| across(Svg::width, &mut self.pictures.iter().skip(column).step_by(columns)))
            .collect();
        let parts: Vec<&str> = self.pictures.iter().map(Svg::title).collect();
        let mut svg = Svg::new(widths.iter().sum(), 0.0, &self.title, &parts.join("; "));
        let mut y = if self.title.is_empty() { 0.0 } else { svg.heading() };
        for row in self.pictures.chunks(columns) {
            let mut x = 0.0;
            for (picture, width) in row.iter().zip(&widths) {
                svg.nest([x, y], picture);
                x += width;
            }
            y += across(Svg::height, &mut row.iter());
        }
        svg.set_height(y);
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::check;
    use crate::{Chart, Heatmap};

    #[test]
    fn panels_hold_every_picture_without_overlap() {
        let matrix = Heatmap::new("matrix", [[1.0]]);
        let panels = Panels::new("all", 2).with(&Chart::new("one")).with(&matrix).with(&Chart::new("three"));
        let svg = panels.svg();
        check(&svg);
        for title in ["all", "one", "matrix", "three"] {
            assert!(svg.contains(&format!("<title>{title}</title>")), "{title}");
        }
        let drawn = panels.draw();
        assert_eq!(drawn.width(), Chart::new("").draw().width() + matrix.draw().width());
        assert!(drawn.height() >= 2.0 * Chart::new("").draw().height());
        check(&Panels::new("", 0).svg());
    }
}
