//! Gradients of one hidden layer in three ways.

use std::array;

use burn_mlp::Activation;
use mlp_plot::Chart;
use serde::{Deserialize, Serialize};

use super::problem::{BY, Loss, Problem};
use super::settings::BackpropParameters;
use crate::Platform;
use crate::finding::{Bound, Claim, Finding, Table, figure};

/// Relative difference up to which gradients count as equal: far above rounding, far below a wrong term.
const EQUAL: f64 = 1e-6;

const ACTIVATIONS: [(Activation, &str); 6] = [
    (Activation::Relu, "ReLU"),
    (Activation::ParametricRelu, "parametric ReLU"),
    (Activation::Sigmoid, "sigmoid"),
    (Activation::Tanh, "tanh"),
    (Activation::RescaledSigmoid, "4σ(x) - 2"),
    (Activation::Silu, "SiLU"),
];
const LOSSES: [Loss; 2] = [Loss::SquaredError, Loss::CrossEntropy];
/// Which of the three ways are compared: by hand, by autodiff, by differences.
const PAIRS: [(&str, usize, usize); 3] =
    [("by hand and autodiff", 0, 1), ("by hand and differences", 0, 2), ("autodiff and differences", 1, 2)];

/// Where the gradient by `W₁` is in [`BY`].
const BY_FIRST_WEIGHT: usize = 4;

/// A relative difference for each of [`PAIRS`].
type OfPairs = [f64; PAIRS.len()];

/// How far the three ways differ with one seed.
#[derive(Serialize, Deserialize)]
pub struct GradientDifferences {
    /// The larger one of both losses with each of [`ACTIVATIONS`], of the gradient by each of [`BY`].
    largest: [[OfPairs; BY.len()]; ACTIVATIONS.len()],
    /// How far differences with other steps are off, by step.
    by_step: Vec<(f64, f64)>,
    /// Between the gradient by hand and that by autodiff of another problem.
    of_another: f64,
}

impl GradientDifferences {
    /// Of the problem that is drawn with `seed`.
    pub fn measure<P: Platform>(parameters: &BackpropParameters, seed: u64) -> Self {
        let problem = Problem::draw(parameters, seed);
        let with_loss = |activation: Activation, loss: Loss| -> [OfPairs; BY.len()] {
            let ways = [
                problem.by_hand::<P>(activation, loss),
                problem.by_autodiff::<P>(activation, loss),
                problem.by_differences::<P>(activation, loss, parameters.epsilon),
            ];
            array::from_fn(|by| {
                PAIRS.map(|(_, first, second)| relative_difference(&ways[first][by], &ways[second][by]))
            })
        };
        let with_activation = |(activation, _)| {
            let losses = LOSSES.map(|loss| with_loss(activation, loss));
            array::from_fn(|by| largest(losses.iter().map(|differences| &differences[by])))
        };
        // The same sizes, other numbers.
        let another =
            Problem::draw(parameters, seed ^ (1 << 62)).by_autodiff::<P>(Activation::Tanh, Loss::CrossEntropy);
        let by_hand = problem.by_hand::<P>(Activation::Tanh, Loss::CrossEntropy);
        Self {
            largest: ACTIVATIONS.map(with_activation),
            by_step: by_step::<P>(&problem),
            of_another: relative_difference(&by_hand[BY_FIRST_WEIGHT], &another[BY_FIRST_WEIGHT]),
        }
    }
}

/// How far central differences with other steps are from the gradient by hand.
fn by_step<P: Platform>(problem: &Problem) -> Vec<(f64, f64)> {
    let by_hand = problem.by_hand::<P>(Activation::Sigmoid, Loss::CrossEntropy);
    let error = |exponent: i32| {
        let epsilon = 10.0_f64.powf(f64::from(exponent) / 2.0);
        let differences = problem.by_differences::<P>(Activation::Sigmoid, Loss::CrossEntropy, epsilon);
        (epsilon, relative_difference(&by_hand[BY_FIRST_WEIGHT], &differences[BY_FIRST_WEIGHT]))
    };
    (-20..=-2).map(error).collect()
}

/// The largest difference of two elements over the largest element; not a number where an element is none.
fn relative_difference(first: &[f64], second: &[f64]) -> f64 {
    if first.len() != second.len() || first.iter().chain(second).any(|value| !value.is_finite()) {
        return f64::NAN;
    }
    let scale = first.iter().chain(second).fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let difference =
        first.iter().zip(second).fold(0.0_f64, |largest, (first, second)| largest.max((first - second).abs()));
    if scale == 0.0 { 0.0 } else { difference / scale }
}

