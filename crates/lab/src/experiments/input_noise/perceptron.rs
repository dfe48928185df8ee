//! A perceptron under noise: trained plainly, with noise on its inputs, and with dropout.

use anyhow::Result;
use burn::module::AutodiffModule;
use burn::tensor::{Tensor, TensorData};
use burn_fashion_mnist::{Normalization, corrupt};
use burn_mlp::{Key, Mlp};
use burn_mlp_train::probabilities;
use mlp_metrics::mean_and_deviation;
use mlp_plot::{Chart, Gallery, Shown};
use serde::{Deserialize, Serialize};

use super::settings::InputNoise;
use crate::finding::{Claim, Finding, Table, figure, spread};
use crate::platform::Inner;
use crate::training::Training;
use crate::{Lab, Platform};

/// Test images shown at each level of noise.
const SHOWN: u32 = 5;

/// What disturbs the network in training.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Disturbance {
    None,
    Noise,
    Dropout,
}

impl Disturbance {
    const ALL: [Self; 3] = [Self::None, Self::Noise, Self::Dropout];

    fn name(self) -> &'static str {
        match self {
            Self::None => "plain",
            Self::Noise => "noise",
            Self::Dropout => "dropout",
        }
    }
}

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub(super) struct PerceptronMeasurement {
    /// Of the networks trained under each disturbance, in the order of [`Disturbance::ALL`].
    robustness: [Robustness; 3],
    images: NoisyImages,
}

/// What noise does to a trained network.
#[derive(Serialize, Deserialize)]
struct Robustness {
    /// Accuracy at each level of noise on the test images.
    accuracy: Vec<f64>,
    /// Change of the probabilities for the length of a perturbation.
    sensitivity: f64,
}

/// The first test images at each level of noise.
#[derive(Serialize, Deserialize)]
struct NoisyImages {
    height: usize,
    width: usize,
    images: Vec<NoisyImage>,
}

#[derive(Serialize, Deserialize)]
struct NoisyImage {
    pixels: Vec<u8>,
    /// Standard deviation of its noise.
    std: f64,
    truth: String,
    /// What the network trained plainly says.
    plain: String,
    /// What the network trained with noise says.
    noise: String,
}

impl InputNoise {
    pub(super) fn measure_perceptron<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<PerceptronMeasurement> {
        let plain = self.train(lab, Disturbance::None, seed)?;
        let noise = self.train(lab, Disturbance::Noise, seed)?;
        let dropout = self.train(lab, Disturbance::Dropout, seed)?;
        let robustness = |network| self.robustness(lab, network, seed);
        Ok(PerceptronMeasurement {
            robustness: [robustness(&plain)?, robustness(&noise)?, robustness(&dropout)?],
            images: self.noisy_images(lab, &plain, &noise, seed)?,
        })
    }

    fn train<P: Platform>(&self, lab: &Lab<P>, disturbance: Disturbance, seed: u64) -> Result<Mlp<Inner<P>>> {
        lab.tell(format!("perceptron, {}: seed {seed}", disturbance.name()));
        let mut config = self.config(seed);
        if disturbance != Disturbance::Dropout {
            config.model.dropout.clear();
        }
        let train = lab.train_subset(self.experiment.train_examples, seed)?;
        let mut training = Training::new(&config, &train, &lab.data().test);
        if disturbance == Disturbance::Noise {
            training = training.with_input_noise(self.experiment.train_noise);
        }
        Ok(training.run(lab, lab.mlp(&config)?)?.network.valid())
    }

    fn robustness<P: Platform>(&self, lab: &Lab<P>, network: &Mlp<Inner<P>>, seed: u64) -> Result<Robustness> {
        let accuracy_at = |&std| Ok(lab.accuracy(network, &corrupt::pixel_noise(&lab.data().test, std, seed)?));
        let accuracy = self.experiment.test_noise.iter().map(accuracy_at).collect::<Result<_>>()?;
        Ok(Robustness { accuracy, sensitivity: self.sensitivity(lab, network, seed) })
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

    fn noisy_images<P: Platform>(
        &self,
        lab: &Lab<P>,
        plain: &Mlp<Inner<P>>,
        noise: &Mlp<Inner<P>>,
        seed: u64,
    ) -> Result<NoisyImages> {
        let data = lab.data();
        let some = data.test.select(&(0..SHOWN.min(data.test.len() as u32)).collect::<Vec<u32>>());
        let names = data.class_names();
        let mut shown = Vec::new();
        for &std in &self.experiment.test_noise {
            let images = corrupt::pixel_noise(&some, std, seed)?;
            let [plain, noise] = [plain, noise].map(|network| lab.predict(network, &images).classes());
            for (index, (plain, noise)) in plain.into_iter().zip(noise).enumerate() {
                shown.push(NoisyImage {
                    pixels: images.image(index).map(<[u8]>::to_vec).unwrap_or_default(),
                    std,
                    truth: names[usize::from(images.labels()[index])].clone(),
                    plain: names[plain].clone(),
                    noise: names[noise].clone(),
                });
            }
        }
        Ok(NoisyImages { height: some.height(), width: some.width(), images: shown })
    }

    pub(super) fn conclude_perceptron(&self, finding: &mut Finding, measurements: &[&PerceptronMeasurement]) {
        let disturbed: [Disturbed<'_>; 3] = std::array::from_fn(|index| Disturbed {
            name: Disturbance::ALL[index].name(),
            runs: measurements.iter().map(|measurement| &measurement.robustness[index]).collect(),
        });
        claim(finding, &disturbed);
        self.report(finding, &disturbed);
        let caption = "Test images under growing noise, and what the network trained without and with noise says";
        finding.picture("images", caption, &measurements[0].images.gallery());
    }

