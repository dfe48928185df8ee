//! What follows from the measurements.

use mlp_plot::{Bars, Heatmap};

use super::measurement::Measurement;
use crate::finding::{Claim, Finding, Table, figure, spread};

pub(super) fn conclude(measurements: &[Measurement]) -> Finding {
    let mut finding = Finding::default();
    shares(&mut finding, measurements);
    accuracies(&mut finding, measurements);
    let reported = of(measurements, |m| f64::from(u8::from(m.singular_reported)));
    let condition = of(measurements, |m| m.condition_number);
    finding
        .claim(Claim::measured(
            "Part of the seeds in which the near-singular confusion matrix of an untrained network is reported",
            reported,
        ))
        .note(format!("Condition number of the confusion matrix: {}.", spread(&condition)));
    pictures(&mut finding, &measurements[0]);
    finding
}

/// How far estimated class shares are from the true ones.
fn shares(finding: &mut Finding, measurements: &[Measurement]) {
    let by_confusion = of(measurements, |m| m.variation(&m.by_confusion));
    let by_maximization = of(measurements, |m| m.variation(&m.by_maximization));
    let ignored = of(measurements, |m| m.variation(&m.source));
    finding
        .table(
            Table::new("Class shares of the target", &["shares", "total variation from the true ones"])
                .row(["those of the source".to_owned(), spread(&ignored)])
                .row(["by the confusion matrix".to_owned(), spread(&by_confusion)])
                .row(["by expectation-maximization".to_owned(), spread(&by_maximization)]),
        )
        .claim(Claim::measured(
            "Total variation between true class shares and those by the confusion matrix",
            by_confusion,
        ))
        .claim(Claim::measured(
            "Total variation between true class shares and those by expectation-maximization",
            by_maximization,
        ));
}

/// Whether the estimated shares help.
fn accuracies(finding: &mut Finding, measurements: &[Measurement]) {
    let unweighted = of(measurements, |m| m.unweighted);
    let weighted = of(measurements, |m| m.weighted);
    let adjusted = of(measurements, |m| m.adjusted);
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

/// Shares and confusion matrix of one measurement.
fn pictures(finding: &mut Finding, measurement: &Measurement) {
    let names = &measurement.classes;
    let bars = Bars::new("Class shares of the target", names)
        .value_label("share")
        .series("true", measurement.truth.clone())
        .series("by the confusion matrix", measurement.by_confusion.clone())
        .series("by expectation-maximization", measurement.by_maximization.clone());
    let heatmap = Heatmap::new("Confusion matrix of the source", measurement.confusion.clone())
        .rows("predicted", names)
        .columns("true", names)
        .decimals(2);
    let condition = figure(measurement.condition_number);
    finding
        .picture("shares", "Estimated and true class shares of the target, first seed", &bars)
        .picture(
            "confusion",
            &format!("Share of each true class predicted as each class, validation images, first seed; condition number {condition}"),
            &heatmap,
        );
}

/// A metric of each measurement.
fn of(measurements: &[Measurement], metric: fn(&Measurement) -> f64) -> Vec<f64> {
    measurements.iter().map(metric).collect()
}

impl Measurement {
    /// Total variation between shares and the true ones.
    fn variation(&self, shares: &[f64]) -> f64 {
        total_variation(shares, &self.truth)
    }
}

fn total_variation(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| (one - other).abs()).sum::<f64>() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn total_variation_is_half_the_absolute_differences() {
        assert_eq!(total_variation(&[0.5, 0.5], &[1.0, 0.0]), 0.5);
        assert_eq!(total_variation(&[0.2, 0.8], &[0.2, 0.8]), 0.0);
    }
}
