//! L1 against L2, and penalty against decay under SGD and under Adam.

use burn_fashion_mnist::Inputs;
use burn_mlp::scratch::weight_decay::Penalty;
use burn_mlp::{effective_sample_size, mean_and_deviation};

use super::regression::{Acts, Outcome, Regression};
use super::sets::last;
use super::{ROUNDING, WeightDecay};
use crate::config::OptimizerKind;
use crate::finding::{Bound, Claim, Finding, Table, figure, spread};
use crate::lab::Lab;
use crate::plot::Chart;

/// A name, what takes the step, and where λ acts.
type Rule = (&'static str, OptimizerKind, Acts);

const RULES: [Rule; 4] = [
    ("SGD, penalty in the loss", OptimizerKind::Sgd, Acts::InLoss),
    ("SGD, decay of the weight", OptimizerKind::Sgd, Acts::OnWeight),
    ("Adam, penalty in the loss", OptimizerKind::Adam, Acts::InLoss),
    ("AdamW, decay of the weight", OptimizerKind::Adamw, Acts::InOptimizer),
];

impl WeightDecay {
    pub(super) fn lasso(&self, finding: &mut Finding, lab: &Lab) {
        let parameters = &self.experiment;
        let lasso = &parameters.lasso;
        let [mut l1, mut l2] = [const { Vec::new() }; 2];
        for seed in self.seeds() {
            let regression = Regression {
                learning_rate: lasso.learning_rate,
                epochs: lasso.steps,
                ..self.regression(Inputs::Normal, parameters.train_examples, seed)
            };
            l1.push(regression.scratch(Penalty::L1Proximal(lasso.penalty), lab.device()));
            l2.push(regression.scratch(Penalty::L2(lasso.penalty), lab.device()));
        }
        let zeros = |runs: &[Outcome]| runs.iter().map(Outcome::zeros).collect::<Vec<f64>>();
        let carrying = |runs: &[Outcome]| runs.iter().map(effective_weights).collect::<Vec<f64>>();
        // A lasso solution has at most as many weights other than zero as there are examples.
        let least = 1.0 - parameters.train_examples as f64 / parameters.d_input as f64;
        let penalty = figure(lasso.penalty);
        finding
            .claim(Claim::measured(
                format!("L1, λ = {penalty}: part of the weights that are exactly zero"),
                zeros(&l1),
                Bound::AtLeast(least),
            ))
            .claim(Claim::measured(
                format!("L2, λ = {penalty}: part of the weights that are exactly zero"),
                zeros(&l2),
                Bound::EachAtMost(0.0),
            ))
            .claim(Claim::paired(
                "Effective number of weights (Σ|w|)²/Σw², L2 minus L1",
                &carrying(&l2),
                &carrying(&l1),
                Bound::Positive,
            ));
        let title = format!("L1 and L2 with λ = {penalty} after {} steps on all training examples", lasso.steps);
        let header = ["penalty", "zero weights", "effective number of weights", "norm of the weight", "test loss"];
        let mut table = Table::new(title, &header);
        let mut chart = Chart::new("Weights by size").x_label("rank of the weight").y_label("size of the weight");
        for (name, runs) in [("L1", &l1), ("L2", &l2)] {
            let figures = [zeros(runs), carrying(runs), norms(runs), last(runs, 1)];
            let [zeros, carrying, norms, test] = figures.map(|figures| spread(&figures));
            table = table.row([name.to_owned(), zeros, carrying, norms, test]);
            let mut sizes: Vec<f64> = runs[0].weight.iter().map(|weight| weight.abs()).collect();
            sizes.sort_by(|a, b| b.total_cmp(a));
            chart = chart.line(name, (1..).zip(sizes).map(|(rank, size)| (f64::from(rank), size)));
        }
        finding.table(table);
        let caption = "Sizes of the weights in descending order after training with L1 and with L2, first seed";
        finding.picture("lasso", caption, &chart);
    }

    pub(super) fn adam(&self, finding: &mut Finding, lab: &Lab) {
        let set = &self.experiment.normal;
        let regressions: Vec<Regression> =
            self.seeds().into_iter().map(|seed| self.regression(Inputs::Normal, set.batch_size, seed)).collect();
        let run = |(_, kind, acts): Rule, penalty: f64| -> Vec<Outcome> {
            regressions.iter().map(|regression| regression.concise(kind, acts, penalty, lab.device())).collect()
        };
        let strong = set.penalties[1];
        let [sgd_penalty, sgd_decay, adam_penalty, adam_decay] = RULES.map(|rule| run(rule, strong));
        let strong = figure(strong);
        finding
            .claim(Claim::measured(
                format!(
                    "SGD, λ = {strong}: distance between the weights by penalty and by decay, as a part of their norm"
                ),
                distances(&sgd_penalty, &sgd_decay),
                Bound::EachAtMost(ROUNDING),
            ))
            .claim(Claim::measured(
                format!(
                    "Adam, λ = {strong}: distance between the weights by penalty and by decay, as a part of their norm"
                ),
                distances(&adam_penalty, &adam_decay),
                Bound::AtLeast(0.1),
            ))
            .claim(Claim::paired(
                format!("Adam, λ = {strong}: norm of the weight by penalty minus that by decay"),
                &norms(&adam_penalty),
                &norms(&adam_decay),
                Bound::Positive,
            ));
        self.by_penalty(finding, run);
    }

    /// Norms over λ.
    fn by_penalty(&self, finding: &mut Finding, run: impl Fn(Rule, f64) -> Vec<Outcome>) {
        let penalties = &self.experiment.adam_penalties;
        let names = penalties.iter().map(|&penalty| format!("λ = {}", figure(penalty)));
        let header: Vec<String> = std::iter::once("rule".to_owned()).chain(names).collect();
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        let mut table = Table::new("Norm of the weight on set A after training", &header);
        let mut chart = Chart::new("Penalty and decay").x_label("λ").y_label("norm of the weight").log_x().log_y();
        for rule in RULES {
            let (mut cells, mut points) = (vec![rule.0.to_owned()], Vec::new());
            for &penalty in penalties {
                let norms = norms(&run(rule, penalty));
                cells.push(spread(&norms));
                points.push((penalty, mean_and_deviation(&norms).0));
            }
            table = table.row(cells);
            chart = chart.line(rule.0, points);
        }
        finding.table(table);
        let caption = "Norm of the weight by λ, in the loss and as decay, for SGD and Adam, mean over seeds";
        finding.picture("adam", caption, &chart);
    }
}

fn norms(runs: &[Outcome]) -> Vec<f64> {
    runs.iter().map(Outcome::norm).collect()
}

fn distances(runs: &[Outcome], others: &[Outcome]) -> Vec<f64> {
    runs.iter().zip(others).map(|(run, other)| run.distance(other)).collect()
}

/// `(Σ|w|)²/Σw²`: the number of weights where all have the same size, 1 where only one is not zero.
fn effective_weights(outcome: &Outcome) -> f64 {
    effective_sample_size(&outcome.weight.iter().map(|weight| weight.abs()).collect::<Vec<f64>>())
}
