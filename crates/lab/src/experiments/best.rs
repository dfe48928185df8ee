//! # Question
//!
//! How far does a plain perceptron come on this data?
//!
//! # Variants
//!
//! The recipe `configs/best.toml`: three wide layers with batch normalization, dropout, AdamW and a one-cycle rate.
//!
//! # Held equal
//!
//! Nothing is compared within it: `mlp` and `dropout` measure the small recipes in the same way.
//!
//! # Measured
//!
//! Loss and accuracy over epochs.
//!
//! # Expected
//!
//! More than the 0.871 of the perceptrons that the data set's paper lists.

use anyhow::Result;
use mlp_plot::{Chart, Panels};
use serde::{Deserialize, Serialize};

use crate::finding::{Claim, Finding, Table, spread};
use crate::recipe::{Parameters, Recipe};
use crate::training::History;
use crate::variants::{Variant, train_mlp};
use crate::{Experiment, Lab, Platform};

/// Settings of `best`.
pub type Best = Recipe<BestParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BestParameters {
    /// Number of seeds.
    pub seeds: usize,
}

impl Default for BestParameters {
    fn default() -> Self {
        Self { seeds: 5 }
    }
}

impl Parameters for BestParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }
}

impl Experiment for Best {
    const NAME: &'static str = "best";
    const QUESTION: &'static str = "How far does a plain perceptron come on this data?";
    const CONFIG: &'static str = include_str!("../../../../configs/best.toml");
    const QUICK: &'static [&'static str] =
        &["model.hidden=[64, 64, 64]", "training.epochs=2", "training.batch_size=128"];
    type Measurement = History;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<History> {
        Ok(train_mlp(lab, Self::NAME, &self.config(seed))?.history)
    }

    fn conclude(&self, measurements: &[History]) -> Result<Finding> {
        let variant = Variant::new(Self::NAME, measurements);
        let last = |metric: fn(&History) -> f64| variant.values(metric);
        let (train, test) = (last(|run| run.last().train_accuracy), last(|run| run.last().test_accuracy));
        let (train_loss, test_loss) = (last(|run| run.last().train_loss), last(|run| run.last().test_loss));
        let mut finding = Finding::default();
        finding.claim(Claim::measured("Test accuracy after the last epoch", &*test)).table(
            Table::new(
                "After the last epoch; training with dropout on and smoothed labels",
                &["images", "loss", "accuracy"],
            )
            .row(["training".to_owned(), spread(&train_loss), spread(&train)])
            .row(["test".to_owned(), spread(&test_loss), spread(&test)]),
        );
        let chart = |title: &str, y: &str| Chart::new(title).x_label("epoch").y_label(y);
        let loss = chart("Loss", "cross-entropy")
            .line("training", variant.mean_curve(|epoch| epoch.train_loss))
            .line("test", variant.mean_curve(|epoch| epoch.test_loss));
        let accuracy = chart("Accuracy", "accuracy")
            .line("training", variant.mean_curve(|epoch| epoch.train_accuracy))
            .line("test", variant.mean_curve(|epoch| epoch.test_accuracy))
            .band("test", variant.band(|epoch| epoch.test_accuracy));
        finding.picture(
            "curves",
            "Loss and accuracy over epochs, mean over seeds, with the range of the test accuracy",
            &Panels::new("Loss and accuracy", 2).with(&loss).with(&accuracy),
        );
        Ok(finding)
    }
}
