//! What follows from training on the task.

use mlp_plot::{Chart, Panels};

use super::measurement::Recall;
use super::settings::RecallParameters;
use super::training::Recalled;
use crate::curves::over_seeds;
use crate::finding::{Claim, Finding, Table, figure, spread};

// In the order of `RecallParameters::memories`.
const PLAIN: usize = 0;
const OPEN: usize = 1;
const HALF_SHUT: usize = 2;

/// Adds what trained networks remember, with each seed.
pub fn add(measured: &[&Recall], parameters: &RecallParameters, finding: &mut Finding) {
    claims(measured, parameters, finding);
    finding.table(table(measured, parameters));
    let caption = format!(
        "Accuracy on new sequences after {} steps, and norm of the gradient by the first input over that by the last, by \
         the distractors in between: medians over the seeds, bands from the lowest to the highest. Guessing gives {}.",
        parameters.steps,
        figure(1.0 / parameters.symbols as f64)
    );
    finding.picture("recall", &caption, &pictures(measured, parameters));
    let rates: Vec<String> = parameters.rates.iter().map(|&rate| figure(rate)).collect();
    finding.note(format!(
        "Each network at each lag is trained with the learning rates {}, and the run with the lowest training loss counts. \
         At {} units of the plain network saturate: some seeds then keep a symbol by chance, since a saturated unit keeps \
         its sign, but no gradient passes through it, so nothing about the symbol can be learned any more.",
        rates.join(" and "),
        figure(parameters.saturating_rate)
    ));
    finding.note(
        "It is the open gate that remembers, not the LSTM as such: with a forget gate that starts half shut its gradient \
         vanishes like that of the plain network, and it learns as little.",
    );
}

fn claims(measured: &[&Recall], parameters: &RecallParameters, finding: &mut Finding) {
    let [(plain, _), (open, _), (half_shut, _)] = parameters.memories();
    let [short, long] = parameters.extremes();
    let last = parameters.lags.len() - 1;
    let of = |memory, lag, metric: fn(&Recalled) -> f64| -> Vec<f64> {
        measured.iter().map(|recall| metric(recall.best(memory, lag).1)).collect()
    };
    let accuracy = |recalled: &Recalled| recalled.accuracy;
    let reach = |recalled: &Recalled| recalled.reach;
    let remembers = |name: &str, lag| format!("{name}, {lag} steps after the symbol: test accuracy");
    let power = "gradient by the first input over that by the last, after training (power of ten)";
    finding
        .claim(Claim::measured(remembers(plain, short), of(PLAIN, 0, accuracy)))
        .claim(Claim::measured(remembers(plain, long), of(PLAIN, last, accuracy)))
        .claim(Claim::measured(remembers(open, long), of(OPEN, last, accuracy)))
        .claim(Claim::measured(remembers(half_shut, long), of(HALF_SHUT, last, accuracy)))
        .claim(Claim::difference(
            format!("The same, {long} steps after the symbol: LSTM with open forget gate minus plain network"),
            &of(OPEN, last, accuracy),
            &of(PLAIN, last, accuracy),
        ))
        .claim(Claim::measured(format!("{plain}, lag {long}: {power}"), of(PLAIN, last, reach)))
        .claim(Claim::measured(format!("{open}, lag {long}: {power}"), of(OPEN, last, reach)))
        .claim(Claim::measured(
            format!("{plain} at learning rate {}, lag {long}: {power}", figure(parameters.saturating_rate)),
            measured.iter().map(|recall| recall.saturated.reach).collect::<Vec<f64>>(),
        ))
        .claim(Claim::measured(
            format!("Control: {open}, labels that have nothing to do with the symbol, lag {short}: test accuracy"),
            measured.iter().map(|recall| recall.untold.accuracy).collect::<Vec<f64>>(),
        ));
}

fn table(measured: &[&Recall], parameters: &RecallParameters) -> Table {
    let header =
        ["network", "lag", "learning rates chosen", "test accuracy", "gradient, first over last (power of ten)"];
    let mut table = Table::new(format!("After {} steps of training", parameters.steps), &header);
    for (memory, (name, _)) in parameters.memories().into_iter().enumerate() {
        for (index, lag) in parameters.lags.iter().enumerate() {
            let best: Vec<(usize, &Recalled)> = measured.iter().map(|recall| recall.best(memory, index)).collect();
            let chosen = parameters.rates.iter().enumerate().map(|(rate, value)| {
                format!("{}: {}", figure(*value), best.iter().filter(|(best, _)| *best == rate).count())
            });
            let runs: Vec<&Recalled> = best.iter().map(|(_, run)| *run).collect();
            table = table.row(row(name, *lag, chosen.collect::<Vec<String>>().join(", "), &runs));
        }
    }
    let saturated: Vec<&Recalled> = measured.iter().map(|recall| &recall.saturated).collect();
    let rate = format!("{} only", figure(parameters.saturating_rate));
    table.row(row(parameters.memories()[PLAIN].0, parameters.extremes()[1], rate, &saturated))
}

fn row(name: &str, lag: usize, rates: String, runs: &[&Recalled]) -> [String; 5] {
    let of = |metric: fn(&Recalled) -> f64| spread(&runs.iter().map(|run| metric(run)).collect::<Vec<f64>>());
    [name.to_owned(), lag.to_string(), rates, of(|run| run.accuracy), of(|run| run.reach)]
}

fn pictures(measured: &[&Recall], parameters: &RecallParameters) -> Panels {
    let chart = |title: &str, label: &str| Chart::new(title).x_label("distractors").y_label(label).log_x();
    let mut accuracy = chart("What is remembered", "test accuracy").y_range(0.0, 1.05);
    let mut reach = chart("What still has a gradient", "gradient, first input over last").log_y();
    for (memory, (name, _)) in parameters.memories().into_iter().enumerate() {
        let curves = |metric: fn(&Recalled) -> f64| -> Vec<Vec<(f64, f64)>> {
            let at =
                |recall: &Recall, (index, &lag): (usize, &usize)| (lag as f64, metric(recall.best(memory, index).1));
            let curve = |recall: &&Recall| parameters.lags.iter().enumerate().map(|lag| at(recall, lag)).collect();
            measured.iter().map(curve).collect()
        };
        accuracy = over_seeds(accuracy, name, &curves(|run| run.accuracy));
        reach = over_seeds(reach, name, &curves(|run| 10.0_f64.powf(run.reach)));
    }
    Panels::new("The first symbol after some distractors", 2).with(&accuracy).with(&reach)
}
