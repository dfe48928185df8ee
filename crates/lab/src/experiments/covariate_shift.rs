//! # Question
//!
//! Images come from elsewhere than the training images did: do importance weights help?
//!
//! # Variants
//!
//! Training without weights; with weights `β = p(x)/q(x)` estimated by a logistic regression that tells target images
//! (z = 1) from source images (z = 0); with the true weights.
//!
//! # Held equal
//!
//! Source images, initial weights, batches. `P(y given x)` is that of the data set in both places: source and target are
//! selections of its images by brightness `b` (standardized), kept with probability `σ(-a·b)` and `σ(a·b)`. The true ratio
//! of densities is thus `e^(a·b)` up to a constant.
//!
//! # Measured
//!
//! Correlation of estimated and true `ln β`; effective sample size `(Σβ)²/Σβ²`; accuracy on target test images.
//!
//! # Expected
//!
//! Weights help a model that is too small to be right everywhere: here a linear one. It then is right where the target
//! is.

use anyhow::Result;
use burn::module::AutodiffModule;
use burn_fashion_mnist::{Images, shift};
use burn_mlp::Mlp;
use burn_mlp_train::range;
use mlp_metrics::{clip_weights, density_ratio, effective_sample_size, mean_and_deviation, normalize_weights};
use mlp_plot::Chart;
use mlp_settings::Invalid;
use mlp_settings::config::{Config, OptimizerConfig, ScheduleConfig, ScheduleKind};
use serde::{Deserialize, Serialize};

use crate::finding::{Claim, Finding, Table, spread};
use crate::recipe::{Parameters, Recipe};
use crate::training::Training;
use crate::{Experiment, Lab, Platform};

/// Settings of `covariate-shift`.
pub type CovariateShift = Recipe<CovariateShiftParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CovariateShiftParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Strength `a` of the shift: how fast the probability of being in the target rises with brightness.
    pub strength: f64,
    /// Largest weight, in units of the mean weight.
    pub largest_weight: f64,
    /// Passes of the logistic regression over source and target images.
    #[serde(deserialize_with = "range::at_least_one")]
    pub ratio_epochs: usize,
    /// Its learning rate, with momentum 0.9 and half a cosine down to 0.
    pub ratio_learning_rate: f64,
    /// Its penalty λ on the weights: pixels that say nothing of the shift keep out of the estimate.
    pub ratio_penalty: f64,
}

impl Parameters for CovariateShiftParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        for (key, value) in [
            ("experiment.strength", self.strength),
            ("experiment.largest_weight", self.largest_weight),
            ("experiment.ratio_learning_rate", self.ratio_learning_rate),
            ("experiment.ratio_penalty", self.ratio_penalty),
        ] {
            Invalid::unless(value > 0.0 && value.is_finite(), key, value, "a finite number greater than 0")?;
        }
        Ok(())
    }
}

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    /// Correlation of the estimated and the true `ln β` over the source images.
    correlation: f64,
    /// Effective sample size of the estimated weights, as a fraction of the source images.
    effective: f64,
    /// That of the true weights.
    true_effective: f64,
    /// Accuracy on target test images of a network trained without weights.
    unweighted: f64,
    /// That of one trained with the estimated weights.
    weighted: f64,
    /// That of one trained with the true weights.
    oracle: f64,
    /// True and estimated `ln β` of the first source images.
    ratios: Vec<(f64, f64)>,
}

/// Images of one seed.
struct Shifted {
    source: Images,
    /// Without labels for all that is done with them.
    target: Images,
    target_test: Images,
    /// `ln β` of each source image, up to a constant.
    log_ratio: Vec<f64>,
}

