//! L1 against L2.

use burn_fashion_mnist::Inputs;
use mlp_metrics::{ImportanceError, effective_sample_size};
use mlp_plot::Chart;
use serde::{Deserialize, Serialize};

use super::regression::{Outcome, Regression};
use super::settings::WeightDecay;
use crate::finding::{Bound, Claim, Finding, Table, figure, spread};
use crate::scratch::weight_decay::Penalty;
use crate::{Lab, Platform};

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub(super) struct LassoMeasurement {
    l1: Penalized,
    l2: Penalized,
}

/// What training with a penalty ends with.
#[derive(Serialize, Deserialize)]
struct Penalized {
    /// Fraction of the weights that are exactly zero.
    zeros: f64,
    /// `(Σ|w|)²/Σw²`: the number of weights where all have the same size, 1 where only one is not zero.
    effective_weights: f64,
    norm: f64,
    test_loss: f64,
    /// Sizes of the weights, in descending order.
    sizes: Vec<f64>,
}

impl Penalized {
    fn new(outcome: &Outcome) -> Result<Self, ImportanceError> {
        let mut sizes: Vec<f64> = outcome.weight.iter().map(|weight| weight.abs()).collect();
        let effective_weights = effective_sample_size(&sizes)?;
        sizes.sort_by(|a, b| b.total_cmp(a));
        let test_loss = outcome.losses[outcome.losses.len() - 1][1];
        Ok(Self { zeros: outcome.zeros(), effective_weights, norm: outcome.norm(), test_loss, sizes })
    }
}

impl WeightDecay {
    pub(super) fn measure_lasso<P: Platform>(
        &self,
        lab: &Lab<P>,
        seed: u64,
    ) -> Result<LassoMeasurement, ImportanceError> {
        let lasso = &self.experiment.lasso;
        let regression = Regression {
            learning_rate: lasso.learning_rate,
            epochs: lasso.steps,
            ..self.regression(lab, Inputs::Normal, self.experiment.train_examples, seed)
        };
        let train = |penalty| Penalized::new(&regression.scratch(penalty));
        Ok(LassoMeasurement { l1: train(Penalty::L1Proximal(lasso.penalty))?, l2: train(Penalty::L2(lasso.penalty))? })
    }

    pub(super) fn conclude_lasso(&self, finding: &mut Finding, measurements: &[&LassoMeasurement]) {
        let (l1, l2): (Vec<&Penalized>, Vec<&Penalized>) =
            measurements.iter().map(|measured| (&measured.l1, &measured.l2)).unzip();
        self.claim_lasso(finding, &l1, &l2);
        let lasso = &self.experiment.lasso;
        let penalty = figure(lasso.penalty);
        let title = format!("L1 and L2 with λ = {penalty} after {} steps on all training examples", lasso.steps);
        let header = ["penalty", "zero weights", "effective number of weights", "norm of the weight", "test loss"];
        let mut table = Table::new(title, &header);
        let mut chart = Chart::new("Weights by size").x_label("rank of the weight").y_label("size of the weight");
        for (name, runs) in [("L1", &l1), ("L2", &l2)] {
            let spread = |metric: fn(&Penalized) -> f64| spread(&values(runs, metric));
            table = table.row([
                name.to_owned(),
                spread(|run| run.zeros),
                spread(|run| run.effective_weights),
                spread(|run| run.norm),
                spread(|run| run.test_loss),
            ]);
            let sizes = (1..).zip(&runs[0].sizes);
            chart = chart.line(name, sizes.map(|(rank, &size)| (f64::from(rank), size)));
        }
        finding.table(table);
        let caption = "Sizes of the weights in descending order after training with L1 and with L2, first seed";
        finding.picture("lasso", caption, &chart);
    }

    fn claim_lasso(&self, finding: &mut Finding, l1: &[&Penalized], l2: &[&Penalized]) {
        let parameters = &self.experiment;
        // A lasso solution has at most as many weights other than zero as there are examples.
        let least = 1.0 - parameters.train_examples as f64 / parameters.d_input as f64;
        let penalty = figure(parameters.lasso.penalty);
        finding
            .claim(
                Claim::measured(
                    format!("L1, λ = {penalty}: part of the weights that are exactly zero"),
                    values(l1, |run| run.zeros),
                )
                .bound(Bound::AtLeast(least)),
            )
            .claim(Claim::check(
                format!("L2, λ = {penalty}: part of the weights that are exactly zero"),
                values(l2, |run| run.zeros),
                Bound::EachAtMost(0.0),
            ))
            .claim(Claim::difference(
                "Effective number of weights (Σ|w|)²/Σw², L2 minus L1",
                &values(l2, |run| run.effective_weights),
                &values(l1, |run| run.effective_weights),
            ));
    }
}

fn values(runs: &[&Penalized], metric: fn(&Penalized) -> f64) -> Vec<f64> {
    runs.iter().map(|run| metric(run)).collect()
}
