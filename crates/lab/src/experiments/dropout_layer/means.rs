//! The mean over masks is the input.

use burn_mlp::Probability;
use burn_mlp_train::values;
use mlp_metrics::mean_and_deviation;
use serde::{Deserialize, Serialize};

use super::implementations::IMPLEMENTATIONS;
use super::inputs::{ELEMENTS, rows};
use super::settings::{DropoutLayer, DropoutLayerParameters};
use crate::Platform;
use crate::finding::{Bound, Claim, Finding, Table, figure, spread};
use crate::platform::Device;

/// Standard errors that the largest of 120 deviations stays below, except once in 5,000 seeds.
const ERRORS: f64 = 4.8;

/// Over the masks of one seed.
#[derive(Serialize, Deserialize)]
pub struct Means {
    /// Of each implementation and, within it, each probability.
    moments: Vec<Moments>,
    /// The largest distance of an element's mean from its input in standard errors, over all of these.
    largest_deviation: f64,
}

#[derive(Serialize, Deserialize)]
struct Moments {
    /// Fraction of the elements that are zeroed.
    zeroed: f64,
    /// Mean of `h'/h`.
    mean: f64,
    /// Its variance.
    variance: f64,
}

impl Means {
    /// With the masks of `seed`.
    pub fn measure<P: Platform>(settings: &DropoutLayer, seed: u64, device: &Device<P>) -> Self {
        let mut means = Self { moments: Vec::new(), largest_deviation: 0.0 };
        for (_, implementation) in IMPLEMENTATIONS {
            for &prob in &settings.experiment.probs {
                let output = values(implementation.apply(rows::<P::Train>(&settings.repeated(), device), prob, seed));
                means.largest_deviation = means.largest_deviation.max(largest_deviation(&output, prob));
                let ratios = ratios(&output);
                let (mean, deviation) = mean_and_deviation(&ratios);
                let zeroed = ratios.iter().filter(|&&ratio| ratio == 0.0).count() as f64 / ratios.len() as f64;
                means.moments.push(Moments { zeroed, mean, variance: deviation * deviation });
            }
        }
        means
    }
}

/// Adds the means over masks, with each seed.
pub fn add(measured: &[&Means], parameters: &DropoutLayerParameters, finding: &mut Finding) {
    let header = ["dropout", "p", "zeroed", "mean of h'/h", "variance of h'/h", "p/(1 - p)"];
    let mut table = Table::new(format!("Over {} masks of 15 elements", parameters.masks), &header);
    let cases = IMPLEMENTATIONS.iter().flat_map(|(name, _)| parameters.probs.iter().map(move |prob| (name, prob)));
    for (index, (name, prob)) in cases.enumerate() {
        let over_seeds = |moment: fn(&Moments) -> f64| {
            spread(&measured.iter().map(|means| moment(&means.moments[index])).collect::<Vec<f64>>())
        };
        table = table.row([
            (*name).to_owned(),
            prob.to_string(),
            over_seeds(|moments| moments.zeroed),
            over_seeds(|moments| moments.mean),
            over_seeds(|moments| moments.variance),
            figure(prob.get() / (1.0 - prob.get())),
        ]);
    }
    finding.table(table);
    let largest: Vec<f64> = measured.iter().map(|means| means.largest_deviation).collect();
    let sentence = "E[h'] = h: largest distance of an element's mean from h, in its standard errors";
    finding.claim(Claim::check(sentence, largest, Bound::EachAtMost(ERRORS)));
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
