//! Image files as input of a model, and images as text for a terminal.

use std::io::Cursor;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, imageops};

use mlp_files::read_at_most;

/// Largest width and height of an image file, in pixels.
const LARGEST_SIDE: u32 = 16_384;
/// Largest decoded image, in bytes: 85 megapixels in color. While they run, decoders of progressive JPEG take two to
/// three times that.
const LARGEST_ALLOCATION: u64 = 256 << 20;
/// Largest file, in bytes.
const LARGEST_FILE: u64 = 128 << 20;

/// Reads a PNG or JPEG file of any size, converts it to grayscale and scales it to `height × width`: what a person sees
/// who opens it. It is turned as its EXIF orientation says. What is transparent is background: black, or with `invert`
/// white.
///
/// `invert` turns dark on light into light on dark, as in the data set.
///
/// # Errors
///
/// If the file cannot be read, is not a PNG or JPEG image, or is larger than 128 MiB, 16,384 pixels on a side or 256
/// MiB decoded.
pub fn read(path: &Path, height: usize, width: usize, invert: bool) -> Result<Vec<u8>> {
    let bytes = read_at_most(path, LARGEST_FILE).with_context(|| format!("{}: cannot read", path.display()))?;
    decode(&bytes, height, width, invert)
        .with_context(|| format!("{}: not a readable PNG or JPEG image", path.display()))
}

/// As [`read`], from the content of a file.
///
/// # Errors
///
/// If it is not a PNG or JPEG image, or is larger than 16,384 pixels on a side or 256 MiB decoded.
pub fn decode(bytes: &[u8], height: usize, width: usize, invert: bool) -> Result<Vec<u8>> {
    let (height, width) = (u32::try_from(height)?, u32::try_from(width)?);
    // The format is recognized by content, not by name: a JPEG named .png is read as JPEG.
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST_SIDE);
    limits.max_image_height = Some(LARGEST_SIDE);
    limits.max_alloc = Some(LARGEST_ALLOCATION);
    let format = reader.format();
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    limits.reserve(decoder.total_bytes())?;
    decoder.set_limits(limits)?;
    let orientation = match format {
        Some(ImageFormat::Png) => exif_of_png(bytes).and_then(Orientation::from_exif_chunk),
        _ => Some(decoder.orientation()?),
    };
    let mut upright =
        DynamicImage::ImageLuma8(grey(DynamicImage::from_decoder(decoder)?, if invert { 255 } else { 0 }));
    upright.apply_orientation(orientation.unwrap_or(Orientation::NoTransforms));
    let mut grey = upright.into_luma8();
    ensure!(grey.width() > 0 && grey.height() > 0, "it has no pixels");
    if invert {
        imageops::invert(&mut grey);
    }
    if grey.dimensions() != (width, height) {
        grey = imageops::resize(&grey, width, height, imageops::FilterType::Triangle);
    }
    Ok(grey.into_raw())
}

/// An image in shades of grey, on a `background` where it is transparent.
fn grey(image: DynamicImage, background: u8) -> GrayImage {
    if !image.color().has_alpha() {
        return image.into_luma8();
    }
    let image = image.into_luma_alpha8();
    GrayImage::from_fn(image.width(), image.height(), |x, y| {
        let [shade, alpha] = image.get_pixel(x, y).0.map(u32::from);
        // Of 255 · 255 at most; half of 255 rounds.
        let mixed = (shade * alpha + u32::from(background) * (255 - alpha) + 127) / 255;
        image::Luma([mixed as u8])
    })
}

/// The EXIF data of a PNG file. It may lie behind the pixels, where the decoder does not look before it reads them.
fn exif_of_png(bytes: &[u8]) -> Option<&[u8]> {
    /// Bytes of the signature of the format.
    const SIGNATURE: usize = 8;
    let mut rest = bytes.get(SIGNATURE..)?;
    // Chunks: the length of the content, a name of four letters, the content and a checksum.
    while let Some((header, content)) = rest.split_first_chunk::<8>() {
        let [a, b, c, d, name @ ..] = *header;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let exif = content.get(..length)?;
        if &name == b"eXIf" {
            // Some programs copy the prefix that EXIF data has in JPEG files.
            return Some(exif.strip_prefix(b"Exif\0\0").unwrap_or(exif));
        }
        rest = content.get(length.checked_add(4)?..)?;
    }
    None
}

/// An image as text, with two characters for each pixel, since characters are twice as high as wide.
pub fn ascii(pixels: &[u8], width: usize) -> String {
    const RAMP: &[u8] = b" .:-=+*#%@";
    let mut picture = String::new();
    for row in pixels.chunks(width.max(1)) {
        let line: String = row
            .iter()
            .map(|&pixel| char::from(RAMP[usize::from(pixel) * (RAMP.len() - 1) / 255]))
            .flat_map(|character| [character, character])
            .collect();
        picture.push_str(line.trim_end());
        picture.push('\n');
    }
    picture
}

#[cfg(test)]
mod tests;
