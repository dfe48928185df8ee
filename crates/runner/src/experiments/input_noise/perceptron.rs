//! A perceptron under noise: trained plainly, with noise on its inputs, and with dropout.

use anyhow::Result;
use burn::module::AutodiffModule;
use burn::tensor::{Tensor, TensorData};
use burn_fashion_mnist::{Normalization, corrupt};
use burn_mlp::{Key, Mlp, mean_and_deviation};

use super::InputNoise;
use crate::ablation::Arm;
use crate::backend::{Inner, Train};
use crate::evaluate::probabilities;
use crate::finding::{Bound, Claim, Finding, Table, figure, spread};
use crate::fit::Fit;
use crate::lab::Lab;
use crate::plot::{Chart, Gallery, Shown};

/// What disturbs the network in training.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Disturbance {
    None,
    Noise,
    Dropout,
}

impl Disturbance {
    fn name(self) -> &'static str {
        match self {
            Self::None => "plain",
            Self::Noise => "noise",
            Self::Dropout => "dropout",
        }
    }
}

/// A way to train, with what was measured for each seed.
struct Variant {
    arm: Arm<Mlp<Train>>,
    /// Accuracy at each level of noise on the test images, for each seed.
    accuracy: Vec<Vec<f64>>,
    /// Change of the probabilities for the length of a perturbation, for each seed.
    sensitivity: Vec<f64>,
}

impl Variant {
    /// Accuracy on clean images less the mean over all levels of noise, for each seed.
    fn losses(&self) -> Vec<f64> {
        self.accuracy.iter().map(|levels| levels[0] - mean_and_deviation(&levels[1..]).0).collect()
    }

    /// Accuracy at one level of noise, for each seed.
    fn at(&self, level: usize) -> Vec<f64> {
        self.accuracy.iter().map(|levels| levels[level]).collect()
    }
}

impl InputNoise {
    pub(super) fn perceptron(&self, finding: &mut Finding, lab: &Lab) -> Result<()> {
        let plain = self.variant(lab, Disturbance::None)?;
        let noise = self.variant(lab, Disturbance::Noise)?;
        let dropout = self.variant(lab, Disturbance::Dropout)?;
        for (variant, how) in [(&noise, "with noise"), (&dropout, "with dropout")] {
            finding.claim(Claim::paired(
                format!("Test accuracy lost under pixel noise: trained without either, minus {how}"),
                &plain.losses(),
                &variant.losses(),
                Bound::Positive,
            ));
        }
        for (variant, how) in [(&noise, "with noise"), (&dropout, "with dropout")] {
            finding.claim(Claim::paired(
                format!(
                    "Change of the predicted probabilities for the length of a small perturbation: trained without \
                     either, minus {how}"
                ),
                &plain.sensitivity,
                &variant.sensitivity,
                Bound::Positive,
            ));
        }
        let calmer = |variant: &Variant| {
            let ratios = variant.sensitivity.iter().zip(&plain.sensitivity).map(|(with, without)| with / without);
            spread(&ratios.collect::<Vec<f64>>())
        };
        finding.note(format!(
            "Small perturbations move the probabilities {} times as far with noise in training and {} times as far with \
             dropout. Dropout disturbs hidden units one by one; noise on all pixels moves them all together, and only \
             training with it has shown that to a network.",
            calmer(&noise),
            calmer(&dropout),
        ));
        self.accuracies(finding, [&plain, &noise, &dropout]);
        self.gallery(finding, lab, &plain, &noise)
    }

    fn variant(&self, lab: &Lab, disturbance: Disturbance) -> Result<Variant> {
        let test = &lab.data()?.test;
        let mut arm = Arm { name: disturbance.name().to_owned(), runs: Vec::new() };
        let (mut accuracy, mut sensitivity) = (Vec::new(), Vec::new());
        for seed in self.seeds() {
            lab.tell(format!("perceptron, {}: seed {seed}", arm.name));
            let mut config = self.config(seed);
            if disturbance != Disturbance::Dropout {
                config.model.dropout.clear();
            }
            let train = lab.train_subset(self.experiment.train_examples, seed)?;
            let mut fit = Fit::new(&config, &train, test);
            if disturbance == Disturbance::Noise {
                fit = fit.with_input_noise(self.experiment.train_noise);
            }
            let fitted = fit.run(lab, lab.mlp(&config)?)?;
            let network = fitted.network.valid();
            let mut levels = Vec::new();
            for &std in &self.experiment.test_noise {
                let images = corrupt::pixel_noise(test, std, seed)?;
                levels.push(lab.accuracy(&network, &images));
            }
            accuracy.push(levels);
            sensitivity.push(self.sensitivity(lab, &network, seed)?);
            arm.runs.push(fitted);
        }
        Ok(Variant { arm, accuracy, sensitivity })
    }

