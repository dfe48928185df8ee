//! What follows from the measurements of `dropout`.

use mlp_plot::{Chart, Panels};

use super::measurement::{Measurement, NAMES, Run};
use crate::finding::{Claim, Finding, Table, figure, spread};
use crate::training::History;
use crate::variants::Variant;

/// Epochs over which accuracies are taken together: at a learning rate of 0.5 single epochs fall by several points.
const LAST_EPOCHS: usize = 5;

pub(super) fn main_job(finding: &mut Finding, variant: &Variant<'_>) {
    let loss = variant.values(|run| run.last().train_loss);
    let test = variant.values(|run| run.median_of_last(LAST_EPOCHS, |epoch| epoch.test_accuracy));
    finding
        .claim(Claim::measured("Main job: training loss of the last epoch", loss))
        .claim(Claim::measured("Main job: test accuracy, median of the last five epochs", test));
}

/// How far training and test accuracy are apart with and without dropout.
pub(super) fn gap(finding: &mut Finding, measurements: &[Measurement]) {
    let of = |variant: usize, metric: fn(&Run) -> f64| -> Vec<f64> {
        measurements.iter().map(|measurement| metric(&measurement.runs[variant])).collect()
    };
    let header = ["variant", "training accuracy", "test accuracy", "gap", "last training loss"];
    let mut table = Table::new("After the last epoch, dropout off", &header);
    for (variant, name) in NAMES.into_iter().enumerate() {
        let metrics: [fn(&Run) -> f64; 4] =
            [|run| run.train_accuracy, |run| run.test_accuracy, Run::gap, |run| run.history.last().train_loss];
        let cells = metrics.map(|metric| spread(&of(variant, metric)));
        table = table.row([name.to_owned()].into_iter().chain(cells));
    }
    let gap = |variant| of(variant, Run::gap);
    let test = |variant| of(variant, |run| run.test_accuracy);
    finding
        .table(table)
        .claim(Claim::difference(
            "Gap between training and test accuracy: without dropout minus with",
            &gap(1),
            &gap(0),
        ))
        .claim(Claim::difference("The same at a falling rate", &gap(4), &gap(3)))
        .claim(Claim::paired(
            "Control: test accuracy with dropout at a falling rate, other masks minus the usual ones",
            &test(5),
            &test(3),
        ));
}

/// How unsteady the main job's accuracy is, and that its learning rate is why.
pub(super) fn swings(finding: &mut Finding, constant: &Variant<'_>, falling: &Variant<'_>) {
    let last = falling.values(|run| run.last().test_accuracy);
    finding.note(format!(
        "The main job's learning rate stays what it is, and its test accuracy falls by up to {} from one epoch to the \
         next. Where the rate falls to zero along a cosine it falls by at most {} in the last {LAST_EPOCHS} epochs, and \
         ends at {}: what the main job lacks is a rate that falls.",
        figure(largest_fall(constant, 0)),
        figure(largest_fall(falling, LAST_EPOCHS)),
        spread(&last),
    ));
}

/// Largest fall of the test accuracy from one epoch to the next over all runs, in the last `epochs` or, at 0, in all.
fn largest_fall(variant: &Variant<'_>, epochs: usize) -> f64 {
    let of_run = |run: &History| {
        let first = if epochs == 0 { 0 } else { run.epochs.len().saturating_sub(epochs) };
        let falls = run.epochs[first..].windows(2).map(|pair| pair[0].test_accuracy - pair[1].test_accuracy);
        falls.fold(0.0, f64::max)
    };
    variant.values(of_run).into_iter().fold(0.0, f64::max)
}

pub(super) fn curves(finding: &mut Finding, variants: &[Variant<'_>]) {
    let mut loss = Chart::new("Training loss").x_label("epoch").y_label("cross-entropy");
    let mut train = Chart::new("Training accuracy").x_label("epoch").y_label("accuracy");
    let mut test = Chart::new("Test accuracy").x_label("epoch").y_label("accuracy");
    for variant in variants {
        loss = loss.line(&variant.name, variant.mean_curve(|epoch| epoch.train_loss));
        train = train.line(&variant.name, variant.mean_curve(|epoch| epoch.train_accuracy));
        test = test.line(&variant.name, variant.mean_curve(|epoch| epoch.test_accuracy));
        test = test.band(&variant.name, variant.band(|epoch| epoch.test_accuracy));
    }
    finding.picture("loss", "Training loss over epochs, dropout on, mean over seeds", &loss).picture(
        "accuracy",
        "Accuracy over epochs, on training images with dropout on: mean over seeds, for test images also the range",
        &Panels::new("Accuracy", 2).with(&train).with(&test),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::Epoch;

    fn run(accuracies: &[f64]) -> History {
        let epoch = |(index, &test_accuracy): (usize, &f64)| Epoch {
            epoch: index + 1,
            train_loss: 0.0,
            train_accuracy: 0.0,
            test_loss: 0.0,
            test_accuracy,
        };
        History { epochs: accuracies.iter().enumerate().map(epoch).collect() }
    }

    #[test]
    fn one_bad_epoch_of_the_last_five_does_not_count_and_is_the_largest_fall() {
        let run = run(&[0.1, 0.5, 0.75, 0.25, 1.0, 0.75]);
        assert_eq!(run.median_of_last(LAST_EPOCHS, |epoch| epoch.test_accuracy), 0.75);
        let variant = Variant::new("", [&run]);
        assert_eq!(largest_fall(&variant, 0), 0.5);
        assert_eq!(largest_fall(&variant, 2), 0.25);
    }
}
