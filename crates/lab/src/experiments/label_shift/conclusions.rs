//! What follows from the measurements.

use mlp_plot::{Bars, Chart, Heatmap};

use super::estimates::Errors;
use super::measurement::Measurement;
use super::settings::LabelShiftParameters;
use crate::curves::over_seeds;
use crate::finding::{Bound, Claim, Finding, Table, figure, spread};

pub(super) fn conclude(parameters: &LabelShiftParameters, measurements: &[Measurement]) -> Finding {
    let mut finding = Finding::default();
    shares(&mut finding, measurements);
    accuracies(&mut finding, measurements);
    weak(&mut finding, measurements);
    new_class(&mut finding, measurements);
    changed(&mut finding, measurements);
    control(&mut finding, measurements);
    table(&mut finding, measurements);
    pictures(&mut finding, &measurements[0]);
    noise_curve(&mut finding, &parameters.noise, measurements);
    finding
}

/// How much of the shift is left where all conditions hold.
fn shares(finding: &mut Finding, measurements: &[Measurement]) {
    let left = |error: fn(&Errors) -> f64| {
        of(measurements, |m| m.valid.errors()).iter().map(|errors| error(errors) / errors.source).collect::<Vec<f64>>()
    };
    finding
        .claim(Claim::measured(
            "Total variation of the shares by the confusion matrix from the true ones, as a part of that of the source's",
            left(|errors| errors.by_confusion),
        ))
        .claim(Claim::measured(
            "Total variation of the shares by expectation-maximization from the true ones, as a part of that of the source's",
            left(|errors| errors.by_maximization),
        ));
}

/// Whether the estimated shares help.
fn accuracies(finding: &mut Finding, measurements: &[Measurement]) {
    let unweighted = of(measurements, |m| m.accuracies.unweighted);
    let weighted = of(measurements, |m| m.accuracies.weighted);
    let adjusted = of(measurements, |m| m.accuracies.adjusted);
    finding
        .claim(Claim::difference("Accuracy on the target, weighted minus unweighted training", &weighted, &unweighted))
        .claim(Claim::difference("Accuracy on the target, adjusted minus plain probabilities", &adjusted, &unweighted))
        .table(
            Table::new("On the target", &["model", "accuracy"])
                .row(["unweighted".to_owned(), spread(&unweighted)])
                .row(["trained with weights p(y)/q(y)".to_owned(), spread(&weighted)])
                .row(["unweighted, probabilities adjusted".to_owned(), spread(&adjusted)]),
        );
}

fn weak(finding: &mut Finding, measurements: &[Measurement]) {
    let (weak, valid) = (of(measurements, |m| m.weak), of(measurements, |m| m.valid.errors()));
    let each = |all: &[Errors], metric: fn(&Errors) -> f64| all.iter().map(metric).collect::<Vec<f64>>();
    let pair = |metric: fn(&Errors) -> f64| [each(&weak, metric), each(&valid, metric)];
    let [weak_condition, condition] = pair(|errors| errors.condition_number);
    let [weak_confusion, confusion] = pair(|errors| errors.by_confusion);
    let [weak_maximization, maximization] = pair(|errors| errors.by_maximization);
    let reported = of(measurements, |m| f64::from(u8::from(m.singular_reported)));
    finding
        .claim(Claim::difference(
            "Weak classifiers: condition number of the confusion matrix, minus that of a good one",
            &weak_condition,
            &condition,
        ))
        .claim(Claim::difference(
            "Weak classifiers: total variation of the shares by the confusion matrix from the true ones, minus that of a good one",
            &weak_confusion,
            &confusion,
        ))
        .claim(Claim::difference(
            "Weak classifiers: total variation of the shares by expectation-maximization from the true ones, minus that of a good one",
            &weak_maximization,
            &maximization,
        ))
        .claim(Claim::check(
            "Untrained classifier: its near-singular confusion matrix is refused (1: it is)",
            reported,
            Bound::Equal(1.0),
        ));
}

fn new_class(finding: &mut Finding, measurements: &[Measurement]) {
    let errors = of(measurements, |m| m.new_class.errors());
    let each = |metric: fn(&Errors) -> f64| errors.iter().map(metric).collect::<Vec<f64>>();
    finding
        .claim(Claim::difference(
            "New class in the target: total variation of the other classes' shares by the confusion matrix from the true ones, minus that of the source's",
            &each(|errors| errors.by_confusion),
            &each(|errors| errors.source),
        ))
        .claim(Claim::measured(
            "New class in the target: sum of the shares that came out negative",
            each(|errors| errors.clipped),
        ));
}

