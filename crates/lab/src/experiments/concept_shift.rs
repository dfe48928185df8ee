//! # Question
//!
//! Labels change their meaning: is it quicker to go on with the old network than to start again?
//!
//! # Variants
//!
//! Fine-tuning the network trained under the old labels; training a new one. Both on the same images under the new labels.
//!
//! # Held equal
//!
//! Images, batches, learning rate and number of steps; the new network starts from the weights that the old one started
//! from.
//!
//! # Measured
//!
//! Accuracy on the test images under the new labels, every few steps; the number of steps to the accuracy that the new
//! network has at its end.
//!
//! # Expected
//!
//! The old network is wrong on what changed, and needs fewer steps.

use anyhow::Result;
use burn::module::AutodiffModule;
use burn_fashion_mnist::{Images, shift};
use burn_mlp::Mlp;
use burn_mlp_train::{Callback, StepView, range};
use mlp_plot::Chart;
use mlp_settings::Invalid;
use mlp_settings::config::Config;
use serde::{Deserialize, Serialize};

use crate::finding::{Claim, Finding, Table, spread};
use crate::recipe::{Parameters, Recipe};
use crate::training::Training;
use crate::{Experiment, Lab, Platform};

/// Settings of `concept-shift`.
pub type ConceptShift = Recipe<ConceptShiftParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConceptShiftParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Pairs of classes whose labels change places.
    pub swapped: Vec<[u8; 2]>,
    /// Images with new labels; 0 for all.
    pub new_images: usize,
    /// Passes over the images with new labels.
    #[serde(deserialize_with = "range::at_least_one")]
    pub new_epochs: usize,
    /// Steps between two looks at the test accuracy.
    #[serde(deserialize_with = "range::some_steps")]
    pub look_every: u64,
    /// Test images looked at; 0 for all.
    pub test_images: usize,
}

impl Parameters for ConceptShiftParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        let mut classes: Vec<u8> = self.swapped.iter().flatten().copied().collect();
        classes.sort_unstable();
        classes.dedup();
        let distinct = !self.swapped.is_empty() && classes.len() == 2 * self.swapped.len();
        Invalid::unless(distinct, "experiment.swapped", &self.swapped, "at least one pair, no class twice")?;
        Ok(())
    }
}

/// Test accuracy over steps, from step 0 on.
type Curve = Vec<(f64, f64)>;

/// What is measured with one seed: test accuracies under the new labels.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    /// Of the network trained under the old labels.
    tuned: Curve,
    /// Of a new network.
    fresh: Curve,
}

impl Experiment for ConceptShift {
    const NAME: &'static str = "concept-shift";
    const QUESTION: &'static str = "When labels change their meaning, is going on with the old network quicker?";
    const CONFIG: &'static str = include_str!("../../../../configs/concept-shift.toml");
    const QUICK: &'static [&'static str] = &[
        "training.epochs=8",
        "experiment.new_images=4000",
        "experiment.new_epochs=6",
        "experiment.look_every=2",
        "experiment.test_images=500",
    ];

    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        let data = lab.data();
        let old_test = self.some_test(&data.test);
        let new_test = self.relabeled(&old_test)?;
        lab.tell(format!("seed {seed}: under the old labels"));
        let config = self.config(seed);
        let old = Training::new(&config, &data.train, &old_test).run(lab, lab.mlp(&config)?)?.network;
        let new_train = self.relabeled(&lab.train_subset(self.experiment.new_images, seed)?)?;
        lab.tell(format!("seed {seed}: under the new labels"));
        Ok(Measurement {
            tuned: self.curve(lab, &config, old, &new_train, &new_test)?,
            fresh: self.curve(lab, &config, lab.mlp(&config)?, &new_train, &new_test)?,
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let (tuned, fresh): (Vec<&Curve>, Vec<&Curve>) =
            measurements.iter().map(|measurement| (&measurement.tuned, &measurement.fresh)).unzip();
        let goals: Vec<f64> = fresh.iter().map(|curve| last(curve)).collect();
        let steps = |curves: &[&Curve]| -> Vec<f64> {
            curves.iter().zip(&goals).map(|(curve, &goal)| steps_to(curve, goal)).collect()
        };
        let (tuned_steps, fresh_steps) = (steps(&tuned), steps(&fresh));
        let (tuned_last, fresh_last): (Vec<f64>, Vec<f64>) =
            (tuned.iter().map(|curve| last(curve)).collect(), goals.clone());
        let first: Vec<f64> = tuned.iter().map(|curve| curve[0].1).collect();
        let total = tuned[0].last().map_or(0.0, |point| point.0);

        let mut finding = Finding::default();
        finding
            .claim(Claim::difference(
                "Steps to the accuracy that a new network has at its end: new network minus fine-tuning",
                &fresh_steps,
                &tuned_steps,
            ))
            .claim(Claim::paired(
                "Test accuracy under the new labels after the last step: fine-tuning minus new network",
                &tuned_last,
                &fresh_last,
            ))
            .table(
                Table::new(
                    format!("Under the new labels, {total} steps"),
                    &["network", "accuracy before", "accuracy after", "steps to the new network's accuracy"],
                )
                .row(["old, fine-tuned".to_owned(), spread(&first), spread(&tuned_last), spread(&tuned_steps)])
                .row([
                    "new".to_owned(),
                    spread(&fresh.iter().map(|curve| curve[0].1).collect::<Vec<f64>>()),
                    spread(&fresh_last),
                    spread(&fresh_steps),
                ]),
            )
            .picture(
                "accuracy",
                "Test accuracy under the new labels over steps, mean over seeds",
                &Chart::new("After the labels changed their meaning")
                    .x_label("step")
                    .y_label("test accuracy")
                    .line("fine-tuned", mean(&tuned))
                    .line("new network", mean(&fresh)),
            );
        Ok(finding)
    }
}

