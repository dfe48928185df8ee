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
use burn_mlp::{clip_weights, density_ratio, effective_sample_size, mean_and_deviation, normalize_weights};
use serde::{Deserialize, Serialize};

use super::Experiment;
use crate::config::{OptimizerConfig, ScheduleConfig, ScheduleKind};
use crate::finding::{Bound, Claim, Finding, Table, spread};
use crate::fit::Fit;
use crate::lab::Lab;
use crate::plot::Chart;
use crate::recipe::{Parameters, Recipe};
use crate::settings::Invalid;

/// Settings of `covariate-shift`.
pub type CovariateShift = Recipe<CovariateShiftParameters>;

/// Its own section.
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
        Invalid::unless(self.ratio_epochs > 0, "experiment.ratio_epochs", self.ratio_epochs, "at least 1")
    }
}

/// What one seed gives.
struct Outcome {
    correlation: f64,
    effective: f64,
    true_effective: f64,
    unweighted: f64,
    weighted: f64,
    oracle: f64,
    /// True and estimated `ln β` of some source images.
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
    const QUICK: &'static [&'static str] = &["experiment.seeds=3", "training.epochs=20", "experiment.ratio_epochs=40"];

    fn run(&self, lab: &Lab) -> Result<Finding> {
        let mut outcomes = Vec::new();
        for seed in self.seeds() {
            lab.tell(format!("seed {seed}"));
            outcomes.push(self.outcome(lab, seed)?);
        }
        let of = |figure: fn(&Outcome) -> f64| outcomes.iter().map(figure).collect::<Vec<f64>>();
        let (unweighted, weighted, oracle) = (of(|o| o.unweighted), of(|o| o.weighted), of(|o| o.oracle));
        let (correlation, effective) = (of(|o| o.correlation), of(|o| o.effective));
        let mut finding = Finding::default();
        finding
            .claim(Claim::paired(
                "Accuracy on the target, weighted minus unweighted training",
                &weighted,
                &unweighted,
                Bound::PositiveByErrors(2.0),
            ))
            .claim(Claim::measured(
                "Correlation of estimated and true logarithms of the weights over the source images",
                correlation,
                // Of 784 weights fitted to n pooled images each adds its share of noise to the logit, 784/(n·p(1-p)) in all:
                // about 0.2 for the full data, against a variance of 1.8 of the true logarithm. √(1.8/2.0) = 0.95.
                Bound::AtLeast(0.9),
            ))
            .table(
                Table::new("On target test images", &["training", "accuracy"])
                    .row(["unweighted".to_owned(), spread(&unweighted)])
                    .row(["estimated weights".to_owned(), spread(&weighted)])
                    .row(["true weights".to_owned(), spread(&oracle)]),
            )
            .note(format!(
                "Effective sample size of the estimated weights: {} of the source images; of the true ones: {}.",
                spread(&effective),
                spread(&of(|o| o.true_effective))
            ))
            .picture(
                "weights",
                "Estimated against true logarithm of the weight, some source images of the first seed",
                &Chart::new("Importance weights")
                    .x_label("true ln β")
                    .y_label("estimated ln β")
                    .markers("source images", outcomes[0].ratios.iter().copied())
                    .guide("equal", diagonal(&outcomes[0].ratios)),
            );
        Ok(finding)
    }
}

impl CovariateShift {
    fn outcome(&self, lab: &Lab, seed: u64) -> Result<Outcome> {
        const SHOWN: usize = 300;
        let shifted = self.shifted(lab, seed)?;
        let estimated = self.ratio(lab, seed, &shifted)?;
        let estimated_logs: Vec<f64> = estimated.iter().map(|weight| weight.ln()).collect();
        let true_weights: Vec<f64> = shifted.log_ratio.iter().map(|log| log.exp()).collect();
        let weights = self.bounded(&estimated)?;
        let part = |weights: &[f64]| effective_sample_size(weights) / weights.len() as f64;
        let (effective, true_effective) = (part(&weights), part(&self.bounded(&true_weights)?));

        let config = self.config(seed);
        let accuracy = |weights: Option<Vec<f64>>| -> Result<f64> {
            let weights: Option<Vec<f32>> = weights.map(|weights| weights.iter().map(|&w| w as f32).collect());
            let mut fit = Fit::new(&config, &shifted.source, &shifted.target_test);
            if let Some(weights) = &weights {
                fit = fit.with_weights(weights);
            }
            Ok(fit.run(lab, lab.mlp(&config)?)?.last().test_accuracy)
        };
        // The constant that the true ratio is known up to, as the estimate has it: the mean weight is 1.
        let constant = normalize_weights(&true_weights)?[0].ln() - true_weights[0].ln();
        let ratios = shifted.log_ratio.iter().map(|log| log + constant).zip(estimated_logs.iter().copied());
        Ok(Outcome {
            correlation: correlation(&shifted.log_ratio, &estimated_logs),
            effective,
            true_effective,
            unweighted: accuracy(None)?,
            oracle: accuracy(Some(self.bounded(&true_weights)?))?,
            weighted: accuracy(Some(weights))?,
            ratios: ratios.take(SHOWN).collect(),
        })
    }

    /// Weights with mean 1, none beyond the largest allowed.
    fn bounded(&self, weights: &[f64]) -> Result<Vec<f64>> {
        let clipped = clip_weights(&normalize_weights(weights)?, self.experiment.largest_weight);
        Ok(normalize_weights(&clipped)?)
    }

    fn shifted(&self, lab: &Lab, seed: u64) -> Result<Shifted> {
        let data = lab.data()?;
        let all: Vec<f64> = brightness(&data.train);
        let (mean, deviation) = mean_and_deviation(&all);
        let strength = self.experiment.strength;
        let log_ratio = |image: &[u8]| strength * (shift::brightness(image) - mean) / deviation;
        // Half of the training images are there to be chosen as source, the other half as target.
        let halves = |part: u32| (part..data.train.len() as u32).step_by(2).collect::<Vec<u32>>();
        let (for_source, for_target) = (data.train.select(&halves(0)), data.train.select(&halves(1)));
        let source = for_source.select(&shift::select_by(&for_source, |image| sigmoid(-log_ratio(image)), seed)?);
        let keep = |image: &[u8]| sigmoid(log_ratio(image));
        let target = for_target.select(&shift::select_by(&for_target, keep, seed)?);
        let target_test = data.test.select(&shift::select_by(&data.test, keep, seed)?);
        let log_ratio = source.pixels().chunks_exact(source.d_input()).map(log_ratio).collect();
        Ok(Shifted { source, target, target_test, log_ratio })
    }

    /// Weights of the source images by a logistic regression on source and target images.
    fn ratio(&self, lab: &Lab, seed: u64, shifted: &Shifted) -> Result<Vec<f64>> {
        let (source, target) = (&shifted.source, &shifted.target);
        let pixels = [source.pixels(), target.pixels()].concat();
        let labels = [vec![0; source.len()], vec![1; target.len()]].concat();
        let pooled = Images::new(pixels, labels, source.height(), source.width(), 2)?;
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
        let network = config.model.mlp(pooled.d_input(), 2, seed).init(lab.device())?;
        // Its own test is of no interest: a single image keeps it short.
        let fitted = Fit::new(&config, &pooled, &pooled.select(&[0])).run(lab, network)?;
        let predictions = lab.predict(&fitted.network.valid(), &pooled);
        let rows = predictions.logits().chunks_exact(2).take(source.len());
        let logits: Vec<f32> = rows.map(|row| row[1] - row[0]).collect();
        Ok(density_ratio(&logits, source.len(), target.len())?)
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