fn changed(finding: &mut Finding, measurements: &[Measurement]) {
    let most = |metric: fn(&Errors) -> f64| -> Vec<f64> {
        measurements.iter().map(|m| m.changed.last().map_or(f64::NAN, metric)).collect()
    };
    finding
        .claim(Claim::difference(
            "Another P(x given y), most noise: total variation of the shares by the confusion matrix from the true ones, minus that of the source's",
            &most(|errors| errors.by_confusion),
            &most(|errors| errors.source),
        ))
        .claim(Claim::difference(
            "Another P(x given y), most noise: total variation of the shares by expectation-maximization from the true ones, minus that of the source's",
            &most(|errors| errors.by_maximization),
            &most(|errors| errors.source),
        ))
        .claim(Claim::measured(
            "Another P(x given y), most noise: sum of the shares that came out negative",
            most(|errors| errors.clipped),
        ));
}

fn control(finding: &mut Finding, measurements: &[Measurement]) {
    finding
        .claim(Claim::measured(
            "Control: no shift: largest distance of a class's weight from 1",
            of(measurements, |m| m.control.largest_distance),
        ))
        .claim(Claim::paired(
            "Control: no shift: accuracy, weighted minus unweighted training",
            &of(measurements, |m| m.control.weighted),
            &of(measurements, |m| m.control.unweighted),
        ));
}

/// A name, and what has it of a measurement.
type Case = (&'static str, fn(&Measurement) -> Errors);

fn table(finding: &mut Finding, measurements: &[Measurement]) {
    let header = ["case", "source's shares", "by the confusion matrix", "by expectation-maximization"];
    let header = [&header[..], &["condition number", "negative shares"]].concat();
    let cases: [Case; 4] = [
        ("conditions hold", |m| m.valid.errors()),
        ("weak classifiers", |m| m.weak),
        ("new class", |m| m.new_class.errors()),
        ("another P(x given y), most noise", |m| m.changed[m.changed.len() - 1]),
    ];
    let table = Table::new("Total variation from the true shares of the target", &header);
    finding.table(cases.into_iter().fold(table, |table, (name, errors)| {
        let errors = of(measurements, errors);
        let each = |metric: fn(&Errors) -> f64| spread(&errors.iter().map(metric).collect::<Vec<f64>>());
        table.row([
            name.to_owned(),
            each(|errors| errors.source),
            each(|errors| errors.by_confusion),
            each(|errors| errors.by_maximization),
            each(|errors| errors.condition_number),
            each(|errors| errors.clipped),
        ])
    }));
}

/// Shares and confusion matrix of one measurement.
fn pictures(finding: &mut Finding, measurement: &Measurement) {
    let (names, valid, new_class) = (&measurement.classes, &measurement.valid, &measurement.new_class);
    let bars = Bars::new("Class shares of the target", names)
        .value_label("share")
        .series("true", valid.truth.clone())
        .series("by the confusion matrix", valid.by_confusion.clone())
        .series("by expectation-maximization", valid.by_maximization.clone());
    let known = &names[..new_class.truth.len()];
    let new_bars = Bars::new("With a class that the source does not have", known)
        .value_label("share among these classes")
        .series("true", new_class.truth.clone())
        .series("by the confusion matrix", new_class.by_confusion.clone());
    let heatmap = Heatmap::new("Confusion matrix of the source", measurement.confusion.clone())
        .rows("predicted", names)
        .columns("true", names)
        .decimals(2);
    let condition = figure(valid.condition_number);
    finding
        .picture("shares", "Estimated and true class shares of the target, first seed", &bars)
        .picture("new-class", "The same where the target has a new class, first seed", &new_bars)
        .picture(
            "confusion",
            &format!("Share of each true class predicted as each class, validation images, first seed; condition number {condition}"),
            &heatmap,
        );
}

fn noise_curve(finding: &mut Finding, noise: &[f64], measurements: &[Measurement]) {
    let curves = |metric: fn(&Errors) -> f64| -> Vec<Vec<(f64, f64)>> {
        let of_seed = |m: &Measurement| {
            let errors = std::iter::once(m.valid.errors()).chain(m.changed.iter().copied());
            std::iter::once(0.0).chain(noise.iter().copied()).zip(errors.map(|errors| metric(&errors))).collect()
        };
        measurements.iter().map(of_seed).collect()
    };
    let chart = Chart::new("Another P(x given y)")
        .x_label("standard deviation of the noise on target images")
        .y_label("total variation");
    let chart = over_seeds(chart, "source's shares", &curves(|errors| errors.source));
    let chart = over_seeds(chart, "by the confusion matrix", &curves(|errors| errors.by_confusion));
    let chart = over_seeds(chart, "by expectation-maximization", &curves(|errors| errors.by_maximization));
    finding.picture(
        "noise",
        "Total variation between estimated and true shares over the noise on the target's images",
        &chart,
    );
}

/// A metric of each measurement.
fn of<T>(measurements: &[Measurement], metric: fn(&Measurement) -> T) -> Vec<T> {
    measurements.iter().map(metric).collect()
}
