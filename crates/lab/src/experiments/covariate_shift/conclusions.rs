//! What follows from the measurements.

use mlp_plot::{Chart, Panels};

use super::measurement::{Case, Estimated, Measurement};
use crate::finding::{Claim, Finding, Table, spread};

pub(super) fn conclude(measurements: &[Measurement]) -> Finding {
    let cases = |case: fn(&Measurement) -> &Case| Cases(measurements.iter().map(case).collect());
    let [brighter, extremes, drawings, none] =
        [cases(|m| &m.brighter), cases(|m| &m.extremes), cases(|m| &m.drawings), cases(|m| &m.none)];
    let mut finding = Finding::default();
    representable(&mut finding, &brighter);
    misspecified(&mut finding, &extremes);
    disjoint(&mut finding, &drawings);
    control(&mut finding, &none);
    let all = [&brighter, &extremes, &drawings, &none];
    estimates(&mut finding, all);
    accuracies(&mut finding, all);
    pictures(&mut finding, &measurements[0]);
    finding
}

/// One shift, seed by seed.
struct Cases<'a>(Vec<&'a Case>);

impl Cases<'_> {
    fn of(&self, metric: impl Fn(&Case) -> f64) -> Vec<f64> {
        self.0.iter().map(|case| metric(case)).collect()
    }

    /// Accuracy gained by the weights of a logistic regression.
    fn gains(&self) -> Vec<f64> {
        self.of(|case| case.linear.accuracy - case.unweighted)
    }

    fn slopes(&self) -> Vec<f64> {
        self.of(|case| slope(&case.linear))
    }
}

fn slope(estimated: &Estimated) -> f64 {
    estimated.slope.unwrap_or(f64::NAN)
}

/// Of the estimate by a classifier with a hidden layer.
fn hidden(case: &Case, metric: fn(&Estimated) -> f64) -> f64 {
    case.hidden.as_ref().map_or(f64::NAN, metric)
}

fn representable(finding: &mut Finding, brighter: &Cases<'_>) {
    finding
        .claim(Claim::difference(
            "Brighter target: accuracy on it, weighted minus unweighted training",
            &brighter.of(|case| case.linear.accuracy),
            &brighter.of(|case| case.unweighted),
        ))
        .claim(Claim::measured(
            "Brighter target: slope of the estimated on the true logarithm of the weights",
            brighter.slopes(),
        ))
        .claim(Claim::measured(
            "Brighter target: mean of the estimated weights (1 for a ratio of densities)",
            brighter.of(|case| case.linear.mean_weight),
        ));
}

fn misspecified(finding: &mut Finding, extremes: &Cases<'_>) {
    finding
        .claim(Claim::measured(
            "Darkest and brightest images: slope of the logarithm of the weights that a linear classifier estimates",
            extremes.slopes(),
        ))
        .claim(Claim::difference(
            "Darkest and brightest images: slope with a hidden layer in the domain classifier minus slope without",
            &extremes.of(|case| hidden(case, slope)),
            &extremes.slopes(),
        ))
        .claim(Claim::difference(
            "Darkest and brightest images: accuracy with the true weights minus with those of a linear classifier",
            &extremes.of(|case| case.true_weights.unwrap_or(f64::NAN)),
            &extremes.of(|case| case.linear.accuracy),
        ));
}

fn disjoint(finding: &mut Finding, drawings: &Cases<'_>) {
    let possible = |case: &Case| case.target_labels.map_or(f64::NAN, |reference| reference - case.unweighted);
    finding
        .claim(Claim::measured(
            "Drawings: accuracy of the domain classifier on held-out images",
            drawings.of(|case| case.linear.domain_accuracy),
        ))
        .claim(Claim::measured(
            "Drawings: effective sample size, as a part of the source images",
            drawings.of(|case| case.linear.effective),
        ))
        .claim(Claim::measured(
            "Drawings: accuracy gained by the weights, as a part of what labels of the target would gain",
            drawings.of(|case| (case.linear.accuracy - case.unweighted) / possible(case)),
        ));
}

