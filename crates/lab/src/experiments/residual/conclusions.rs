//! What follows from the measurements of `residual`.

use mlp_plot::Chart;

use super::measurement::Measurement;
use super::settings::Residual;
use crate::curves::over_seeds;
use crate::finding::{Claim, Finding, Table};
use crate::tuning::{self, Tuned};

/// One network of the comparison.
struct Network<'a> {
    name: String,
    runs: Vec<&'a Tuned>,
}

impl Network<'_> {
    fn losses(&self) -> Vec<f64> {
        self.runs.iter().map(|run| run.loss()).collect()
    }
}

/// What follows.
pub(super) fn of(settings: &Residual, measurements: &[Measurement]) -> Finding {
    let networks = networks(settings, measurements);
    let mut finding = Finding::default();
    claims(&networks, &mut finding);
    let rates = tuning::columns(settings.training.learning_rate, &settings.experiment.rates);
    let header: Vec<&str> = ["network"].into_iter().chain(rates.iter().map(String::as_str)).collect();
    let mut table = Table::new("Training loss over the last epochs, at each learning rate", &header);
    let mut chart = Chart::new("Training loss by depth").x_label("epoch").y_label("cross-entropy").log_y();
    for (index, network) in networks.iter().enumerate() {
        table = table.row([network.name.clone()].into_iter().chain(tuning::cells(&network.runs)));
        // The repeated network lies on the one that it repeats.
        if index + 1 < networks.len() {
            let curves: Vec<_> = network.runs.iter().map(|run| run.curve()).collect();
            chart = over_seeds(chart, &network.name, &curves);
        }
    }
    finding
        .table(table)
        .picture("degradation", "Training loss over epochs, each network at its best learning rate", &chart)
        .note(
            "With shortcuts a branch ends in its activation, before the addition: neither of the arrangements that He et \
             al. compare, which `residual-convolutions` has.",
        );
    finding
}

fn networks<'a>(settings: &Residual, measurements: &'a [Measurement]) -> [Network<'a>; 5] {
    type Part = fn(&Measurement) -> &Tuned;
    let [shallow, deep] = [settings.experiment.blocks[0], settings.experiment.blocks[1]].map(|blocks| 2 * blocks + 2);
    let parts: [(String, Part); 5] = [
        (format!("plain, {shallow} layers"), |measurement| &measurement.plain_shallow),
        (format!("plain, {deep} layers"), |measurement| &measurement.plain_deep),
        (format!("with shortcuts, {shallow} layers"), |measurement| &measurement.shortcuts_shallow),
        (format!("with shortcuts, {deep} layers"), |measurement| &measurement.shortcuts_deep),
        (format!("plain, {shallow} layers, other weights"), |measurement| &measurement.repeated),
    ];
    parts.map(|(name, part)| Network { name, runs: measurements.iter().map(part).collect() })
}

fn claims(networks: &[Network<'_>; 5], finding: &mut Finding) {
    let [plain_shallow, plain_deep, shortcuts_shallow, shortcuts_deep, repeated] =
        networks.each_ref().map(Network::losses);
    let minus = |first: &[f64], second: &[f64]| -> Vec<f64> {
        first.iter().zip(second).map(|(first, second)| first - second).collect()
    };
    let (plain, residual) = (minus(&plain_deep, &plain_shallow), minus(&shortcuts_deep, &shortcuts_shallow));
    let falls = networks[1].runs.iter().map(|run| run.late_fall());
    let still_falling: Vec<f64> = falls.zip(&plain).map(|(fall, added)| fall / added).collect();
    finding
        .claim(Claim::difference("Plain: training loss, deep minus shallow", &plain_deep, &plain_shallow))
        .claim(Claim::paired("With shortcuts: training loss, deep minus shallow", &shortcuts_deep, &shortcuts_shallow))
        .claim(Claim::difference("What depth adds to the training loss: plain minus with shortcuts", &plain, &residual))
        .claim(Claim::measured(
            "Plain and deep: fall of the training loss in the last fifth of the epochs, as a part of what depth adds",
            still_falling,
        ))
        .claim(Claim::paired(
            "Control: training loss of the shallow plain network, other weights and batches minus these",
            &repeated,
            &plain_shallow,
        ));
}
