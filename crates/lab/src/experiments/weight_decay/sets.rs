//! Sets A and B of the texts: the norm of the weight and the losses, without and with weight decay.

use burn_fashion_mnist::Inputs;
use burn_mlp_train::OptimizerKind;
use mlp_metrics::mean_and_deviation;
use mlp_plot::Chart;
use serde::{Deserialize, Serialize};

use super::regression::{Acts, Regression};
use super::settings::{ROUNDING, SetParameters, WeightDecay};
use crate::finding::{Bound, Claim, Finding, Table, figure, spread};
use crate::scratch::weight_decay::Penalty;
use crate::{Lab, Platform};

/// A set of examples.
pub(super) struct Set<'a> {
    name: &'static str,
    stem: &'static str,
    inputs: Inputs,
    parameters: &'a SetParameters,
}

impl Set<'_> {
    /// The weaker and the stronger penalty λ.
    fn penalties(&self) -> [f64; 2] {
        [self.parameters.penalties[0], self.parameters.penalties[1]]
    }
}

/// A set, measured with one seed.
#[derive(Serialize, Deserialize)]
pub(super) struct SetMeasurement {
    /// With the weaker and with the stronger penalty, from scratch.
    runs: [Run; 2],
    /// The larger of the two distances between the weights by modules and from scratch, as a fraction of their norm.
    distance: f64,
    /// Relative change of the norm at the stronger penalty when batches come in another order.
    reordered: f64,
}

#[derive(Serialize, Deserialize)]
struct Run {
    /// `‖w‖`
    norm: f64,
    bias: f64,
    /// Loss without penalty over the training and the test examples after each epoch.
    losses: Vec<[f64; 2]>,
}

impl WeightDecay {
    pub(super) fn sets(&self) -> [Set<'_>; 2] {
        let a = Set { name: "A", stem: "normal", inputs: Inputs::Normal, parameters: &self.experiment.normal };
        let b = Set { name: "B", stem: "uniform", inputs: Inputs::Uniform, parameters: &self.experiment.uniform };
        [a, b]
    }

    /// Norms and losses with the weaker and the stronger penalty.
    pub(super) fn measure_set<P: Platform>(&self, lab: &Lab<P>, set: &Set<'_>, seed: u64) -> SetMeasurement {
        let regression = self.regression(lab, set.inputs, set.parameters.batch_size, seed);
        let mut furthest: f64 = 0.0;
        let runs = set.penalties().map(|penalty| {
            let scratch = regression.scratch(Penalty::L2(penalty));
            let concise = regression.concise(OptimizerKind::Sgd, Acts::InOptimizer, penalty);
            furthest = furthest.max(concise.distance(&scratch));
            Run { norm: scratch.norm(), bias: scratch.bias, losses: scratch.losses }
        });
        let other_order = Regression { order: !regression.order, ..regression };
        let reordered = other_order.scratch(Penalty::L2(set.penalties()[1])).norm() / runs[1].norm - 1.0;
        SetMeasurement { runs, distance: furthest, reordered }
    }

    pub(super) fn conclude_set(&self, finding: &mut Finding, set: &Set<'_>, measurements: &[&SetMeasurement]) {
        let runs = [0, 1].map(|index| measurements.iter().map(|measured| &measured.runs[index]).collect());
        self.claim_norms(finding, set, &runs);
        claim_losses(finding, set, &runs);
        finding.claim(Claim::check(
            format!(
                "Set {}: distance between the weights by modules and from scratch, as a part of their norm",
                set.name
            ),
            measurements.iter().map(|measured| measured.distance).collect::<Vec<f64>>(),
            Bound::EachAtMost(ROUNDING),
        ));
        finding.claim(Claim::measured(
            format!(
                "Control: set {}, λ = {}: relative change of the norm with batches in another order",
                set.name,
                figure(set.penalties()[1])
            ),
            measurements.iter().map(|measured| measured.reordered).collect::<Vec<f64>>(),
        ));
        self.report(finding, set, &runs);
    }

    fn claim_norms(&self, finding: &mut Finding, set: &Set<'_>, runs: &[Vec<&Run>; 2]) {
        for (penalty, runs) in set.penalties().into_iter().zip(runs) {
            let sentence = format!("Set {}: norm of the weight after training, λ = {}", set.name, figure(penalty));
            let claim = Claim::measured(sentence, norms(runs));
            finding.claim(match self.experiment.norm(set.parameters, penalty) {
                Some([least, most]) => claim.bound(Bound::Between(least, most)),
                None => claim,
            });
        }
    }

    fn report(&self, finding: &mut Finding, set: &Set<'_>, runs: &[Vec<&Run>; 2]) {
        let (name, epochs) = (set.name, self.experiment.epochs);
        let mut table = Table::new(
            format!("Set {name} after {epochs} epochs in batches of {}", set.parameters.batch_size),
            &["λ", "norm of the weight", "bias", "training loss", "test loss"],
        );
        for ((penalty, runs), suffix) in set.penalties().into_iter().zip(runs).zip(["weak", "strong"]) {
            let biases: Vec<f64> = runs.iter().map(|run| run.bias).collect();
            let [train, test] = [0, 1].map(|split| spread(&last(runs, split)));
            table = table.row([figure(penalty), spread(&norms(runs)), spread(&biases), train, test]);
            let curve = |split: usize| {
                (0..epochs).map(move |epoch| {
                    let losses: Vec<f64> = runs.iter().map(|run| run.losses[epoch][split]).collect();
                    ((epoch + 1) as f64, mean_and_deviation(&losses).0)
                })
            };
            let chart = Chart::new(format!("Set {name}, λ = {}", figure(penalty)))
                .x_label("epoch")
                .y_label("loss ½(y - ŷ)²")
                .log_y()
                .line("training", curve(0))
                .line("test", curve(1));
            let caption = format!("Set {name}: loss over epochs with λ = {}, mean over seeds", figure(penalty));
            finding.picture(&format!("{}-{suffix}", set.stem), &caption, &chart);
        }
        finding.table(table);
    }
}

fn claim_losses(finding: &mut Finding, set: &Set<'_>, runs: &[Vec<&Run>; 2]) {
    let (name, penalties) = (set.name, set.penalties());
    let logs = |index: usize, split: usize| last(&runs[index], split).into_iter().map(f64::log10);
    let [train, test] = [0, 1].map(|split| logs(0, split).collect::<Vec<f64>>());
    let overfit: Vec<f64> = test.iter().zip(&train).map(|(test, train)| test - train).collect();
    let weak = figure(penalties[0]);
    finding
        .claim(Claim::measured(
            format!("Set {name}: decimal logarithm of test loss over training loss, λ = {weak}"),
            overfit,
        ))
        .claim(Claim::difference(
            format!("Set {name}: decimal logarithm of the test loss, λ = {weak} minus λ = {}", figure(penalties[1])),
            &test,
            &logs(1, 1).collect::<Vec<f64>>(),
        ));
}

fn norms(runs: &[&Run]) -> Vec<f64> {
    runs.iter().map(|run| run.norm).collect()
}

/// Loss of each run after the last epoch: 0 for the training, 1 for the test examples.
fn last(runs: &[&Run], split: usize) -> Vec<f64> {
    runs.iter().filter_map(|run| run.losses.last()).map(|losses| losses[split]).collect()
}
