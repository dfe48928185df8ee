//! Image files as input of a model, and images as text for a terminal.

use std::io::Cursor;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use image::{ImageReader, Limits, imageops};

use mlp_files::read_at_most;

/// Largest width and height of an image file, in pixels.
const LARGEST_SIDE: u32 = 16_384;
/// Largest decoded image, in bytes: 85 megapixels in color. While they run, decoders of progressive JPEG take two to
/// three times that.
const LARGEST_ALLOCATION: u64 = 256 << 20;
/// Largest file, in bytes.
const LARGEST_FILE: u64 = 128 << 20;

/// Reads a PNG or JPEG file of any size, converts it to grayscale and scales it to `height × width`. `invert` turns
/// dark on light into light on dark, as in the data set.
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
    reader.limits(limits);
    let mut grey = reader.decode()?.into_luma8();
    ensure!(grey.width() > 0 && grey.height() > 0, "it has no pixels");
    if invert {
        imageops::invert(&mut grey);
    }
    if grey.dimensions() != (width, height) {
        grey = imageops::resize(&grey, width, height, imageops::FilterType::Triangle);
    }
    Ok(grey.into_raw())
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
mod tests {
    use super::*;

    #[test]
    fn colour_images_of_any_size_become_grey_ones_of_the_models_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("photograph.png");
        image::RgbImage::from_pixel(100, 50, image::Rgb([255, 255, 255])).save(&path).unwrap();
        assert_eq!(read(&path, 28, 28, false).unwrap(), [255; 784]);
        assert_eq!(read(&path, 28, 28, true).unwrap(), [0; 784]);
    }

    #[test]
    fn an_image_of_the_right_size_is_read_to_the_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grey.png");
        let pixels: Vec<u8> = (0..=255).collect();
        image::GrayImage::from_raw(16, 16, pixels.clone()).unwrap().save(&path).unwrap();
        assert_eq!(read(&path, 16, 16, false).unwrap(), pixels);
    }

    #[test]
    fn other_files_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.png");
        std::fs::write(&path, "no image").unwrap();
        for path in [path, folder.path().join("missing.png")] {
            let error = read(&path, 28, 28, false).unwrap_err().to_string();
            assert!(error.contains(&path.display().to_string()), "{error}");
        }
    }

    #[test]
    fn characters_get_denser_with_brightness() {
        assert_eq!(ascii(&[0, 128, 255, 255], 2), "  ==\n@@@@\n");
    }
}
