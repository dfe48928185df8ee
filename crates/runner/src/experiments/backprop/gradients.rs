//! Gradients of one hidden layer in three ways.

use burn_mlp::Activation;

use super::Backprop;
use super::problem::{BY, Loss, Problem};
use crate::finding::{Bound, Claim, Finding, Table, figure};
use crate::lab::Lab;
use crate::plot::Chart;

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

/// Adds how far the three ways differ.
pub fn add(settings: &Backprop, lab: &Lab, finding: &mut Finding) {
    let parameters = &settings.experiment;
    let pairs = [("by hand and autodiff", 0, 1), ("by hand and differences", 0, 2), ("autodiff and differences", 1, 2)];
    let mut by_gradient = [[0.0_f64; 3]; BY.len()];
    let mut by_activation = [[0.0_f64; 3]; ACTIVATIONS.len()];
    let mut by_seed = [const { Vec::new() }; 3];
    for seed in settings.seeds() {
        lab.tell(format!("gradients in three ways, seed {seed}"));
        let problem = Problem::draw(parameters, seed);
        let mut largest = [0.0_f64; 3];
        for (index, &(activation, _)) in ACTIVATIONS.iter().enumerate() {
            for loss in LOSSES {
                let ways = [
                    problem.by_hand(activation, loss),
                    problem.by_autodiff(activation, loss),
                    problem.by_differences(activation, loss, parameters.epsilon),
                ];
                for (pair, &(_, first, second)) in pairs.iter().enumerate() {
                    for by in 0..BY.len() {
                        let difference = relative_difference(&ways[first][by], &ways[second][by]);
                        for of in [&mut largest[pair], &mut by_gradient[by][pair], &mut by_activation[index][pair]] {
                            // Unlike `f64::max`, keeps what is not a number.
                            *of = if difference <= *of { *of } else { difference };
                        }
                    }
                }
            }
        }
        for (seeds, largest) in by_seed.iter_mut().zip(largest) {
            seeds.push(largest);
        }
    }
    for ((pair, ..), differences) in pairs.into_iter().zip(by_seed) {
        let sentence = format!("Gradients {pair}: largest relative difference, in double precision");
        finding.claim(Claim::measured(sentence, differences, Bound::EachAtMost(EQUAL)));
    }
    let header = |first| [first, pairs[0].0, pairs[1].0, pairs[2].0];
    let mut table = Table::new("Largest relative difference of the gradient of J", &header("by"));
    for (by, differences) in BY.into_iter().zip(by_gradient) {
        table = table.row([by.to_owned()].into_iter().chain(differences.map(figure)));
    }
    finding.table(table);
    let mut table = Table::new("Largest relative difference with each activation function", &header("function"));
    for ((_, name), differences) in ACTIVATIONS.into_iter().zip(by_activation) {
        table = table.row([name.to_owned()].into_iter().chain(differences.map(figure)));
    }
    finding.table(table);
    draw(settings, finding);
}

/// How far differences with other steps are off.
fn draw(settings: &Backprop, finding: &mut Finding) {
    let problem = Problem::draw(&settings.experiment, settings.training.seed);
    let by_hand = problem.by_hand(Activation::Sigmoid, Loss::CrossEntropy);
    let error = |exponent: i32| {
        let epsilon = 10.0_f64.powf(f64::from(exponent) / 2.0);
        let differences = problem.by_differences(Activation::Sigmoid, Loss::CrossEntropy, epsilon);
        (epsilon, relative_difference(&by_hand[4], &differences[4]))
    };
    let chart = Chart::new("Central differences against the gradient by hand")
        .x_label("step ε")
        .y_label("relative difference")
        .log_x()
        .log_y()
        .line("gradient by W₁", (-20..=-2).map(error))
        .guide("step of the claims", [(settings.experiment.epsilon, 1e-10), (settings.experiment.epsilon, 1e-2)]);
    let caption = "Large steps err by the curvature, about ε²; small ones by rounding, about 10⁻¹⁶/ε (sigmoid, \
                   cross-entropy, double precision).";
    finding.picture("epsilon", caption, &chart);
}

#[cfg(test)]
mod tests {
    use super::super::BackpropParameters;
    use super::*;

    #[test]
    fn the_relative_difference_is_in_units_of_the_largest_element() {
        assert_eq!(relative_difference(&[1.0, -4.0], &[2.0, -4.0]), 0.25);
        assert_eq!(relative_difference(&[0.0], &[0.0]), 0.0);
        assert!(relative_difference(&[1.0], &[]).is_nan());
        assert!(relative_difference(&[f64::INFINITY], &[1.0]).is_nan());
        assert!(relative_difference(&[1.0, f64::NAN], &[1.0, 2.0]).is_nan());
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
                first.by_hand(Activation::Tanh, Loss::CrossEntropy),
                second.by_differences(Activation::Tanh, Loss::CrossEntropy, 1e-5),
            );
            relative_difference(&first[by], &second[by])
        };
        for by in [1, 4] {
            assert!(difference(&right, &right, by) < EQUAL);
            assert!(difference(&right, &wrong, by) > 1e-3);
        }
    }
}
