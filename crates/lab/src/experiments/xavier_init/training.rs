//! Deep networks of sigmoids.

use anyhow::Result;
use burn_mlp::Activation;
use mlp_plot::{Chart, Panels};
use mlp_settings::config::{Config, InitConfig, InitKind, ModelConfig};

use super::settings::XavierInit;
use crate::finding::{Claim, Finding, Table, spread};
use crate::training::{Epoch, History};
use crate::variants::{Variant, train_mlp};
use crate::{Lab, Platform};

/// Epochs at the end over which the test accuracy is averaged: it swings from one to the next.
const LAST: usize = 3;

/// Activation functions and initial weights, by name.
fn variants(settings: &XavierInit) -> [(String, Activation, InitKind); 4] {
    let small = format!("N(0, {}²)", settings.model.init.std);
    [
        (format!("sigmoid, {small}"), Activation::Sigmoid, InitKind::Normal),
        ("sigmoid, Xavier".to_owned(), Activation::Sigmoid, InitKind::XavierNormal),
        (format!("4σ(x) - 2, {small}"), Activation::RescaledSigmoid, InitKind::Normal),
        ("4σ(x) - 2, Xavier".to_owned(), Activation::RescaledSigmoid, InitKind::XavierNormal),
    ]
}

/// Trains each of [`variants`].
///
/// # Errors
///
/// If training diverges.
pub fn measure<P: Platform>(settings: &XavierInit, lab: &Lab<P>, seed: u64) -> Result<[History; 4]> {
    let mut histories: [History; 4] = Default::default();
    for (history, (name, activation, kind)) in histories.iter_mut().zip(variants(settings)) {
        let init = InitConfig { kind, ..settings.model.init };
        let model = ModelConfig { activation, init, ..settings.model.clone() };
        *history = train_mlp(lab, &name, &Config { model, ..settings.config(seed) })?.history;
    }
    Ok(histories)
}

/// Adds which sigmoid networks train.
pub fn add(settings: &XavierInit, measurements: &[&[History; 4]], finding: &mut Finding) {
    let layers = settings.model.hidden.len();
    let header = ["network", "training loss", "training accuracy", "test accuracy"];
    let title = format!("{layers} hidden layers in the last epoch; test accuracy over the last {LAST}");
    let mut table = Table::new(title, &header);
    let mut loss = Chart::new("Training loss").x_label("epoch").y_label("cross-entropy");
    let mut accuracy = Chart::new("Test accuracy").x_label("epoch").y_label("accuracy");
    let mut accuracies = Vec::new();
    for (index, (name, ..)) in variants(settings).into_iter().enumerate() {
        let variant = Variant::new(name.as_str(), measurements.iter().map(|histories| &histories[index]));
        let last = |metric: fn(&Epoch) -> f64| variant.values(|run| metric(run.last()));
        let tested = variant.values(|run| run.mean_of_last(LAST, |epoch| epoch.test_accuracy));
        let trained = [last(|epoch| epoch.train_loss), last(|epoch| epoch.train_accuracy)];
        table =
            table.row([name.clone()].into_iter().chain(trained.map(|values| spread(&values))).chain([spread(&tested)]));
        let drawn = |chart: Chart, metric: fn(&Epoch) -> f64| {
            chart.band(&name, variant.band(metric)).line(&name, variant.mean_curve(metric))
        };
        loss = drawn(loss, |epoch| epoch.train_loss);
        accuracy = drawn(accuracy, |epoch| epoch.test_accuracy);
        accuracies.push((name, tested));
    }
    add_claims(layers, &accuracies, finding);
    finding.table(table);
    let caption = format!(
        "{layers} hidden layers of sigmoids: mean over seeds, bands from the lowest to the highest. The loss of guessing \
         is ln 10 = 2.303."
    );
    finding.picture("training", &caption, &Panels::new("Deep sigmoid networks", 2).with(&loss).with(&accuracy));
}

/// Adds the claims about the test accuracies of [`variants`].
fn add_claims(layers: usize, accuracies: &[(String, Vec<f64>)], finding: &mut Finding) {
    let deep = |name: &str| format!("{layers} hidden layers, {name}: test accuracy, mean of the last {LAST} epochs");
    for (name, tested) in accuracies {
        finding.claim(Claim::measured(deep(name), tested.clone()));
    }
    let sentence = "The same, 4σ(x) - 2 minus sigmoid, both with Xavier weights";
    finding.claim(Claim::difference(sentence, &accuracies[3].1, &accuracies[1].1));
}
