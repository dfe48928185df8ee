//! # Question
//!
//! Can the class shares of unlabeled data be found from a classifier's predictions, and do they help it? What is found
//! where the conditions for that do not hold?
//!
//! # Variants
//!
//! Shares by the confusion matrix (`C·p(y) = μ`, Lipton et al. 2018) and by expectation-maximization (Saerens et al. 2002);
//! a model trained without weights, one trained with weights `p(y)/q(y)`, and the first one with its probabilities
//! adjusted. Each condition violated: classifiers that are too weak, trained on few images; a class in the target of which
//! the source has no image; another `P(x given y)`, by noise on the target images. And a target without a shift.
//!
//! # Held equal
//!
//! Initial weights, batches, and the target images, seed by seed. `P(x given y)` is that of the data set in both places,
//! but for the noise.
//!
//! # Measured
//!
//! Total variation `½·Σ|p̂(y) - p(y)|` between estimated and true shares of the target, beside that of the source's
//! shares; accuracy on the target; condition number of the confusion matrix, and the shares that came out negative.
//!
//! # Expected
//!
//! A small part of the shift is left, and a weighted model is better on the target. A weak classifier finds less, and a
//! confusion matrix that cannot be inverted is reported, not divided by. A new class counts as those it looks like, and
//! under another `P(x given y)` the estimate is worse than none: neither shows in the estimate.

mod conclusions;
mod conditions;
mod estimates;
mod measurement;
mod sets;
mod settings;

use anyhow::Result;
use burn::module::AutodiffModule;
use burn_fashion_mnist::Images;
use burn_mlp::Mlp;
use mlp_metrics::{ConfusionMatrix, ImportanceError, top_label};

use crate::finding::Finding;
use crate::platform::Inner;
use crate::training::Training;
use crate::{Experiment, Lab, Platform};
use conditions::weighted_accuracy;
use estimates::{Estimates, by_confusion, shares};
use measurement::{Accuracies, Measurement};
use sets::Sets;
pub use settings::LabelShift;

impl Experiment for LabelShift {
    const NAME: &'static str = "label-shift";
    const QUESTION: &'static str =
        "Can the class shares of unlabeled data be found from predictions, do they help, and under which conditions?";
    const CONFIG: &'static str = include_str!("../../../../../configs/label-shift.toml");
    const QUICK: &'static [&'static str] = &[
        "training.epochs=5",
        "experiment.target_fraction=0.2",
        "experiment.weak_networks=2",
        "experiment.weak_images=1000",
    ];

    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        lab.tell(format!("seed {seed}"));
        let (data, config, sets) = (lab.data(), self.config(seed), Sets::draw(lab.data(), &self.experiment, seed)?);
        let Sets { train, validation, target } = &sets;
        let untrained = lab.mlp(&config)?;
        let singular_reported = refused(lab, &untrained.valid(), &sets);

        let plain = Training::new(&config, train, &train.select(&[])).run(lab, untrained)?;
        let mlp: Mlp<Inner<P>> = plain.network.valid();
        let (valid, adjusted) = Estimates::of(lab, &mlp, validation, target, shares(target))?;
        Ok(Measurement {
            classes: data.class_names().to_vec(),
            confusion: confusion(lab, &mlp, validation)?,
            singular_reported,
            accuracies: Accuracies {
                unweighted: lab.accuracy(&mlp, target),
                weighted: weighted_accuracy(lab, self, seed, train, target, &valid.weights())?,
                adjusted: accuracy(&adjusted, target),
            },
            valid,
            control: conditions::no_shift(lab, self, seed, &sets, &mlp)?,
            weak: conditions::weak(lab, self, seed, &sets)?,
            new_class: conditions::new_class(lab, self, seed, &sets)?,
            changed: conditions::changed(lab, self, seed, &sets, &mlp)?,
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        Ok(conclusions::conclude(&self.experiment, measurements))
    }
}

/// Whether the confusion matrix of a network is refused as nearly singular.
fn refused<P: Platform>(lab: &Lab<P>, network: &Mlp<Inner<P>>, sets: &Sets) -> bool {
    let [on_validation, on_target] = [&sets.validation, &sets.target].map(|images| lab.predict(network, images));
    matches!(by_confusion(&on_validation, &sets.validation, &on_target), Err(ImportanceError::NearSingular { .. }))
}

/// Fractions of a network's confusion matrix, row by row, in thousandths.
fn confusion<P: Platform>(lab: &Lab<P>, network: &Mlp<Inner<P>>, validation: &Images) -> Result<Vec<Vec<f64>>> {
    let classes = 0..validation.classes();
    let predicted = lab.predict(network, validation).classes();
    let confusion = ConfusionMatrix::from_labels(&predicted, validation.labels(), classes.end)?;
    let fraction = |predicted, actual| (confusion.fraction(predicted, actual) * 1000.0).round() / 1000.0;
    Ok(classes.clone().map(|predicted| classes.clone().map(|actual| fraction(predicted, actual)).collect()).collect())
}

fn accuracy(probabilities: &[f64], images: &Images) -> f64 {
    let rows = probabilities.chunks_exact(images.classes()).zip(images.labels());
    let right = rows.filter(|(row, label)| top_label(row).0 == usize::from(**label)).count();
    right as f64 / images.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_counts_rows_whose_largest_is_the_label() {
        let images = Images::new(vec![0; 3], vec![0, 1, 1], 1, 1, 2).unwrap();
        assert_eq!(accuracy(&[0.9, 0.1, 0.2, 0.8, 0.6, 0.4], &images), 2.0 / 3.0);
    }
}
