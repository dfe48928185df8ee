//! # Question
//!
//! Does dropout by hand do what its formula says?
//!
//! # Variants
//!
//! Dropout by hand ([`burn_mlp::scratch::dropout`]: a mask from uniform numbers, keep where `u > p`, divide by `1 - p`)
//! and the library's layer ([`burn_mlp::Dropout`]).
//!
//! # Held equal
//!
//! The inputs: the numbers 0 to 15 as two rows of eight.
//!
//! # Measured
//!
//! With `p` = 0, 0.5 and 1 the elements that are not what the formula allows; with the probabilities of
//! `experiment.probs` the mean over `experiment.masks` masks, and the elements whose gradient does not have the mask of
//! the forward pass; how many values outside `[0, 1]` are accepted as a probability.
//!
//! # Expected
//!
//! `h' = 0` with probability `p`, else `h/(1 - p)`: unchanged at `p = 0`, 0 or doubled at 0.5, all zeros (not NaN) at 1.
//! `E[h'] = h` and `Var[h'] = h²·p/(1 - p)`, so each mean lies within a few of its standard errors from `h`.

mod pictures;

use anyhow::Result;
use burn::tensor::{Tensor, TensorData};
use burn_mlp::scratch::dropout::{dropout_layer, uniform};
use burn_mlp::{DropoutConfig, Key, Probability, mean_and_deviation};
use serde::{Deserialize, Serialize};

use super::Experiment;
use crate::backend::{Device, Train};
use crate::evaluate::values;
use crate::finding::{Bound, Claim, Finding, Table, figure, spread};
use crate::lab::Lab;
use crate::recipe::{Parameters, Setup};
use crate::settings::Invalid;

/// Settings of `dropout-layer`.
pub type DropoutLayer = Setup<DropoutLayerParameters>;

/// Its own section.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropoutLayerParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Masks drawn for each mean.
    pub masks: usize,
    /// Probabilities of zeroing an element for which means and gradients are looked at, each in (0, 1).
    pub probs: Vec<Probability>,
}

impl Parameters for DropoutLayerParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        Invalid::unless(self.masks >= 100, "experiment.masks", self.masks, "at least 100")?;
        let probs: Vec<f64> = self.probs.iter().map(|prob| prob.get()).collect();
        let inside = !probs.is_empty() && probs.iter().all(|&prob| prob > 0.0 && prob < 1.0);
        Invalid::unless(inside, "experiment.probs", probs, "at least one number, each in (0, 1)")
    }
}

const ROWS: usize = 2;
const COLUMNS: usize = 8;
const ELEMENTS: usize = ROWS * COLUMNS;
/// Standard errors that the largest of 120 deviations stays below, except once in 5,000 seeds.
const ERRORS: f64 = 4.8;
/// What is no probability.
const OUTSIDE: [f64; 5] = [-0.1, 1.1, -f64::MIN_POSITIVE, f64::INFINITY, f64::NAN];

#[derive(Clone, Copy)]
enum Implementation {
    ByHand,
    Layer,
}

const IMPLEMENTATIONS: [(&str, Implementation); 2] =
    [("by hand", Implementation::ByHand), ("the library's layer", Implementation::Layer)];

impl Implementation {
    /// Dropout of `x`, in training.
    fn apply(self, x: Tensor<Train, 2>, prob: Probability, seed: u64) -> Tensor<Train, 2> {
        match self {
            Self::ByHand => {
                let numbers = uniform(x.dims(), Key::new(seed, *b"uniform\0"), &x.device());
                dropout_layer(x, prob, numbers)
            }
            Self::Layer => DropoutConfig::new(prob).with_seed(seed).init().forward(x),
        }
    }
}

impl Experiment for DropoutLayer {
    const NAME: &'static str = "dropout-layer";
    const QUESTION: &'static str = "Does dropout by hand do what its formula says?";
    const CONFIG: &'static str = include_str!("../../../../../configs/dropout-layer.toml");
    const QUICK: &'static [&'static str] = &["experiment.masks=1000"];

    fn run(&self, lab: &Lab) -> Result<Finding> {
        let mut finding = Finding::default();
        self.claim_values(lab.device(), &mut finding)?;
        self.claim_means(lab.device(), &mut finding);
        self.claim_gradients(lab.device(), &mut finding);
        let accepted = OUTSIDE.iter().filter(|&&value| Probability::new(value).is_ok()).count();
        let sentence = format!("Numbers outside [0, 1] accepted as a probability, of {}", OUTSIDE.len());
        finding.claim(Claim::measured(sentence, [accepted as f64], Bound::AtMost(0.0)));
        pictures::add(self, lab.device(), &mut finding)?;
        Ok(finding)
    }
}

impl DropoutLayer {
    /// With 0, 0.5 and 1 every element is one of one or two values.
    fn claim_values(&self, device: &Device, finding: &mut Finding) -> Result<()> {
        type Allowed = fn(f32, f32) -> bool;
        let cases: [(&str, f64, Allowed); 3] = [
            ("p = 0: elements that changed", 0.0, |x, y| y == x),
            ("p = 0.5: elements that are neither 0 nor doubled", 0.5, |x, y| y == 0.0 || y == 2.0 * x),
            ("p = 1: elements that are not 0, some inputs being infinite", 1.0, |_, y| y == 0.0),
        ];
        for (sentence, prob, allowed) in cases {
            let prob = Probability::new(prob)?;
            let mut input = self.repeated();
            if prob == Probability::ONE {
                input[0] = f32::INFINITY;
            }
            let wrong = |seed: u64| -> f64 {
                let wrong = |(_, implementation): (&str, Implementation)| {
                    let output = values(implementation.apply(rows(&input, device), prob, seed));
                    input.iter().zip(output).filter(|&(&x, y)| !allowed(x, y)).count()
                };
                IMPLEMENTATIONS.into_iter().map(wrong).sum::<usize>() as f64
            };
            let counts: Vec<f64> = self.seeds().into_iter().map(wrong).collect();
            finding.claim(Claim::measured(sentence, counts, Bound::EachAtMost(0.0)));
        }
        Ok(())
    }

