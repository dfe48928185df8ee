//! Corrupted images, to test the behaviour of a classifier on inputs where it should be uncertain.

use mlp_splits::random::{below, generator};
use rand_chacha::rand_core::Rng;

use crate::normal::normals;
use crate::shift::uniform_labels;
use crate::{DataError, Images};

/// Adds Gaussian noise to every pixel: `value / 255 + N(0, std²)`, clipped to `[0, 1]` and rounded to a grey value.
///
/// The noise of an image depends only on the seed and its position. Clipping makes dark backgrounds brighter: if the
/// noise must have mean 0, add it to the tensor instead.
///
/// # Errors
///
/// If `std` is negative or not finite.
///
/// # Examples
///
/// ```
/// use burn_fashion_mnist::{Images, corrupt};
///
/// let images = Images::new(vec![128; 1000], vec![0], 25, 40, 1)?;
/// let noisy = corrupt::pixel_noise(&images, /* std */ 0.1, /* seed */ 7)?;
/// let far = noisy.pixels().iter().filter(|&&value| value.abs_diff(128) > 25).count();
/// assert!((220..420).contains(&far)); // 32 % lie more than one standard deviation, 25.5, away
/// assert_eq!(corrupt::pixel_noise(&images, 0.0, 7)?.pixels(), images.pixels());
/// # Ok::<(), burn_fashion_mnist::DataError>(())
/// ```
pub fn pixel_noise(images: &Images, std: f64, seed: u64) -> Result<Images, DataError> {
    if !(std.is_finite() && std >= 0.0) {
        return Err(argument("the standard deviation of the noise", "a finite number, at least 0", std.to_string()));
    }
    let mut pixels = images.pixels().to_vec();
    for (index, image) in (0..).zip(pixels.chunks_exact_mut(images.d_input())) {
        for (value, normal) in image.iter_mut().zip(normals(generator(seed, *b"px noise", index))) {
            // The conversion saturates at 0 and 255.
            *value = (f64::from(*value) + 255.0 * std * normal).round() as u8;
        }
    }
    Ok(images.with_pixels(pixels))
}

/// Images of pure noise: independent grey values uniform on 0 to 255, and independent labels uniform over the classes.
///
/// # Shapes
///
/// - output: `count` images of `height` x `width`
///
/// # Errors
///
/// If a side is 0, `classes` is not in `1..=256`, the number of images exceeds `u32::MAX`, or the number of pixels
/// exceeds `usize::MAX`.
///
/// # Examples
///
/// ```
/// use burn_fashion_mnist::corrupt::uniform_noise_images;
///
/// let noise = uniform_noise_images(5, 28, 28, 10, /* seed */ 7)?;
/// assert_eq!((noise.len(), noise.d_input(), noise.classes()), (5, 784, 10));
/// assert_ne!(noise.image(0), noise.image(1));
/// # Ok::<(), burn_fashion_mnist::DataError>(())
/// ```
pub fn uniform_noise_images(
    count: usize,
    height: usize,
    width: usize,
    classes: usize,
    seed: u64,
) -> Result<Images, DataError> {
    // Validates all arguments but `count` before allocating.
    Images::new(Vec::new(), Vec::new(), height, width, classes)?;
    let bytes = height.checked_mul(width).and_then(|d_input| d_input.checked_mul(count));
    let (Some(bytes), Ok(_)) = (bytes, u32::try_from(count)) else {
        return Err(argument(
            "the number of images",
            "at most 4294967295, and all pixels in memory",
            count.to_string(),
        ));
    };
    let mut pixels = vec![0; bytes];
    generator(seed, *b"nz image", 0).fill_bytes(&mut pixels);
    let labels = uniform_labels(count, classes, &mut generator(seed, *b"nz label", 0));
    Images::new(pixels, labels, height, width, classes)
}

/// Occlusion: sets a square of `side` x `side` pixels to 0, the background, at a random position in each image.
///
/// # Errors
///
/// If `side` is larger than the shorter side of the images.
///
/// # Examples
///
/// ```
/// use burn_fashion_mnist::{Images, corrupt};
///
/// let images = Images::new(vec![255; 28 * 28], vec![0], 28, 28, 1)?;
/// let covered = corrupt::occlude(&images, 14, /* seed */ 7)?;
/// assert_eq!(covered.pixels().iter().filter(|&&value| value == 0).count(), 14 * 14);
/// # Ok::<(), burn_fashion_mnist::DataError>(())
/// ```
pub fn occlude(images: &Images, side: usize, seed: u64) -> Result<Images, DataError> {
    let (height, width) = (images.height(), images.width());
    let shorter = height.min(width);
    if side > shorter {
        let expected = format!("at most the shorter side of the images, {shorter}");
        return Err(argument("the side of the covered square", &expected, side.to_string()));
    }
    let places = |length: usize| {
        u32::try_from(length - side + 1)
            .map_err(|_| argument("a side of the images", "less than 4294967295", length.to_string()))
    };
    let (rows, columns) = (places(height)?, places(width)?);
    let mut pixels = images.pixels().to_vec();
    for (index, image) in (0..).zip(pixels.chunks_exact_mut(images.d_input())) {
        let mut rng = generator(seed, *b"occlude\0", index);
        let (top, left) = (below(rows, &mut rng) as usize, below(columns, &mut rng) as usize);
        for row in image.chunks_exact_mut(width).skip(top).take(side) {
            row[left..left + side].fill(0);
        }
    }
    Ok(images.with_pixels(pixels))
}

