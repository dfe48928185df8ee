//! # Question
//!
//! Why does a recurrent network forget, and what does a forget gate change?
//!
//! # Variants
//!
//! A plain network whose recurrent weights are ρ times an orthogonal matrix, with ρ below or above 1; an LSTM whose forget gate is open
//! (bias `open_bias`), and one whose gate is half shut (bias 0).
//!
//! # Held equal
//!
//! Inputs, and the random direction in which the last state is looked at. Inputs are so small that tanh is its own
//! argument: what is measured is the recurrence.
//!
//! # Measured
//!
//! The norm of the gradient of the last step's output with respect to the input `t` steps back, as a function of `t`: the
//! slope of its logarithm, and how well a straight line fits it. The norm of the gradient of the recurrent weights, a sum
//! over all steps, for one and for two times the length.
//!
//! # Expected
//!
//! A slope of `ln ρ`, so that the influence of an input shrinks or grows geometrically with its distance, while the gradient
//! of the weights stays when older steps are added; for the LSTM a slope of `ln σ(bias)`: about 0 with the gate open,
//! `ln ½` with it half shut.

use anyhow::Result;
use burn::module::Param;
use burn::tensor::{Tensor, TensorData};
use burn_mlp::{Init, Key, LstmConfig, RnnConfig};
use serde::{Deserialize, Serialize};

use super::Experiment;
use crate::backend::Train;
use crate::evaluate::values;
use crate::finding::{Bound, Claim, Finding, Table, figure, spread};
use crate::lab::Lab;
use crate::plot::Chart;
use crate::recipe::{Parameters, Setup};
use crate::settings::Invalid;

/// Settings of `recurrent-gradients`.
pub type RecurrentGradients = Setup<RecurrentGradientsParameters>;

/// Its own section.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecurrentGradientsParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Units of the state.
    pub d_hidden: usize,
    /// Input features.
    pub d_input: usize,
    /// Sequences.
    pub batch_size: usize,
    /// Time steps.
    pub steps: usize,
    /// A factor ρ below 1 and one above 1.
    pub radii: Vec<f64>,
    /// Bias of the open forget gate.
    pub open_bias: f64,
}

impl Parameters for RecurrentGradientsParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        for (key, count) in [
            ("experiment.d_hidden", self.d_hidden),
            ("experiment.d_input", self.d_input),
            ("experiment.batch_size", self.batch_size),
        ] {
            Invalid::unless(count > 0, key, count, "at least 1")?;
        }
        Invalid::unless(self.steps > 2, "experiment.steps", self.steps, "at least 3, for a line and its fit")?;
        let radii = &self.radii;
        let allowed = matches!(radii[..], [low, high] if low > 0.0 && low < 1.0 && high > 1.0 && high.is_finite());
        Invalid::unless(allowed, "experiment.radii", radii, "one number in (0, 1) and one above 1")?;
        Invalid::unless(self.open_bias.is_finite(), "experiment.open_bias", self.open_bias, "a finite number")
    }
}

/// Scale of the inputs: tanh is its own argument to 1e-6 as long as states stay below 1e-3.
const INPUT_SCALE: f64 = 1e-6;

/// Gradients of one network.
struct Gradients {
    /// Norm for the input `t` steps back, from 0 on.
    influence: Vec<f64>,
    /// Norm for the recurrent weights.
    weights: f64,
}

/// One kind of network.
#[derive(Clone, Copy)]
enum Kind {
    Plain { radius: f64 },
    Lstm { forget_bias: f64 },
}

impl Kind {
    fn name(self) -> String {
        match self {
            Self::Plain { radius } => format!("Plain, ρ = {}", figure(radius)),
            Self::Lstm { forget_bias } => format!("LSTM, forget bias {}", figure(forget_bias)),
        }
    }

    /// The factor on the gradient for each step back.
    fn factor(self) -> f64 {
        match self {
            Self::Plain { radius } => radius,
            Self::Lstm { forget_bias } => 1.0 / (1.0 + (-forget_bias).exp()),
        }
    }
}

