//! # Question
//!
//! Does dropout bring training and test accuracy closer together, and make hidden units less dependent on each other?
//!
//! # Variants
//!
//! The main job, 784-256-256-10 with dropout 0.2 and 0.5; without dropout; dropout 0.5 in both layers; a text's own run
//! (0.1 and 0.6, five epochs, weights N(0, 0.01²), learning rate 100/256); the main job from scratch; and the main job
//! with a learning rate that falls to zero.
//!
//! # Held equal
//!
//! Initial weights and batches, seed by seed (the text's own run has its own weights).
//!
//! # Measured
//!
//! Loss and accuracy over epochs; accuracy on training minus test images, dropout off; accuracy lost when random hidden
//! units are removed from the trained network.
//!
//! # Expected
//!
//! A smaller gap and a smaller loss with dropout; the figures that the texts print.

mod conclusions;
mod measurement;
mod text_run;
mod unit_removal;

use anyhow::Result;
use burn::module::AutodiffModule;
use burn_mlp::{Mlp, Probability};
use burn_mlp_train::range;
use mlp_settings::Invalid;
use mlp_settings::config::{Config, ScheduleConfig, ScheduleKind};
use serde::{Deserialize, Serialize};

use super::parity;
use crate::finding::Finding;
use crate::recipe::{Parameters, Recipe};
use crate::training::Trained;
use crate::variants::{ShownPredictions, Variant, train_mlp};
use crate::{Experiment, Lab, Platform};
use measurement::{Measurement, NAMES, Run};
use unit_removal::without_units;

/// Settings of `dropout`.
pub type Dropout = Recipe<DropoutParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropoutParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Fractions of the hidden units that are removed after training, each in `[0, 1]`.
    pub removed: Vec<f64>,
    /// The fraction whose loss of accuracy is compared.
    pub removed_compared: f64,
    /// Random choices of units for each fraction.
    #[serde(deserialize_with = "range::some_steps")]
    pub removals: u64,
    /// Steps over which the network from scratch is compared with the library's.
    #[serde(deserialize_with = "range::at_least_one")]
    pub parity_steps: usize,
}

impl Default for DropoutParameters {
    fn default() -> Self {
        Self { seeds: 5, removed: vec![0.1, 0.3, 0.5, 0.7, 0.9], removed_compared: 0.5, removals: 3, parity_steps: 100 }
    }
}

impl Parameters for DropoutParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        let fraction = |value: &f64| (0.0..=1.0).contains(value);
        let removed = &self.removed;
        Invalid::unless(removed.iter().all(fraction), "experiment.removed", removed, "numbers in [0, 1]")?;
        let compared = self.removed_compared;
        Invalid::unless(fraction(&compared), "experiment.removed_compared", compared, "a number in [0, 1]")?;
        Ok(())
    }

    fn validate_run(&self, run: &Config) -> Result<(), Invalid> {
        Invalid::unless(!run.model.hidden.is_empty(), "model.hidden", &run.model.hidden, "at least one hidden layer")?;
        parity::validate_run(run)
    }
}

impl Experiment for Dropout {
    const NAME: &'static str = "dropout";
    const QUESTION: &'static str =
        "Does dropout bring training and test accuracy together, and make hidden units less dependent on each other?";
    const CONFIG: &'static str = include_str!("../../../../../configs/dropout.toml");
    const QUICK: &'static [&'static str] = &[
        "training.epochs=5",
        "experiment.removed=[0.3, 0.5, 0.7]",
        "experiment.removals=3",
        "experiment.parity_steps=20",
    ];
    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        let config = self.config(seed);
        let halves = vec![Probability::new(0.5)?; self.model.hidden.len()];
        let cosine = ScheduleConfig { kind: ScheduleKind::Cosine, ..config.schedule };
        let train = |variant: usize, config: &Config| train_mlp(lab, NAMES[variant], config);
        let main_job = train(0, &config)?;
        Ok(Measurement {
            with: self.with_units_removed(lab, seed, &main_job),
            without: self.with_units_removed(lab, seed, &train(1, &with_dropout(&config, &[]))?),
            everywhere: self.with_units_removed(lab, seed, &train(2, &with_dropout(&config, &halves))?),
            text: Run::of(lab, &train(3, &text_run::config(&config)?)?),
            falling: Run::of(lab, &train(4, &Config { schedule: cosine, ..config.clone() })?),
            parity: parity::measure(lab, &config, self.experiment.parity_steps)?,
            predictions: ShownPredictions::of(lab, &main_job.network),
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let variants @ [with, _, _, text, falling] = &std::array::from_fn(|index| {
            Variant::new(NAMES[index], measurements.iter().map(move |measurement| &measurement.runs()[index].history))
        });
        let mut finding = Finding::default();
        conclusions::main_job(&mut finding, with);
        conclusions::gap(&mut finding, measurements);
        conclusions::removal(&mut finding, &self.fractions(), self.experiment.removed_compared, measurements);
        text_run::claim(&mut finding, text);
        let differences = measurements.iter().map(|measurement| &measurement.parity);
        parity::claim(&mut finding, self.experiment.parity_steps, differences);
        finding.table(text.epoch_table("A text's run, epoch by epoch", text_run::PRINTED));
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

impl Dropout {
    /// The fractions of the hidden units that are removed, in ascending order.
    fn fractions(&self) -> Vec<f64> {
        let mut fractions = self.experiment.removed.clone();
        fractions.push(self.experiment.removed_compared);
        fractions.sort_by(f64::total_cmp);
        fractions.dedup();
        fractions
    }

    fn with_units_removed<P: Platform>(&self, lab: &Lab<P>, seed: u64, trained: &Trained<Mlp<P::Train>>) -> Run {
        lab.tell("removing hidden units");
        let lost = |fraction| self.accuracy_lost(lab, seed, trained, fraction);
        Run { lost: self.fractions().into_iter().map(lost).collect(), ..Run::of(lab, trained) }
    }

    /// Test accuracy lost when hidden units are removed, as a mean over random choices of them.
    fn accuracy_lost<P: Platform>(
        &self,
        lab: &Lab<P>,
        seed: u64,
        trained: &Trained<Mlp<P::Train>>,
        fraction: f64,
    ) -> f64 {
        let (mlp, test) = (trained.network.valid(), &lab.data().test);
        let left = (0..self.experiment.removals)
            .map(|removal| lab.accuracy(&without_units(mlp.clone(), fraction, seed.wrapping_add(removal << 32)), test));
        trained.history.last().test_accuracy - left.sum::<f64>() / self.experiment.removals as f64
    }
}

fn with_dropout(config: &Config, dropout: &[Probability]) -> Config {
    let mut config = config.clone();
    config.model.dropout = dropout.to_vec();
    config
}
