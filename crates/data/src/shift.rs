//! Distribution shifts: data sets with another class distribution (label shift), other images (covariate shift), or
//! labels of another meaning (concept shift).

mod resample;

use mlp_splits::random::{below, generator};
use rand_chacha::rand_core::Rng;

pub use self::resample::resample_labels;
use crate::normal::uniforms;
use crate::{DataError, Images};

/// The same images with labels drawn uniformly from the classes (Zhang, Bengio, Hardt, Recht and Vinyals 2017). A
/// network that fits them has memorized them.
///
/// About one label in [`classes`](Images::classes) stays unchanged.
///
/// # Examples
///
/// ```
/// use burn_fashion_mnist::{Images, shift};
///
/// let images = Images::new(vec![9; 1000], vec![0; 1000], 1, 1, 10)?;
/// let random = shift::random_labels(&images, /* seed */ 7);
/// assert_eq!(random.pixels(), images.pixels());
/// assert!(random.class_counts().into_iter().all(|count| (50..150).contains(&count)));
/// # Ok::<(), burn_fashion_mnist::DataError>(())
/// ```
#[must_use]
pub fn random_labels(images: &Images, seed: u64) -> Images {
    let mut rng = generator(seed, *b"rnd lbls", 0);
    images.with_labels(uniform_labels(images.len(), images.classes(), &mut rng))
}

/// Labels uniform on `0..classes`, for `classes` in `1..=256` as in [`Images`].
pub(crate) fn uniform_labels(len: usize, classes: usize, rng: &mut impl Rng) -> Vec<u8> {
    (0..len).map(|_| below(classes as u32, rng) as u8).collect()
}

/// Concept shift: the same images, relabelled by `map`.
///
/// # Errors
///
/// If `map` returns a label that is not below [`classes`](Images::classes).
///
/// # Examples
///
/// ```
/// use burn_fashion_mnist::{Images, shift};
///
/// let images = Images::new(vec![0, 1, 2], vec![0, 1, 2], 1, 1, 3)?;
/// let shifted = shift::relabel(&images, |label| (label + 1) % 3)?;
/// assert_eq!(shifted.labels(), [1, 2, 0]);
/// # Ok::<(), burn_fashion_mnist::DataError>(())
/// ```
pub fn relabel(images: &Images, map: impl Fn(u8) -> u8) -> Result<Images, DataError> {
    let labels: Vec<u8> = images.labels().iter().map(|&label| map(label)).collect();
    let classes = images.classes();
    match labels.iter().position(|&label| usize::from(label) >= classes) {
        Some(index) => Err(DataError::LabelOutOfRange { index, found: labels[index], classes }),
        None => Ok(images.with_labels(labels)),
    }
}

/// Covariate shift: the negative of each image, `255 - value`.
///
/// # Examples
///
/// ```
/// use burn_fashion_mnist::{Images, shift};
///
/// let images = Images::new(vec![0, 55, 255], vec![1], 1, 3, 2)?;
/// assert_eq!(shift::invert(&images).pixels(), [255, 200, 0]);
/// # Ok::<(), burn_fashion_mnist::DataError>(())
/// ```
#[must_use]
pub fn invert(images: &Images) -> Images {
    images.with_pixels(images.pixels().iter().map(|value| 255 - value).collect())
}

/// Covariate shift by selection: keeps each image with a probability that depends on its pixels. Returns the indices of
/// the kept images, in ascending order.
///
/// The density of the kept images is proportional to the density of all images times `keep_probability`. The true
/// density ratio is therefore known, and estimates of it can be checked.
///
/// # Errors
///
/// If `keep_probability` returns a number that is not in `[0, 1]`.
///
/// # Examples
///
/// ```
/// use burn_fashion_mnist::{Images, shift};
///
/// let images = Images::new(vec![0, 0, 255, 255, 0, 255], vec![0; 3], 1, 2, 1)?;
/// let bright = shift::select_by(&images, |image| shift::brightness(image).round(), /* seed */ 7)?;
/// assert_eq!(bright, [1, 2]);
/// # Ok::<(), burn_fashion_mnist::DataError>(())
/// ```
pub fn select_by(images: &Images, keep_probability: impl Fn(&[u8]) -> f64, seed: u64) -> Result<Vec<u32>, DataError> {
    let mut kept = Vec::new();
    let rows = images.pixels().chunks_exact(images.d_input());
    for ((index, image), uniform) in (0..).zip(rows).zip(uniforms(generator(seed, *b"select\0\0", 0))) {
        let probability = keep_probability(image);
        if !(0.0..=1.0).contains(&probability) {
            return Err(DataError::Argument {
                name: "the probability of keeping an image",
                expected: "0 to 1".to_owned(),
                found: format!("{probability} (image {index})"),
            });
        }
        if uniform < probability {
            kept.push(index);
        }
    }
    Ok(kept)
}

