//! # Question
//!
//! Does K-fold cross-validation choose a network that does well on images nobody has looked at?
//!
//! # Variants
//!
//! Networks from too small to too large for the data, each hidden layer with one of `widths` units, trained with one of
//! `weight_decays`: the candidates. A share `label_noise` of all labels is random, so that too free a network learns
//! mistakes by heart.
//!
//! # Held equal
//!
//! The `train_examples` images and their folds, batch order and seed of a fold's training runs, optimizer and epochs.
//!
//! # Measured
//!
//! Training and validation error of every candidate, means over the folds; the test error of the one chosen, once, at
//! the end. As a check of the choice itself, `reference_examples` more images of the training set, neither trained on
//! nor in any fold, say how much better the best candidate would have been. As a control, a choice among copies of one
//! candidate that differ in the seed alone.
//!
//! # Expected
//!
//! Few units underfit: both errors high, little between them. Many without decay overfit: the training error falls below
//! the validation error. The lowest validation error lies between no decay and the strongest. The candidate chosen is, to
//! a standard error of its validation error, as good as the best, and that error is close to its error on the test set.
//! A choice among equals brings nothing.

mod control;
mod cross_validation;
mod labels;
mod settings;

use anyhow::Result;
use mlp_metrics::mean_and_deviation;
use mlp_plot::{Chart, Heatmap};

use self::cross_validation::{Errors, Selection};
pub use self::settings::ModelSelection;
use crate::finding::{Claim, Finding, Table, figure, spread};
use crate::{Experiment, Lab, Platform, Seeded};

impl Experiment for ModelSelection {
    const NAME: &'static str = "model-selection";
    const QUESTION: &'static str = "Does K-fold cross-validation choose a network that does well on unseen images?";
    const CONFIG: &'static str = include_str!("../../../../../configs/model-selection.toml");
    const QUICK: &'static [&'static str] = &[
        "training.epochs=30",
        "experiment.folds=3",
        "experiment.train_examples=600",
        "experiment.reference_examples=2000",
        "experiment.widths=[4, 64]",
        "experiment.weight_decays=[0.0, 0.01, 0.1]",
    ];

    type Measurement = Selection;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Selection> {
        self.select(lab, seed)
    }

    fn conclude(&self, selections: &[Selection]) -> Result<Finding> {
        let mut finding = Finding::default();
        self.claim_fit(&mut finding, selections);
        self.claim_inside(&mut finding, selections);
        self.claim_choice(&mut finding, selections);
        self.tables(&mut finding, selections);
        self.pictures(&mut finding, selections);
        Ok(finding)
    }
}

impl ModelSelection {
    /// Underfitting and overfitting, at the lowest weight decay.
    fn claim_fit(&self, finding: &mut Finding, selections: &[Selection]) {
        let (narrow, wide) = (0, self.candidates().len() - self.experiment.weight_decays.len());
        let of = |index: usize, metric: fn(&Errors) -> f64| -> Vec<f64> {
            selections.iter().map(|selection| metric(&selection.errors[index])).collect()
        };
        let widths = &self.experiment.widths;
        let (few, many) = (widths[0], widths[widths.len() - 1]);
        let ratio: fn(&Errors) -> f64 = |errors| errors.train / errors.validation;
        let gap: fn(&Errors) -> f64 = |errors| errors.validation - errors.train;
        finding
            .claim(Claim::difference(
                format!("Training error, {few} hidden units minus {many}"),
                &of(narrow, |errors| errors.train),
                &of(wide, |errors| errors.train),
            ))
            .claim(Claim::difference(
                format!("Validation minus training error, {many} hidden units minus {few}"),
                &of(wide, gap),
                &of(narrow, gap),
            ))
            .claim(Claim::measured(
                format!("Underfitting: training error as a part of the validation error, {few} hidden units"),
                of(narrow, ratio),
            ))
            .claim(Claim::measured(
                format!("Overfitting: training error as a part of the validation error, {many} hidden units"),
                of(wide, ratio),
            ));
    }

    /// With the most units, the weight decay in the middle is better than both ends.
    fn claim_inside(&self, finding: &mut Finding, selections: &[Selection]) {
        let (widths, decays) = (&self.experiment.widths, &self.experiment.weight_decays);
        let first = (widths.len() - 1) * decays.len();
        let validation = |index: usize| -> Vec<f64> {
            selections.iter().map(|selection| selection.errors[first + index].validation).collect()
        };
        let inside = decays.len() / 2;
        for end in [0, decays.len() - 1] {
            let sentence = format!(
                "Validation error, {} hidden units: λ = {} minus λ = {}",
                widths[widths.len() - 1],
                figure(decays[end]),
                figure(decays[inside])
            );
            finding.claim(Claim::difference(sentence, &validation(end), &validation(inside)));
        }
    }

