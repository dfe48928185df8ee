//! The ratio of target to source density, from a classifier that tells target images from source images.

use anyhow::Result;
use burn::module::AutodiffModule;
use burn_fashion_mnist::Images;
use burn_mlp::Mlp;
use mlp_metrics::{density_ratio, mean_and_deviation};
use mlp_settings::config::{Config, OptimizerConfig, ScheduleConfig, ScheduleKind};

use super::sets::Sets;
use super::settings::CovariateShift;
use crate::training::Training;
use crate::{Lab, Platform};

/// An estimate of the ratio.
pub(super) struct Ratio {
    /// Of each source image; not normalized.
    pub(super) weights: Vec<f64>,
    /// Mean of the fractions of held-out source and target images that the classifier recognizes.
    pub(super) domain_accuracy: f64,
}

impl Ratio {
    /// The estimate of a logistic regression, or of a network with these hidden layers.
    pub(super) fn estimate<P: Platform>(
        lab: &Lab<P>,
        settings: &CovariateShift,
        seed: u64,
        sets: &Sets,
        hidden: &[usize],
    ) -> Result<Self> {
        let pooled = pooled(&sets.source, &sets.target)?;
        let config = config(settings, seed, hidden);
        let network: Mlp<P::Train> = config.model.build(pooled.d_input(), 2, seed, lab.device())?;
        let trained = Training::new(&config, &pooled, &pooled.select(&[])).run(lab, network)?;
        let network = trained.network.valid();
        let predictions = lab.predict(&network, &labeled(&sets.source, 0)?);
        let logits: Vec<f32> = predictions.logits().chunks_exact(2).map(|row| row[1] - row[0]).collect();
        let recognized = [labeled(&sets.source_test, 0)?, labeled(&sets.target_test, 1)?];
        let [source, target] = recognized.map(|images| lab.accuracy(&network, &images));
        Ok(Self {
            weights: density_ratio(&logits, sets.source.len(), sets.target.len())?,
            domain_accuracy: f64::midpoint(source, target),
        })
    }

    /// Logarithms of the weights.
    pub(super) fn logs(&self) -> Vec<f64> {
        self.weights.iter().map(|weight| weight.ln()).collect()
    }
}

/// The training run of the classifier.
fn config(settings: &CovariateShift, seed: u64, hidden: &[usize]) -> Config {
    let (mut config, parameters) = (settings.config(seed), &settings.experiment);
    config.model.hidden = hidden.to_vec();
    config.model.dropout.clear();
    config.optimizer =
        OptimizerConfig { momentum: 0.9, weight_decay: parameters.ratio_penalty, ..OptimizerConfig::default() };
    config.schedule = ScheduleConfig { kind: ScheduleKind::Cosine, ..ScheduleConfig::default() };
    config.training.epochs = parameters.ratio_epochs;
    config.training.learning_rate = parameters.ratio_learning_rate;
    config
}

/// Source images with label 0 and target images with label 1.
fn pooled(source: &Images, target: &Images) -> Result<Images> {
    let pixels = [source.pixels(), target.pixels()].concat();
    let labels = [vec![0; source.len()], vec![1; target.len()]].concat();
    Ok(Images::new(pixels, labels, source.height(), source.width(), 2)?)
}

/// The images with one of two labels.
fn labeled(images: &Images, label: u8) -> Result<Images> {
    let labels = vec![label; images.len()];
    Ok(Images::new(images.pixels().to_vec(), labels, images.height(), images.width(), 2)?)
}

/// Slope of the regression line of `y` on `x`: 1 where `y` is `x` with noise, however much of it.
pub(super) fn slope(x: &[f64], y: &[f64]) -> f64 {
    let ((mean_x, _), (mean_y, _)) = (mean_and_deviation(x), mean_and_deviation(y));
    let products = x.iter().zip(y).map(|(x, y)| (x - mean_x) * (y - mean_y));
    products.sum::<f64>() / x.iter().map(|x| (x - mean_x).powi(2)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_is_that_of_the_line_of_least_squares() {
        let x = [1.0, 2.0, 4.0];
        assert!((slope(&x, &[3.0, 5.0, 9.0]) - 2.0).abs() < 1e-12);
        // numpy.polyfit([1, 2, 4], [1, 3, 2], 1)
        assert!((slope(&x, &[1.0, 3.0, 2.0]) - 0.214_285_714).abs() < 1e-8);
    }
}
