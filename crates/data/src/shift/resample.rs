use mlp_splits::by_class;
use mlp_splits::random::{generator, shuffle};

use crate::normal::uniforms;
use crate::{DataError, Images};

/// Label shift: `size` images whose labels are drawn in proportion to `class_weights`.
///
/// Each label is drawn independently, so the counts vary as in a random sample. For each label, an image of that class
/// is drawn without replacement. Images stay in the order drawn.
///
/// # Errors
///
/// If there is not one weight per class, a weight is negative or not finite, their sum is 0 or infinite, or more images
/// of a class are drawn than there are ([`DataError::ClassExhausted`]).
///
/// # Examples
///
/// ```
/// use burn_fashion_mnist::{Images, shift};
///
/// let images = Images::new((0..8).collect(), vec![0, 0, 0, 0, 1, 1, 1, 1], 1, 1, 2)?;
/// let shifted = shift::resample_labels(&images, &[0.0, 3.0], 4, /* seed */ 7)?;
/// assert_eq!(shifted.labels(), [1, 1, 1, 1]);
/// assert!(shift::resample_labels(&images, &[0.0, 3.0], 5, 7).is_err());
/// # Ok::<(), burn_fashion_mnist::DataError>(())
/// ```
pub fn resample_labels(images: &Images, class_weights: &[f64], size: usize, seed: u64) -> Result<Images, DataError> {
    let cumulative = cumulative(class_weights, images.classes())?;
    let uniforms = uniforms(generator(seed, *b"relabels", 0));
    let labels: Vec<usize> = uniforms.take(size).map(|uniform| class_at(uniform, &cumulative)).collect();

    let mut needed = [0; 256];
    labels.iter().for_each(|&label| needed[label] += 1);
    let mut left = by_class(images.labels())?;
    for (class, needed) in needed.into_iter().enumerate() {
        let indices = left.entry(class as u64).or_default();
        if needed > indices.len() {
            return Err(DataError::ClassExhausted { class, needed, available: indices.len() });
        }
        shuffle(indices, &mut generator(seed, *b"resample", class as u64));
    }
    let chosen: Vec<u32> = labels.iter().filter_map(|&label| left.get_mut(&(label as u64))?.pop()).collect();
    Ok(images.select(&chosen))
}

/// Cumulative sums of the weights, scaled to end at 1.
fn cumulative(weights: &[f64], classes: usize) -> Result<Vec<f64>, DataError> {
    let argument =
        |name, expected: &str, found: String| DataError::Argument { name, expected: expected.to_owned(), found };
    if weights.len() != classes {
        let expected = format!("one a class, {classes}");
        return Err(argument("the number of class weights", &expected, weights.len().to_string()));
    }
    if let Some(weight) = weights.iter().find(|weight| !(weight.is_finite() && **weight >= 0.0)) {
        return Err(argument("a class weight", "a finite number, at least 0", weight.to_string()));
    }
    let total: f64 = weights.iter().sum();
    if total == 0.0 || total.is_infinite() {
        return Err(argument("the sum of the class weights", "a finite number above 0", total.to_string()));
    }
    let sums = weights.iter().scan(0.0, |sum, weight| {
        *sum += weight;
        Some(*sum / total)
    });
    Ok(sums.collect())
}