    /// The mean over masks is the input.
    fn claim_means(&self, device: &Device, finding: &mut Finding) {
        let header = ["dropout", "p", "zeroed", "mean of h'/h", "variance of h'/h", "p/(1 - p)"];
        let mut table = Table::new(format!("Over {} masks of 15 elements", self.experiment.masks), &header);
        let mut largest = vec![0.0_f64; self.experiment.seeds];
        for (name, implementation) in IMPLEMENTATIONS {
            for &prob in &self.experiment.probs {
                let mut moments: [Vec<f64>; 3] = Default::default();
                for (seed, largest) in self.seeds().into_iter().zip(&mut largest) {
                    let output = values(implementation.apply(rows(&self.repeated(), device), prob, seed));
                    *largest = largest.max(largest_deviation(&output, prob));
                    let ratios = ratios(&output);
                    let (mean, deviation) = mean_and_deviation(&ratios);
                    let zeroed = ratios.iter().filter(|&&ratio| ratio == 0.0).count() as f64 / ratios.len() as f64;
                    for (moments, moment) in moments.iter_mut().zip([zeroed, mean, deviation * deviation]) {
                        moments.push(moment);
                    }
                }
                let [zeroed, mean, variance] = moments.map(|moments| spread(&moments));
                let expected = figure(prob.get() / (1.0 - prob.get()));
                table = table.row([name.to_owned(), prob.to_string(), zeroed, mean, variance, expected]);
            }
        }
        finding.table(table);
        let sentence = "E[h'] = h: largest distance of an element's mean from h, in its standard errors";
        finding.claim(Claim::measured(sentence, largest, Bound::EachAtMost(ERRORS)));
    }

    /// The backward pass multiplies by the mask of the forward pass.
    fn claim_gradients(&self, device: &Device, finding: &mut Finding) {
        let length = self.experiment.masks * ELEMENTS;
        let wrong = |seed: u64| -> f64 {
            let normals = Key::new(seed, *b"upstream").normals();
            let upstream: Vec<f32> = normals.take(length).map(|normal| normal as f32).collect();
            let mut wrong = 0;
            for (_, implementation) in IMPLEMENTATIONS {
                for &prob in &self.experiment.probs {
                    // For inputs of one the output is the mask.
                    let x = rows(&vec![1.0; length], device).require_grad();
                    let y = implementation.apply(x.clone(), prob, seed);
                    let gradients = (y.clone() * rows(&upstream, device)).sum().backward();
                    let gradient = x.grad(&gradients).map(values).unwrap_or_default();
                    let (mask, expected) = (values(y), upstream.iter());
                    let right = expected.zip(&mask).zip(&gradient).filter(|((g, m), found)| *g * *m == **found);
                    wrong += length - right.count();
                }
            }
            wrong as f64
        };
        let counts: Vec<f64> = self.seeds().into_iter().map(wrong).collect();
        let sentence = "Backward pass: elements whose gradient does not have the mask of the forward pass";
        finding.claim(Claim::measured(sentence, counts, Bound::EachAtMost(0.0)));
    }

    /// The numbers 0 to 15 once for each mask.
    fn repeated(&self) -> Vec<f32> {
        (0..ELEMENTS as u8).map(f32::from).cycle().take(self.experiment.masks * ELEMENTS).collect()
    }
}

/// As rows of eight.
fn rows(values: &[f32], device: &Device) -> Tensor<Train, 2> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len() / COLUMNS, COLUMNS]), device)
}

/// `h'/h` of the elements that are not 0, of every mask.
fn ratios(output: &[f32]) -> Vec<f64> {
    let masks = output.chunks_exact(ELEMENTS);
    masks.flat_map(|mask| (1..ELEMENTS).map(|element| f64::from(mask[element]) / element as f64)).collect()
}

/// The largest distance of an element's mean over all masks from its input, in standard errors `h·√(p/((1-p)·masks))`.
fn largest_deviation(output: &[f32], prob: Probability) -> f64 {
    let masks = (output.len() / ELEMENTS) as f64;
    let error = (prob.get() / ((1.0 - prob.get()) * masks)).sqrt();
    let deviation = |element: usize| {
        let sum: f64 = output.chunks_exact(ELEMENTS).map(|mask| f64::from(mask[element]) / element as f64).sum();
        ((sum / masks - 1.0) / error).abs()
    };
    (1..ELEMENTS).map(deviation).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two masks: everything doubled, then everything zeroed.
    fn two_masks() -> Vec<f32> {
        (0..16_u8).map(|h| 2.0 * f32::from(h)).chain([0.0; 16]).collect()
    }

    #[test]
    fn ratios_leave_out_the_element_zero() {
        let ratios = ratios(&two_masks());
        assert_eq!(ratios[..15], [2.0; 15]);
        assert_eq!(ratios[15..], [0.0; 15]);
    }

    #[test]
    fn deviations_are_in_standard_errors() {
        let half = Probability::new(0.5).expect("a probability");
        assert_eq!(largest_deviation(&two_masks(), half), 0.0);
        // The mean 2 instead of 1 over one mask: one standard error of √(0.5/0.5).
        assert_eq!(largest_deviation(&two_masks()[..16], half), 1.0);
    }
}
