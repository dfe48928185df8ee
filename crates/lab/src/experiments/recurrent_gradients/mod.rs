//! # Question
//!
//! Why does a recurrent network forget, and what does a forget gate change?
//!
//! # Variants
//!
//! A plain network whose recurrent weights are ρ times an orthogonal matrix, with ρ below or above 1; an LSTM whose forget gate is open
//! (bias `open_bias`), and one whose gate is half shut (bias 0). The same three kinds trained to name the first symbol of a
//! sequence after 5 to 60 distractors, with weights that learn in all places; and an LSTM whose labels have nothing to
//! do with the symbol.
//!
//! # Held equal
//!
//! Inputs, and the random direction in which the last state is looked at. Inputs are so small that tanh is its own
//! argument: what is measured is the recurrence. In training the sequences, the number of steps and the learning rates
//! tried.
//!
//! # Measured
//!
//! The norm of the gradient of the last step's output with respect to the input `t` steps back, as a function of `t`: the
//! slope of its logarithm, and how well a straight line fits it. The norm of the gradient of the recurrent weights, a sum
//! over all steps, for one and for two times the length. After training: the accuracy on new sequences, and the gradient
//! of the answer by the first input over that by the last, against the number of distractors.
//!
//! # Expected
//!
//! A slope of `ln ρ`, so that the influence of an input shrinks or grows geometrically with its distance, while the gradient
//! of the weights stays when older steps are added; for the LSTM a slope of `ln σ(bias)`: about 0 with the gate open,
//! `ln ½` with it half shut. All three remember over a few steps; over many only the LSTM with the open gate does, whose
//! gradient by the first input is still there, and labels without a symbol leave it at chance.

mod line;
mod network;
mod recall;
mod settings;

use anyhow::Result;
use mlp_plot::Chart;
use serde::{Deserialize, Serialize};

use self::line::{line, logs};
use self::network::{Gradients, Kind};
use self::recall::Recall;
use crate::finding::{Bound, Claim, Finding, Table, figure, spread};
use crate::{Experiment, Lab, Platform};

pub use settings::RecurrentGradients;

/// The network, of those compared, whose influence shrinks.
const SHRINKING: usize = 0;

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    /// Gradients of each network.
    networks: Vec<Gradients>,
    /// Relative change of the norm of the weight gradient of the shrinking one, with twice the length.
    change_of_weights: f64,
    /// What networks remember once they are trained.
    recall: Recall,
}

impl Experiment for RecurrentGradients {
    const NAME: &'static str = "recurrent-gradients";
    const QUESTION: &'static str = "Why does a recurrent network forget, and what does a forget gate change?";
    const CONFIG: &'static str = include_str!("../../../../../configs/recurrent-gradients.toml");
    const QUICK: &'static [&'static str] = &[
        "experiment.d_hidden=64",
        "experiment.batch_size=2",
        "experiment.recall.lags=[3, 6]",
        "experiment.recall.steps=20",
        "experiment.recall.tested=100",
    ];

    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        let kinds = self.kinds();
        let networks = kinds.iter().map(|&kind| self.gradients(kind, seed, self.experiment.steps, lab));
        Ok(Measurement {
            networks: networks.collect::<Result<_>>()?,
            change_of_weights: self.change_of_weights(kinds[SHRINKING], seed, lab)?,
            recall: Recall::measure(&self.experiment.recall, lab, seed)?,
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let kinds = self.kinds();
        let mut finding = Finding::default();
        let mut chart = Chart::new("Influence of an input")
            .x_label("steps back")
            .y_label("norm of the gradient, relative to the last input's")
            .log_y();
        let mut table = Table::new(
            "Slope of the logarithm of the gradient's norm per step back",
            &["network", "slope", "expected", "influence of the first input relative to the last"],
        );
        for (index, kind) in kinds.into_iter().enumerate() {
            let runs: Vec<&Gradients> = measurements.iter().map(|measured| &measured.networks[index]).collect();
            let slopes: Vec<f64> = runs.iter().map(|run| line(&logs(&run.influence)).slope).collect();
            let first = self.experiment.steps - 1;
            let reach: Vec<f64> = runs.iter().map(|run| run.influence[first] / run.influence[0]).collect();
            table = table.row([kind.name(), spread(&slopes), figure(kind.factor().ln()), spread(&reach)]);
            let relative = runs[0].influence.iter().map(|norm| norm / runs[0].influence[0]);
            chart = chart.line(&kind.name(), relative.enumerate().map(|(back, norm)| (back as f64, norm)));
            claims(&mut finding, kind, &runs, slopes, reach);
        }
        let sentence = format!(
            "{}: relative change of the norm of the weight gradient when as many older steps are added",
            kinds[SHRINKING].name()
        );
        let changes: Vec<f64> = measurements.iter().map(|measured| measured.change_of_weights).collect();
        finding.claim(Claim::measured(sentence, changes)).table(table).picture(
            "influence",
            "Norm of the gradient for the input some steps back, first seed",
            &chart,
        );
        let recalls: Vec<&Recall> = measurements.iter().map(|measured| &measured.recall).collect();
        recall::add(&recalls, &self.experiment.recall, &mut finding);
        Ok(finding)
    }
}

impl RecurrentGradients {
    /// The networks that are compared.
    fn kinds(&self) -> [Kind; 4] {
        let parameters = &self.experiment;
        [
            Kind::Plain { radius: parameters.radii[0] },
            Kind::Plain { radius: parameters.radii[1] },
            Kind::Lstm { forget_bias: parameters.open_bias },
            Kind::Lstm { forget_bias: 0.0 },
        ]
    }
}

fn claims(finding: &mut Finding, kind: Kind, runs: &[&Gradients], slopes: Vec<f64>, reach: Vec<f64>) {
    let name = kind.name();
    let expected = kind.factor().ln();
    // Exact but for tanh and rounding.
    let near = Bound::Between(expected - 0.01, expected + 0.01);
    finding.claim(Claim::measured(format!("{name}: slope of the logarithm per step back"), slopes).bound(near));
    match kind {
        Kind::Plain { .. } => {
            let fits: Vec<f64> = runs.iter().map(|run| line(&logs(&run.influence)).determination).collect();
            let sentence = format!("{name}: share of the logarithm's variance that a straight line explains");
            finding.claim(Claim::measured(sentence, fits));
        }
        Kind::Lstm { forget_bias } if forget_bias > 0.0 => {
            let sentence = format!("{name}: influence of the first input, relative to the last one's");
            finding.claim(Claim::measured(sentence, reach));
        }
        Kind::Lstm { .. } => {}
    }
}