    /// Mean over test images of `‖p(x + δ) - p(x)‖/‖δ‖`, for small Gaussian `δ`.
    fn sensitivity(&self, lab: &Lab, network: &Mlp<Inner>, seed: u64) -> Result<f64> {
        let test = &lab.data()?.test;
        let count = self.experiment.perturbed.min(test.len());
        let images = test.batch_range::<Inner>(0..count, Normalization::default(), lab.device()).images;
        let normals = Key::new(seed, *b"perturb\0").normals().take(count * test.d_input());
        let delta: Vec<f32> = normals.map(|normal| (self.experiment.perturbation * normal) as f32).collect();
        let moved = Tensor::from_data(TensorData::new(delta.clone(), [count, test.d_input()]), lab.device());
        let (before, after) = (probabilities(network, images.clone()), probabilities(network, images + moved));
        let changes = before.iter().zip(&after).map(|(before, after)| length(&difference(after, before)));
        let ratios = changes.zip(delta.chunks_exact(test.d_input())).map(|(change, delta)| change / length(delta));
        Ok(ratios.sum::<f64>() / count as f64)
    }

    fn accuracies(&self, finding: &mut Finding, variants: [&Variant; 3]) {
        let levels = &self.experiment.test_noise;
        let mut header = vec!["trained".to_owned()];
        header.extend(levels.iter().map(|&std| format!("σ = {}", figure(std))));
        header.push("change for length".to_owned());
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        let mut table = Table::new("Test accuracy under pixel noise of standard deviation σ", &header);
        let mut chart = Chart::new("Accuracy under pixel noise")
            .x_label("standard deviation of the noise (black to white is 1)")
            .y_label("test accuracy");
        for variant in variants {
            let (mut cells, mut points) = (vec![variant.arm.name.clone()], Vec::new());
            for (level, &std) in levels.iter().enumerate() {
                let accuracies = variant.at(level);
                cells.push(spread(&accuracies));
                points.push((std, mean_and_deviation(&accuracies).0));
            }
            cells.push(spread(&variant.sensitivity));
            table = table.row(cells);
            chart = chart.line(&variant.arm.name, points);
        }
        finding.table(table);
        finding.picture("accuracy", "Test accuracy under pixel noise, mean over seeds", &chart);
    }

    /// The first test images at each level of noise, with what the plain and the noise-trained network say.
    fn gallery(&self, finding: &mut Finding, lab: &Lab, plain: &Variant, noise: &Variant) -> Result<()> {
        const SHOWN: u32 = 5;
        let data = lab.data()?;
        let some = data.test.select(&(0..SHOWN.min(data.test.len() as u32)).collect::<Vec<u32>>());
        let names = data.class_names();
        let networks = [plain, noise].map(|variant| variant.arm.runs[0].network.valid());
        let mut gallery = Gallery::new("Noisy test images", some.height(), some.width()).columns(SHOWN as usize);
        for &std in &self.experiment.test_noise {
            let images = corrupt::pixel_noise(&some, std, self.training.seed)?;
            let [plain, noise] = networks.each_ref().map(|network| lab.predict(network, &images).classes());
            for (index, (plain, noise)) in plain.into_iter().zip(noise).enumerate() {
                let Some(pixels) = images.image(index) else { continue };
                let right = usize::from(images.labels()[index]) == plain;
                let caption = vec![
                    format!("σ = {}", figure(std)),
                    format!("plain: {}", names[plain]),
                    format!("noise: {}", names[noise]),
                ];
                gallery = gallery.with(Shown { pixels: pixels.to_vec(), caption, right: Some(right) });
            }
        }
        let caption = "Test images under growing noise, and what the network trained without and with noise says";
        finding.picture("images", caption, &gallery.note("The mark says whether the plain network is right."));
        Ok(())
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
        let arm = Arm { name: String::new(), runs: Vec::new() };
        let accuracy = vec![vec![0.875, 0.75, 0.5], vec![0.5, 0.5, 0.5]];
        let variant = Variant { arm, accuracy, sensitivity: Vec::new() };
        assert_eq!(variant.losses(), [0.25, 0.0]);
        assert_eq!(variant.at(2), [0.5, 0.5]);
    }

    #[test]
    fn the_length_is_euclidean() {
        assert_eq!(length(&difference(&[4.0, 1.0], &[1.0, 5.0])), 5.0);
    }
}
