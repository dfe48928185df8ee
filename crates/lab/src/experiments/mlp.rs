//! # Question
//!
//! What does one hidden layer reach, and is the network written from bare tensors the same as the library's?
//!
//! # Variants
//!
//! 784-256-10 with ReLU, weights N(0, 0.01²), SGD at 0.1, batches of 256, ten epochs: by the library, and from scratch with
//! gradients by hand.
//!
//! # Held equal
//!
//! Initial weights and batches.
//!
//! # Measured
//!
//! Loss and accuracy over epochs; the difference of the two networks' losses, step by step.
//!
//! # Expected
//!
//! The reference values for the last epochs; equal losses up to rounding. Control: against labels in random order the
//! accuracy is one in ten, the chance of ten classes of equal size.

use anyhow::Result;
use burn::module::AutodiffModule as _;
use burn_mlp::Mlp;
use burn_mlp_train::range;
use mlp_plot::Chart;
use mlp_settings::Invalid;
use mlp_settings::config::Config;
use mlp_splits::permutation;
use serde::{Deserialize, Serialize};

use super::parity::{self, Differences};
use crate::finding::{Claim, Finding};
use crate::recipe::{Parameters, Recipe};
use crate::training::History;
use crate::variants::{Reference, ShownPredictions, Variant, train_mlp};
use crate::{Experiment, Lab, Platform};

/// Settings of `mlp`.
pub type OneHiddenLayer = Recipe<MlpParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MlpParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Steps over which the network from scratch is compared with the library's.
    #[serde(deserialize_with = "range::at_least_one")]
    pub parity_steps: usize,
}

impl Default for MlpParameters {
    fn default() -> Self {
        Self { seeds: 10, parity_steps: 100 }
    }
}

impl Parameters for MlpParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate_run(&self, run: &Config) -> Result<(), Invalid> {
        parity::validate_run(run)
    }
}

/// The network.
const NETWORK: &str = "784-256-10";
/// Epochs over which the test accuracy is averaged: single epochs swing.
const LAST_EPOCHS: usize = 3;
/// Reference values for epochs 6 to 10.
const VALUES: Reference = Reference {
    first_epoch: 6,
    losses: &[0.430, 0.418, 0.402, 0.389, 0.379],
    accuracies: &[0.8335, 0.8387, 0.8433, 0.8444, 0.8462],
};

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    history: History,
    /// The network from scratch beside the library's.
    parity: Differences,
    predictions: ShownPredictions,
    /// Fraction of the test images whose prediction agrees with the label of another, random one.
    by_chance: f64,
}

impl Experiment for OneHiddenLayer {
    const NAME: &'static str = "mlp";
    const QUESTION: &'static str = "What does one hidden layer reach, and is the network from scratch the library's?";
    const CONFIG: &'static str = include_str!("../../../../configs/mlp.toml");
    const QUICK: &'static [&'static str] = &["experiment.parity_steps=20"];
    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        let config = self.config(seed);
        let trained = train_mlp(lab, NETWORK, &config)?;
        Ok(Measurement {
            parity: parity::measure(lab, &config, self.experiment.parity_steps)?,
            predictions: ShownPredictions::of(lab, &trained.network),
            by_chance: by_chance(lab, &trained.network, seed)?,
            history: trained.history,
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let variant = Variant::new(NETWORK, measurements.iter().map(|measurement| &measurement.history));
        let loss = variant.values(|run| run.last().train_loss);
        let test = variant.values(|run| run.mean_of_last(LAST_EPOCHS, |epoch| epoch.test_accuracy));
        let by_chance: Vec<f64> = measurements.iter().map(|measurement| measurement.by_chance).collect();
        let mut finding = Finding::default();
        finding
            .claim(Claim::measured("Training loss of the last epoch", loss))
            .claim(Claim::measured("Test accuracy, mean of the last three epochs", test))
            .claim(Claim::measured(
                "Control: accuracy against the labels of the test images in random order",
                by_chance,
            ));
        let differences = measurements.iter().map(|measurement| &measurement.parity);
        parity::claim(&mut finding, self.experiment.parity_steps, differences);
        finding.table(variant.epoch_table("Epoch by epoch", VALUES));
        finding.picture(
            "loss",
            "Training loss over epochs, mean over seeds, and reference values for the last five",
            &Chart::new("Training loss")
                .x_label("epoch")
                .y_label("cross-entropy")
                .line("measured", variant.mean_curve(|epoch| epoch.train_loss))
                .line("reference value", VALUES.curve(VALUES.losses)),
        );
        finding.picture(
            "accuracy",
            "Accuracy over epochs, mean over seeds",
            &Chart::new("Accuracy")
                .x_label("epoch")
                .y_label("accuracy")
                .line("training", variant.mean_curve(|epoch| epoch.train_accuracy))
                .line("test", variant.mean_curve(|epoch| epoch.test_accuracy))
                .line("test, reference value", VALUES.curve(VALUES.accuracies)),
        );
        let caption = "The first test images with true and predicted names";
        finding.picture("predictions", caption, &measurements[0].predictions.gallery());
        Ok(finding)
    }
}

/// How often the predictions for the test images agree with their labels in random order.
fn by_chance<P: Platform>(lab: &Lab<P>, network: &Mlp<P::Train>, seed: u64) -> Result<f64> {
    let test = &lab.data().test;
    let predicted = lab.predict(&network.valid(), test).classes();
    let others = permutation(test.len(), seed, 0);
    let agreeing =
        predicted.iter().zip(others).filter(|&(&class, other)| class == usize::from(test.labels()[other as usize]));
    Ok(agreeing.count() as f64 / test.len() as f64)
}