impl ConceptShift {
    fn relabeled(&self, images: &Images) -> Result<Images> {
        let map = |label: u8| {
            let partner = self.experiment.swapped.iter().find_map(|&[one, other]| match label {
                label if label == one => Some(other),
                label if label == other => Some(one),
                _ => None,
            });
            partner.unwrap_or(label)
        };
        Ok(shift::relabel(images, map)?)
    }

    fn some_test(&self, test: &Images) -> Images {
        let count = self.experiment.test_images;
        if count == 0 || count >= test.len() {
            return test.clone();
        }
        test.select(&(0..count as u32).collect::<Vec<u32>>())
    }

    /// Trains under the new labels and looks at the test accuracy on the way.
    fn curve<P: Platform>(
        &self,
        lab: &Lab<P>,
        config: &Config,
        network: Mlp<P::Train>,
        train: &Images,
        test: &Images,
    ) -> Result<Curve> {
        let mut config = config.clone();
        config.training.epochs = self.experiment.new_epochs;
        let mut looks = Looks { lab, test, every: self.experiment.look_every, curve: Curve::new() };
        Training::new(&config, train, test).run_observed(lab, network, &mut looks)?;
        Ok(looks.curve)
    }
}

/// Looks at the test accuracy every few steps.
struct Looks<'a, P: Platform> {
    lab: &'a Lab<P>,
    test: &'a Images,
    every: u64,
    curve: Curve,
}

impl<P: Platform> Looks<'_, P> {
    fn look(&mut self, finished: u64, network: &Mlp<P::Train>) {
        if finished.is_multiple_of(self.every) {
            self.curve.push((finished as f64, self.lab.accuracy(&network.valid(), self.test)));
        }
    }
}

impl<P: Platform> Callback<Mlp<P::Train>> for Looks<'_, P> {
    fn before_step(&mut self, step: &StepView<'_, Mlp<P::Train>>) {
        if step.step == 0 {
            self.look(0, step.network);
        }
    }

    fn after_step(&mut self, step: &StepView<'_, Mlp<P::Train>>) {
        self.look(step.step + 1, step.network);
    }
}

fn last(curve: &Curve) -> f64 {
    curve.last().map_or(f64::NAN, |point| point.1)
}

/// The first step at which the accuracy is reached; the last step where it never is.
fn steps_to(curve: &Curve, goal: f64) -> f64 {
    let reached = curve.iter().find(|point| point.1 >= goal);
    reached.or(curve.last()).map_or(f64::NAN, |point| point.0)
}

fn mean(curves: &[&Curve]) -> Curve {
    let points = curves.iter().map(|curve| curve.len()).min().unwrap_or_default();
    let at = |index: usize| {
        let sum: f64 = curves.iter().map(|curve| curve[index].1).sum();
        (curves[0][index].0, sum / curves.len() as f64)
    };
    (0..points).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_that_reaches_the_goal_counts() {
        let curve = vec![(0.0, 0.1), (5.0, 0.6), (10.0, 0.5), (15.0, 0.7)];
        assert_eq!(steps_to(&curve, 0.55), 5.0);
        assert_eq!(steps_to(&curve, 0.65), 15.0);
        assert_eq!(steps_to(&curve, 0.9), 15.0);
        assert_eq!(mean(&[&curve, &vec![(0.0, 0.3), (5.0, 0.8)]]), [(0.0, 0.2), (5.0, 0.7)]);
    }

    #[test]
    fn swapped_classes_change_places_and_others_stay() {
        let mut settings = ConceptShift::default();
        settings.experiment.swapped = vec![[0, 2]];
        let images = Images::new(vec![0; 4], vec![0, 1, 2, 3], 1, 1, 4).unwrap();
        assert_eq!(settings.relabeled(&images).unwrap().labels(), [2, 1, 0, 3]);
    }
}
