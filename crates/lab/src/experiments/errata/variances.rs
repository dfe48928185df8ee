//! Errors in formulas of variances and of rounding.

use burn_mlp::Key;

use super::erratum::{Comparison, Erratum, SAMPLING, variance};

/// Inputs, and outputs, of the layer whose weights are to keep the variance.
const WIDTH: usize = 8;

pub const ERRATA: [Erratum; 4] = [
    Erratum {
        place: "course notes 2, section 3.2.1",
        quantity: "Variance of standard normal numbers times 0.01",
        printed: "0.01",
        right: "0.01²",
        measured_by: "sampling",
        tolerance: SAMPLING,
    },
    Erratum {
        place: "course notes 2, section 3.8.3",
        quantity: "Variance behind the linear activation function 2 - x",
        printed: "α²·Var - β²",
        right: "α²·Var",
        measured_by: "sampling",
        tolerance: SAMPLING,
    },
    Erratum {
        place: "course notes 2, section 3.8.3",
        quantity: "Variance of normal weights that keeps that of signals, 8 inputs and 8 outputs",
        printed: "√(2/(n_in + n_out))",
        right: "2/(n_in + n_out)",
        measured_by: "sampling of outputs with weights of variance 1",
        tolerance: SAMPLING,
    },
    Erratum {
        place: "course notes 0, section 4.8.1",
        quantity: "Relative rounding of a probability near e⁻⁷⁶ kept as its logarithm",
        printed: "that of the probability: the mantissa is relieved",
        right: "ulp(ln p)/√12: the exponent is relieved",
        measured_by: "sampling",
        tolerance: SAMPLING,
    },
];

/// Compares the formulas of [`ERRATA`].
pub fn measure(samples: usize, seed: u64) -> [Comparison; ERRATA.len()] {
    let normals: Vec<f64> = Key::new(seed, *b"variance").normals().take(samples).collect();
    let of = |f: fn(f64) -> f64| variance(&normals.iter().map(|&x| f(x)).collect::<Vec<f64>>());
    let fans = (2 * WIDTH) as f64;
    [
        Comparison::of(0.01, 0.01_f64.powi(2), of(|x| 0.01 * x)),
        Comparison::of(1.0 - 4.0, 1.0, of(|x| 2.0 - x)),
        Comparison::of((2.0 / fans).sqrt(), 2.0 / fans, 1.0 / behind_weights_of_one(samples, seed)),
        logarithms(samples, seed),
    ]
}

/// Relative error of `n·γ·Var`, the variance behind a linear layer, printed right in the same section.
pub fn control(samples: usize, seed: u64) -> f64 {
    behind_weights_of_one(samples, seed) / WIDTH as f64 - 1.0
}

/// Variance of outputs `Σ w·x` with standard normal weights and inputs.
fn behind_weights_of_one(samples: usize, seed: u64) -> f64 {
    let mut normals = Key::new(seed, *b"variance").at(1, 0).normals();
    let mut pair = || normals.next().zip(normals.next()).map_or(0.0, |(w, x)| w * x);
    let outputs: Vec<f64> = (0..samples).map(|_| (0..WIDTH).map(|_| pair()).sum()).collect();
    variance(&outputs)
}

/// Probabilities from e⁻⁸⁶ to e⁻⁶⁶, kept in single precision as their logarithms. All of these have one exponent, 2⁶.
fn logarithms(samples: usize, seed: u64) -> Comparison {
    let precision = f64::from(f32::EPSILON);
    let uniforms = Key::new(seed, *b"variance").at(2, 0).uniforms();
    let squares = uniforms.take(samples).map(|uniform| {
        let logarithm = -66.0 - 20.0 * uniform;
        let kept = f64::from(logarithm as f32);
        (kept - logarithm).exp_m1().powi(2)
    });
    let measured = (squares.sum::<f64>() / samples as f64).sqrt();
    // A rounding is uniform over one unit in the last place: of the mantissa, which over all probabilities has the
    // density 1/(m·ln 2), and of the logarithm.
    let mantissa = (3.0 / (8.0 * std::f64::consts::LN_2)).sqrt();
    let uniform = 1.0 / 12.0_f64.sqrt();
    Comparison::of(precision * mantissa * uniform, precision * 64.0 * uniform, measured)
}
