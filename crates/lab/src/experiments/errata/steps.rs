//! Errors in formulas of steps and losses.

use std::iter;

use burn_mlp::Key;

use super::erratum::{Comparison, Erratum, ROUNDING, differences};

/// Examples and weights of the text's regression, the λ and the learning rate of its program.
const EXAMPLES: usize = 20;
const WEIGHTS: usize = 200;
const PENALTY: f64 = 4.0;
const RATE: f64 = 0.003;
/// Examples in a batch, where the size of a batch matters: the program's own batches of one hide it.
const BATCH: usize = 5;
/// Examples in a batch of images, their classes, and the learning rate of that program.
const IMAGES: usize = 256;
const CLASSES: usize = 10;
const LARGE_RATE: f64 = 100.0;

pub const ERRATA: [Erratum; 5] = [
    Erratum {
        place: "course notes 4, section on weight decay",
        quantity: "Squared norm of the weights 1, 2, …, 200, 20 examples",
        printed: "Σ ωᵢ² over i = 1 … N, the examples",
        right: "Σ ωᵢ² over i = 1 … p, the weights",
        measured_by: "closed form: p(p + 1)(2p + 1)/6",
        tolerance: ROUNDING,
    },
    Erratum {
        place: "course notes 4, section on weight decay",
        quantity: "Decay of a weight in a step on the printed loss, batches of 5 of 20 examples",
        printed: "ηλω/|B|",
        right: "ηλω/N",
        measured_by: "central differences of λ‖ω‖²/(2N)",
        tolerance: ROUNDING,
    },
    Erratum {
        place: "course notes 4, section on weight decay",
        quantity: "Decay of a weight in a step of the printed program, batches of 5",
        printed: "ηλω/|B|",
        right: "ηλω",
        measured_by: "a step by central differences, with and without penalty",
        tolerance: ROUNDING,
    },
    Erratum {
        place: "course notes 4, section on dropout",
        quantity: "Learning rate of the printed program: step over gradient of the mean loss",
        printed: "100",
        right: "100/|B|",
        measured_by: "a step over central differences",
        tolerance: ROUNDING,
    },
    Erratum {
        place: "course notes 4, section on dropout",
        quantity: "Loss of guessing among ten classes, as the printed program reports it",
        printed: "sum of the batches' mean losses, over all examples",
        right: "the same, each times the size of its batch",
        measured_by: "closed form: ln 10",
        tolerance: ROUNDING,
    },
];

/// Compares the formulas of [`ERRATA`].
pub fn measure(seed: u64) -> [Comparison; ERRATA.len()] {
    let normals = |purpose: u64| Key::new(seed, *b"steps\0\0\0").at(purpose, 0).normals();
    [squared_norm(), on_the_loss(normals(0)), by_the_program(normals(1)), learning_rate(normals(2)), reported_loss()]
}

fn squared_norm() -> Comparison {
    let sum = |last: usize| (1..=last).map(|weight| (weight * weight) as f64).sum();
    let closed = (WEIGHTS * (WEIGHTS + 1) * (2 * WEIGHTS + 1) / 6) as f64;
    Comparison::of(sum(EXAMPLES), sum(WEIGHTS), closed)
}

fn on_the_loss(normals: impl Iterator<Item = f64>) -> Comparison {
    let weights: Vec<f64> = normals.take(WEIGHTS).collect();
    let penalty = |w: &[f64]| PENALTY / (2 * EXAMPLES) as f64 * w.iter().map(|w| w * w).sum::<f64>();
    let decay = |divisor: usize| weights.iter().map(|w| RATE * PENALTY / divisor as f64 * w).collect::<Vec<f64>>();
    let measured: Vec<f64> = differences(&weights, penalty).iter().map(|gradient| RATE * gradient).collect();
    Comparison::new(&decay(BATCH), &decay(EXAMPLES), &measured)
}

/// A step on the sum over the batch of `½(ω·x - y)² + λ/2·‖ω‖²`, divided by the size of the batch.
fn by_the_program(mut normals: impl Iterator<Item = f64>) -> Comparison {
    const INPUTS: usize = 8;
    let mut draw = |len: usize| normals.by_ref().take(len).collect::<Vec<f64>>();
    let (weights, x, y) = (draw(INPUTS), draw(BATCH * INPUTS), draw(BATCH));
    let step = |penalty: f64| -> Vec<f64> {
        let objective = |w: &[f64]| {
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let loss = |(x, y): (&[f64], &f64)| 0.5 * (dot(w, x) - y).powi(2) + 0.5 * penalty * dot(w, w);
            x.chunks_exact(INPUTS).zip(&y).map(loss).sum()
        };
        differences(&weights, objective).iter().map(|gradient| RATE / BATCH as f64 * gradient).collect()
    };
    let measured: Vec<f64> = iter::zip(step(PENALTY), step(0.0)).map(|(with, without)| with - without).collect();
    let decay = |divisor: usize| weights.iter().map(|w| RATE * PENALTY / divisor as f64 * w).collect::<Vec<f64>>();
    Comparison::new(&decay(BATCH), &decay(1), &measured)
}

/// Biases of a softmax regression: its mean loss, and the step that divides by the size of the batch once more.
fn learning_rate(normals: impl Iterator<Item = f64>) -> Comparison {
    let biases: Vec<f64> = normals.take(CLASSES).collect();
    let share = |class: usize| (IMAGES - class).div_ceil(CLASSES) as f64 / IMAGES as f64;
    let sum = |biases: &[f64]| biases.iter().map(|bias| bias.exp()).sum::<f64>();
    let loss = |b: &[f64]| (0..CLASSES).map(|class| share(class) * (sum(b).ln() - b[class])).sum();
    let norm = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>().sqrt();
    let gradient = (0..CLASSES).map(|class| biases[class].exp() / sum(&biases) - share(class));
    let step: Vec<f64> = gradient.map(|gradient| LARGE_RATE * gradient / IMAGES as f64).collect();
    let measured = norm(&step) / norm(&differences(&biases, loss));
    Comparison::of(LARGE_RATE, LARGE_RATE / IMAGES as f64, measured)
}

/// Ten batches of a network that gives every class the same probability.
fn reported_loss() -> Comparison {
    const BATCHES: usize = 10;
    let mean_loss = -(1.0 / CLASSES as f64).ln();
    let examples = (BATCHES * IMAGES) as f64;
    let total = |of_batch: f64| iter::repeat_n(of_batch, BATCHES).sum::<f64>() / examples;
    Comparison::of(total(mean_loss), total(mean_loss * IMAGES as f64), std::f64::consts::LN_10)
}