/// Mean of `value / 255` over an image, in `[0, 1]`; 0 without pixels.
///
/// # Examples
///
/// ```
/// use burn_fashion_mnist::shift::brightness;
///
/// assert_eq!(brightness(&[0, 51, 102, 255]), 0.4);
/// ```
#[must_use]
pub fn brightness(image: &[u8]) -> f64 {
    let sum: u64 = image.iter().map(|&value| u64::from(value)).sum();
    sum as f64 / (255.0 * image.len().max(1) as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn random_labels_are_uniform() {
        // 24,000 labels in 24 classes, 1000 expected per class. Chi-squared with 23 degrees of freedom exceeds 58.6
        // with probability 6e-5; the seed is fixed.
        let images = Images::new(vec![0; 24_000], vec![5; 24_000], 1, 1, 24).expect("valid");
        let counts = random_labels(&images, 3).class_counts();
        let chi_squared: f64 = counts.iter().map(|&count| (count as f64 - 1000.0).powi(2) / 1000.0).sum();
        assert!(chi_squared < 58.6, "{chi_squared}");
        assert_ne!(random_labels(&images, 3).labels(), random_labels(&images, 4).labels());
        let one_class = Images::new(vec![0; 3], vec![0; 3], 1, 1, 1).expect("valid");
        assert_eq!(random_labels(&one_class, 1).labels(), [0, 0, 0]);
    }

    #[test]
    fn a_label_without_class_is_refused() {
        let images = Images::new(vec![0; 3], vec![0, 1, 2], 1, 1, 3).expect("valid");
        let error = relabel(&images, |label| label + 1).expect_err("out of range");
        assert_eq!(error.to_string(), "label 2 is 3; expected 0 to 2 (3 classes)");
    }

    #[test]
    fn images_are_kept_as_often_as_told() {
        // 5000 dark images kept with probability 0.1 and 5000 bright ones with 0.6. The bounds are five standard
        // deviations.
        let images =
            Images::new((0..10_000).map(|i| (i % 2 * 255) as u8).collect(), vec![0; 10_000], 1, 1, 1).expect("valid");
        let kept = select_by(&images, |image| 0.1 + 0.5 * brightness(image), 1).expect("probabilities");
        let bright = kept.iter().filter(|&&index| index % 2 == 1).count() as f64;
        let dark = kept.len() as f64 - bright;
        assert!((dark - 500.0).abs() < 5.0 * (5000.0 * 0.09_f64).sqrt(), "{dark}");
        assert!((bright - 3000.0).abs() < 5.0 * (5000.0 * 0.24_f64).sqrt(), "{bright}");
    }

    #[test]
    fn the_bounds_of_the_probability_are_exact() {
        let images = Images::new((0..200).collect(), vec![0; 200], 1, 1, 1).expect("valid");
        assert!(select_by(&images, |_| 0.0, 1).expect("valid").is_empty());
        assert!(select_by(&images, |_| 1.0, 1).expect("valid").into_iter().eq(0..200));
        for outside in [-0.1, 1.1, f64::NAN] {
            let error = select_by(&images, |image| if image[0] == 4 { outside } else { 0.5 }, 1).expect_err("invalid");
            assert_eq!(
                error.to_string(),
                format!("the probability of keeping an image is {outside} (image 4); expected 0 to 1")
            );
        }
    }

    proptest! {
        #[test]
        fn inverting_twice_changes_nothing(pixels in proptest::collection::vec(any::<u8>(), 0..40)) {
            let images = Images::new(pixels.clone(), vec![0; pixels.len()], 1, 1, 1).expect("valid");
            let twice = invert(&invert(&images));
            prop_assert_eq!(twice.pixels(), &pixels[..]);
        }
    }
}
