//! What follows from the measurements.

use mlp_metrics::mean_and_deviation;
use mlp_plot::Bars;

use super::measurement::{Control, Measurement, Run};
use crate::finding::{Bound, Claim, Finding, Table, spread};

/// A way to train: without or with dropout, and a control.
type Of = fn(&Measurement) -> &Run;

const WITHOUT: [Of; 3] = [|one| &one.without[0], |one| &one.without[1], |one| &one.without[2]];
const WITH: [Of; 3] = [|one| &one.with[0], |one| &one.with[1], |one| &one.with[2]];
const OTHER: Of = |one| &one.other;

fn each(measurements: &[Measurement], of: Of, metric: impl Fn(&Run) -> f64) -> Vec<f64> {
    measurements.iter().map(|measurement| metric(of(measurement))).collect()
}

/// Whether both together are better than either alone.
pub(super) fn generalization(finding: &mut Finding, measurements: &[Measurement]) {
    let loss = |of: Of| each(measurements, of, |run| run.test_loss);
    finding.claim(Claim::difference(
        "Test cross-entropy: neither dropout nor control minus dropout",
        &loss(WITHOUT[0]),
        &loss(WITH[0]),
    ));
    for (index, control) in Control::ALL.into_iter().enumerate().skip(1) {
        let name = control.name();
        let both = loss(WITH[index]);
        finding
            .claim(Claim::difference(
                format!("Test cross-entropy: dropout alone minus dropout and {name}"),
                &loss(WITH[0]),
                &both,
            ))
            .claim(Claim::difference(
                format!("Test cross-entropy: {name} alone minus dropout and {name}"),
                &loss(WITHOUT[index]),
                &both,
            ));
    }
    let accuracy = |of: Of| spread(&each(measurements, of, |run| run.test_accuracy));
    finding
        .claim(Claim::paired(
            "Control: test cross-entropy without dropout and control, from other weights minus from the usual ones",
            &loss(OTHER),
            &loss(WITHOUT[0]),
        ))
        .note(format!(
            "What becomes better are the probabilities. Test accuracy is {} with neither, {} with dropout and weight \
             decay, and {} with dropout and max-norm.",
            accuracy(WITHOUT[0]),
            accuracy(WITH[1]),
            accuracy(WITH[2]),
        ));
}

/// What the weights' size becomes.
pub(super) fn size(finding: &mut Finding, limit: f64, measurements: &[Measurement]) {
    let norm = |of: Of| each(measurements, of, |run| run.norm);
    let part = |of: Of| norm(of).iter().zip(norm(WITHOUT[0])).map(|(one, all)| one / all).collect::<Vec<f64>>();
    let moved = |of: Of| each(measurements, of, |run| run.moved);
    let largest = [WITHOUT[2], WITH[2]].map(|of| each(measurements, of, |run| run.largest / limit)).concat();
    finding
        .claim(Claim::measured("Norm of the weights with weight decay, as a part of that without", part(WITHOUT[1])))
        .claim(Claim::measured("Norm of the weights with dropout, as a part of that without", part(WITH[0])))
        .claim(Claim::difference(
            "Norm of what training adds to the weights: with dropout minus without",
            &moved(WITH[0]),
            &moved(WITHOUT[0]),
        ))
        .claim(Claim::check(
            "Max-norm: largest norm of the weights into a hidden unit, as a part of the limit",
            largest,
            // A sum of 784 squares in single precision, one after another, is off by up to 784 halves of a last place.
            Bound::EachAtMost(1.0 + 784.0 / 2.0 * f64::from(f32::EPSILON)),
        ))
        .note(
            "Dropout is like a penalty on the squares of the weights where the model is linear; there it is exactly one, \
             and shrinks them. Here, after equally many steps, it does not: weights that must do without each other move \
             further from where they started.",
        );
}

pub(super) fn show(finding: &mut Finding, measurements: &[Measurement]) {
    let header =
        ["dropout", "control", "training accuracy", "test accuracy", "test cross-entropy", "norm", "norm added"];
    let mut table = Table::new("After the last epoch, dropout off", &header);
    let mut bars = Bars::new("Test cross-entropy", Control::ALL.map(Control::name)).value_label("cross-entropy");
    for (dropout, ways) in [("without", WITHOUT), ("with", WITH)] {
        let mut heights = Vec::new();
        for (control, of) in Control::ALL.into_iter().zip(ways) {
            let metrics: [fn(&Run) -> f64; 5] = [
                |run| run.train_accuracy,
                |run| run.test_accuracy,
                |run| run.test_loss,
                |run| run.norm,
                |run| run.moved,
            ];
            let cells = metrics.map(|metric| spread(&each(measurements, of, metric)));
            table = table.row([dropout, control.name()].map(str::to_owned).into_iter().chain(cells));
            heights.push(mean_and_deviation(&each(measurements, of, |run| run.test_loss)));
        }
        bars = bars.series_with_error(format!("{dropout} dropout"), heights);
    }
    finding.table(table).picture("loss", "Test cross-entropy, mean and standard deviation over seeds", &bars);
}
