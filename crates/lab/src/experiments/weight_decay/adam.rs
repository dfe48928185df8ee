//! Penalty against decay under SGD and under Adam.

use burn_fashion_mnist::Inputs;
use burn_mlp_train::OptimizerKind;
use mlp_metrics::mean_and_deviation;
use mlp_plot::Chart;
use serde::{Deserialize, Serialize};

use super::regression::Acts;
use super::settings::{ROUNDING, WeightDecay};
use crate::finding::{Bound, Claim, Finding, Table, figure, spread};
use crate::{Lab, Platform};

/// A name, what takes the step, and where λ acts.
type Rule = (&'static str, OptimizerKind, Acts);

const RULES: [Rule; 4] = [
    ("SGD, penalty in the loss", OptimizerKind::Sgd, Acts::InLoss),
    ("SGD, decay of the weight", OptimizerKind::Sgd, Acts::OnWeight),
    ("Adam, penalty in the loss", OptimizerKind::Adam, Acts::InLoss),
    ("AdamW, decay of the weight", OptimizerKind::Adamw, Acts::InOptimizer),
];

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub(super) struct AdamMeasurement {
    /// Distance between the weights by penalty and by decay under SGD, as a fraction of their norm. This one and the
    /// next three at the stronger penalty of set A.
    sgd_distance: f64,
    /// The same under Adam.
    adam_distance: f64,
    /// Norm of the weight by penalty under Adam.
    adam_penalty_norm: f64,
    /// Norm of the weight by decay under Adam.
    adam_decay_norm: f64,
    /// Norm of the weight by each of [`RULES`], at each of the penalties.
    norms: [Vec<f64>; 4],
}

impl WeightDecay {
    pub(super) fn measure_adam<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> AdamMeasurement {
        let set = &self.experiment.normal;
        let regression = self.regression(lab, Inputs::Normal, set.batch_size, seed);
        let run = |(_, kind, acts): Rule, penalty: f64| regression.concise(kind, acts, penalty);
        let [sgd_penalty, sgd_decay, adam_penalty, adam_decay] = RULES.map(|rule| run(rule, set.penalties[1]));
        let penalties = &self.experiment.adam_penalties;
        AdamMeasurement {
            sgd_distance: sgd_penalty.distance(&sgd_decay),
            adam_distance: adam_penalty.distance(&adam_decay),
            adam_penalty_norm: adam_penalty.norm(),
            adam_decay_norm: adam_decay.norm(),
            norms: RULES.map(|rule| penalties.iter().map(|&penalty| run(rule, penalty).norm()).collect()),
        }
    }

    pub(super) fn conclude_adam(&self, finding: &mut Finding, measurements: &[&AdamMeasurement]) {
        let values = |metric: fn(&AdamMeasurement) -> f64| -> Vec<f64> {
            measurements.iter().map(|measured| metric(measured)).collect()
        };
        let strong = figure(self.experiment.normal.penalties[1]);
        finding
            .claim(Claim::check(
                format!(
                    "SGD, λ = {strong}: distance between the weights by penalty and by decay, as a part of their norm"
                ),
                values(|measured| measured.sgd_distance),
                Bound::EachAtMost(ROUNDING),
            ))
            .claim(Claim::measured(
                format!(
                    "Adam, λ = {strong}: distance between the weights by penalty and by decay, as a part of their norm"
                ),
                values(|measured| measured.adam_distance),
            ))
            .claim(Claim::difference(
                format!("Adam, λ = {strong}: norm of the weight by penalty minus that by decay"),
                &values(|measured| measured.adam_penalty_norm),
                &values(|measured| measured.adam_decay_norm),
            ));
        self.by_penalty(finding, measurements);
    }

    /// Norms over λ.
    fn by_penalty(&self, finding: &mut Finding, measurements: &[&AdamMeasurement]) {
        let penalties = &self.experiment.adam_penalties;
        let names = penalties.iter().map(|&penalty| format!("λ = {}", figure(penalty)));
        let header: Vec<String> = std::iter::once("rule".to_owned()).chain(names).collect();
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        let mut table = Table::new("Norm of the weight on set A after training", &header);
        let mut chart = Chart::new("Penalty and decay").x_label("λ").y_label("norm of the weight").log_x().log_y();
        for (rule, (name, ..)) in RULES.into_iter().enumerate() {
            let (mut cells, mut points) = (vec![name.to_owned()], Vec::new());
            for (index, &penalty) in penalties.iter().enumerate() {
                let norms: Vec<f64> = measurements.iter().map(|measured| measured.norms[rule][index]).collect();
                cells.push(spread(&norms));
                points.push((penalty, mean_and_deviation(&norms).0));
            }
            table = table.row(cells);
            chart = chart.line(name, points);
        }
        finding.table(table);
        let caption = "Norm of the weight by λ, in the loss and as decay, for SGD and Adam, mean over seeds";
        finding.picture("adam", caption, &chart);
    }
}
