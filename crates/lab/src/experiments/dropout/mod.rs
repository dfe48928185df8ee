//! # Question
//!
//! Does dropout bring training and test accuracy closer together?
//!
//! # Variants
//!
//! The main job, 784-256-256-10 with dropout 0.2 and 0.5; without dropout; both with a learning rate that falls to zero;
//! a reference run whose source prints its figures (0.1 and 0.6, five epochs, weights N(0, 0.01²), learning rate
//! 100/256); and the main job from scratch.
//!
//! # Held equal
//!
//! Initial weights and batches, seed by seed (the reference run has its own weights).
//!
//! # Measured
//!
//! Loss and accuracy over epochs; accuracy on training minus test images, dropout off.
//!
//! # Expected
//!
//! A smaller gap with dropout; the reference values. Control: other masks change nothing.

mod conclusions;
mod measurement;
mod reference_run;

use anyhow::Result;
use burn_mlp::{DropoutLayers as _, Mlp};
use burn_mlp_train::range;
use mlp_settings::Invalid;
use mlp_settings::config::{Config, ScheduleConfig, ScheduleKind};
use serde::{Deserialize, Serialize};

use super::parity;
use crate::finding::Finding;
use crate::recipe::{Parameters, Recipe};
use crate::training::{Trained, Training};
use crate::variants::{ShownPredictions, Variant, train_mlp};
use crate::{Experiment, Lab, Platform};
use measurement::{Measurement, NAMES, Run};

/// Settings of `dropout`.
pub type Dropout = Recipe<DropoutParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropoutParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Steps over which the network from scratch is compared with the library's.
    #[serde(deserialize_with = "range::at_least_one")]
    pub parity_steps: usize,
}

impl Default for DropoutParameters {
    fn default() -> Self {
        Self { seeds: 10, parity_steps: 100 }
    }
}

impl Parameters for DropoutParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate_run(&self, run: &Config) -> Result<(), Invalid> {
        Invalid::unless(!run.model.hidden.is_empty(), "model.hidden", &run.model.hidden, "at least one hidden layer")?;
        parity::validate_run(run)
    }
}

impl Experiment for Dropout {
    const NAME: &'static str = "dropout";
    const QUESTION: &'static str = "Does dropout bring training and test accuracy closer together?";
    const CONFIG: &'static str = include_str!("../../../../../configs/dropout.toml");
    const QUICK: &'static [&'static str] = &["training.epochs=5", "experiment.parity_steps=20"];
    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        let config = self.config(seed);
        let without = without_dropout(&config);
        let schedule = ScheduleConfig { kind: ScheduleKind::Cosine, ..config.schedule };
        let falling = |config: &Config| Config { schedule, ..config.clone() };
        let train = |variant: usize, config: &Config| train_mlp(lab, NAMES[variant], config);
        let main_job = train(0, &config)?;
        let predictions = ShownPredictions::of(lab, &main_job.network);
        let runs = [
            main_job,
            train(1, &without)?,
            train(2, &reference_run::config(&config)?)?,
            train(3, &falling(&config))?,
            train(4, &falling(&without))?,
            with_other_masks(lab, &falling(&config))?,
        ];
        Ok(Measurement {
            runs: runs.map(|trained| Run::of(lab, trained)),
            parity: parity::measure(lab, &config, self.experiment.parity_steps)?,
            predictions,
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let variants @ [with, _, reference, falling, ..] = &std::array::from_fn::<_, { NAMES.len() }, _>(|index| {
            Variant::new(NAMES[index], measurements.iter().map(move |measurement| &measurement.runs[index].history))
        });
        let mut finding = Finding::default();
        conclusions::main_job(&mut finding, with);
        conclusions::gap(&mut finding, measurements);
        reference_run::claim(&mut finding, reference);
        let differences = measurements.iter().map(|measurement| &measurement.parity);
        parity::claim(&mut finding, self.experiment.parity_steps, differences);
        finding.table(reference.epoch_table("Reference run, epoch by epoch", reference_run::VALUES));
        conclusions::swings(&mut finding, with, falling);
        finding.picture(
            "predictions",
            "The first test images with true names and those that a network of the main job predicts",
            &measurements[0].predictions.gallery(),
        );
        conclusions::curves(&mut finding, variants);
        Ok(finding)
    }
}

fn without_dropout(config: &Config) -> Config {
    let mut config = config.clone();
    config.model.dropout.clear();
    config
}

/// Trains the network of `config` from the same weights, on the same batches, with the masks of another seed.
fn with_other_masks<P: Platform>(lab: &Lab<P>, config: &Config) -> Result<Trained<Mlp<P::Train>>> {
    lab.tell(format!("other masks: seed {}", config.training.seed));
    let mut network = lab.mlp(config)?;
    network.seed_dropout(!config.training.seed);
    Training::new(config, &lab.data().train, &lab.data().test).run(lab, network)
}