    /// How good the choice is, in standard errors of the validation error it rests on.
    fn claim_choice(&self, finding: &mut Finding, selections: &[Selection]) {
        let errors = |selection: &Selection| {
            let validation = selection.errors[selection.chosen].validation;
            (validation, (validation * (1.0 - validation) / self.experiment.train_examples as f64).sqrt())
        };
        let gap = |selection: &Selection| {
            let (validation, standard_error) = errors(selection);
            (selection.test - validation) / standard_error
        };
        let regret = |selection: &Selection| selection.regret() / errors(selection).1;
        finding
            .claim(Claim::measured(
                "Error of the chosen candidate on the test set, looked at once, minus its validation error, in standard \
                 errors of the latter",
                selections.iter().map(gap).collect::<Vec<f64>>(),
            ))
            .claim(Claim::measured(
                "Error of the chosen candidate minus that of the best one, on further images, in standard errors of its \
                 validation error",
                selections.iter().map(regret).collect::<Vec<f64>>(),
            ))
            .claim(Claim::measured(
                "Control: error on further images of one chosen among equal candidates, minus their mean",
                selections.iter().map(|selection| selection.control).collect::<Vec<f64>>(),
            ));
    }

    fn tables(&self, finding: &mut Finding, selections: &[Selection]) {
        let parameters = &self.experiment;
        let (folds, examples) = (parameters.folds, parameters.train_examples);
        let mut table = Table::new(
            format!("Errors of the candidates, {folds} folds of {examples} images"),
            &["candidate", "training error", "validation error", "error on further images", "chosen by seeds"],
        );
        for (index, candidate) in self.candidates().iter().enumerate() {
            let of = |metric: fn(&Selection, usize) -> f64| {
                spread(&selections.iter().map(|selection| metric(selection, index)).collect::<Vec<f64>>())
            };
            table = table.row([
                candidate.name(),
                of(|selection, index| selection.errors[index].train),
                of(|selection, index| selection.errors[index].validation),
                of(|selection, index| selection.reference[index]),
                selections.iter().filter(|selection| selection.chosen == index).count().to_string(),
            ]);
        }
        finding.table(table);
        let header = ["seed", "chosen", "validation error", "test error", "error on further images", "lowest there"];
        let mut table = Table::new("What each seed chooses", &header);
        for (seed, selection) in self.seeds().into_iter().zip(selections) {
            let chosen = selection.chosen;
            let reference = selection.reference[chosen];
            table = table.row([
                seed.to_string(),
                self.candidates()[chosen].name(),
                figure(selection.errors[chosen].validation),
                figure(selection.test),
                figure(reference),
                figure(reference - selection.regret()),
            ]);
        }
        finding.table(table);
    }

    fn pictures(&self, finding: &mut Finding, selections: &[Selection]) {
        let mean = |index: usize, metric: fn(&Errors) -> f64| {
            let values: Vec<f64> = selections.iter().map(|selection| metric(&selection.errors[index])).collect();
            mean_and_deviation(&values).0
        };
        let parameters = &self.experiment;
        let columns = parameters.weight_decays.len();
        let mut chart = Chart::new("Error and number of hidden units").x_label("units of each hidden layer").log_x();
        for column in [0, columns - 1] {
            let decay = figure(parameters.weight_decays[column]);
            let curve = |metric: fn(&Errors) -> f64| -> Vec<(f64, f64)> {
                let widths = parameters.widths.iter().enumerate();
                widths.map(|(row, &width)| (width as f64, mean(row * columns + column, metric))).collect()
            };
            chart = chart
                .line(&format!("training, λ = {decay}"), curve(|errors| errors.train))
                .line(&format!("validation, λ = {decay}"), curve(|errors| errors.validation));
        }
        let caption = "Training and validation error by the number of hidden units, means over folds and seeds";
        finding.picture("complexity", caption, &chart.y_label("error"));

        let rows = (0..parameters.widths.len()).map(|row| (0..columns).map(move |column| row * columns + column));
        let cells = rows.map(|row| row.map(|index| mean(index, |errors| errors.validation)));
        let heatmap = Heatmap::new("Validation error", cells)
            .rows("units of each hidden layer", parameters.widths.iter().map(usize::to_string))
            .columns("λ", parameters.weight_decays.iter().map(|&decay| figure(decay)))
            .decimals(3);
        finding.picture("candidates", "Mean validation error of every candidate, mean over seeds", &heatmap);
    }
}
