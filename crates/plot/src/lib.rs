//! Charts and other pictures as self-contained SVG text, which needs no fonts, files or network to display.
//!
//! ```
//! use mlp_plot::{Chart, Picture as _};
//!
//! let chart = Chart::new("Loss").x_label("epoch").y_label("loss").line("train", [(1.0, 0.8), (2.0, 0.5)]);
//! assert!(chart.svg().starts_with("<svg xmlns="));
//! ```
//!
//! | for | use |
//! | --- | --- |
//! | curves, bands, scatter, histograms; linear or log axes | [`Chart`] |
//! | values of several variants side by side, with error bars | [`Bars`] |
//! | a matrix with its values | [`Heatmap`] |
//! | a computational graph | [`Graph`] |
//! | images with captions | [`Gallery`] |
//! | several of them in one picture | [`Panels`] |
//!
//! Colors come from a style sheet inside each picture. It follows the reader's light or dark color scheme, on a
//! transparent background. Nothing is encoded by color alone: series also differ in dashes and markers, wrong
//! predictions in their frames. Equal input gives equal bytes.

#![forbid(unsafe_code)]

mod axes;
mod bars;
mod chart;
mod gallery;
mod graph;
mod heatmap;
mod labels;
mod layers;
mod legend;
mod panels;
mod scale;
mod svg;
mod text;
#[cfg(test)]
mod xml;

pub use bars::Bars;
pub use chart::Chart;
pub use gallery::{Gallery, Shown};
pub use graph::{Graph, Node};
pub use heatmap::Heatmap;
pub use panels::Panels;
pub use scale::{Scale, Tick};
pub use svg::Svg;

/// Something that can be drawn.
pub trait Picture {
    /// Draws the picture.
    fn draw(&self) -> Svg;

    /// A self-contained SVG document.
    fn svg(&self) -> String {
        self.draw().document()
    }
}

/// A finished drawing is itself a picture.
impl Picture for Svg {
    fn draw(&self) -> Svg {
        self.clone()
    }
}
