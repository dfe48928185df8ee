//! Sets A and B of the texts: the norm of the weight and the losses, without and with weight decay.

use burn_fashion_mnist::Inputs;
use burn_mlp::mean_and_deviation;
use burn_mlp::scratch::weight_decay::Penalty;

use super::regression::{Acts, Outcome};
use super::{ROUNDING, SetParameters, WeightDecay};
use crate::config::OptimizerKind;
use crate::finding::{Bound, Claim, Finding, Table, figure, spread};
use crate::lab::Lab;
use crate::plot::Chart;

/// A set of examples with what a text prints and must be seen for it.
pub(super) struct Set<'a> {
    pub(super) name: &'static str,
    stem: &'static str,
    inputs: Inputs,
    parameters: &'a SetParameters,
    /// `‖w‖` at both penalties, as printed.
    printed: [&'static str; 2],
    norms: [Bound; 2],
}

impl WeightDecay {
    pub(super) fn sets(&self) -> [Set<'_>; 2] {
        let a = Set {
            name: "A",
            stem: "normal",
            inputs: Inputs::Normal,
            parameters: &self.experiment.normal,
            printed: ["12.57", "0.3554"],
            norms: [Bound::Between(11.0, 15.0), Bound::Between(0.30, 0.42)],
        };
        let b = Set {
            name: "B",
            stem: "uniform",
            inputs: Inputs::Uniform,
            parameters: &self.experiment.uniform,
            printed: ["12.12", "0.0762"],
            norms: [Bound::Between(11.0, 14.0), Bound::Between(0.05, 0.11)],
        };
        [a, b]
    }

    /// Norms and losses with the weaker and the stronger penalty.
    pub(super) fn decay(&self, finding: &mut Finding, lab: &Lab, set: &Set<'_>) {
        let device = lab.device();
        let [mut weak, mut strong] = [const { Vec::new() }; 2];
        let mut distances = Vec::new();
        let penalties = [set.parameters.penalties[0], set.parameters.penalties[1]];
        for seed in self.seeds() {
            let regression = self.regression(set.inputs, set.parameters.batch_size, seed);
            let mut furthest: f64 = 0.0;
            for (penalty, outcomes) in penalties.into_iter().zip([&mut weak, &mut strong]) {
                let scratch = regression.scratch(Penalty::L2(penalty), device);
                let concise = regression.concise(OptimizerKind::Sgd, Acts::InOptimizer, penalty, device);
                furthest = furthest.max(concise.distance(&scratch));
                outcomes.push(scratch);
            }
            distances.push(furthest);
        }
        let outcomes = [weak, strong];
        self.claim_decay(finding, set, penalties, &outcomes);
        finding.claim(Claim::measured(
            format!(
                "Set {}: distance between the weights by modules and from scratch, as a part of their norm",
                set.name
            ),
            distances,
            Bound::EachAtMost(ROUNDING),
        ));
        self.report(finding, set, penalties, &outcomes);
    }

    fn claim_decay(&self, finding: &mut Finding, set: &Set<'_>, penalties: [f64; 2], outcomes: &[Vec<Outcome>; 2]) {
        let name = set.name;
        for index in 0..2 {
            let norms: Vec<f64> = outcomes[index].iter().map(Outcome::norm).collect();
            let sentence = format!("Set {name}: norm of the weight after training, λ = {}", figure(penalties[index]));
            finding.claim(Claim::measured(sentence, norms, set.norms[index]).printed(set.printed[index]));
        }
        let logs = |index: usize, part: usize| last(&outcomes[index], part).into_iter().map(f64::log10);
        let [train, test] = [0, 1].map(|part| logs(0, part).collect::<Vec<f64>>());
        let overfit: Vec<f64> = test.iter().zip(&train).map(|(test, train)| test - train).collect();
        let weak = figure(penalties[0]);
        finding
            .claim(Claim::measured(
                format!("Set {name}: decimal logarithm of test loss over training loss, λ = {weak}"),
                overfit,
                Bound::AtLeast(1.0),
            ))
            .claim(Claim::paired(
                format!(
                    "Set {name}: decimal logarithm of the test loss, λ = {weak} minus λ = {}",
                    figure(penalties[1])
                ),
                &test,
                &logs(1, 1).collect::<Vec<f64>>(),
                Bound::Positive,
            ));
    }

    fn report(&self, finding: &mut Finding, set: &Set<'_>, penalties: [f64; 2], outcomes: &[Vec<Outcome>; 2]) {
        let (name, epochs) = (set.name, self.experiment.epochs);
        let mut table = Table::new(
            format!("Set {name} after {epochs} epochs in batches of {}", set.parameters.batch_size),
            &["λ", "norm of the weight", "bias", "training loss", "test loss"],
        );
        for ((penalty, runs), suffix) in penalties.into_iter().zip(outcomes).zip(["weak", "strong"]) {
            let biases: Vec<f64> = runs.iter().map(|run| run.bias).collect();
            let norms: Vec<f64> = runs.iter().map(Outcome::norm).collect();
            let [train, test] = [0, 1].map(|part| spread(&last(runs, part)));
            table = table.row([figure(penalty), spread(&norms), spread(&biases), train, test]);
            let curve = |part: usize| {
                (0..epochs).map(move |epoch| {
                    let losses: Vec<f64> = runs.iter().map(|run| run.losses[epoch][part]).collect();
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

/// Loss of each run after the last epoch: 0 for the training, 1 for the test examples.
pub(super) fn last(runs: &[Outcome], part: usize) -> Vec<f64> {
    runs.iter().filter_map(|run| run.losses.last()).map(|losses| losses[part]).collect()
}
