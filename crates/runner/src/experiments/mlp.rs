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
//! The figures the text prints for its last epoch; equal losses up to rounding.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{Experiment, twins};
use crate::ablation::{Arm, Printed};
use crate::config::Config;
use crate::finding::{Bound, Claim, Finding};
use crate::lab::Lab;
use crate::plot::Chart;
use crate::recipe::{Parameters, Recipe};
use crate::settings::Invalid;

/// Settings of `mlp`.
pub type OneHiddenLayer = Recipe<MlpParameters>;

/// Its own section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MlpParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Steps over which the network from scratch is compared with the library's.
    pub twin_steps: usize,
}

impl Default for MlpParameters {
    fn default() -> Self {
        Self { seeds: 3, twin_steps: 100 }
    }
}

impl Parameters for MlpParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        Invalid::unless(self.twin_steps > 0, "experiment.twin_steps", self.twin_steps, "at least 1")
    }

    fn validate_run(&self, run: &Config) -> Result<(), Invalid> {
        twins::validate_run(run)
    }
}

/// Epochs over which the test accuracy is averaged: single epochs swing.
const LAST_EPOCHS: usize = 3;
/// What the text prints for epochs 6 to 10.
const PRINTED: Printed = Printed {
    first_epoch: 6,
    losses: &[0.430, 0.418, 0.402, 0.389, 0.379],
    accuracies: &[0.8335, 0.8387, 0.8433, 0.8444, 0.8462],
};

impl Experiment for OneHiddenLayer {
    const NAME: &'static str = "mlp";
    const QUESTION: &'static str = "What does one hidden layer reach, and is the network from scratch the library's?";
    const CONFIG: &'static str = include_str!("../../../../configs/mlp.toml");
    const QUICK: &'static [&'static str] = &["experiment.twin_steps=20"];

    fn run(&self, lab: &Lab) -> Result<Finding> {
        let seeds = self.seeds();
        let arm = Arm::train(lab, "784-256-10", &seeds, |seed| self.config(seed))?;
        let loss = arm.values(|run| run.last().train_loss);
        let test = arm.values(|run| run.mean_of_last(LAST_EPOCHS, |epoch| epoch.test_accuracy));
        let mut finding = Finding::default();
        finding
            .claim(
                // PyTorch on the same recipe ends at 0.382: ± 0.02.
                Claim::measured("Training loss of the last epoch", loss, Bound::Between(0.36, 0.40)).printed("0.379"),
            )
            .claim(
                // PyTorch on the same recipe: 0.824.
                Claim::measured("Test accuracy, mean of the last three epochs", test, Bound::AtLeast(0.815))
                    .printed("0.8433, 0.8444, 0.8462"),
            );
        twins::claim(&mut finding, lab, &seeds, self.experiment.twin_steps, |seed| self.config(seed))?;

        finding.table(arm.epoch_table("Epoch by epoch", PRINTED));
        finding.picture(
            "loss",
            "Training loss over epochs, mean over seeds, and the last five losses that the text prints",
            &Chart::new("Training loss")
                .x_label("epoch")
                .y_label("cross-entropy")
                .line("measured", arm.mean_curve(|epoch| epoch.train_loss))
                .line("printed", PRINTED.curve(PRINTED.losses)),
        );
        finding.picture(
            "accuracy",
            "Accuracy over epochs, mean over seeds",
            &Chart::new("Accuracy")
                .x_label("epoch")
                .y_label("accuracy")
                .line("training", arm.mean_curve(|epoch| epoch.train_accuracy))
                .line("test", arm.mean_curve(|epoch| epoch.test_accuracy))
                .line("test, printed", PRINTED.curve(PRINTED.accuracies)),
        );
        let caption = "The first test images with true and predicted names";
        finding.picture("predictions", caption, &arm.predictions(lab)?);
        Ok(finding)
    }
}
