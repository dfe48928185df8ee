//! What follows for the linear model.

use mlp_plot::Chart;

use super::linear::{NoisyFit, log_slope};
use super::settings::LinearParameters;
use crate::curves::over_seeds;
use crate::finding::{Bound, Claim, Finding, Table, spread};

/// Adds what follows from the fits with noise and with dropout, one for each seed.
pub(super) fn conclude(finding: &mut Finding, linear: &LinearParameters, noise: &[&NoisyFit], dropout: &[&NoisyFit]) {
    // Six standard errors of the mean of one seed's draws.
    let draws = linear.repetitions as f64 * linear.copies.last().map_or(1.0, |&most| most as f64);
    let reach = 6.0 / (draws * (linear.examples * linear.d_input) as f64).sqrt();
    for (name, penalty, fits) in [("noise", "n·σ²", noise), ("dropout", "p/(1 - p)·Σx²", dropout)] {
        let slopes = |of: fn(&NoisyFit) -> &[(f64, f64)]| each(fits, |fit| log_slope(of(fit)));
        let sentence = |what: &str| format!("Linear model with {name}: {what}");
        let mean = sentence("mean of the noise drawn, in units of its standard deviation");
        let decline = sentence(&format!(
            "exponent with which the distance from the ridge solution with penalty {penalty} changes with the number of copies"
        ));
        let control = format!("Control: linear model with {name}: the same exponent with twice the penalty");
        let norm = sentence("norm of the weights, as a part of that of least squares");
        finding
            .claim(Claim::measured(mean, each(fits, |fit| fit.mean_noise)).bound(Bound::Between(-reach, reach)))
            .claim(Claim::measured(decline, slopes(|fit| &fit.distances)))
            .claim(Claim::measured(control, slopes(|fit| &fit.from_twice)))
            .claim(Claim::measured(norm, each(fits, |fit| fit.norm)));
    }
    show(finding, &linear.copies, noise, dropout);
}

/// A quantity of each fit.
fn each(fits: &[&NoisyFit], quantity: impl Fn(&NoisyFit) -> f64) -> Vec<f64> {
    fits.iter().map(|fit| quantity(fit)).collect()
}

fn show(finding: &mut Finding, copies: &[usize], noise: &[&NoisyFit], dropout: &[&NoisyFit]) {
    let header = ["copies", "noise", "noise, twice the penalty", "dropout", "dropout, twice the penalty"];
    let mut table = Table::new("Distance of the minimizer over disturbed copies from the ridge solution", &header);
    for (index, copies) in copies.iter().enumerate() {
        let distance = |fits, of: fn(&NoisyFit) -> &[(f64, f64)]| spread(&each(fits, |fit| of(fit)[index].1));
        let of_both = |fits| [distance(fits, |fit| &fit.distances), distance(fits, |fit| &fit.from_twice)];
        table = table.row([copies.to_string()].into_iter().chain(of_both(noise)).chain(of_both(dropout)));
    }
    let plain = |fits| spread(&each(fits, |fit| fit.from_plain));
    finding.table(table).note(format!(
        "The ridge solution itself is {} away from least squares (noise; dropout: {}).",
        plain(noise),
        plain(dropout),
    ));
    let mut chart = Chart::new("Disturbed least squares and ridge regression").log_x().log_y();
    for (name, fits) in [("noise", noise), ("dropout", dropout)] {
        let curves = |of: fn(&NoisyFit) -> &[(f64, f64)]| fits.iter().map(|fit| of(fit).to_vec()).collect::<Vec<_>>();
        chart = over_seeds(chart, name, &curves(|fit| &fit.distances));
        chart = over_seeds(chart, &format!("{name}, twice the penalty"), &curves(|fit| &fit.from_twice));
    }
    let caption = "Distance between the minimizer of the disturbed squared error and the ridge solution";
    let chart = chart.x_label("disturbed copies of the examples").y_label("distance of the weights");
    finding.picture("ridge", caption, &chart);
}
