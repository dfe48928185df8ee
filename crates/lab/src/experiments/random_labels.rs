//! # Question
//!
//! Can a network learn labels that say nothing about the images?
//!
//! # Variants
//!
//! A stratified subset of the training set with its true labels, and the same images with labels drawn uniformly from
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
use mlp_plot::Chart;
use serde::{Deserialize, Serialize};

use crate::finding::{Claim, Finding, Table, spread};
use crate::recipe::{Parameters, Recipe};
use crate::training::{History, Training};
use crate::variants::Variant;
use crate::{Experiment, Lab, Platform};

/// Settings of `random-labels`.
pub type RandomLabels = Recipe<RandomLabelsParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomLabelsParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Training images, a stratified subset of the training set; 0 for all.
    pub train_examples: usize,
}

impl Parameters for RandomLabelsParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }
}

/// Accuracy on the training examples from which they count as learned.
const LEARNED: f64 = 0.99;

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    /// Images trained on.
    examples: usize,
    /// Classes of the data set.
    classes: usize,
    with_true: Learned,
    with_random: Learned,
}

/// What is measured with one kind of labels.
#[derive(Serialize, Deserialize)]
struct Learned {
    history: History,
    /// Accuracy on the images and labels trained on, after training.
    train: f64,
}

/// One kind of labels, over the seeds.
struct Labels<'a> {
    variant: Variant<'a>,
    train: Vec<f64>,
}

impl<'a> Labels<'a> {
    fn new(name: &str, learned: impl Iterator<Item = &'a Learned> + Clone) -> Self {
        let train = learned.clone().map(|learned| learned.train).collect();
        Self { variant: Variant::new(name, learned.map(|learned| &learned.history)), train }
    }

    fn test(&self) -> Vec<f64> {
        self.variant.values(|run| run.last().test_accuracy)
    }

    fn gaps(&self) -> Vec<f64> {
        self.train.iter().zip(self.test()).map(|(train, test)| train - test).collect()
    }

    fn epochs(&self) -> Vec<f64> {
        self.variant.values(|run| epochs_until(&run.curve(|epoch| epoch.train_accuracy), LEARNED))
    }

    fn row(&self) -> [String; 5] {
        let metrics = [&self.train, &self.test(), &self.gaps(), &self.epochs()].map(|values| spread(values));
        let [train, test, gap, epochs] = metrics;
        [self.variant.name.clone(), train, test, gap, epochs]
    }
}

impl Experiment for RandomLabels {
    const NAME: &'static str = "random-labels";
    const QUESTION: &'static str = "Can a network learn labels that say nothing about the images?";
    const CONFIG: &'static str = include_str!("../../../../configs/random-labels.toml");
    const QUICK: &'static [&'static str] =
        &["model.hidden=[256, 256]", "training.epochs=25", "experiment.train_examples=1000"];
    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        let images = lab.train_subset(self.experiment.train_examples, seed)?;
        let (examples, classes) = (images.len(), lab.data().class_names().len());
        lab.tell(format!("seed {seed}: {examples} images with true labels, then with random ones"));
        Ok(Measurement {
            examples,
            classes,
            with_true: self.learn(lab, seed, &images)?,
            with_random: self.learn(lab, seed, &shift::random_labels(&images, seed))?,
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let with_true = Labels::new("true labels", measurements.iter().map(|measured| &measured.with_true));
        let with_random = Labels::new("random labels", measurements.iter().map(|measured| &measured.with_random));
        let (examples, chance) = (measurements[0].examples, 1.0 / measurements[0].classes as f64);
        Ok(self.finding(&with_true, &with_random, examples, chance))
    }
}

impl RandomLabels {
    fn learn<P: Platform>(&self, lab: &Lab<P>, seed: u64, images: &Images) -> Result<Learned> {
        let config = self.config(seed);
        let trained = Training::new(&config, images, &lab.data().test).run(lab, lab.mlp(&config)?)?;
        Ok(Learned { train: lab.accuracy(&trained.network.valid(), images), history: trained.history })
    }

    fn finding(&self, with_true: &Labels<'_>, with_random: &Labels<'_>, examples: usize, chance: f64) -> Finding {
        let mut finding = Finding::default();
        let random = |metric: &str| format!("{metric}, random labels on {examples} images");
        finding
            .claim(Claim::measured(random("Training accuracy"), &*with_random.train))
            .claim(Claim::measured(random("Test accuracy"), with_random.test()))
            .claim(Claim::measured(random("Training minus test accuracy"), with_random.gaps()))
            .claim(Claim::difference(
                "Training minus test accuracy, random labels minus true labels",
                &with_random.gaps(),
                &with_true.gaps(),
            ))
            .claim(Claim::difference(
                format!("Epochs until the training accuracy reaches {LEARNED}, random labels minus true labels"),
                &with_random.epochs(),
                &with_true.epochs(),
            ));
        let until = format!("epochs until {LEARNED}");
        let header = ["variant", "training accuracy", "test accuracy", "gap", &until];
        let title = format!("{examples} images, {} epochs", self.training.epochs);
        finding.table(Table::new(title, &header).row(with_true.row()).row(with_random.row()));

        let mut chart = Chart::new("Accuracy with true and with random labels").x_label("epoch").y_label("accuracy");
        for Labels { variant, .. } in [with_true, with_random] {
            let (train, test) = (format!("{}, training", variant.name), format!("{}, test", variant.name));
            chart = chart
                .line(&train, variant.mean_curve(|epoch| epoch.train_accuracy))
                .line(&test, variant.mean_curve(|epoch| epoch.test_accuracy));
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
