//! # Question
//!
//! Does batch normalization keep the distribution of a layer's inputs while the layers below it learn?
//!
//! # Variants
//!
//! A perceptron of sigmoid layers without batch normalization and with it; the latter once more from other weights and in
//! other batches.
//!
//! # Held equal
//!
//! Initial weights of the linear maps, images, batches, learning rate.
//!
//! # Measured
//!
//! Of the last hidden layer, every few steps, over images that are not trained on: means and variances of its inputs (the
//! activations of the layer below), of the outputs of its linear map, and of what its activation function sees. These are
//! the same without batch normalization. Their drift is the change from one look to the next: of the mean in units of the
//! standard deviation, of the variance as the logarithm of the ratio, averaged over units and looks.
//!
//! # Expected
//!
//! Less drift with batch normalization. What the activation function sees is kept by construction, but for what the
//! learned shift and scale move; the layer's inputs are the harder test.
//!
//! # Source
//!
//! Course notes 1, section on residual networks; Ioffe and Szegedy 2015, figure 1.

mod conclusions;
mod drift;
mod looks;
mod measurement;

use anyhow::Result;
use burn_mlp_train::range;
use mlp_settings::Invalid;
use mlp_settings::config::Config;
use serde::{Deserialize, Serialize};

use self::looks::Looks;
use self::measurement::{Measurement, Run};
use crate::finding::Finding;
use crate::recipe::{Parameters, Recipe};
use crate::training::Training;
use crate::{Experiment, Lab, Platform};

/// Settings of `batch-norm`; the network is the one without batch normalization.
pub type BatchNormalization = Recipe<BatchNormParameters>;

/// Settings of the experiment itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchNormParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Steps between two looks at the layer.
    #[serde(deserialize_with = "range::some_steps")]
    pub look_every: u64,
    /// Test images looked at, the first ones.
    #[serde(deserialize_with = "range::at_least_one")]
    pub looked_at: usize,
}

impl Parameters for BatchNormParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate_run(&self, run: &Config) -> Result<(), Invalid> {
        let hidden = &run.model.hidden;
        Invalid::unless(!hidden.is_empty(), "model.hidden", hidden, "at least one hidden layer")?;
        let normalized = run.model.batch_norm;
        Invalid::unless(!normalized, "model.batch_norm", normalized, "false, to which true is compared")?;
        let dropout = &run.model.dropout;
        Invalid::unless(dropout.is_empty(), "model.dropout", dropout, "[]: dropout changes variances too")
    }
}

/// Turns a seed into that of the repeated network.
const OTHER: u64 = 1 << 32;

impl Experiment for BatchNormalization {
    const NAME: &'static str = "batch-norm";
    const QUESTION: &'static str = "Does batch normalization keep the distribution of a layer's inputs?";
    const CONFIG: &'static str = include_str!("../../../../../configs/batch-norm.toml");
    const QUICK: &'static [&'static str] =
        &["training.epochs=4", "experiment.look_every=5", "experiment.looked_at=200"];

    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        Ok(Measurement {
            without: self.run(lab, seed, false)?,
            with: self.run(lab, seed, true)?,
            repeated: self.run(lab, seed ^ OTHER, true)?,
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        Ok(conclusions::of(self.experiment.look_every, measurements))
    }
}

impl BatchNormalization {
    fn run<P: Platform>(&self, lab: &Lab<P>, seed: u64, batch_norm: bool) -> Result<Run> {
        lab.tell(format!("seed {seed}: {} batch normalization", if batch_norm { "with" } else { "without" }));
        let mut config = self.config(seed);
        config.model.batch_norm = batch_norm;
        let data = lab.data();
        let images = (0..self.experiment.looked_at.min(data.test.len()) as u32).collect::<Vec<u32>>();
        let mut looks = Looks::<P>::new(&data.test.select(&images), self.experiment.look_every, lab.device());
        let untested = data.test.select(&[]);
        let trained =
            Training::new(&config, &data.train, &untested).run_observed(lab, lab.mlp(&config)?, &mut looks)?;
        Ok(Run::new(looks.seen(), trained.history.last().train_loss))
    }
}
