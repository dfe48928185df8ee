//! What follows from the training of the networks.

use mlp_plot::Chart;

use super::measurement::{Measurement, Run};
use super::networks::Arm;
use super::settings::ResidualConvolutions;
use crate::curves::over_seeds;
use crate::finding::{Claim, Finding, Table, figure, spread};
use crate::tuning::{self, Tuned};

/// Places in [`Arm::ALL`].
const ORIGINAL: usize = 2;
const PRE_ACTIVATION: usize = 3;

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
    claims(settings, &results, finding);
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

fn claims(settings: &ResidualConvolutions, results: &Results<'_>, finding: &mut Finding) {
    let [shallow, plain, original, pre_activation, nonlinear, _, repeated] = results.losses();
    let [.., original_accuracy, accuracy, _, dropped, _] = results.accuracies();
    let highest = settings.experiment.rates.iter().copied().fold(0.0, f64::max) * settings.training.learning_rate;
    let at_highest = [ORIGINAL, PRE_ACTIVATION].map(|arm| results.of(arm, |run| run.training.loss_at_highest()));
    finding
        .claim(Claim::difference("Plain: training loss, deep minus shallow", &plain, &shallow))
        .claim(Claim::difference("Deep: training loss, plain minus original blocks", &plain, &original))
        .claim(Claim::difference(
            format!("Training loss at learning rate {}: original minus pre-activation blocks", figure(highest)),
            &at_highest[0],
            &at_highest[1],
        ))
        .claim(Claim::difference("Training loss: tanh on the shortcut minus identity", &nonlinear, &pre_activation))
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
    let minus = |first: &[f64], second: &[f64]| -> String {
        spread(&first.iter().zip(second).map(|(first, second)| first - second).collect::<Vec<f64>>())
    };
    finding.note(format!(
        "Pre-activation blocks learn at more rates than original ones. Each at its best rate, they end with a training loss \
         that is lower by {} and a test accuracy that is higher by {}. He et al. 2016 see an advantage at 110 layers and \
         more.",
        minus(&original, &pre_activation),
        minus(&accuracy, &original_accuracy),
    ));
}
