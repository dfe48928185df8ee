//! What follows from the measurements of `batch-norm`.

use mlp_plot::{Chart, Panels};

use super::drift::Drift;
use super::measurement::{Measurement, Run};
use crate::finding::{Claim, Finding, Table, spread};

/// A name, and what has it of a run.
type Part = (&'static str, fn(&Run) -> &Drift);

/// What the drift is of, by name.
const PARTS: [Part; 3] = [
    ("Inputs of the last hidden layer", |run| &run.inputs),
    ("Outputs of its linear map", |run| &run.mapped),
    ("What its activation function sees", |run| &run.seen),
];

/// What follows; `every` steps lie between two looks.
pub(super) fn of(every: u64, measurements: &[Measurement]) -> Finding {
    let mut finding = Finding::default();
    let drifts = |run: fn(&Measurement) -> &Run, part: fn(&Run) -> &Drift| -> [Vec<f64>; 2] {
        let drifts = || measurements.iter().map(|measurement| part(run(measurement)));
        [drifts().map(|drift| drift.means).collect(), drifts().map(|drift| drift.variances).collect()]
    };
    let mut table = Table::new(
        format!("Drift over {every} steps"),
        &["of", "means without", "means with", "variances without", "variances with"],
    );
    for (name, part) in PARTS {
        let without = drifts(|measurement| &measurement.without, part);
        let with = drifts(|measurement| &measurement.with, part);
        let [means, variances] = [0, 1].map(|moment| [spread(&without[moment]), spread(&with[moment])]);
        table = table.row([name.to_owned()].into_iter().chain(means).chain(variances));
        for (moment, what) in ["means", "variances"].into_iter().enumerate() {
            let sentence = format!("{name}: drift of {what}, without batch normalization minus with");
            finding.claim(Claim::difference(sentence, &without[moment], &with[moment]));
        }
    }
    within(measurements, &mut finding);
    finding.table(table).note(
        "Less drift and faster learning come together here; that the one is the reason for the other is not measured. \
         Santurkar et al. 2018 disturb what batch normalization has made steady, and it trains as fast.",
    );
    losses(measurements, &mut finding);
    percentiles(every, &measurements[0], &mut finding);
    finding
}

/// Adds what happens inside the normalized layer, and how much two of them differ by chance.
fn within(measurements: &[Measurement], finding: &mut Finding) {
    let means = |drift: fn(&Measurement) -> &Drift| -> Vec<f64> {
        measurements.iter().map(|measurement| drift(measurement).means).collect()
    };
    finding
        .claim(Claim::difference(
            "With batch normalization: drift of means, before the normalization minus behind it",
            &means(|measurement| &measurement.with.mapped),
            &means(|measurement| &measurement.with.seen),
        ))
        .claim(Claim::paired(
            "Control: drift of the means of the inputs with batch normalization, other weights and batches minus these",
            &means(|measurement| &measurement.repeated.inputs),
            &means(|measurement| &measurement.with.inputs),
        ));
}

fn losses(measurements: &[Measurement], finding: &mut Finding) {
    let loss = |run: fn(&Measurement) -> &Run| -> String {
        spread(&measurements.iter().map(|measurement| run(measurement).train_loss).collect::<Vec<f64>>())
    };
    finding.table(
        Table::new("Training loss of the last epoch", &["without", "with"])
            .row([loss(|measurement| &measurement.without), loss(|measurement| &measurement.with)]),
    );
}

/// Draws what one unit sees over the steps.
fn percentiles(every: u64, measurement: &Measurement, finding: &mut Finding) {
    let chart = |title: &str, run: &Run| {
        let curve = |index: usize| -> Vec<(f64, f64)> {
            let point =
                |(look, percentiles): (usize, &[f32; 3])| ((every * look as u64) as f64, f64::from(percentiles[index]));
            run.percentiles.iter().enumerate().map(point).collect()
        };
        Chart::new(title)
            .x_label("step")
            .y_label("input of the sigmoid")
            .line("15th percentile", curve(0))
            .line("median", curve(1))
            .line("85th percentile", curve(2))
    };
    let panels = Panels::new("What the first unit of the last hidden layer sees", 2)
        .with(&chart("without batch normalization", &measurement.without))
        .with(&chart("with batch normalization", &measurement.with));
    finding.picture("percentiles", "Over the steps of training, for the first seed", &panels);
}