impl Experiment for CovariateShift {
    const NAME: &'static str = "covariate-shift";
    const QUESTION: &'static str =
        "When images come from elsewhere than the training images, do importance weights help?";
    const CONFIG: &'static str = include_str!("../../../../configs/covariate-shift.toml");
    const QUICK: &'static [&'static str] = &["training.epochs=20", "experiment.ratio_epochs=40"];

    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        const SHOWN: usize = 300;
        lab.tell(format!("seed {seed}"));
        let shifted = self.shifted(lab, seed)?;
        let estimated = self.ratio(lab, seed, &shifted)?;
        let estimated_logs: Vec<f64> = estimated.iter().map(|weight| weight.ln()).collect();
        let true_weights: Vec<f64> = shifted.log_ratio.iter().map(|log| log.exp()).collect();
        let (weights, true_bounded) = (self.bounded(&estimated)?, self.bounded(&true_weights)?);
        let fraction = |weights: &[f64]| -> Result<f64> { Ok(effective_sample_size(weights)? / weights.len() as f64) };
        // The constant that the true ratio is known up to, as the estimate has it: the mean weight is 1.
        let constant = normalize_weights(&true_weights)?[0].ln() - true_weights[0].ln();
        let ratios = shifted.log_ratio.iter().map(|log| log + constant).zip(estimated_logs.iter().copied());
        Ok(Measurement {
            correlation: correlation(&shifted.log_ratio, &estimated_logs),
            effective: fraction(&weights)?,
            true_effective: fraction(&true_bounded)?,
            unweighted: self.accuracy(lab, seed, &shifted, None)?,
            weighted: self.accuracy(lab, seed, &shifted, Some(&weights))?,
            oracle: self.accuracy(lab, seed, &shifted, Some(&true_bounded))?,
            ratios: ratios.take(SHOWN).collect(),
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let of = |metric: fn(&Measurement) -> f64| measurements.iter().map(metric).collect::<Vec<f64>>();
        let (unweighted, weighted, oracle) = (of(|m| m.unweighted), of(|m| m.weighted), of(|m| m.oracle));
        let mut finding = Finding::default();
        finding
            .claim(Claim::difference(
                "Accuracy on the target, weighted minus unweighted training",
                &weighted,
                &unweighted,
            ))
            .claim(Claim::measured(
                "Correlation of estimated and true logarithms of the weights over the source images",
                of(|m| m.correlation),
                // Of 784 weights fitted to n pooled images each adds its share of noise to the logit, 784/(n·p(1-p)) in all:
                // about 0.2 for the full data, against a variance of 1.8 of the true logarithm. √(1.8/2.0) = 0.95.
            ))
            .table(
                Table::new("On target test images", &["training", "accuracy"])
                    .row(["unweighted".to_owned(), spread(&unweighted)])
                    .row(["estimated weights".to_owned(), spread(&weighted)])
                    .row(["true weights".to_owned(), spread(&oracle)]),
            )
            .note(format!(
                "Effective sample size of the estimated weights: {} of the source images; of the true ones: {}.",
                spread(&of(|m| m.effective)),
                spread(&of(|m| m.true_effective))
            ))
            .picture(
                "weights",
                "Estimated against true logarithm of the weight, some source images of the first seed",
                &chart(&measurements[0].ratios),
            );
        Ok(finding)
    }
}

impl CovariateShift {
    /// Accuracy on target test images after training on source images.
    fn accuracy<P: Platform>(
        &self,
        lab: &Lab<P>,
        seed: u64,
        shifted: &Shifted,
        weights: Option<&[f64]>,
    ) -> Result<f64> {
        let config = self.config(seed);
        let weights: Option<Vec<f32>> = weights.map(|weights| weights.iter().map(|&w| w as f32).collect());
        let mut training = Training::new(&config, &shifted.source, &shifted.target_test);
        if let Some(weights) = &weights {
            training = training.with_weights(weights);
        }
        Ok(training.run(lab, lab.mlp(&config)?)?.history.last().test_accuracy)
    }

    /// Weights with mean 1, none beyond the largest allowed.
    fn bounded(&self, weights: &[f64]) -> Result<Vec<f64>> {
        let clipped = clip_weights(&normalize_weights(weights)?, self.experiment.largest_weight)?;
        Ok(normalize_weights(&clipped)?)
    }

