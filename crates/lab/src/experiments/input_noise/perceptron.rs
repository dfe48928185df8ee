//! A perceptron under noise: trained as it is, with noise on its inputs, and with dropout.

use anyhow::Result;
use burn::module::AutodiffModule;
use burn::tensor::{Tensor, TensorData};
use burn_fashion_mnist::Normalization;
use burn_mlp::{Key, Mlp};
use burn_mlp_train::{Network as _, count_correct, probabilities, values};
use serde::{Deserialize, Serialize};

use super::settings::InputNoise;
use crate::platform::Inner;
use crate::training::Training;
use crate::{Lab, Platform};

/// Test images in one pass.
const IMAGES: usize = 1000;

/// How a network is trained.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trained {
    AsItIs,
    FromOtherWeights,
    WithNoise,
    WithDropout,
}

impl Trained {
    const ALL: [Self; 4] = [Self::AsItIs, Self::FromOtherWeights, Self::WithNoise, Self::WithDropout];
}

/// Names of the networks, in the order of [`PerceptronMeasurement::networks`].
pub(super) const NAMES: [&str; 4] = ["as it is", "as it is, from other weights", "with noise", "with dropout"];

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub(super) struct PerceptronMeasurement {
    /// Of the networks named [`NAMES`].
    pub(super) networks: [Robustness; NAMES.len()],
}

/// What noise does to a trained network.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Robustness {
    /// Accuracy at each level of noise on the test images.
    pub(super) accuracy: Vec<f64>,
    /// Change of the probabilities for the length of a perturbation.
    pub(super) sensitivity: f64,
}

impl InputNoise {
    pub(super) fn measure_perceptron<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<PerceptronMeasurement> {
        let mut networks = Vec::new();
        for (trained, name) in Trained::ALL.into_iter().zip(NAMES) {
            lab.tell(format!("perceptron {name}: seed {seed}"));
            networks.push(self.train(lab, trained, seed)?);
        }
        let accuracies = accuracies(lab, &networks, &self.experiment.test_noise, seed);
        let robustness = |index: usize| Robustness {
            accuracy: accuracies.iter().map(|of_level| of_level[index]).collect(),
            sensitivity: self.sensitivity(lab, &networks[index], seed),
        };
        Ok(PerceptronMeasurement { networks: std::array::from_fn(robustness) })
    }

    fn train<P: Platform>(&self, lab: &Lab<P>, trained: Trained, seed: u64) -> Result<Mlp<Inner<P>>> {
        let mut config = self.config(seed);
        if trained != Trained::WithDropout {
            config.model.dropout.clear();
        }
        let weights_seed = if trained == Trained::FromOtherWeights { !seed } else { seed };
        let data = lab.data();
        let network = config.model.build(data.train.d_input(), data.class_names().len(), weights_seed, lab.device())?;
        let train = lab.train_subset(self.experiment.train_examples, seed)?;
        let mut training = Training::new(&config, &train, &data.test);
        if trained == Trained::WithNoise {
            training = training.with_input_noise(self.experiment.train_noise);
        }
        Ok(training.run(lab, network)?.network.valid())
    }

    /// Mean over test images of `‖p(x + δ) - p(x)‖/‖δ‖`, for small Gaussian `δ`.
    fn sensitivity<P: Platform>(&self, lab: &Lab<P>, network: &Mlp<Inner<P>>, seed: u64) -> f64 {
        let test = &lab.data().test;
        let count = self.experiment.perturbed.min(test.len());
        let images = test.batch_range::<Inner<P>>(0..count, Normalization::default(), lab.device()).images;
        let normals = Key::new(seed, *b"perturb\0").normals().take(count * test.d_input());
        let delta: Vec<f32> = normals.map(|normal| (self.experiment.perturbation * normal) as f32).collect();
        let moved = Tensor::from_data(TensorData::new(delta.clone(), [count, test.d_input()]), lab.device());
        let (before, after) = (probabilities(network, images.clone()), probabilities(network, images + moved));
        let changes = before.iter().zip(&after).map(|(before, after)| length(&difference(after, before)));
        let ratios = changes.zip(delta.chunks_exact(test.d_input())).map(|(change, delta)| change / length(delta));
        ratios.sum::<f64>() / count as f64
    }
}

/// Accuracy of each network on the test images at each level of noise, `[levels][networks]`. The noise of an image is the
/// same at all levels, but for its size, and for all networks.
fn accuracies<P: Platform>(lab: &Lab<P>, networks: &[Mlp<Inner<P>>], levels: &[f64], seed: u64) -> Vec<Vec<f64>> {
    let test = &lab.data().test;
    let mut correct = vec![vec![0_usize; networks.len()]; levels.len()];
    for start in (0..test.len()).step_by(IMAGES) {
        let range = start..test.len().min(start + IMAGES);
        let classes: Vec<usize> = test.labels()[range.clone()].iter().map(|&label| label.into()).collect();
        let shape = [range.len(), test.d_input()];
        let images = test.batch_range::<Inner<P>>(range, Normalization::default(), lab.device()).images;
        let normals = Key::new(seed, *b"t noise\0").at(start as u64, 0).normals().take(shape[0] * shape[1]);
        let noise: Vec<f32> = normals.map(|normal| normal as f32).collect();
        let noise = Tensor::<Inner<P>, 2>::from_data(TensorData::new(noise, shape), lab.device());
        for (correct, &std) in correct.iter_mut().zip(levels) {
            let noisy = images.clone() + noise.clone().mul_scalar(std);
            for (correct, network) in correct.iter_mut().zip(networks) {
                *correct += count_correct(&values(network.outputs(noisy.clone())), &classes);
            }
        }
    }
    let fraction = |correct: usize| correct as f64 / test.len() as f64;
    correct.into_iter().map(|of_level| of_level.into_iter().map(fraction).collect()).collect()
}

fn difference(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn length(vector: &[f32]) -> f64 {
    vector.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_is_euclidean() {
        assert_eq!(length(&difference(&[4.0, 1.0], &[1.0, 5.0])), 5.0);
    }
}
