//! Deep networks of sigmoids.

use anyhow::Result;
use burn_mlp::Activation;

use super::XavierInit;
use crate::ablation::Arm;
use crate::config::{Config, InitConfig, InitKind, ModelConfig};
use crate::finding::{Bound, Claim, Finding, Table, spread};
use crate::fit::EpochFigures;
use crate::lab::Lab;
use crate::plot::{Chart, Panels};

/// Test accuracy up to which a network counts as not trained; guessing gives 0.1.
const GUESSING: f64 = 0.2;
/// Test accuracy from which on it counts as trained.
const TRAINED: f64 = 0.7;
/// Epochs at the end over which the test accuracy is averaged: it swings from one to the next.
const LAST: usize = 3;

/// Adds which sigmoid networks train.
///
/// # Errors
///
/// If there is no data, or training diverges.
pub fn add(settings: &XavierInit, lab: &Lab, finding: &mut Finding) -> Result<()> {
    let small = format!("N(0, {}²)", settings.model.init.std);
    let variants = [
        (format!("sigmoid, {small}"), Activation::Sigmoid, InitKind::Normal),
        ("sigmoid, Xavier".to_owned(), Activation::Sigmoid, InitKind::XavierNormal),
        (format!("4σ(x) - 2, {small}"), Activation::RescaledSigmoid, InitKind::Normal),
        ("4σ(x) - 2, Xavier".to_owned(), Activation::RescaledSigmoid, InitKind::XavierNormal),
    ];
    let layers = settings.model.hidden.len();
    let header = ["network", "training loss", "training accuracy", "test accuracy"];
    let title = format!("{layers} hidden layers in the last epoch; test accuracy over the last {LAST}");
    let mut table = Table::new(title, &header);
    let mut loss = Chart::new("Training loss").x_label("epoch").y_label("cross-entropy");
    let mut accuracy = Chart::new("Test accuracy").x_label("epoch").y_label("accuracy");
    let mut accuracies = Vec::new();
    for (name, activation, kind) in variants {
        let arm = Arm::train(lab, &name, &settings.seeds(), |seed| {
            let init = InitConfig { kind, ..settings.model.init };
            Config { model: ModelConfig { activation, init, ..settings.model.clone() }, ..settings.config(seed) }
        })?;
        let last = |figure: fn(&EpochFigures) -> f64| arm.values(|run| figure(run.last()));
        let tested = arm.values(|run| run.mean_of_last(LAST, |epoch| epoch.test_accuracy));
        let trained = [last(|epoch| epoch.train_loss), last(|epoch| epoch.train_accuracy)];
        table =
            table.row([name.clone()].into_iter().chain(trained.map(|values| spread(&values))).chain([spread(&tested)]));
        let drawn = |chart: Chart, figure: fn(&EpochFigures) -> f64| {
            chart.band(&name, arm.band(figure)).line(&name, arm.mean_curve(figure))
        };
        loss = drawn(loss, |epoch| epoch.train_loss);
        accuracy = drawn(accuracy, |epoch| epoch.test_accuracy);
        accuracies.push((name, tested));
    }
    let deep = |name: &str| format!("{layers} hidden layers, {name}: test accuracy, mean of the last {LAST} epochs");
    let trained = Bound::AtLeast(TRAINED);
    for ((name, tested), bound) in accuracies.iter().zip([Bound::AtMost(GUESSING), trained, trained, trained]) {
        finding.claim(Claim::measured(deep(name), tested.clone(), bound));
    }
    let sentence = "The same, 4σ(x) - 2 minus sigmoid, both with Xavier weights";
    finding.claim(Claim::paired(sentence, &accuracies[3].1, &accuracies[1].1, Bound::Positive));
    finding.table(table);
    let caption = format!(
        "{layers} hidden layers of sigmoids: mean over seeds, bands from the lowest to the highest. The loss of guessing \
         is ln 10 = 2.303."
    );
    finding.picture("training", &caption, &Panels::new("Deep sigmoid networks", 2).with(&loss).with(&accuracy));
    Ok(())
}
