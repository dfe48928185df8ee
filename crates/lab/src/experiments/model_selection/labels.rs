//! Labels of which some are mistakes.

use anyhow::Result;
use burn_fashion_mnist::{Images, shift};
use burn_mlp::Key;

/// Purpose of the random numbers that choose the mistakes.
pub(super) const NOISE: [u8; 8] = *b"mistakes";

/// The same images, whose labels are replaced by random ones with probability `share`.
pub(super) fn with_noise(images: &Images, share: f64, key: Key) -> Result<Images> {
    let random = shift::random_labels(images, key.seed());
    let labels = images.labels().iter().zip(random.labels()).zip(key.uniforms());
    let labels = labels.map(|((&label, &random), uniform)| if uniform < share { random } else { label }).collect();
    Ok(Images::new(images.pixels().to_vec(), labels, images.height(), images.width(), images.classes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_labels_is_replaced() {
        let images = Images::new(vec![0; 4000], vec![3; 4000], 1, 1, 10).unwrap();
        let wrong = |share| {
            let noisy = with_noise(&images, share, Key::new(5, NOISE)).unwrap();
            noisy.labels().iter().filter(|&&label| label != 3).count()
        };
        assert_eq!(wrong(0.0), 0);
        // Nine of ten random labels are others. Binomial(4000, 0.27): standard deviation 28; six of them.
        assert!(wrong(0.3).abs_diff(1080) < 170, "{}", wrong(0.3));
    }
}