    fn report(&self, finding: &mut Finding, disturbed: &[Disturbed<'_>; 3]) {
        let levels = &self.experiment.test_noise;
        let mut header = vec!["trained".to_owned()];
        header.extend(levels.iter().map(|&std| format!("σ = {}", figure(std))));
        header.push("change for length".to_owned());
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        let mut table = Table::new("Test accuracy under pixel noise of standard deviation σ", &header);
        let mut chart = Chart::new("Accuracy under pixel noise")
            .x_label("standard deviation of the noise (black to white is 1)")
            .y_label("test accuracy");
        for trained in disturbed {
            let (mut cells, mut points) = (vec![trained.name.to_owned()], Vec::new());
            for (level, &std) in levels.iter().enumerate() {
                let accuracies = trained.at(level);
                cells.push(spread(&accuracies));
                points.push((std, mean_and_deviation(&accuracies).0));
            }
            cells.push(spread(&trained.sensitivities()));
            table = table.row(cells);
            chart = chart.line(trained.name, points);
        }
        finding.table(table);
        finding.picture("accuracy", "Test accuracy under pixel noise, mean over seeds", &chart);
    }
}

/// The networks trained under one disturbance, one for each seed.
struct Disturbed<'a> {
    name: &'static str,
    runs: Vec<&'a Robustness>,
}

impl Disturbed<'_> {
    /// Accuracy on clean images less the mean over all levels of noise, for each seed.
    fn losses(&self) -> Vec<f64> {
        self.runs.iter().map(|run| run.accuracy[0] - mean_and_deviation(&run.accuracy[1..]).0).collect()
    }

    /// Accuracy at one level of noise, for each seed.
    fn at(&self, level: usize) -> Vec<f64> {
        self.runs.iter().map(|run| run.accuracy[level]).collect()
    }

    /// Change of the probabilities for the length of a perturbation, for each seed.
    fn sensitivities(&self) -> Vec<f64> {
        self.runs.iter().map(|run| run.sensitivity).collect()
    }
}

fn claim(finding: &mut Finding, [plain, noise, dropout]: &[Disturbed<'_>; 3]) {
    for (trained, how) in [(noise, "with noise"), (dropout, "with dropout")] {
        finding.claim(Claim::difference(
            format!("Test accuracy lost under pixel noise: trained without either, minus {how}"),
            &plain.losses(),
            &trained.losses(),
        ));
    }
    for (trained, how) in [(noise, "with noise"), (dropout, "with dropout")] {
        finding.claim(Claim::difference(
            format!(
                "Change of the predicted probabilities for the length of a small perturbation: trained without \
                 either, minus {how}"
            ),
            &plain.sensitivities(),
            &trained.sensitivities(),
        ));
    }
    let calmer = |trained: &Disturbed<'_>| {
        let ratios = trained.runs.iter().zip(&plain.runs).map(|(with, without)| with.sensitivity / without.sensitivity);
        spread(&ratios.collect::<Vec<f64>>())
    };
    finding.note(format!(
        "Small perturbations move the probabilities {} times as far with noise in training and {} times as far with \
         dropout. Dropout disturbs hidden units one by one; noise on all pixels moves them all together, and only \
         training with it has shown that to a network.",
        calmer(noise),
        calmer(dropout),
    ));
}

impl NoisyImages {
    fn gallery(&self) -> Gallery {
        let gallery = Gallery::new("Noisy test images", self.height, self.width).columns(SHOWN as usize);
        let gallery = self.images.iter().fold(gallery, |gallery, image| {
            let caption = vec![
                format!("σ = {}", figure(image.std)),
                format!("plain: {}", image.plain),
                format!("noise: {}", image.noise),
            ];
            let right = image.truth == image.plain;
            gallery.with(Shown { pixels: image.pixels.clone(), caption, right: Some(right) })
        });
        gallery.note("The mark says whether the plain network is right.")
    }
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
    fn accuracy_is_lost_against_the_mean_over_the_levels_of_noise() {
        let runs = [[0.875, 0.75, 0.5], [0.5, 0.5, 0.5]]
            .map(|accuracy| Robustness { accuracy: accuracy.to_vec(), sensitivity: 0.0 });
        let trained = Disturbed { name: "", runs: runs.iter().collect() };
        assert_eq!(trained.losses(), [0.25, 0.0]);
        assert_eq!(trained.at(2), [0.5, 0.5]);
    }

    #[test]
    fn the_length_is_euclidean() {
        assert_eq!(length(&difference(&[4.0, 1.0], &[1.0, 5.0])), 5.0);
    }
}
