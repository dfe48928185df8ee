//! Pictures as SVG text: no fonts, no files, no network needed to look at one.
//!
//! ```
//! use runner::plot::{Chart, Picture as _};
//!
//! let chart = Chart::new("Loss").x_label("epoch").y_label("loss").line("train", [(1.0, 0.8), (2.0, 0.5)]);
//! assert!(chart.svg().starts_with("<svg xmlns="));
//! ```
//!
//! | for | take |
//! | --- | --- |
//! | curves, bands, scatter, histograms; linear or log axes | [`Chart`] |
//! | figures of several variants side by side, with their spread | [`Bars`] |
//! | a matrix with its numbers | [`Heatmap`] |
//! | a computational graph | [`Graph`] |
//! | images with captions | [`Gallery`] |
//! | several of them in one picture | [`Panels`] |
//!
//! Colors come from a style sheet inside each picture, which follows the reader's light or dark scheme on a
//! transparent background. Nothing is told by color alone: series also differ in dashes and markers, mistakes in their
//! frames. Equal input gives equal bytes.

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
pub(crate) use text::escape;

/// What can be drawn.
pub trait Picture {
    /// Draws it.
    fn draw(&self) -> Svg;

    /// A self-contained SVG document.
    fn svg(&self) -> String {
        self.draw().document()
    }
}

/// What has been drawn.
impl Picture for Svg {
    fn draw(&self) -> Svg {
        self.clone()
    }
}
