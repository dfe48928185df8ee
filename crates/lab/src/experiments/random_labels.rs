//! # Question
//!
//! Can a network learn labels that say nothing about the images?
//!
//! # Variants
//!
//! A stratified subset of the training set with its true labels; the same images with labels drawn uniformly from the
//! classes (Zhang et al. 2017), several times; and with true labels whose classes are renamed.
//!
//! # Held equal
//!
//! Images, initial weights, batch order, optimizer and epochs; the test set has its true labels, renamed like those of
//! the training images where these are.
//!
//! # Measured
//!
//! Accuracy after training on the images trained on, with the labels trained on, and on the test set; the first epoch
//! in which the accuracy on the training examples reaches [`LEARNED`].
//!
//! # Expected
//!
//! Random labels are learned by heart: training accuracy near 1. They say nothing about other images: test accuracy
//! one in ten, the chance of ten classes. True labels, which images share, are learned in fewer epochs. Control: it is not
//! the names that matter, and renamed classes are learned as well as the true ones.

use anyhow::Result;
use burn::module::AutodiffModule;
use burn_fashion_mnist::{Images, shift};
use burn_mlp_train::range;
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
    /// Times that labels are drawn at random.
    #[serde(deserialize_with = "range::some_steps")]
    pub draws: u64,
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
    /// One for each draw.
    with_random: Vec<Learned>,
    /// Test accuracy with renamed classes.
    renamed: f64,
}

/// What is measured with one kind of labels.
#[derive(Serialize, Deserialize)]
struct Learned {
    history: History,
    /// Accuracy on the images and labels trained on, after training.
    train: f64,
}

impl Learned {
    fn test(&self) -> f64 {
        self.history.last().test_accuracy
    }

    fn gap(&self) -> f64 {
        self.train - self.test()
    }

    fn epochs(&self) -> f64 {
        epochs_until(&self.history.curve(|epoch| epoch.train_accuracy), LEARNED)
    }
}

/// One kind of labels: what was learned with each seed, once or several times.
struct Labels<'a> {
    name: &'static str,
    learned: Vec<&'a [Learned]>,
}

impl Labels<'_> {
    /// The mean of a metric over what was learned with each seed.
    fn each(&self, metric: fn(&Learned) -> f64) -> Vec<f64> {
        self.learned.iter().map(|of_seed| of_seed.iter().map(metric).sum::<f64>() / of_seed.len() as f64).collect()
    }

    fn row(&self) -> [String; 5] {
        let metrics: [fn(&Learned) -> f64; 4] = [|learned| learned.train, Learned::test, Learned::gap, Learned::epochs];
        let [train, test, gap, epochs] = metrics.map(|metric| spread(&self.each(metric)));
        [self.name.to_owned(), train, test, gap, epochs]
    }

    /// All that was learned, over epochs.
    fn variant(&self) -> Variant<'_> {
        Variant::new(self.name, self.learned.iter().copied().flatten().map(|learned| &learned.history))
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
        let (test, classes) = (&lab.data().test, lab.data().class_names().len());
        lab.tell(format!("seed {seed}: {} images with true labels, renamed ones, random ones", images.len()));
        let next = |label: u8| ((usize::from(label) + 1) % classes) as u8;
        let renamed = self.learn(lab, seed, &shift::relabel(&images, next)?, &shift::relabel(test, next)?)?;
        let random =
            |draw: u64| self.learn(lab, seed, &shift::random_labels(&images, seed.wrapping_add(draw << 32)), test);
        Ok(Measurement {
            examples: images.len(),
            classes,
            with_true: self.learn(lab, seed, &images, test)?,
            with_random: (0..self.experiment.draws).map(random).collect::<Result<_>>()?,
            renamed: renamed.test(),
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let with_true = measurements.iter().map(|measured| std::slice::from_ref(&measured.with_true)).collect();
        let with_random = measurements.iter().map(|measured| measured.with_random.as_slice()).collect();
        let with_true = Labels { name: "true labels", learned: with_true };
        let with_random = Labels { name: "random labels", learned: with_random };
        let renamed: Vec<f64> = measurements.iter().map(|measured| measured.renamed).collect();
        let (examples, chance) = (measurements[0].examples, 1.0 / measurements[0].classes as f64);
        let mut finding = Finding::default();
        claim(&mut finding, &with_true, &with_random, &renamed, examples);
        self.show(&mut finding, &with_true, &with_random, examples, chance);
        Ok(finding)
    }
}

impl RandomLabels {
    fn learn<P: Platform>(&self, lab: &Lab<P>, seed: u64, images: &Images, test: &Images) -> Result<Learned> {
        let config = self.config(seed);
        let trained = Training::new(&config, images, test).run(lab, lab.mlp(&config)?)?;
        Ok(Learned { train: lab.accuracy(&trained.network.valid(), images), history: trained.history })
    }

    fn show(
        &self,
        finding: &mut Finding,
        with_true: &Labels<'_>,
        with_random: &Labels<'_>,
        examples: usize,
        chance: f64,
    ) {
        let epochs = self.training.epochs;
        let until = format!("epochs until {LEARNED}");
        let header = ["variant", "training accuracy", "test accuracy", "gap", &until];
        let title = format!("{examples} images, {epochs} epochs");
        finding.table(Table::new(title, &header).row(with_true.row()).row(with_random.row()));
        let mut chart = Chart::new("Accuracy with true and with random labels").x_label("epoch").y_label("accuracy");
        for variant in [with_true.variant(), with_random.variant()] {
            let (train, test) = (format!("{}, training", variant.name), format!("{}, test", variant.name));
            chart = chart
                .line(&train, variant.mean_curve(|epoch| epoch.train_accuracy))
                .line(&test, variant.mean_curve(|epoch| epoch.test_accuracy));
        }
        let chance = [(1.0, chance), (epochs as f64, chance)];
        let caption = "Accuracy over epochs on the images trained on and on the test images, mean over seeds";
        finding.picture("accuracy", caption, &chart.guide("chance", chance).y_range(0.0, 1.0));
    }
}

fn claim(finding: &mut Finding, with_true: &Labels<'_>, with_random: &Labels<'_>, renamed: &[f64], examples: usize) {
    let random = |metric: &str| format!("{metric}, random labels on {examples} images");
    finding
        .claim(Claim::measured(random("Training accuracy"), with_random.each(|learned| learned.train)))
        .claim(Claim::measured(random("Test accuracy"), with_random.each(Learned::test)))
        .claim(Claim::measured(random("Training minus test accuracy"), with_random.each(Learned::gap)))
        .claim(Claim::difference(
            "Training minus test accuracy, random labels minus true labels",
            &with_random.each(Learned::gap),
            &with_true.each(Learned::gap),
        ))
        .claim(Claim::difference(
            format!("Epochs until the training accuracy reaches {LEARNED}, random labels minus true labels"),
            &with_random.each(Learned::epochs),
            &with_true.each(Learned::epochs),
        ))
        .claim(Claim::paired(
            "Control: test accuracy, renamed classes minus true ones",
            renamed,
            &with_true.each(Learned::test),
        ));
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