fn argument(name: &'static str, expected: &str, found: String) -> DataError {
    DataError::Argument { name, expected: expected.to_owned(), found }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn grey(value: u8, count: usize, height: usize, width: usize) -> Images {
        Images::new(vec![value; count * height * width], vec![0; count], height, width, 1).expect("valid")
    }

    #[test]
    fn the_noise_has_the_deviation_asked_for() {
        // 10⁵ values in the middle of the range, so that noise of 0.1 is hardly ever clipped. Rounding adds a variance
        // of 1/12. The bounds are five standard errors.
        let noisy = pixel_noise(&grey(128, 100, 10, 100), 0.1, 1).expect("valid");
        let n = noisy.pixels().len() as f64;
        let residuals = || noisy.pixels().iter().map(|&value| f64::from(value) - 128.0);
        let mean = residuals().sum::<f64>() / n;
        let variance = residuals().map(|r| r * r).sum::<f64>() / n;
        let expected = 25.5_f64.powi(2) + 1.0 / 12.0;
        assert!(mean.abs() < 5.0 * (expected / n).sqrt(), "{mean}");
        assert!((variance / expected - 1.0).abs() < 5.0 * (2.0 / n).sqrt(), "{variance}");
    }

    #[test]
    fn noise_is_clipped_not_wrapped() {
        // Without clipping, half of the values would leave the range.
        let black = pixel_noise(&grey(0, 1, 100, 100), 0.05, 1).expect("valid");
        assert!(black.pixels().iter().all(|&value| value < 128));
        assert!(black.pixels().iter().filter(|&&value| value == 0).count() > 4500);
        let white = pixel_noise(&grey(255, 1, 100, 100), 0.05, 1).expect("valid");
        assert!(white.pixels().iter().all(|&value| value > 127));
    }

    #[test]
    fn the_noise_of_an_image_is_its_own() {
        let (one, three) = (grey(100, 1, 4, 4), grey(100, 3, 4, 4));
        let noisy = pixel_noise(&three, 0.2, 1).expect("valid");
        assert_eq!(noisy.image(0), pixel_noise(&one, 0.2, 1).expect("valid").image(0));
        assert_ne!(noisy.image(0), noisy.image(1));
        assert_ne!(noisy.pixels(), pixel_noise(&three, 0.2, 2).expect("valid").pixels());
        for std in [-0.1, f64::NAN, f64::INFINITY] {
            assert!(pixel_noise(&one, std, 1).expect_err("invalid").to_string().contains(&std.to_string()));
        }
    }

    #[test]
    fn images_of_nothing_use_every_value_alike() {
        // 256,000 draws, 1000 expected per value. Chi-squared with 255 degrees of freedom exceeds 350 with probability
        // 7e-5; the seed is fixed.
        let noise = uniform_noise_images(1000, 16, 16, 4, 1).expect("valid");
        let mut counts = [0_i32; 256];
        noise.pixels().iter().for_each(|&value| counts[usize::from(value)] += 1);
        let chi_squared: f64 = counts.iter().map(|&count| f64::from(count - 1000).powi(2) / 1000.0).sum();
        assert!(chi_squared < 350.0, "{chi_squared}");
        assert!(noise.class_counts().into_iter().all(|count| (180..320).contains(&count)));
    }

    #[test]
    fn impossible_sizes_are_refused() {
        assert!(uniform_noise_images(1, 0, 1, 1, 1).is_err());
        assert!(uniform_noise_images(1, 1, 1, 257, 1).is_err());
        assert!(uniform_noise_images(2, usize::MAX, 1, 1, 1).expect_err("too many").to_string().contains("is 2"));
        assert!(uniform_noise_images(0, 1, 1, 1, 1).expect("empty").is_empty());
        assert_eq!(
            occlude(&grey(1, 1, 4, 3), 4, 1).expect_err("too large").to_string(),
            "the side of the covered square is 4; expected at most the shorter side of the images, 3"
        );
    }

    #[test]
    fn every_place_is_as_likely() {
        // One pixel of 3 x 3 covered in each of 9000 images: 1000 expected per position. Chi-squared with 8 degrees of
        // freedom exceeds 31.8 with probability 1e-4; the seed is fixed.
        let covered = occlude(&grey(1, 9000, 3, 3), 1, 1).expect("fits");
        let mut counts = [0_i32; 9];
        for image in covered.pixels().chunks_exact(9) {
            counts[image.iter().position(|&value| value == 0).expect("one pixel")] += 1;
        }
        let chi_squared: f64 = counts.iter().map(|&count| f64::from(count - 1000).powi(2) / 1000.0).sum();
        assert!(chi_squared < 31.8, "{chi_squared}");
    }

    proptest! {
        #[test]
        fn what_is_covered_is_a_square(height in 1_usize..8, width in 1_usize..8, side in 0_usize..8, seed: u64) {
            prop_assume!(side <= height.min(width));
            let covered = occlude(&grey(9, 2, height, width), side, seed).expect("fits");
            for image in covered.pixels().chunks_exact(height * width) {
                let zeros: Vec<usize> = (0..image.len()).filter(|&place| image[place] == 0).collect();
                prop_assert_eq!(zeros.len(), side * side);
                if let (Some(first), Some(last)) = (zeros.first(), zeros.last()) {
                    prop_assert_eq!(last / width - first / width, side - 1);
                    prop_assert_eq!(last % width - first % width, side - 1);
                }
            }
        }
    }
}