/// The largest of each pair; unlike `f64::max`, keeps what is not a number.
fn largest<'a>(differences: impl IntoIterator<Item = &'a OfPairs>) -> OfPairs {
    let larger = |one: f64, other: f64| if one.is_nan() || other <= one { one } else { other };
    differences
        .into_iter()
        .fold(OfPairs::default(), |largest, of| array::from_fn(|pair| larger(largest[pair], of[pair])))
}

/// Adds how far the three ways differ with each seed.
pub fn add(measured: &[&GradientDifferences], parameters: &BackpropParameters, finding: &mut Finding) {
    let by_seed: Vec<OfPairs> =
        measured.iter().map(|differences| largest(differences.largest.iter().flatten())).collect();
    for (pair, (name, ..)) in PAIRS.into_iter().enumerate() {
        let sentence = format!("Gradients {name}: largest relative difference, in double precision");
        let differences: Vec<f64> = by_seed.iter().map(|largest| largest[pair]).collect();
        finding.claim(Claim::check(sentence, differences, Bound::EachAtMost(EQUAL)));
    }
    let sentence =
        "Control: gradient by W₁ by hand against autodiff with other weights and inputs: relative difference";
    let others: Vec<f64> = measured.iter().map(|differences| differences.of_another).collect();
    finding.claim(Claim::measured(sentence, others));
    let header = |first| [first, PAIRS[0].0, PAIRS[1].0, PAIRS[2].0];
    let row = |name: &str, differences: OfPairs| [name.to_owned()].into_iter().chain(differences.map(figure));
    let mut table = Table::new("Largest relative difference of the gradient of J", &header("by"));
    for (by, name) in BY.into_iter().enumerate() {
        let of_gradient = measured.iter().flat_map(|differences| differences.largest.iter().map(|with| &with[by]));
        table = table.row(row(name, largest(of_gradient)));
    }
    finding.table(table);
    let mut table = Table::new("Largest relative difference with each activation function", &header("function"));
    for (index, (_, name)) in ACTIVATIONS.into_iter().enumerate() {
        table = table.row(row(name, largest(measured.iter().flat_map(|differences| &differences.largest[index]))));
    }
    finding.table(table);
    draw(&measured[0].by_step, parameters.epsilon, finding);
}

/// Draws how far differences with other steps are off.
fn draw(by_step: &[(f64, f64)], epsilon: f64, finding: &mut Finding) {
    let chart = Chart::new("Central differences against the gradient by hand")
        .x_label("step ε")
        .y_label("relative difference")
        .log_x()
        .log_y()
        .line("gradient by W₁", by_step.iter().copied())
        .guide("step of the claims", [(epsilon, 1e-10), (epsilon, 1e-2)]);
    let caption = "Large steps err by the curvature, about ε²; small ones by rounding, about 10⁻¹⁶/ε (sigmoid, \
                   cross-entropy, double precision).";
    finding.picture("epsilon", caption, &chart);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::test::TestPlatform;

    #[test]
    fn the_relative_difference_is_in_units_of_the_largest_element() {
        assert_eq!(relative_difference(&[1.0, -4.0], &[2.0, -4.0]), 0.25);
        assert_eq!(relative_difference(&[0.0], &[0.0]), 0.0);
        assert!(relative_difference(&[1.0], &[]).is_nan());
        assert!(relative_difference(&[f64::INFINITY], &[1.0]).is_nan());
        assert!(relative_difference(&[1.0, f64::NAN], &[1.0, 2.0]).is_nan());
    }

    #[test]
    fn the_largest_difference_is_not_a_number_where_one_is_none() {
        let differences = [[0.1, f64::NAN, 0.3], [0.2, 0.2, 0.1]];
        let [first, second, third] = largest(&differences);
        assert!(first == 0.2 && second.is_nan() && third == 0.3);
    }

    #[test]
    fn a_missing_penalty_would_be_seen() {
        let parameters =
            BackpropParameters { inputs: 5, hidden: 4, outputs: 3, examples: 2, penalty: 0.1, ..Default::default() };
        let right = Problem::draw(&parameters, 1);
        let mut wrong = Problem::draw(&parameters, 1);
        wrong.shape.penalty = 0.0;
        let difference = |first: &Problem, second: &Problem, by: usize| {
            let (first, second) = (
                first.by_hand::<TestPlatform>(Activation::Tanh, Loss::CrossEntropy),
                second.by_differences::<TestPlatform>(Activation::Tanh, Loss::CrossEntropy, 1e-5),
            );
            relative_difference(&first[by], &second[by])
        };
        for by in [1, 4] {
            assert!(difference(&right, &right, by) < EQUAL);
            assert!(difference(&right, &wrong, by) > 1e-3);
        }
    }
}