fn control(finding: &mut Finding, none: &Cases<'_>) {
    finding
        .claim(Claim::measured("Control: no shift: accuracy, weighted minus unweighted training", none.gains()))
        .claim(Claim::measured(
            "Control: no shift: effective sample size, as a part of the source images",
            none.of(|case| case.linear.effective),
        ))
        .claim(Claim::measured(
            "Control: no shift: accuracy of the domain classifier on held-out images",
            none.of(|case| case.linear.domain_accuracy),
        ));
}

/// Of the estimate by a logistic regression.
fn linear(case: &Case, metric: fn(&Estimated) -> f64) -> f64 {
    metric(&case.linear)
}

type Of = fn(&Case, fn(&Estimated) -> f64) -> f64;

fn estimates<'a>(finding: &mut Finding, [brighter, extremes, drawings, none]: [&Cases<'a>; 4]) {
    let header = ["target", "slope", "mean weight", "effective sample size", "accuracy of the domain classifier"];
    let rows: [(&str, &Cases<'a>, Of, bool); 5] = [
        ("brighter", brighter, linear, true),
        ("darkest and brightest", extremes, linear, true),
        ("darkest and brightest, with a hidden layer", extremes, hidden, true),
        ("drawings", drawings, linear, false),
        ("no shift", none, linear, false),
    ];
    let table =
        rows.into_iter().fold(Table::new("Estimated weights", &header), |table, (name, cases, of, has_slope)| {
            let metric = |metric| spread(&cases.of(|case| of(case, metric)));
            table.row([
                name.to_owned(),
                if has_slope { metric(slope) } else { "-".to_owned() },
                metric(|estimated| estimated.mean_weight),
                metric(|estimated| estimated.effective),
                metric(|estimated| estimated.domain_accuracy),
            ])
        });
    finding.table(table).note(
        "That the source has nothing like the drawings shows: a classifier tells them apart without error, and a few \
         images have all the weight, so that even its mean says little. That the classifier cannot represent the ratio \
         shows in none of these figures: only the slope says it, and only where the true ratio is known.",
    );
}

fn accuracies<'a>(finding: &mut Finding, [brighter, extremes, drawings, none]: [&Cases<'a>; 4]) {
    let header = ["target", "unweighted", "estimated weights", "with a hidden layer", "true weights", "its labels"];
    let rows =
        [("brighter", brighter), ("darkest and brightest", extremes), ("drawings", drawings), ("no shift", none)];
    let table = Table::new("Accuracy on target test images, by what the network was trained with", &header);
    finding.table(rows.into_iter().fold(table, |table, (name, cases)| {
        let shown = |metric: fn(&Case) -> Option<f64>| {
            let values: Option<Vec<f64>> = cases.0.iter().map(|case| metric(case)).collect();
            values.map_or("-".to_owned(), |values| spread(&values))
        };
        table.row([
            name.to_owned(),
            shown(|case| Some(case.unweighted)),
            shown(|case| Some(case.linear.accuracy)),
            shown(|case| case.hidden.as_ref().map(|estimated| estimated.accuracy)),
            shown(|case| case.true_weights),
            shown(|case| case.target_labels),
        ])
    }));
}

fn pictures(finding: &mut Finding, measurement: &Measurement) {
    let chart = |title: &str, case: &Case| {
        Chart::new(title)
            .x_label("true ln β")
            .y_label("estimated ln β")
            .markers("source images", case.ratios.iter().copied())
            .guide("equal", diagonal(&case.ratios))
    };
    finding.picture(
        "weights",
        "Estimated against true logarithm of the weight, each less its mean, some source images of the first seed",
        &Panels::new("Importance weights by a logistic regression", 2)
            .with(&chart("Brighter target", &measurement.brighter))
            .with(&chart("Darkest and brightest images", &measurement.extremes)),
    );
}

fn diagonal(ratios: &[(f64, f64)]) -> [(f64, f64); 2] {
    let low = ratios.iter().map(|point| point.0).fold(f64::INFINITY, f64::min);
    let high = ratios.iter().map(|point| point.0).fold(f64::NEG_INFINITY, f64::max);
    [(low, low), (high, high)]
}
