//! The chapter's convolutional network of two pre-activation blocks.

use anyhow::Result;
use burn_fashion_mnist::Images;
use burn_mlp::ResidualNetworkConfig;
use mlp_plot::Chart;
use serde::{Deserialize, Serialize};

use super::settings::Residual;
use crate::finding::{Claim, Finding};
use crate::training::{History, Training};
use crate::variants::Variant;
use crate::{Lab, Platform};

/// A training run of the network.
#[derive(Serialize, Deserialize)]
pub struct Convolutional {
    /// Training images.
    images: usize,
    history: History,
}

impl Convolutional {
    /// Trains the network.
    ///
    /// # Errors
    ///
    /// If there are more classes than images, or training diverges.
    pub fn measure<P: Platform>(settings: &Residual, lab: &Lab<P>, seed: u64) -> Result<Self> {
        lab.tell(format!("convolutional network: seed {seed}"));
        let (data, experiment) = (lab.data(), &settings.experiment);
        let train = lab.train_subset(experiment.network_images, seed)?;
        let test = first(&data.test, experiment.network_test_images);
        let shape = [1, train.height(), train.width()];
        let network = ResidualNetworkConfig::new(shape, data.class_names().len()).with_seed(seed);
        let mut config = settings.config(seed);
        config.training.epochs = experiment.network_epochs;
        config.training.learning_rate = experiment.network_learning_rate;
        let trained = Training::new(&config, &train, &test).run(lab, network.init::<P::Train>(lab.device())?)?;
        Ok(Self { images: train.len(), history: trained.history })
    }
}

/// The first `count` images; all for 0.
fn first(images: &Images, count: usize) -> Images {
    let count = if count == 0 { images.len() } else { count.min(images.len()) };
    images.select(&(0..count as u32).collect::<Vec<u32>>())
}

/// Adds that the network trains.
pub fn add(settings: &Residual, measurements: &[&Convolutional], finding: &mut Finding) {
    finding.note(
        "The convolutional network has strides 2, 1 and 2 where the text has 1 throughout: a ninth of the work, on \
         images a quarter as wide before the last layer.",
    );
    let variant = Variant::new("convolutional", measurements.iter().map(|measurement| &measurement.history));
    let first = variant.values(|run| run.epochs[0].train_loss);
    let last = variant.values(|run| run.last().train_loss);
    let accuracy = variant.values(|run| run.last().test_accuracy);
    let (epochs, images) = (settings.experiment.network_epochs, measurements[0].images);
    finding
        .claim(Claim::difference(
            "Convolutional network of two blocks: training loss, first epoch minus last",
            &first,
            &last,
        ))
        .claim(Claim::measured(
            format!("Convolutional network of two blocks: test accuracy after {epochs} epochs of {images} images"),
            accuracy,
        ))
        .picture(
            "network",
            "The convolutional network over epochs, mean over seeds",
            &Chart::new("Two pre-activation blocks")
                .x_label("epoch")
                .y_label("accuracy")
                .line("training", variant.mean_curve(|epoch| epoch.train_accuracy))
                .line("test", variant.mean_curve(|epoch| epoch.test_accuracy)),
        );
}
