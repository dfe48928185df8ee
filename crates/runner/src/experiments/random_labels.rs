//! # Question
//!
//! Can a network learn labels that say nothing about the images?
//!
//! # Variants
//!
//! A stratified part of the training set with its true labels, and the same images with labels drawn uniformly from
//! the classes (Zhang et al. 2017).
//!
//! # Held equal
//!
//! Images, initial weights, batch order, optimizer and epochs; the test set has its true labels in both.
//!
//! # Measured
//!
//! Accuracy after training on the images trained on, with the labels trained on, and on the test set; the first epoch
//! in which the accuracy on the training examples reaches [`LEARNED`].
//!
//! # Expected
//!
//! Random labels are learned by heart: training accuracy near 1. They say nothing about other images: test accuracy
//! one in ten, the chance of ten classes. True labels, which images share, are learned in fewer epochs.

use anyhow::Result;
use burn::module::AutodiffModule;
use burn_fashion_mnist::{Images, shift};
use burn_mlp::Mlp;
use serde::{Deserialize, Serialize};

use super::Experiment;
use crate::ablation::Arm;
use crate::backend::Train;
use crate::finding::{Bound, Claim, Finding, Table, spread};
use crate::fit::Fit;
use crate::lab::Lab;
use crate::plot::Chart;
use crate::recipe::{Parameters, Recipe};

/// Settings of `random-labels`.
pub type RandomLabels = Recipe<RandomLabelsParameters>;

/// Its own section.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomLabelsParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Training images, a stratified part of the training set; 0 for all.
    pub train_examples: usize,
}

impl Parameters for RandomLabelsParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }
}

/// Accuracy on the training examples from which they count as learned.
const LEARNED: f64 = 0.99;

/// One kind of labels.
struct Variant {
    arm: Arm<Mlp<Train>>,
    /// Accuracy on the images and labels trained on, after training.
    train: Vec<f64>,
}

impl Variant {
    fn new(name: &str) -> Self {
        Self { arm: Arm { name: name.to_owned(), runs: Vec::new() }, train: Vec::new() }
    }

    fn test(&self) -> Vec<f64> {
        self.arm.values(|run| run.last().test_accuracy)
    }

    fn gaps(&self) -> Vec<f64> {
        self.train.iter().zip(self.test()).map(|(train, test)| train - test).collect()
    }

    fn epochs(&self) -> Vec<f64> {
        self.arm.values(|run| epochs_until(&run.curve(|epoch| epoch.train_accuracy), LEARNED))
    }

    fn row(&self) -> [String; 5] {
        let figures = [&self.train, &self.test(), &self.gaps(), &self.epochs()].map(|values| spread(values));
        let [train, test, gap, epochs] = figures;
        [self.arm.name.clone(), train, test, gap, epochs]
    }
}

impl Experiment for RandomLabels {
    const NAME: &'static str = "random-labels";
    const QUESTION: &'static str = "Can a network learn labels that say nothing about the images?";
    const CONFIG: &'static str = include_str!("../../../../configs/random-labels.toml");
    const QUICK: &'static [&'static str] =
        &["model.hidden=[256, 256]", "training.epochs=25", "experiment.train_examples=1000"];

    fn run(&self, lab: &Lab) -> Result<Finding> {
        let (mut with_true, mut with_random) = (Variant::new("true labels"), Variant::new("random labels"));
        let mut examples = 0;
        for seed in self.seeds() {
            let images = lab.train_subset(self.experiment.train_examples, seed)?;
            examples = images.len();
            lab.tell(format!("seed {seed}: {examples} images with true labels, then with random ones"));
            self.fit(lab, seed, &images, &mut with_true)?;
            self.fit(lab, seed, &shift::random_labels(&images, seed), &mut with_random)?;
        }
        let chance = 1.0 / lab.data()?.class_names().len() as f64;
        Ok(self.finding(&with_true, &with_random, examples, chance))
    }
}

impl RandomLabels {
    fn fit(&self, lab: &Lab, seed: u64, images: &Images, variant: &mut Variant) -> Result<()> {
        let config = self.config(seed);
        let fitted = Fit::new(&config, images, &lab.data()?.test).run(lab, lab.mlp(&config)?)?;
        variant.train.push(lab.accuracy(&fitted.network.valid(), images));
        variant.arm.runs.push(fitted);
        Ok(())
    }

    fn finding(&self, with_true: &Variant, with_random: &Variant, examples: usize, chance: f64) -> Finding {
        let mut finding = Finding::default();
        let random = |figure: &str| format!("{figure}, random labels on {examples} images");
        let errors = Bound::Positive;
        finding
            .claim(
                Claim::measured(random("Training accuracy"), &*with_random.train, Bound::AtLeast(LEARNED)).printed("1"),
            )
            .claim(
                Claim::measured(random("Test accuracy"), with_random.test(), Bound::Between(0.08, 0.12))
                    .printed("at most 0.1"),
            )
            .claim(
                Claim::measured(random("Training minus test accuracy"), with_random.gaps(), Bound::Between(0.87, 0.92))
                    .printed("0.9"),
            )
            .claim(Claim::paired(
                "Training minus test accuracy, random labels minus true labels",
                &with_random.gaps(),
                &with_true.gaps(),
                errors,
            ))
            .claim(Claim::paired(
                format!("Epochs until the training accuracy reaches {LEARNED}, random labels minus true labels"),
                &with_random.epochs(),
                &with_true.epochs(),
                errors,
            ));
        let until = format!("epochs until {LEARNED}");
        let header = ["variant", "training accuracy", "test accuracy", "gap", &until];
        let title = format!("{examples} images, {} epochs", self.training.epochs);
        finding.table(Table::new(title, &header).row(with_true.row()).row(with_random.row()));

        let mut chart = Chart::new("Accuracy with true and with random labels").x_label("epoch").y_label("accuracy");
        for Variant { arm, .. } in [with_true, with_random] {
            let (train, test) = (format!("{}, training", arm.name), format!("{}, test", arm.name));
            chart = chart
                .line(&train, arm.mean_curve(|epoch| epoch.train_accuracy))
                .line(&test, arm.mean_curve(|epoch| epoch.test_accuracy));
        }
        let chance = [(1.0, chance), (self.training.epochs as f64, chance)];
        let caption = "Accuracy over epochs on the images trained on and on the test images, mean over seeds";
        finding.picture("accuracy", caption, &chart.guide("chance", chance).y_range(0.0, 1.0));
        finding
    }
}

/// The first epoch in which a curve over epochs reaches `level`; one more than there are where it does not.
fn epochs_until(curve: &[(f64, f64)], level: f64) -> f64 {
    let reached = curve.iter().find(|(_, value)| *value >= level);
    reached.map_or(curve.len() as f64 + 1.0, |(epoch, _)| *epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_reached_at_the_first_epoch_that_has_it() {
        let curve = [(1.0, 0.5), (2.0, 0.99), (3.0, 0.98), (4.0, 1.0)];
        assert_eq!(epochs_until(&curve, 0.99), 2.0);
        assert_eq!(epochs_until(&curve, 0.995), 4.0);
        assert_eq!(epochs_until(&curve, 1.1), 5.0);
        assert_eq!(epochs_until(&[(1.0, f64::NAN)], 0.5), 2.0);
    }
}
