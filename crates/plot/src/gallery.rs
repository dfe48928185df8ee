//! Images with captions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _};

use crate::Picture;
use crate::svg::{SMALL_SIZE, Svg, notes};
use crate::text::{shorten, wrap};

/// Longer side of an image.
const SIDE: f64 = 84.0;
/// Width of an image with its caption.
const CELL: f64 = 116.0;
/// Line height of captions.
const LINE: f64 = 16.0;

/// An image in a gallery.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Grayscale values, row by row from the top; 0 is black.
    pub pixels: Vec<u8>,
    /// Lines below the image; the first one is bold.
    pub caption: Vec<String>,
    /// Whether the prediction is right, marked by a check or a cross; `None` for no mark.
    pub right: Option<bool>,
}

impl Shown {
    /// An image with its predicted class, and its true class if that is another.
    pub fn prediction(pixels: &[u8], truth: &str, predicted: &str) -> Self {
        let right = truth == predicted;
        let mut caption = vec![predicted.to_owned()];
        if !right {
            caption.push(format!("true: {truth}"));
        }
        Self { pixels: pixels.to_vec(), caption, right: Some(right) }
    }

    /// Adds a line to the caption.
    #[must_use]
    pub fn line(mut self, line: impl Into<String>) -> Self {
        self.caption.push(line.into());
        self
    }
}

/// A grid of small grayscale images, each with a caption. Wrong predictions have a dashed frame and a cross.
///
/// # Examples
///
/// ```
/// use mlp_plot::{Gallery, Picture as _, Shown};
///
/// let image = Shown { pixels: vec![0, 80, 160, 255], caption: vec!["Bag".into()], right: Some(true) };
/// let gallery = Gallery::new("Predictions", 2, 2).with(image);
/// assert!(gallery.svg().contains("href=\"data:image/png;base64,"));
/// ```
#[derive(Clone, Debug)]
pub struct Gallery {
    title: String,
    height: usize,
    width: usize,
    columns: usize,
    images: Vec<Shown>,
    notes: Vec<String>,
}

impl Gallery {
    /// A gallery of images of `height` × `width` pixels.
    pub fn new(title: impl Into<String>, height: usize, width: usize) -> Self {
        Self { title: title.into(), height, width, columns: 4, images: Vec::new(), notes: Vec::new() }
    }

    /// Sets the number of images in a row. The default is 4; 0 counts as 1.
    #[must_use]
    pub fn columns(mut self, columns: usize) -> Self {
        self.columns = columns.max(1);
        self
    }

    /// Adds an image. If it does not have the gallery's size, only its caption is shown.
    #[must_use]
    pub fn with(mut self, image: Shown) -> Self {
        self.images.push(image);
        self
    }

    /// Adds a note below the images.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The pixels as a PNG in a data URI, if they have the gallery's size.
    fn uri(&self, pixels: &[u8]) -> Option<String> {
        let (height, width) = (u32::try_from(self.height).ok()?, u32::try_from(self.width).ok()?);
        if self.height.checked_mul(self.width) != Some(pixels.len()) || pixels.is_empty() {
            return None;
        }
        let mut png = Vec::new();
        let encoder = PngEncoder::new_with_quality(&mut png, CompressionType::Default, FilterType::Adaptive);
        encoder.write_image(pixels, width, height, ExtendedColorType::L8).ok()?;
        Some(format!("data:image/png;base64,{}", STANDARD.encode(png)))
    }

    fn draw_image(&self, svg: &mut Svg, image: &Shown, [x, y]: [f64; 2], size: [f64; 2]) {
        let corner = [x + 0.5 * (CELL - size[0]), y];
        if let Some(uri) = self.uri(&image.pixels) {
            svg.image(corner, size, &uri);
        }
        svg.rect(if image.right == Some(false) { "wrong" } else { "right" }, corner, size);
        for (index, line) in image.caption.iter().enumerate() {
            let class = if index == 0 { "small bold" } else { "small" };
            let baseline = y + size[1] + LINE * (index as f64 + 1.0);
            let marked = index == 0 && image.right.is_some();
            let left = if marked { 18.0 } else { 4.0 };
            // Bold text is wider.
            let line = shorten(line, CELL - left - 2.0, if index == 0 { 1.06 * SMALL_SIZE } else { SMALL_SIZE });
            svg.text(class, [x + left, baseline], &line);
            if let (0, Some(right)) = (index, image.right) {
                draw_mark(svg, right, [x + 9.0, baseline - 4.5]);
            }
        }
    }
}