/// The class whose subinterval of `[0, 1)` contains `uniform`. Classes with weight 0 have empty subintervals.
fn class_at(uniform: f64, cumulative: &[f64]) -> usize {
    // The total is summed in the same order, so the last entry is exactly 1 and above every uniform number.
    cumulative.partition_point(|&sum| sum <= uniform)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `per_class` images in each of `classes` classes, of one pixel that identifies the image.
    fn distinct(per_class: u8, classes: u8) -> Images {
        let labels: Vec<u8> = (0..classes).flat_map(|class| std::iter::repeat_n(class, per_class.into())).collect();
        let pixels = (0..labels.len()).map(|index| index as u8).collect();
        Images::new(pixels, labels, 1, 1, classes.into()).expect("valid")
    }

    #[test]
    fn a_resampled_set_has_the_shares_asked_for() {
        // 6000 labels. The standard deviation of a fraction of 0.2 is 0.0052, that of 0.7 is 0.0059. The bounds are
        // five of them.
        let images =
            Images::new(vec![0; 30_000], (0..30_000).map(|i| (i % 3) as u8).collect(), 1, 1, 3).expect("valid");
        let counts = resample_labels(&images, &[2.0, 7.0, 1.0], 6000, 1).expect("enough").class_counts();
        for (count, share) in counts.into_iter().zip([0.2, 0.7, 0.1_f64]) {
            let deviation = (share * (1.0 - share) / 6000.0).sqrt();
            assert!((count as f64 / 6000.0 - share).abs() < 5.0 * deviation, "{count} for {share}");
        }
    }

    /// Pinned, since a change here changes every recorded run. The values come from an independent Python program, with
    /// the words `w` of the stream of the labels, and `shuffled` as in the tests of [`mlp_splits::permutation`]:
    ///
    /// ```text
    /// sums = [0.25, 0.25, 1]
    /// drawn = [bisect_right(sums, ((next(w) | next(w) << 32) >> 11) / 2**53) for _ in range(5)]
    /// left = {c: shuffled([i for i, l in enumerate(labels) if l == c], seed, b"resample", c) for c in range(3)}
    /// chosen = [left[c].pop() for c in drawn]
    /// ```
    #[test]
    fn the_images_are_those_of_an_independent_program() {
        let images = Images::new((0..10).collect(), vec![0, 2, 0, 2, 0, 2, 0, 2, 0, 2], 1, 1, 3).expect("valid");
        let shifted = resample_labels(&images, &[1.0, 0.0, 3.0], 5, 11).expect("enough");
        assert_eq!(shifted.pixels(), [4, 1, 9, 7, 5]);
    }

    #[test]
    fn what_cannot_be_resampled_is_refused() {
        let message = |weights: &[f64], size| {
            resample_labels(&distinct(3, 2), weights, size, 1).expect_err("invalid").to_string()
        };
        assert_eq!(message(&[1.0], 1), "the number of class weights is 1; expected one a class, 2");
        assert_eq!(message(&[1.0, -1.0], 1), "a class weight is -1; expected a finite number, at least 0");
        assert!(message(&[1.0, f64::NAN], 1).starts_with("a class weight is NaN"));
        assert_eq!(message(&[0.0, 0.0], 1), "the sum of the class weights is 0; expected a finite number above 0");
        assert_eq!(
            message(&[f64::MAX, f64::MAX], 1),
            "the sum of the class weights is inf; expected a finite number above 0"
        );
        assert_eq!(message(&[0.0, 1.0], 4), "class 1 has 3 images; expected at least the 4 that were drawn");
    }

    #[test]
    fn a_class_without_weight_has_no_part_of_the_interval() {
        let sums = cumulative(&[0.0, 1.0, 0.0, 1.0, 0.0], 5).expect("valid");
        assert_eq!([0.0, 0.5_f64.next_down(), 0.5, 1.0_f64.next_down()].map(|u| class_at(u, &sums)), [1, 1, 3, 3]);
        // The sums are rounded, but the last is still 1.
        let sums = cumulative(&[0.1; 10], 10).expect("valid");
        assert_eq!((sums[9], class_at(1.0_f64.next_down(), &sums)), (1.0, 9));
    }

    proptest! {
        #[test]
        fn no_image_is_taken_twice_and_each_keeps_its_label(
            weights in proptest::collection::vec(0.5..1.0_f64, 4),
            size in 0_usize..80,
            seed: u64,
        ) {
            let images = distinct(60, 4);
            // Drawing more images than a class has is tested elsewhere.
            if let Ok(shifted) = resample_labels(&images, &weights, size, seed) {
                prop_assert_eq!(shifted.len(), size);
                let mut pixels = shifted.pixels().to_vec();
                prop_assert!(pixels.iter().zip(shifted.labels()).all(|(pixel, label)| pixel / 60 == *label));
                pixels.sort_unstable();
                pixels.dedup();
                prop_assert_eq!(pixels.len(), size);
            }
        }
    }
}
