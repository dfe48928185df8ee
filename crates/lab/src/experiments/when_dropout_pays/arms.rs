//! Training with dropout and without it, all else equal.

use anyhow::Result;
use burn::module::AutodiffModule;
use burn_fashion_mnist::Images;
use burn_mlp::{Mlp, Probability};
use mlp_metrics::Predictions;
use mlp_settings::config::Config;
use serde::{Deserialize, Serialize};

use crate::platform::Inner;
use crate::training::Training;
use crate::{Lab, Platform};

/// How well the test images are predicted after training, dropout off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Score {
    /// Fraction predicted right.
    pub(super) accuracy: f64,
    /// Mean cross-entropy.
    pub(super) loss: f64,
}

/// A network with dropout and one without it, from the same initial weights on the same batches.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Pair {
    pub(super) with: Score,
    pub(super) without: Score,
}

impl Score {
    pub(super) fn new(predictions: &Predictions, labels: &[u8]) -> Self {
        let classes = predictions.classes();
        let right = classes.iter().zip(labels).filter(|(class, label)| **class == usize::from(**label)).count();
        Self { accuracy: right as f64 / labels.len() as f64, loss: predictions.loss() }
    }

    /// Trains a network on `train` and looks at the test images once, at the end.
    pub(super) fn of<P: Platform>(lab: &Lab<P>, config: &Config, train: &Images) -> Result<Self> {
        let network = trained(lab, config, train)?;
        let test = &lab.data().test;
        Ok(Self::new(&lab.predict(&network, test), test.labels()))
    }

    /// Accuracy in percent.
    pub(super) fn percent(&self) -> f64 {
        100.0 * self.accuracy
    }
}

impl Pair {
    /// Trains with the dropout of `config`, and without.
    pub(super) fn of<P: Platform>(lab: &Lab<P>, config: &Config, train: &Images) -> Result<Self> {
        Ok(Self { with: Score::of(lab, config, train)?, without: Score::of(lab, &without_dropout(config), train)? })
    }
}

/// The same without dropout.
pub(super) fn without_dropout(config: &Config) -> Config {
    let mut config = config.clone();
    config.model.dropout = Vec::new();
    config.model.input_dropout = Probability::ZERO;
    config
}

/// The network of `config`, trained on `train` without a look at the test images on the way.
pub(super) fn trained<P: Platform>(lab: &Lab<P>, config: &Config, train: &Images) -> Result<Mlp<Inner<P>>> {
    let nothing = lab.data().test.select(&[]);
    Ok(Training::new(config, train, &nothing).run(lab, lab.mlp(config)?)?.network.valid())
}