    fn shifted<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Shifted> {
        let data = lab.data();
        let all: Vec<f64> = brightness(&data.train);
        let (mean, deviation) = mean_and_deviation(&all);
        let strength = self.experiment.strength;
        let log_ratio = |image: &[u8]| strength * (shift::brightness(image) - mean) / deviation;
        // Half of the training images are there to be chosen as source, the other half as target.
        let half = |first: u32| (first..data.train.len() as u32).step_by(2).collect::<Vec<u32>>();
        let (for_source, for_target) = (data.train.select(&half(0)), data.train.select(&half(1)));
        let source = for_source.select(&shift::select_by(&for_source, |image| sigmoid(-log_ratio(image)), seed)?);
        let keep = |image: &[u8]| sigmoid(log_ratio(image));
        let target = for_target.select(&shift::select_by(&for_target, keep, seed)?);
        let target_test = data.test.select(&shift::select_by(&data.test, keep, seed)?);
        let log_ratio = source.pixels().chunks_exact(source.d_input()).map(log_ratio).collect();
        Ok(Shifted { source, target, target_test, log_ratio })
    }

    /// Weights of the source images by a logistic regression on source and target images.
    fn ratio<P: Platform>(&self, lab: &Lab<P>, seed: u64, shifted: &Shifted) -> Result<Vec<f64>> {
        let (source, target) = (&shifted.source, &shifted.target);
        let pixels = [source.pixels(), target.pixels()].concat();
        let labels = [vec![0; source.len()], vec![1; target.len()]].concat();
        let pooled = Images::new(pixels, labels, source.height(), source.width(), 2)?;
        let config = self.ratio_config(seed);
        let network: Mlp<P::Train> = config.model.build(pooled.d_input(), 2, seed, lab.device())?;
        // Its own test is of no interest: a single image keeps it short.
        let trained = Training::new(&config, &pooled, &pooled.select(&[0])).run(lab, network)?;
        let predictions = lab.predict(&trained.network.valid(), &pooled);
        let rows = predictions.logits().chunks_exact(2).take(source.len());
        let logits: Vec<f32> = rows.map(|row| row[1] - row[0]).collect();
        Ok(density_ratio(&logits, source.len(), target.len())?)
    }

    /// The training run of the logistic regression.
    fn ratio_config(&self, seed: u64) -> Config {
        let mut config = self.config(seed);
        config.model.hidden.clear();
        config.model.dropout.clear();
        config.optimizer = OptimizerConfig {
            momentum: 0.9,
            weight_decay: self.experiment.ratio_penalty,
            ..OptimizerConfig::default()
        };
        config.schedule = ScheduleConfig { kind: ScheduleKind::Cosine, ..ScheduleConfig::default() };
        config.training.epochs = self.experiment.ratio_epochs;
        config.training.learning_rate = self.experiment.ratio_learning_rate;
        config
    }
}

fn brightness(images: &Images) -> Vec<f64> {
    images.pixels().chunks_exact(images.d_input()).map(shift::brightness).collect()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Pearson's coefficient.
fn correlation(one: &[f64], other: &[f64]) -> f64 {
    let ((mean_one, deviation_one), (mean_other, deviation_other)) =
        (mean_and_deviation(one), mean_and_deviation(other));
    let products = one.iter().zip(other).map(|(one, other)| (one - mean_one) * (other - mean_other));
    products.sum::<f64>() / ((one.len() - 1) as f64 * deviation_one * deviation_other)
}

/// Estimated over true `ln β`.
fn chart(ratios: &[(f64, f64)]) -> Chart {
    Chart::new("Importance weights")
        .x_label("true ln β")
        .y_label("estimated ln β")
        .markers("source images", ratios.iter().copied())
        .guide("equal", diagonal(ratios))
}

fn diagonal(ratios: &[(f64, f64)]) -> [(f64, f64); 2] {
    let low = ratios.iter().map(|point| point.0).fold(f64::INFINITY, f64::min);
    let high = ratios.iter().map(|point| point.0).fold(f64::NEG_INFINITY, f64::max);
    [(low, low), (high, high)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_correlation_of_a_line_is_one() {
        let x = [1.0, 2.0, 4.0];
        assert!((correlation(&x, &[3.0, 5.0, 9.0]) - 1.0).abs() < 1e-12);
        assert!((correlation(&x, &[-1.0, -2.0, -4.0]) + 1.0).abs() < 1e-12);
        // numpy.corrcoef([1, 2, 4], [1, 3, 2])
        assert!((correlation(&x, &[1.0, 3.0, 2.0]) - 0.327_326_835).abs() < 1e-8);
    }
}
