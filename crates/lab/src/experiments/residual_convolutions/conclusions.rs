//! What follows from the training of the networks.

use mlp_plot::Chart;

use super::measurement::{Measurement, Run};
use super::networks::Arm;
use super::settings::ResidualConvolutions;
use crate::curves::over_seeds;
use crate::finding::{Claim, Finding, Table, spread};
use crate::tuning::{self, Tuned};

/// The runs of each of [`Arm::ALL`].
struct Results<'a>(&'a [Measurement]);

impl Results<'_> {
    fn of<T>(&self, arm: usize, metric: impl Fn(&Run) -> T) -> Vec<T> {
        self.0.iter().map(|measurement| metric(&measurement.runs[arm])).collect()
    }

    fn losses(&self) -> [Vec<f64>; Arm::ALL.len()] {
        std::array::from_fn(|arm| self.of(arm, |run| run.training.loss()))
    }

    fn accuracies(&self) -> [Vec<f64>; Arm::ALL.len()] {
        std::array::from_fn(|arm| self.of(arm, |run| run.test_accuracy))
    }
}

/// Adds which networks learn.
pub(super) fn add(settings: &ResidualConvolutions, measurements: &[Measurement], finding: &mut Finding) {
    let results = Results(measurements);
    claims(&results, finding);
    let rates = tuning::columns(settings.training.learning_rate, &settings.experiment.rates);
    let header = ["network", "layers"].into_iter().chain(rates.iter().map(String::as_str));
    let header: Vec<&str> = header.chain(["test accuracy, at the best"]).collect();
    let mut table = Table::new("Training loss over the last epochs at each learning rate, dropout on", &header);
    let mut chart = Chart::new("Training loss by arrangement").x_label("epoch").y_label("cross-entropy").log_y();
    for (index, arm) in Arm::ALL.iter().enumerate() {
        let runs: Vec<&Tuned> = measurements.iter().map(|measurement| &measurement.runs[index].training).collect();
        let cells = [arm.name.to_owned(), arm.depth(settings).to_string()].into_iter().chain(tuning::cells(&runs));
        table = table.row(cells.chain([spread(&results.of(index, |run| run.test_accuracy))]));
        // The repeated network lies on the one that it repeats.
        if index + 1 < Arm::ALL.len() {
            chart = over_seeds(chart, arm.name, &results.of(index, |run| run.training.curve()));
        }
    }
    finding.table(table).picture(
        "training",
        "Training loss over epochs, each network at its best learning rate; dropout on where there is one",
        &chart,
    );
}

fn claims(results: &Results<'_>, finding: &mut Finding) {
    let [shallow, plain, original, pre_activation, nonlinear, _, repeated] = results.losses();
    let [.., accuracy, _, dropped, _] = results.accuracies();
    finding
        .claim(Claim::difference("Plain: training loss at the end, deep minus shallow", &plain, &shallow))
        .claim(Claim::difference("Deep: training loss at the end, plain minus original blocks", &plain, &original))
        .claim(Claim::difference(
            "Training loss at the end: original minus pre-activation blocks",
            &original,
            &pre_activation,
        ))
        .claim(Claim::difference(
            "Training loss at the end: tanh on the shortcut minus identity",
            &nonlinear,
            &pre_activation,
        ))
        .claim(Claim::paired(
            "Test accuracy: with dropout behind the convolutions of a block minus without",
            &dropped,
            &accuracy,
        ))
        .claim(Claim::paired(
            "Control: training loss of pre-activation blocks, other weights and batches minus these",
            &repeated,
            &pre_activation,
        ));
}
