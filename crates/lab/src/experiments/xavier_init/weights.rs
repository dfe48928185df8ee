//! Variances of weights.

use burn_mlp::{Fans, Init, Key};
use serde::{Deserialize, Serialize};

use super::settings::XavierInit;
use super::variance::{NORMAL, UNIFORM, around, mean_square};
use crate::finding::{Bound, Claim, Finding, Table, figure, spread};

/// Layers whose weights are drawn: those of 784-256-256-10.
const LAYERS: [Fans; 3] =
    [Fans { fan_in: 784, fan_out: 256 }, Fans { fan_in: 256, fan_out: 256 }, Fans { fan_in: 256, fan_out: 10 }];
/// The distributions, each with its fourth moment over the squared variance, minus one: 2 for a normal, 4/5 for a uniform
/// distribution.
const DISTRIBUTIONS: [(&str, Init, f64); 2] = [("normal", NORMAL, 2.0), ("uniform", UNIFORM, 0.8)];

/// Weights drawn from one distribution.
#[derive(Serialize, Deserialize)]
pub struct DrawnWeights {
    /// Their variance in each of [`LAYERS`].
    variances: [f64; LAYERS.len()],
    /// The largest one over √(6/(n_in + n_out)).
    largest: f64,
}

impl DrawnWeights {
    fn measure(init: Init, samples: usize, seed: u64) -> Self {
        let mut drawn = Self { variances: [0.0; LAYERS.len()], largest: 0.0 };
        for (layer, fans) in LAYERS.into_iter().enumerate() {
            let weights = init.sample(samples, fans, Key::new(seed, *b"weights?").at(layer as u64, 0));
            let peak = weights.iter().fold(0.0_f64, |peak, &weight| peak.max(f64::from(weight).abs()));
            drawn.variances[layer] = mean_square(&weights);
            drawn.largest = drawn.largest.max(peak / (6.0 / units(fans)).sqrt());
        }
        drawn
    }

    /// The variance over 2/(n_in + n_out), as a mean of the layers.
    fn ratio(&self) -> f64 {
        let ratios = LAYERS.into_iter().zip(self.variances).map(|(fans, variance)| variance * units(fans) / 2.0);
        ratios.map(|ratio| ratio / LAYERS.len() as f64).sum()
    }
}

/// n_in + n_out.
fn units(fans: Fans) -> f64 {
    (fans.fan_in + fans.fan_out) as f64
}

/// Draws weights from each of [`DISTRIBUTIONS`].
pub fn measure(settings: &XavierInit, seed: u64) -> [DrawnWeights; 2] {
    DISTRIBUTIONS.map(|(_, init, _)| DrawnWeights::measure(init, settings.experiment.samples, seed))
}

/// Adds the variances of the two distributions.
pub fn add(settings: &XavierInit, measurements: &[&[DrawnWeights; 2]], finding: &mut Finding) {
    let samples = settings.experiment.samples;
    let header = ["distribution", "n_in", "n_out", "2/(n_in + n_out)", "variance", "ratio"];
    let mut table = Table::new(format!("Variance of {samples} weights"), &header);
    for (index, (name, init, excess)) in DISTRIBUTIONS.into_iter().enumerate() {
        let drawn: Vec<&DrawnWeights> = measurements.iter().map(|measurement| &measurement[index]).collect();
        for (layer, fans) in LAYERS.into_iter().enumerate() {
            let sum = units(fans);
            let variances: Vec<f64> = drawn.iter().map(|weights| weights.variances[layer]).collect();
            let relative: Vec<f64> = variances.iter().map(|variance| variance * sum / 2.0).collect();
            let cells = [figure(2.0 / sum), spread(&variances), spread(&relative)];
            table = table
                .row([name.to_owned(), fans.fan_in.to_string(), fans.fan_out.to_string()].into_iter().chain(cells));
        }
        let error = (excess / (samples * LAYERS.len() * settings.experiment.seeds) as f64).sqrt();
        let sentence = format!("Xavier {name}: variance of the weights over 2/(n_in + n_out), mean of three layers");
        let ratios: Vec<f64> = drawn.iter().map(|weights| weights.ratio()).collect();
        finding.claim(Claim::measured(sentence, ratios).bound(around(1.0, error)));
        if init == UNIFORM {
            // The bound itself is rounded to a 32-bit float.
            let sentence = "Xavier uniform: largest weight over √(6/(n_in + n_out))";
            let largest: Vec<f64> = drawn.iter().map(|weights| weights.largest).collect();
            finding.claim(Claim::check(sentence, largest, Bound::EachAtMost(1.0 + f64::from(f32::EPSILON))));
        }
    }
    finding.table(table);
}