fn draw_mark(svg: &mut Svg, right: bool, [x, y]: [f64; 2]) {
    if right {
        svg.polyline("check", &[[x - 4.0, y], [x - 1.0, y + 3.5], [x + 4.0, y - 4.0]]);
    } else {
        svg.polyline("cross", &[[x - 4.0, y - 4.0], [x + 4.0, y + 4.0]]);
        svg.polyline("cross", &[[x - 4.0, y + 4.0], [x + 4.0, y - 4.0]]);
    }
}

impl Picture for Gallery {
    fn draw(&self) -> Svg {
        let scale = SIDE / self.height.max(self.width).max(1) as f64;
        let size = [scale * self.width as f64, scale * self.height as f64];
        let lines = self.images.iter().map(|image| image.caption.len()).max().unwrap_or(0);
        let step = size[1] + LINE * lines as f64 + 16.0;
        let captions: Vec<String> = self.images.iter().map(|image| image.caption.join(", ")).collect();
        let columns = self.columns.min(self.images.len().max(3));
        let width = CELL * columns as f64 + 16.0;
        let mut svg = Svg::new(width, 0.0, &self.title, &captions.join("; "));
        let top = svg.heading() + 6.0;
        for (index, image) in self.images.iter().enumerate() {
            let (row, column) = (index / columns, index % columns);
            self.draw_image(&mut svg, image, [8.0 + CELL * column as f64, top + step * row as f64], size);
        }
        let bottom = top + step * self.images.len().div_ceil(columns) as f64;
        let lines: Vec<String> = self.notes.iter().flat_map(|note| wrap(note, width - 24.0, SMALL_SIZE)).collect();
        notes(&mut svg, &lines, bottom + 8.0);
        svg.set_height(bottom + 16.0 * lines.len() as f64);
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{check, count};

    fn shown(pixels: Vec<u8>, right: Option<bool>) -> Shown {
        Shown { pixels, caption: vec!["T-shirt & <top>".into(), "true: Bag".into()], right }
    }

    #[test]
    fn the_images_come_back_out_to_the_bit() {
        let pixels: Vec<u8> = (0..6).map(|pixel| pixel * 50).collect();
        let svg = Gallery::new("", 2, 3).with(shown(pixels.clone(), None)).svg();
        check(&svg);
        let uri = svg.split("base64,").nth(1).and_then(|after| after.split('"').next()).unwrap();
        let png = STANDARD.decode(uri).unwrap();
        let image = image::load_from_memory(&png).unwrap().into_luma8();
        assert_eq!(image.dimensions(), (3, 2));
        assert_eq!(image.into_raw(), pixels);
    }

    #[test]
    fn wrong_ones_differ_in_frame_and_mark() {
        let gallery = Gallery::new("", 1, 1).with(shown(vec![9], Some(true))).with(shown(vec![9], Some(false)));
        let svg = gallery.with(shown(vec![9], None)).svg();
        check(&svg);
        assert_eq!((count(&svg, "right"), count(&svg, "wrong")), (2, 1));
        assert_eq!((count(&svg, "check"), count(&svg, "cross")), (1, 2));
    }

    #[test]
    fn no_images_and_images_of_another_size_are_drawn() {
        check(&Gallery::new("", 28, 28).svg());
        let svg = Gallery::new("", 28, 28).with(shown(vec![1, 2, 3], Some(false))).columns(0).svg();
        assert!(!check(&svg).contains(&"image".to_owned()));
        check(&Gallery::new("", 0, 0).with(shown(Vec::new(), None)).svg());
    }

    #[test]
    fn rows_are_filled_from_the_left() {
        let images = (0..7).map(|_| shown(vec![0; 4], None));
        let gallery = images.fold(Gallery::new("", 2, 2).columns(3), Gallery::with);
        let svg = gallery.svg();
        let places = |axis: &str| -> std::collections::BTreeSet<String> {
            let images = svg.lines().filter(|line| line.starts_with("<image"));
            let place =
                |line: &str| line.split(&format!(" {axis}=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned();
            images.map(place).collect()
        };
        assert_eq!((places("x").len(), places("y").len()), (3, 3));
    }
}