impl Experiment for RecurrentGradients {
    const NAME: &'static str = "recurrent-gradients";
    const QUESTION: &'static str = "Why does a recurrent network forget, and what does a forget gate change?";
    const CONFIG: &'static str = include_str!("../../../../configs/recurrent-gradients.toml");
    const QUICK: &'static [&'static str] = &["experiment.d_hidden=64", "experiment.batch_size=2"];

    fn run(&self, lab: &Lab) -> Result<Finding> {
        let parameters = &self.experiment;
        let kinds = [
            Kind::Plain { radius: parameters.radii[0] },
            Kind::Plain { radius: parameters.radii[1] },
            Kind::Lstm { forget_bias: parameters.open_bias },
            Kind::Lstm { forget_bias: 0.0 },
        ];
        let mut finding = Finding::default();
        let mut chart = Chart::new("Influence of an input")
            .x_label("steps back")
            .y_label("norm of the gradient, relative to the last input's")
            .log_y();
        let mut table = Table::new(
            "Slope of the logarithm of the gradient's norm per step back",
            &["network", "slope", "expected", "influence of the first input relative to the last"],
        );
        for kind in kinds {
            let runs = self.seeds().into_iter().map(|seed| self.gradients(kind, seed, parameters.steps, lab));
            let runs: Vec<Gradients> = runs.collect::<Result<_>>()?;
            let slopes: Vec<f64> = runs.iter().map(|run| line(&logs(&run.influence)).slope).collect();
            let reach: Vec<f64> =
                runs.iter().map(|run| run.influence[parameters.steps - 1] / run.influence[0]).collect();
            let expected = kind.factor().ln();
            table = table.row([kind.name(), spread(&slopes), figure(expected), spread(&reach)]);
            let relative = runs[0].influence.iter().map(|norm| norm / runs[0].influence[0]);
            chart = chart.line(&kind.name(), relative.enumerate().map(|(back, norm)| (back as f64, norm)));
            claims(&mut finding, kind, &runs, slopes, reach);
        }
        let shrinking = kinds[0];
        let change = self.seeds().into_iter().map(|seed| self.change_of_weights(shrinking, seed, lab));
        finding
            .claim(Claim::measured(
                format!(
                    "{}: relative change of the norm of the weight gradient when as many older steps are added",
                    shrinking.name()
                ),
                change.collect::<Result<Vec<f64>>>()?,
                Bound::AtMost(0.05),
            ))
            .table(table)
            .picture("influence", "Norm of the gradient for the input some steps back, first seed", &chart);
        Ok(finding)
    }
}

fn claims(finding: &mut Finding, kind: Kind, runs: &[Gradients], slopes: Vec<f64>, reach: Vec<f64>) {
    let name = kind.name();
    let expected = kind.factor().ln();
    // Exact but for tanh and rounding.
    let near = Bound::Between(expected - 0.01, expected + 0.01);
    finding.claim(Claim::measured(format!("{name}: slope of the logarithm per step back"), slopes, near));
    match kind {
        Kind::Plain { .. } => {
            let fits: Vec<f64> = runs.iter().map(|run| line(&logs(&run.influence)).determination).collect();
            let sentence = format!("{name}: share of the logarithm's variance that a straight line explains");
            finding.claim(Claim::measured(sentence, fits, Bound::AtLeast(0.98)));
        }
        Kind::Lstm { forget_bias } if forget_bias > 0.0 => {
            let sentence = format!("{name}: influence of the first input, relative to the last one's");
            finding.claim(Claim::measured(sentence, reach, Bound::AtLeast(0.5)));
        }
        Kind::Lstm { .. } => {}
    }
}

impl RecurrentGradients {
    /// Gradients of a random direction of the last state.
    fn gradients(&self, kind: Kind, seed: u64, steps: usize, lab: &Lab) -> Result<Gradients> {
        let RecurrentGradientsParameters { d_hidden, d_input, batch_size, .. } = self.experiment;
        let device = lab.device();
        let x = Tensor::<Train, 3>::from_data(self.inputs(seed, steps), device).require_grad();
        let direction = normals(Key::new(seed, *b"directio"), d_hidden, 1.0);
        let direction = Tensor::<Train, 2>::from_data(TensorData::new(direction, [1, d_hidden]), device);
        let (states, recurrent) = match kind {
            Kind::Plain { radius } => {
                let mut rnn = RnnConfig::new(d_input, d_hidden).with_seed(seed).init::<Train>(device)?;
                let weight = orthogonal(d_hidden, seed).into_iter().flatten().map(|entry| (radius * entry) as f32);
                let weight = TensorData::new(weight.collect::<Vec<f32>>(), [d_hidden, d_hidden]);
                rnn.recurrence.hidden.weight = Param::from_data(weight, device);
                (rnn.forward(x.clone(), None), rnn.recurrence.hidden.weight.val())
            }
            Kind::Lstm { forget_bias } => {
                let config = LstmConfig::new(d_input, d_hidden).with_forget_bias(Some(forget_bias));
                // Without weights from the state the cell is the only path through time.
                let lstm = config.with_recurrent_init(Init::Zeros).with_seed(seed).init::<Train>(device)?;
                (lstm.forward(x.clone(), None).0, lstm.candidate.hidden.weight.val())
            }
        };
        let last = states.narrow(1, steps - 1, 1).reshape([batch_size, d_hidden]);
        let gradients = (last * direction).sum().backward();
        let by_input = x.grad(&gradients).map(values).unwrap_or_default();
        let by_weight = recurrent.grad(&gradients).map(values).unwrap_or_default();
        let at = |time: usize| {
            let of_sequence = |sequence: usize| {
                let first = (sequence * steps + time) * d_input;
                &by_input[first..first + d_input]
            };
            norm((0..batch_size).flat_map(of_sequence))
        };
        Ok(Gradients { influence: (0..steps).rev().map(at).collect(), weights: norm(&by_weight) })
    }

