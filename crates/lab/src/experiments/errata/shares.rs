//! Errors in formulas of dropout's means and of shares of classes.

use burn_mlp::Key;

use super::erratum::{Comparison, Erratum, SAMPLING, mean};

/// Classes, and the share of the first of them in the target.
const CLASSES: usize = 10;
const FIRST: f64 = 0.91;
/// Share of each class that is predicted right; the others get equal parts of the rest.
const RECALL: f64 = 0.82;

pub const ERRATA: [Erratum; 3] = [
    Erratum {
        place: "course notes 1, section on dropout in Keras",
        quantity: "Activation at prediction that is the mean of those in training, a share q = 0.6 taking part",
        printed: "h/q",
        right: "q·h",
        measured_by: "sampling of training",
        tolerance: SAMPLING,
    },
    Erratum {
        place: "course notes 1, section on dropout in Keras",
        quantity: "Mean under a mask divided by 1 - p, p = 0.2",
        printed: "ones with probability p",
        right: "ones with probability 1 - p",
        measured_by: "closed form: E[h'] = h = 1",
        tolerance: SAMPLING,
    },
    Erratum {
        place: "course notes 2, section 3.9.2",
        quantity: "Share of a class in the target, by the confusion matrix",
        printed: "C⁻¹ times the means of the columns of C",
        right: "C⁻¹ times the mean prediction in the target",
        measured_by: "counting",
        tolerance: SAMPLING,
    },
];

/// Compares the formulas of [`ERRATA`].
pub fn measure(samples: usize, seed: u64) -> [Comparison; ERRATA.len()] {
    const TAKING_PART: f64 = 0.6;
    const DROPPED: f64 = 0.2;
    let uniforms: Vec<f64> = Key::new(seed, *b"shares\0\0").uniforms().take(samples).collect();
    // The mean of an activation of 1 that is kept with a probability.
    let kept = |prob: f64| mean(&uniforms.iter().map(|&uniform| f64::from(uniform < prob)).collect::<Vec<f64>>());
    [
        Comparison::of(1.0 / TAKING_PART, TAKING_PART, kept(TAKING_PART)),
        Comparison::of(kept(DROPPED) / (1.0 - DROPPED), kept(1.0 - DROPPED) / (1.0 - DROPPED), 1.0),
        label_shift(samples, seed),
    ]
}

/// Shares of the target's classes from a confusion matrix that is known exactly.
fn label_shift(samples: usize, seed: u64) -> Comparison {
    let mut uniforms = Key::new(seed, *b"shares\0\0").at(1, 0).uniforms();
    let others = (CLASSES - 1) as f64;
    // One of the classes: `favorite` with a probability, else another.
    let mut choose = |favorite: usize, prob: f64| {
        let uniform = uniforms.next().unwrap_or_default();
        let other = ((uniform - prob) / (1.0 - prob) * others) as usize;
        if uniform < prob { favorite } else { other + usize::from(other >= favorite) }
    };
    let (mut labels, mut predictions) = ([0.0; CLASSES], [0.0; CLASSES]);
    for _ in 0..samples {
        let label = choose(0, FIRST);
        labels[label] += 1.0 / samples as f64;
        predictions[choose(label, RECALL)] += 1.0 / samples as f64;
    }
    let columns = [1.0 / CLASSES as f64; CLASSES];
    Comparison::new(&solved(columns), &solved(predictions), &labels)
}

/// `C⁻¹·μ` for the matrix with [`RECALL`] on its diagonal and `rest` elsewhere: `C·p = (RECALL - rest)·p + rest`.
fn solved(mean: [f64; CLASSES]) -> [f64; CLASSES] {
    let rest = (1.0 - RECALL) / (CLASSES - 1) as f64;
    mean.map(|share| (share - rest) / (RECALL - rest))
}
