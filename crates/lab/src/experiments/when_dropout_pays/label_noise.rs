//! A part of the labels is random: a network without dropout learns them by heart.

use anyhow::Result;
use burn::module::AutodiffModule;
use burn_fashion_mnist::{Images, shift};
use burn_mlp::Key;
use mlp_settings::config::{Config, OptimizerConfig, OptimizerKind};
use serde::{Deserialize, Serialize};

use super::arms::without_dropout;
use super::settings::{LabelNoise, WhenDropoutPays};
use crate::training::Training;
use crate::{Lab, Platform};

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub(super) struct NoiseMeasurement {
    pub(super) with: Learned,
    pub(super) without: Learned,
}

/// What one network has learned.
#[derive(Serialize, Deserialize)]
pub(super) struct Learned {
    /// Test accuracy after each epoch.
    pub(super) accuracy: Vec<f64>,
    /// Test cross-entropy after the last epoch.
    pub(super) loss: f64,
    /// Accuracy on the labels trained on after the last epoch, dropout off.
    pub(super) fit: f64,
}

impl WhenDropoutPays {
    pub(super) fn measure_label_noise<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<NoiseMeasurement> {
        let LabelNoise { images, share, .. } = self.experiment.label_noise;
        let train = with_noise(&lab.train_subset(images, seed)?, share, seed)?;
        let with = self.label_noise_config(seed);
        Ok(NoiseMeasurement {
            with: learn(lab, &with, &train)?,
            without: learn(lab, &without_dropout(&with), &train)?,
        })
    }

    fn label_noise_config(&self, seed: u64) -> Config {
        let LabelNoise { hidden, dropout, input_dropout, epochs, learning_rate, momentum, .. } =
            self.experiment.label_noise.clone();
        let mut config = self.config(seed);
        config.model.hidden = hidden;
        config.model.dropout = dropout;
        config.model.input_dropout = input_dropout;
        config.optimizer = OptimizerConfig { kind: OptimizerKind::Sgd, momentum, ..config.optimizer };
        config.training.epochs = epochs;
        config.training.learning_rate = learning_rate;
        config
    }
}

fn learn<P: Platform>(lab: &Lab<P>, config: &Config, train: &Images) -> Result<Learned> {
    let trained = Training::new(config, train, &lab.data().test).run(lab, lab.mlp(config)?)?;
    Ok(Learned {
        accuracy: trained.history.epochs.iter().map(|epoch| epoch.test_accuracy).collect(),
        loss: trained.history.last().test_loss,
        fit: lab.accuracy(&trained.network.valid(), train),
    })
}

/// The same images; each label is, with probability `share`, drawn uniformly from the classes.
fn with_noise(images: &Images, share: f64, seed: u64) -> Result<Images> {
    let random = shift::random_labels(images, seed);
    let chosen = Key::new(seed, *b"lbl nois").at(0, 0).uniforms().map(|uniform| uniform < share);
    let labels = images.labels().iter().zip(random.labels()).zip(chosen);
    let labels = labels.map(|((&label, &random), chosen)| if chosen { random } else { label }).collect();
    Ok(Images::new(images.pixels().to_vec(), labels, images.height(), images.width(), images.classes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_asked_for_is_random() {
        let images = Images::new(vec![0; 10_000], vec![3; 10_000], 1, 1, 10).unwrap();
        let kept = |share| {
            with_noise(&images, share, 5).unwrap().labels().iter().filter(|&&label| label == 3).count()
        };
        assert_eq!(kept(0.0), 10_000);
        // One random label in ten is the true one: 1 - 0.9 · 0.4 of the labels stay; six standard deviations of 48.
        assert!(kept(0.4).abs_diff(6_400) < 288);
        assert!(kept(1.0).abs_diff(1_000) < 180);
    }
}