    /// How much the norm of the weight gradient changes when the sequence is twice as long.
    fn change_of_weights(&self, kind: Kind, seed: u64, lab: &Lab) -> Result<f64> {
        let steps = self.experiment.steps;
        let short = self.gradients(kind, seed, steps, lab)?.weights;
        let long = self.gradients(kind, seed, 2 * steps, lab)?.weights;
        Ok((long - short).abs() / short)
    }

    /// Inputs drawn from the last step backwards: a longer sequence ends like a shorter one.
    fn inputs(&self, seed: u64, steps: usize) -> TensorData {
        let RecurrentGradientsParameters { d_input, batch_size, .. } = self.experiment;
        let mut inputs = Vec::with_capacity(batch_size * steps * d_input);
        for sequence in 0..batch_size {
            for back in (0..steps).rev() {
                let key = Key::new(seed, *b"sequence").at(sequence as u64, back as u64);
                inputs.extend(normals(key, d_input, INPUT_SCALE));
            }
        }
        TensorData::new(inputs, [batch_size, steps, d_input])
    }
}

/// Rows of a random orthogonal matrix, by Gram and Schmidt, twice for the sake of rounding.
fn orthogonal(size: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut normals = Key::new(seed, *b"orthogon").normals();
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(size);
    for _ in 0..size {
        let mut row: Vec<f64> = normals.by_ref().take(size).collect();
        for other in rows.iter().chain(&rows) {
            let overlap: f64 = row.iter().zip(other).map(|(a, b)| a * b).sum();
            row.iter_mut().zip(other).for_each(|(a, b)| *a -= overlap * b);
        }
        let length = row.iter().map(|a| a * a).sum::<f64>().sqrt();
        row.iter_mut().for_each(|a| *a /= length);
        rows.push(row);
    }
    rows
}

fn normals(key: Key, count: usize, scale: f64) -> Vec<f32> {
    key.normals().take(count).map(|normal| (scale * normal) as f32).collect()
}

fn norm<'a>(values: impl IntoIterator<Item = &'a f32>) -> f64 {
    values.into_iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt()
}

fn logs(values: &[f64]) -> Vec<f64> {
    values.iter().map(|value| value.ln()).collect()
}

/// A straight line through values at 0, 1, 2, … by least squares.
struct Line {
    slope: f64,
    /// Share of the variance that it explains.
    determination: f64,
}

fn line(values: &[f64]) -> Line {
    let n = values.len() as f64;
    let (mean_x, mean_y) = ((n - 1.0) / 2.0, values.iter().sum::<f64>() / n);
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in values.iter().enumerate() {
        let (x, y) = (x as f64 - mean_x, y - mean_y);
        xx += x * x;
        xy += x * y;
        yy += y * y;
    }
    Line { slope: xy / xx, determination: xy * xy / (xx * yy) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_and_scatter_is_not_explained() {
        let exact = line(&[1.0, 3.0, 5.0, 7.0]);
        assert_eq!((exact.slope, exact.determination), (2.0, 1.0));
        // numpy.polyfit([0, 1, 2], [0, 1, 0], 1): slope 0.
        let scattered = line(&[0.0, 1.0, 0.0]);
        assert_eq!((scattered.slope, scattered.determination), (0.0, 0.0));
    }

    #[test]
    fn rows_of_an_orthogonal_matrix_are_unit_vectors_at_right_angles() {
        let rows = orthogonal(30, 5);
        for (i, one) in rows.iter().enumerate() {
            for (j, other) in rows.iter().enumerate() {
                let product: f64 = one.iter().zip(other).map(|(a, b)| a * b).sum();
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_longer_sequence_ends_like_a_shorter_one() {
        let mut settings = RecurrentGradients::default();
        settings.experiment.d_input = 2;
        settings.experiment.batch_size = 1;
        let read = |steps| settings.inputs(3, steps).to_vec::<f32>().unwrap();
        assert_eq!(read(5)[4..], read(3));
    }
}
