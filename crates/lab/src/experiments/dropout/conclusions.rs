//! What follows from the measurements of `dropout`.

use mlp_metrics::mean_and_deviation;
use mlp_plot::{Chart, Panels};

use super::measurement::{Measurement, NAMES, Run};
use crate::finding::{Claim, Finding, Table, figure, spread};
use crate::training::History;
use crate::variants::Variant;

/// Epochs over which accuracies are averaged: at a learning rate of 0.5 single epochs swing by two points.
const LAST_EPOCHS: usize = 3;
/// The first variants, those that hidden units are removed from.
const UNITS_REMOVED: usize = 3;

pub(super) fn main_job(finding: &mut Finding, variant: &Variant<'_>) {
    let loss = variant.values(|run| run.last().train_loss);
    let test = variant.values(|run| run.mean_of_last(LAST_EPOCHS, |epoch| epoch.test_accuracy));
    finding
        // PyTorch on the same recipe ends at 0.338, and at 0.853 to 0.858 on the test images.
        .claim(Claim::measured("Main job: training loss of the last epoch", loss))
        .claim(Claim::measured("Main job: test accuracy, mean of the last three epochs", test));
}

/// How far training and test accuracy are apart with and without dropout.
pub(super) fn gap(finding: &mut Finding, measurements: &[Measurement]) {
    let mut table = Table::new(
        "After the last epoch, dropout off",
        &["variant", "training accuracy", "test accuracy", "gap", "last training loss"],
    );
    let mut gaps = Vec::new();
    for (variant, name) in NAMES.into_iter().enumerate() {
        let of = |metric: fn(&Run) -> f64| -> Vec<f64> {
            measurements.iter().map(|measurement| metric(measurement.runs()[variant])).collect()
        };
        let (train, test) = (of(|run| run.train_accuracy), of(|run| run.test_accuracy));
        let gap: Vec<f64> = train.iter().zip(&test).map(|(train, test)| train - test).collect();
        let loss = of(|run| run.history.last().train_loss);
        table = table.row([name.to_owned(), spread(&train), spread(&test), spread(&gap), spread(&loss)]);
        gaps.push(gap);
    }
    finding.table(table).claim(Claim::difference(
        "Gap between training and test accuracy: without dropout minus with",
        &gaps[1],
        &gaps[0],
    ));
}

/// Accuracy lost when units are removed: `fractions` of them in the chart, the fraction `compared` in the claim.
pub(super) fn removal(finding: &mut Finding, fractions: &[f64], compared: f64, measurements: &[Measurement]) {
    let mut chart = Chart::new("Hidden units removed after training")
        .x_label("part of the hidden units removed")
        .y_label("test accuracy lost");
    let lost = |variant: usize, fraction: usize| -> Vec<f64> {
        measurements.iter().map(|measurement| measurement.runs()[variant].lost[fraction]).collect()
    };
    for (variant, name) in NAMES.into_iter().enumerate().take(UNITS_REMOVED) {
        let mean = |(index, &fraction): (usize, &f64)| (fraction, mean_and_deviation(&lost(variant, index)).0);
        chart = chart.line(name, fractions.iter().enumerate().map(mean));
    }
    let index = fractions.iter().position(|&fraction| fraction == compared).unwrap_or_default();
    let sentence = format!(
        "Test accuracy lost when a part of {compared} of the hidden units is removed: without dropout minus with"
    );
    finding.claim(Claim::difference(sentence, &lost(1, index), &lost(0, index))).picture(
        "removal",
        "Test accuracy lost when random hidden units are removed, mean over seeds",
        &chart,
    );
}

/// How unsteady the main job's accuracy is, and that its learning rate is why.
pub(super) fn swings(finding: &mut Finding, constant: &Variant<'_>, falling: &Variant<'_>) {
    let last = falling.values(|run| run.mean_of_last(LAST_EPOCHS, |epoch| epoch.test_accuracy));
    finding.note(format!(
        "The main job's learning rate stays what it is, and its test accuracy falls by up to {} from one epoch to the \
         next. Where the rate falls to zero along a cosine it falls by at most {} in the last {LAST_EPOCHS} epochs, whose \
         mean is {}: what the main job lacks is a rate that falls.",
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
