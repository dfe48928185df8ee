//! What follows from the measurements.

use mlp_plot::{Chart, Panels};

use super::measurement::{Measurement, Period, Run};
use super::settings::ConceptShiftParameters;
use crate::curves::over_seeds;
use crate::finding::{Claim, Finding, Table, spread};

pub(super) fn conclude(parameters: &ConceptShiftParameters, measurements: &[Measurement]) -> Finding {
    let results = Results { measurements, every: parameters.look_every };
    let pairs = parameters.swapped.len();
    let mut finding = Finding::default();
    partial(&mut finding, &results);
    total(&mut finding, &results, pairs);
    control(&mut finding, &results);
    table(&mut finding, &results, pairs);
    pictures(&mut finding, &results, pairs);
    finding
}

/// So far below its end a curve counts as having arrived: the end itself is passed early or late by chance.
const MARGIN: f64 = 0.01;

/// Measurements, and how many steps lie between two looks.
struct Results<'a> {
    measurements: &'a [Measurement],
    every: u64,
}

impl Results<'_> {
    /// A metric where the labels of so many pairs changed, seed by seed.
    fn of(&self, changed: usize, metric: impl Fn(&Period) -> f64) -> Vec<f64> {
        self.measurements.iter().map(|measurement| metric(&measurement.periods[changed])).collect()
    }

    /// Steps of a run to nearly the accuracy that the new network has at its end.
    fn steps(&self, changed: usize, run: fn(&Period) -> &Run) -> Vec<f64> {
        let looks = |period: &Period| run(period).look_that_reaches(period.new.last_look() - MARGIN);
        self.of(changed, |period| looks(period) as f64 * self.every as f64)
    }
}

fn partial(finding: &mut Finding, results: &Results<'_>) {
    finding
        .claim(Claim::difference(
            "One pair of classes changed: steps to one point below the accuracy that a new network has at its end, new network minus going on",
            &results.steps(1, |period| &period.new),
            &results.steps(1, |period| &period.sudden),
        ))
        .claim(Claim::difference(
            "One pair of classes changed: test accuracy, going on minus new network",
            &results.of(1, |period| period.sudden.accuracy),
            &results.of(1, |period| period.new.accuracy),
        ))
        .claim(Claim::difference(
            "One pair of classes changed: test accuracy, going on minus training anew on old and new images together",
            &results.of(1, |period| period.sudden.accuracy),
            &results.of(1, |period| period.mixed),
        ));
}

fn total(finding: &mut Finding, results: &Results<'_>, pairs: usize) {
    finding
        .claim(Claim::measured(
            "All classes changed: test accuracy of the old network as it is",
            results.of(pairs, |period| period.kept),
        ))
        .claim(Claim::difference(
            "All classes changed at once: test accuracy, new network minus going on",
            &results.of(pairs, |period| period.new.accuracy),
            &results.of(pairs, |period| period.sudden.accuracy),
        ))
        .claim(Claim::difference(
            "All classes changed, a pair in each period: test accuracy, network trained in each period minus new network",
            &results.of(pairs, |period| period.gradual),
            &results.of(pairs, |period| period.new.accuracy),
        ))
        .claim(Claim::paired(
            "All classes changed, a pair in each period: test accuracy of the network trained in each, last period minus first",
            &results.of(pairs, |period| period.gradual),
            &results.of(0, |period| period.gradual),
        ));
}

fn control(finding: &mut Finding, results: &Results<'_>) {
    let new = results.of(0, |period| period.new.accuracy);
    let other: Vec<f64> = results.measurements.iter().map(|measurement| measurement.other).collect();
    finding
        .claim(Claim::paired(
            "Control: no class changed: test accuracy, going on minus training anew on old and new images together",
            &results.of(0, |period| period.sudden.accuracy),
            &results.of(0, |period| period.mixed),
        ))
        .claim(Claim::paired(
            "Control: new network with other initial weights and batches: test accuracy minus that of the first",
            &other,
            &new,
        ));
}

/// A variant: its name, and its accuracy in a period.
type Variant = (&'static str, fn(&Period) -> f64);

/// The variants.
const VARIANTS: [Variant; 5] = [
    ("old network as it is", |period| period.kept),
    ("going on, all changes at once", |period| period.sudden.accuracy),
    ("going on, a pair in each period", |period| period.gradual),
    ("new network", |period| period.new.accuracy),
    ("new network, old images too", |period| period.mixed),
];

fn table(finding: &mut Finding, results: &Results<'_>, pairs: usize) {
    let steps = ["steps of going on to one point below the new network's accuracy", "steps of the new network"];
    let header: Vec<&str> =
        std::iter::once("classes changed").chain(VARIANTS.map(|(name, _)| name)).chain(steps).collect();
    let table = Table::new("Test accuracy under the labels that hold now", &header);
    finding.table((0..=pairs).fold(table, |table, changed| {
        let accuracies = VARIANTS.map(|(_, accuracy)| spread(&results.of(changed, accuracy)));
        let steps = [results.steps(changed, |period| &period.sudden), results.steps(changed, |period| &period.new)];
        let first = std::iter::once((2 * changed).to_string());
        table.row(first.chain(accuracies).chain(steps.map(|values| spread(&values))))
    }));
}

fn pictures(finding: &mut Finding, results: &Results<'_>, pairs: usize) {
    let chart = Chart::new("Labels that changed their meaning").x_label("classes changed").y_label("test accuracy");
    let chart = VARIANTS.into_iter().fold(chart, |chart, (name, accuracy)| {
        let curve = |m: &Measurement| (0..).step_by(2).map(f64::from).zip(m.periods.iter().map(accuracy)).collect();
        over_seeds(chart, name, &results.measurements.iter().map(curve).collect::<Vec<_>>())
    });
    let over_steps = |title: &str, changed: usize| {
        let chart = Chart::new(title).x_label("step").y_label("test accuracy");
        let curves = |run: fn(&Period) -> &Run| -> Vec<Vec<(f64, f64)>> {
            let steps = || (0..).map(|look: u64| (look * results.every) as f64);
            let looks = |m: &Measurement| steps().zip(run(&m.periods[changed]).looks.iter().copied()).collect();
            results.measurements.iter().map(looks).collect()
        };
        let chart = over_seeds(chart, "going on", &curves(|period| &period.sudden));
        over_seeds(chart, "new network", &curves(|period| &period.new))
    };
    finding.picture("changed", "Test accuracy over the number of classes whose labels changed", &chart).picture(
        "accuracy",
        "Test accuracy under the new labels over steps, where one pair of classes changed and where all did",
        &Panels::new("After the labels changed their meaning", 2)
            .with(&over_steps("One pair of classes", 1))
            .with(&over_steps("All classes", pairs)),
    );
}
