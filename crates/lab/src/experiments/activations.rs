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
use burn_mlp_train::{range, values};
use mlp_plot::Chart;
use mlp_settings::Invalid;
use serde::{Deserialize, Serialize};

use crate::finding::{Bound, Claim, Finding, Table, spread};
use crate::platform::Device;
use crate::recipe::{Parameters, Setup};
use crate::{Experiment, Lab, Platform};

/// Settings of `activations`.
pub type Activations = Setup<ActivationsParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivationsParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// The functions are looked at over `[-limit, limit]`.
    pub limit: f64,
    /// Points drawn for each seed.
    #[serde(deserialize_with = "range::at_least_one")]
    pub points: usize,
}

impl Parameters for ActivationsParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        let limit = self.limit;
        Invalid::unless(limit > 0.0 && limit <= 80.0, "experiment.limit", limit, "a number in (0, 80]")?;
        Ok(())
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

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    /// Of each function, in the order of [`FUNCTIONS`].
    functions: Vec<Measured>,
    /// ReLU's derivative at 0.
    relu_at_zero: f64,
    /// Largest difference between the derivative of the sigmoid and the closed form of tanh's.
    mismatched: f64,
}

#[derive(Serialize, Deserialize)]
struct Measured {
    /// Largest difference between the derivative and its closed form over the points.
    difference: f64,
    /// Largest derivative over the points.
    peak: f64,
    /// Function and derivative over `[-limit, limit]`.
    curves: Curves,
}

impl Experiment for Activations {
    const NAME: &'static str = "activations";
    const QUESTION: &'static str = "Is the derivative of each activation function by autodiff its closed form?";
    const CONFIG: &'static str = include_str!("../../../../configs/activations.toml");
    const QUICK: &'static [&'static str] = &[];
    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        let points = self.points(seed);
        let of_function = |(_, _, activation, closed_form): (_, _, Activation, ClosedForm)| {
            let (_, derivatives) = apply::<P>(activation, &points, lab.device());
            Measured {
                difference: largest_difference(&points, &derivatives, closed_form),
                peak: derivatives.iter().copied().fold(f32::MIN, f32::max).into(),
                curves: Curves::of::<P>(activation, self.experiment.limit, lab.device()),
            }
        };
        let (_, at_zero) = apply::<P>(Activation::Relu, &[0.0], lab.device());
        let (_, of_sigmoid) = apply::<P>(Activation::Sigmoid, &points, lab.device());
        let [.., (_, _, _, of_tanh)] = FUNCTIONS;
        Ok(Measurement {
            functions: FUNCTIONS.map(of_function).into(),
            relu_at_zero: at_zero[0].into(),
            mismatched: largest_difference(&points, &of_sigmoid, of_tanh),
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let mut finding = Finding::default();
        let mut table = Table::new("Over the points drawn", &["function", "largest derivative", "largest difference"]);
        let mut sigmoid_peaks = Vec::new();
        for (index, (name, title, activation, _)) in FUNCTIONS.into_iter().enumerate() {
            let of = |metric: fn(&Measured) -> f64| -> Vec<f64> {
                measurements.iter().map(|measurement| metric(&measurement.functions[index])).collect()
            };
            let (differences, peaks) = (of(|measured| measured.difference), of(|measured| measured.peak));
            table = table.row([title.to_owned(), spread(&peaks), spread(&differences)]);
            let sentence = format!("{title}: largest difference between autodiff and the closed form");
            finding.claim(Claim::check(sentence, differences, Bound::EachAtMost(ROUNDING)));
            if activation == Activation::Sigmoid {
                sigmoid_peaks = peaks;
            }
            let chart = measurements[0].functions[index].curves.chart(title);
            finding.picture(name, &format!("{title} and its derivative"), &chart);
        }
        let at_zero = measurements[0].relu_at_zero;
        finding.claim(Claim::check("ReLU: derivative at 0", [at_zero], Bound::Equal(0.0)));
        let quarter = Bound::EachAtMost(0.25);
        finding.claim(Claim::check("Sigmoid: largest derivative", sigmoid_peaks, quarter));
        let mismatched: Vec<f64> = measurements.iter().map(|measurement| measurement.mismatched).collect();
        let sentence =
            "Control: largest difference between the sigmoid's derivative by autodiff and tanh's closed form";
        finding.claim(Claim::measured(sentence, mismatched));
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

/// Between derivatives and a closed form, over the points.
fn largest_difference(points: &[f32], derivatives: &[f32], closed_form: ClosedForm) -> f64 {
    let difference = |(x, d): (&f32, &f32)| (f64::from(*d) - closed_form(f64::from(*x))).abs();
    points.iter().zip(derivatives).map(difference).fold(0.0, f64::max)
}

/// A function and its derivative at evenly spaced points.
#[derive(Serialize, Deserialize)]
pub(super) struct Curves {
    x: Vec<f32>,
    y: Vec<f32>,
    derivative: Vec<f32>,
}

impl Curves {
    /// Over `[-limit, limit]`.
    pub(super) fn of<P: Platform>(activation: Activation, limit: f64, device: &Device<P>) -> Self {
        const STEPS: i16 = 320;
        let at = |step: i16| limit * (f64::from(2 * step) / f64::from(STEPS) - 1.0);
        let x: Vec<f32> = (0..=STEPS).map(|step| at(step) as f32).collect();
        let (y, derivative) = apply::<P>(activation, &x, device);
        Self { x, y, derivative }
    }

    /// Both in one chart.
    pub(super) fn chart(&self, title: &str) -> Chart {
        let curve = |y: &[f32]| self.x.iter().zip(y).map(|(&x, &y)| (x.into(), y.into())).collect::<Vec<(f64, f64)>>();
        let chart = Chart::new(title).x_label("x").y_label("value");
        chart.line("function", curve(&self.y)).line("derivative", curve(&self.derivative))
    }
}

/// Values and derivatives at `points`.
pub(super) fn apply<P: Platform>(activation: Activation, points: &[f32], device: &Device<P>) -> (Vec<f32>, Vec<f32>) {
    let x = Tensor::<P::Train, 1>::from_data(TensorData::from(points), device).require_grad();
    let y = activation.init(device).forward(x.clone());
    let gradients = y.clone().sum().backward();
    let derivative = x.grad(&gradients).map(values).unwrap_or_default();
    (values(y.inner()), derivative)
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_difference_counts_in_either_direction() {
        let difference = largest_difference(&[1.0, 2.0, 3.0], &[1.5, 2.0, 1.0], |x| x);
        assert_eq!(difference, 2.0);
    }
}
