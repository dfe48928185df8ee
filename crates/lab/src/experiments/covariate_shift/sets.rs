//! Source and target images.

use anyhow::Result;
use burn_fashion_mnist::{FashionMnist, Images, shift};
use mlp_metrics::mean_and_deviation;

/// How the images of the target differ from those of the source. `P(y given x)` never does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shift {
    /// Not at all.
    None,
    /// The target is brighter: the logarithm of the ratio of densities is linear in the pixels.
    Brighter,
    /// The target has the darkest and the brightest images, the source those between: that logarithm is not linear.
    Extremes,
    /// The target consists of drawings, dark lines on white paper. The source has nothing like them.
    Drawings,
}

impl Shift {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "no shift",
            Self::Brighter => "brighter",
            Self::Extremes => "darkest and brightest",
            Self::Drawings => "drawings",
        }
    }

    /// Whether source and target have different densities over the same images.
    pub(super) fn has_ratio(self) -> bool {
        matches!(self, Self::Brighter | Self::Extremes)
    }

    /// `ln p(x)/q(x)` up to a constant, for a shift of strength 1.
    fn log_ratio(self, image: &[u8], scale: &Scale) -> f64 {
        match self {
            Self::None | Self::Drawings => 0.0,
            Self::Brighter => scale.standardized(image),
            Self::Extremes => 4.0 * (scale.rank(image) - 0.5).abs() - 1.0,
        }
    }
}

/// Images of one seed.
pub(super) struct Sets {
    pub(super) source: Images,
    /// Its labels are for one comparison only: weights are found without them.
    pub(super) target: Images,
    /// Held out, to judge how well source and target can be told apart.
    pub(super) source_test: Images,
    pub(super) target_test: Images,
    /// `ln p(x)/q(x)` of each source image, up to a constant.
    pub(super) log_ratio: Vec<f64>,
}

impl Sets {
    /// Selects images by their `log_ratio` ℓ: with probability `σ(-ℓ)` for the source and `σ(ℓ)` for the target, whose
    /// quotient is `e^ℓ`.
    pub(super) fn draw(data: &FashionMnist, shift: Shift, strength: f64, seed: u64) -> Result<Self> {
        let scale = Scale::of(&data.train);
        let log_ratio = |image: &[u8]| strength * shift.log_ratio(image, &scale);
        let select = |images: &Images, sign: f64, seed: u64| -> Result<Images> {
            Ok(images.select(&shift::select_by(images, |image| sigmoid(sign * log_ratio(image)), seed)?))
        };
        // Half of the training images are there to be chosen as source, the other half as target.
        let half = |first: u32| data.train.select(&(first..data.train.len() as u32).step_by(2).collect::<Vec<u32>>());
        let source = select(&half(0), -1.0, seed)?;
        let (target, target_test) = (select(&half(1), 1.0, seed)?, select(&data.test, 1.0, seed)?);
        let drawn = |images: Images| if shift == Shift::Drawings { drawings(&images) } else { Ok(images) };
        Ok(Self {
            log_ratio: source.pixels().chunks_exact(source.d_input()).map(log_ratio).collect(),
            // Chosen with other random numbers than the target: without a shift they would be the same images.
            source_test: select(&data.test, -1.0, seed.wrapping_add(1 << 32))?,
            target: drawn(target)?,
            target_test: drawn(target_test)?,
            source,
        })
    }
}

/// The distribution of brightness over images.
struct Scale {
    sorted: Vec<f64>,
    mean: f64,
    deviation: f64,
}

impl Scale {
    fn of(images: &Images) -> Self {
        let mut sorted: Vec<f64> = images.pixels().chunks_exact(images.d_input()).map(shift::brightness).collect();
        sorted.sort_by(f64::total_cmp);
        let (mean, deviation) = mean_and_deviation(&sorted);
        Self { sorted, mean, deviation }
    }

    fn standardized(&self, image: &[u8]) -> f64 {
        (shift::brightness(image) - self.mean) / self.deviation
    }

    /// Fraction of the images that are darker.
    fn rank(&self, image: &[u8]) -> f64 {
        let brightness = shift::brightness(image);
        self.sorted.partition_point(|&other| other < brightness) as f64 / self.sorted.len() as f64
    }
}

/// The images as drawings: white, and the darker the more a pixel differs from its neighbor to the right or below.
fn drawings(images: &Images) -> Result<Images> {
    let (height, width) = (images.height(), images.width());
    let mut pixels = Vec::with_capacity(images.pixels().len());
    for image in images.pixels().chunks_exact(images.d_input()) {
        for (index, value) in image.iter().enumerate() {
            let right = if index % width + 1 < width { image[index + 1].abs_diff(*value) } else { 0 };
            let below = image.get(index + width).map_or(0, |other| other.abs_diff(*value));
            pixels.push(u8::MAX - right.max(below));
        }
    }
    Ok(Images::new(pixels, images.labels().to_vec(), height, width, images.classes())?)
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_has_dark_lines_where_neighbors_differ() {
        let image = Images::new(vec![0, 0, 9, 0, 0, 9, 0, 70, 9], vec![0], 3, 3, 1).unwrap();
        assert_eq!(drawings(&image).unwrap().pixels(), [255, 246, 255, 255, 185, 255, 185, 194, 255]);
        let plain = Images::new(vec![7; 6], vec![0], 2, 3, 1).unwrap();
        assert_eq!(drawings(&plain).unwrap().pixels(), [255; 6]);
    }

    #[test]
    fn the_log_ratio_says_how_often_target_and_source_take_an_image() {
        let data = FashionMnist::sample().unwrap();
        for shift in [Shift::Brighter, Shift::Extremes] {
            let sets = Sets::draw(&data, shift, 2.0, 1).unwrap();
            let scale = Scale::of(&data.train);
            let taken = |images: &Images| -> usize {
                let rows = images.pixels().chunks_exact(images.d_input());
                rows.filter(|image| (0.5..1.0).contains(&(2.0 * shift.log_ratio(image, &scale)))).count()
            };
            // Between e^0.5 and e^1 times as many; about 100 and 200 images, a relative error of 0.12.
            let quotient = taken(&sets.target) as f64 / taken(&sets.source) as f64;
            assert!((1.2..3.7).contains(&quotient), "{}: {quotient}", shift.name());
        }
    }
}
