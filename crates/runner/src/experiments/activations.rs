//! # Question
//!
//! What do the activation functions and their derivatives look like, and is the derivative by autodiff the closed form?
//!
//! # Variants
//!
//! ReLU, parametric ReLU, sigmoid, tanh.
//!
//! # Held equal
//!
//! The points: `points` uniform draws from `[-limit, limit]` for each seed.
//!
//! # Measured
//!
//! The largest difference between derivative and closed form over the points, and the derivative's extremes.
//!
//! # Expected
//!
//! `relu' = [x > 0]` with 0 at 0, `prelu' = [x > 0] + α·[x ≤ 0]`, `σ' = σ(1-σ) ≤ 1/4`, `tanh' = 1 - tanh²`; equality
//! up to the rounding of 32-bit floats.

use anyhow::Result;
use burn::tensor::{Tensor, TensorData};
use burn_mlp::{Activation, Key};
use serde::{Deserialize, Serialize};

use super::Experiment;
use crate::backend::{Device, Train};
use crate::evaluate::values;
use crate::finding::{Bound, Claim, Finding, Table, spread};
use crate::lab::Lab;
use crate::plot::Chart;
use crate::recipe::{Parameters, Setup};
use crate::settings::Invalid;

/// Settings of `activations`.
pub type Activations = Setup<ActivationsParameters>;

/// Its own section.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivationsParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// The functions are looked at over `[-limit, limit]`.
    pub limit: f64,
    /// Points drawn for each seed.
    pub points: usize,
}

impl Parameters for ActivationsParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        let limit = self.limit;
        Invalid::unless(limit > 0.0 && limit <= 80.0, "experiment.limit", limit, "a number in (0, 80]")?;
        Invalid::unless(self.points > 0, "experiment.points", self.points, "at least 1")
    }
}

/// Slope of parametric ReLU before training.
const SLOPE: f64 = 0.25;
/// Rounding of 32-bit floats in a handful of operations on values up to 1.
const ROUNDING: f64 = 1e-6;

type ClosedForm = fn(f64) -> f64;

const FUNCTIONS: [(&str, &str, Activation, ClosedForm); 4] = [
    ("relu", "ReLU", Activation::Relu, |x| f64::from(x > 0.0)),
    ("parametric-relu", "Parametric ReLU", Activation::ParametricRelu, |x| if x > 0.0 { 1.0 } else { SLOPE }),
    ("sigmoid", "Sigmoid", Activation::Sigmoid, |x| sigmoid(x) * (1.0 - sigmoid(x))),
    ("tanh", "Tanh", Activation::Tanh, |x| 1.0 - x.tanh().powi(2)),
];

impl Experiment for Activations {
    const NAME: &'static str = "activations";
    const QUESTION: &'static str = "Is the derivative of each activation function by autodiff its closed form?";
    const CONFIG: &'static str = include_str!("../../../../configs/activations.toml");
    const QUICK: &'static [&'static str] = &[];

    fn run(&self, lab: &Lab) -> Result<Finding> {
        let mut finding = Finding::default();
        let mut table = Table::new("Over the points drawn", &["function", "largest derivative", "largest difference"]);
        let mut sigmoid_peaks = Vec::new();
        for (name, title, activation, closed_form) in FUNCTIONS {
            let (mut differences, mut peaks) = (Vec::new(), Vec::new());
            for seed in self.seeds() {
                let points = self.points(seed);
                let (_, derivatives) = apply(activation, &points, lab.device());
                let difference = |(x, d): (&f32, &f32)| (f64::from(*d) - closed_form(f64::from(*x))).abs();
                differences.push(points.iter().zip(&derivatives).map(difference).fold(0.0, f64::max));
                peaks.push(derivatives.iter().copied().fold(f32::MIN, f32::max).into());
            }
            table = table.row([title.to_owned(), spread(&peaks), spread(&differences)]);
            let sentence = format!("{title}: largest difference between autodiff and the closed form");
            finding.claim(Claim::measured(sentence, differences, Bound::EachAtMost(ROUNDING)));
            if activation == Activation::Sigmoid {
                sigmoid_peaks = peaks;
            }
            let chart = chart(title, activation, self.experiment.limit, lab.device());
            finding.picture(name, &format!("{title} and its derivative"), &chart);
        }
        let (_, at_zero) = apply(Activation::Relu, &[0.0], lab.device());
        finding.claim(Claim::measured("ReLU: derivative at 0", [at_zero[0].into()], Bound::Between(0.0, 0.0)));
        let quarter = Bound::EachAtMost(0.25);
        finding.claim(Claim::measured("Sigmoid: largest derivative", sigmoid_peaks, quarter).printed("1/4"));
        finding.table(table);
        Ok(finding)
    }
}

impl Activations {
    fn points(&self, seed: u64) -> Vec<f32> {
        let limit = self.experiment.limit;
        let uniforms = Key::new(seed, *b"points\0\0").uniforms();
        uniforms.take(self.experiment.points).map(|u| (limit * (2.0 * u - 1.0)) as f32).collect()
    }
}

/// Function and derivative over `[-limit, limit]`, evenly spaced.
pub(super) fn chart(title: &str, activation: Activation, limit: f64, device: &Device) -> Chart {
    const STEPS: i16 = 320;
    let at = |step: i16| limit * (f64::from(2 * step) / f64::from(STEPS) - 1.0);
    let x: Vec<f32> = (0..=STEPS).map(|step| at(step) as f32).collect();
    let (y, derivative) = apply(activation, &x, device);
    let curve = |y: &[f32]| x.iter().zip(y).map(|(&x, &y)| (x.into(), y.into())).collect::<Vec<(f64, f64)>>();
    Chart::new(title).x_label("x").y_label("value").line("function", curve(&y)).line("derivative", curve(&derivative))
}

/// Values and derivatives at `points`.
pub(super) fn apply(activation: Activation, points: &[f32], device: &Device) -> (Vec<f32>, Vec<f32>) {
    let x = Tensor::<Train, 1>::from_data(TensorData::from(points), device).require_grad();
    let y = activation.init(device).forward(x.clone());
    let gradients = y.clone().sum().backward();
    let derivative = x.grad(&gradients).map(values).unwrap_or_default();
    (values(y.inner()), derivative)
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
