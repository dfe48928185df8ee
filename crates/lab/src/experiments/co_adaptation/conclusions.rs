//! What follows from the measurements.

use mlp_metrics::mean_and_deviation;
use mlp_plot::Chart;

use super::measurement::{Measurement, NAMES, Run};
use super::settings::CoAdaptationParameters;
use crate::finding::{Bound, Claim, Finding, Table, figure, spread};

/// The networks, by their places in [`NAMES`].
const WITHOUT: usize = 0;
const WITH: usize = 1;
const SWAPPED: usize = 2;
const SUB_NETWORKS: usize = 3;
const OTHER_WEIGHTS: usize = 4;

/// A metric of one of the networks, for each seed.
fn each(measurements: &[Measurement], network: usize, metric: impl Fn(&Run) -> f64) -> Vec<f64> {
    measurements.iter().map(|measurement| metric(&measurement.runs[network])).collect()
}

pub(super) fn finding(parameters: &CoAdaptationParameters, measurements: &[Measurement]) -> Finding {
    let mut finding = Finding::default();
    removal(&mut finding, &parameters.removed, measurements);
    units(&mut finding, measurements);
    application(&mut finding, measurements);
    sub_networks(&mut finding, parameters.watched_steps, measurements);
    finding
}

/// What is lost where units are removed.
fn removal(finding: &mut Finding, removed: &[f64], measurements: &[Measurement]) {
    let lost = |network: usize, index: usize| each(measurements, network, |run| run.lost[index]);
    let mut chart = Chart::new("Hidden units removed after training")
        .x_label("part of the hidden units removed")
        .y_label("test accuracy lost");
    for network in [WITHOUT, WITH, SWAPPED, SUB_NETWORKS] {
        let mean = |(index, &fraction): (usize, &f64)| (fraction, mean_and_deviation(&lost(network, index)).0);
        chart = chart.line(NAMES[network], removed.iter().enumerate().map(mean));
    }
    for (index, fraction) in removed.iter().enumerate() {
        let sentence = format!(
            "Test accuracy lost when a part of {fraction} of the hidden units is removed: without dropout minus with"
        );
        finding.claim(Claim::difference(sentence, &lost(WITHOUT, index), &lost(WITH, index)));
    }
    let last = removed.len() - 1;
    finding
        .claim(Claim::paired(
            format!(
                "Control: test accuracy lost when a part of {} is removed: without dropout, from other weights minus \
                 from the usual ones",
                figure(removed[0])
            ),
            &lost(OTHER_WEIGHTS, 0),
            &lost(WITHOUT, 0),
        ))
        .picture("removal", "Test accuracy lost when random hidden units are removed, mean over seeds", &chart)
        .note(format!(
            "Dropout trains for the removal of its own fractions. At a part of {} it was not trained for, {} of the \
             accuracy is lost without dropout and {} with it.",
            figure(removed[last]),
            spread(&lost(WITHOUT, last)),
            spread(&lost(WITH, last)),
        ));
}

/// How the units of the layers are active and correlated.
fn units(finding: &mut Finding, measurements: &[Measurement]) {
    let active = |network, layer: usize| each(measurements, network, move |run| run.units[layer].active);
    let correlation = |network, layer: usize| each(measurements, network, move |run| run.units[layer].correlation);
    let header =
        ["network", "active, first layer", "active, second layer", "correlation, first", "correlation, second"];
    let mut table = Table::new("Hidden units over test images, dropout off", &header);
    for (network, name) in NAMES.into_iter().enumerate() {
        let cells = [active(network, 0), active(network, 1), correlation(network, 0), correlation(network, 1)];
        table = table.row([name.to_owned()].into_iter().chain(cells.iter().map(|values| spread(values))));
    }
    finding
        .table(table)
        .claim(Claim::difference(
            "Fraction of the first layer's units that are active: without dropout minus with",
            &active(WITHOUT, 0),
            &active(WITH, 0),
        ))
        .claim(Claim::difference(
            "Mean absolute correlation of two units of the first layer: without dropout minus with",
            &correlation(WITHOUT, 0),
            &correlation(WITH, 0),
        ))
        .claim(Claim::paired(
            "Mean absolute correlation of two units of the second layer: with dropout minus without",
            &correlation(WITH, 1),
            &correlation(WITHOUT, 1),
        ))
        .note(
            "Less dependent on each other does not mean less correlated. Units of the first layer become less alike and \
             are active more rarely; those of the second, half of which are missing in each step, must be replaceable \
             and stay alike. What breaks is their reliance on one another, which removal shows.",
        );
}

/// Where and how dropout is applied.
fn application(finding: &mut Finding, measurements: &[Measurement]) {
    let header = ["network", "training accuracy", "test accuracy", "test cross-entropy"];
    let mut table = Table::new("After the last epoch, dropout off", &header);
    for (network, name) in NAMES.into_iter().enumerate() {
        let metrics: [fn(&Run) -> f64; 3] = [|run| run.train_accuracy, |run| run.test_accuracy, |run| run.test_loss];
        let cells = metrics.map(|metric| spread(&each(measurements, network, metric)));
        table = table.row([name.to_owned()].into_iter().chain(cells));
    }
    let loss = |network| each(measurements, network, |run| run.test_loss);
    finding
        .table(table)
        .claim(Claim::difference(
            "Test cross-entropy: probabilities swapped (higher near the input) minus the usual ones",
            &loss(SWAPPED),
            &loss(WITH),
        ))
        .claim(Claim::difference(
            "Test cross-entropy: one sub-network for a mini-batch minus a mask for each example",
            &loss(SUB_NETWORKS),
            &loss(WITH),
        ))
        .claim(Claim::paired(
            "Control: test cross-entropy without dropout, from other weights minus from the usual ones",
            &loss(OTHER_WEIGHTS),
            &loss(WITHOUT),
        ));
}

/// What a step with one sub-network changes.
fn sub_networks(finding: &mut Finding, steps: usize, measurements: &[Measurement]) {
    let dropped = measurements.iter().map(|measurement| measurement.changed.of_dropped as f64).collect::<Vec<_>>();
    let kept = measurements.iter().map(|measurement| measurement.changed.of_kept).collect::<Vec<_>>();
    finding
        .claim(Claim::check(
            format!("One sub-network for a mini-batch, {steps} steps: parameters of dropped units that a step changes"),
            dropped,
            Bound::Equal(0.0),
        ))
        .note(format!(
            "Of the other parameters {} change in such a step; the rest belongs to pixels that are black in the whole \
             batch, or to units that are not active for any of its images.",
            spread(&kept)
        ));
}
