//! Errors in formulas of gradients.

use burn_mlp::Key;

use super::erratum::{Comparison, Erratum, ROUNDING, differences, relative_error};

/// Hidden units, and outputs: the printed product needs as many of both.
const UNITS: usize = 32;
/// Layers of the deep network, and the one whose weights the gradient is by.
const LAYERS: [i32; 2] = [10, 6];
/// Factor of each of its layers.
const FACTOR: f64 = 2.0;
/// Steps through the LSTM's cell.
const STEPS: usize = 10;

pub const ERRATA: [Erratum; 4] = [
    Erratum {
        place: "course notes 2, section 3.7.2",
        quantity: "Gradient by a hidden layer before its activation function",
        printed: "W₂ᵀ·∂J/∂h ⊙ φ'(z)",
        right: "∂J/∂h ⊙ φ'(z)",
        measured_by: "central differences",
        tolerance: ROUNDING,
    },
    Erratum {
        place: "course notes 2, section 3.8.1",
        quantity: "Number of matrices in the gradient by the weights of layer 6 of 10",
        printed: "L - 1",
        right: "L - l",
        measured_by: "growth by factors of 2, central differences",
        tolerance: ROUNDING,
    },
    Erratum {
        place: "course notes 2, section 3.8.2",
        quantity: "Gradient by the weights of the second of two equal hidden units",
        printed: "that of the first",
        right: "that of the first times the ratio of their outgoing weights",
        measured_by: "central differences",
        tolerance: ROUNDING,
    },
    Erratum {
        place: "course notes 1, section on recurrent networks",
        quantity: "Gradient along the cell of an LSTM over 10 steps",
        printed: "1: neither vanishes nor explodes",
        right: "Π f_t, the product of the forget gates",
        measured_by: "central differences",
        tolerance: ROUNDING,
    },
];

/// Compares the formulas of [`ERRATA`].
pub fn measure(seed: u64) -> [Comparison; ERRATA.len()] {
    let normals = |purpose: u64| Key::new(seed, *b"gradient").at(purpose, 0).normals();
    [Squared::draw(normals(0)).before_activation(), matrices(normals(1)), equal_units(normals(2)), cell(normals(3))]
}

/// Relative error of `∂J/∂h = W₂ᵀ·∂J/∂o`, printed right in the same section.
pub fn control(seed: u64) -> f64 {
    let network = Squared::draw(Key::new(seed, *b"gradient").at(4, 0).normals());
    let h: Vec<f64> = network.z.iter().map(|z| z.tanh()).collect();
    relative_error(&network.by_h(&h), &differences(&h, |h| network.loss(h)))
}

/// `J = ½‖W₂·h - y‖²` with `h = tanh(z)`.
struct Squared {
    z: Vec<f64>,
    w2: Vec<f64>,
    y: Vec<f64>,
}

impl Squared {
    fn draw(mut normals: impl Iterator<Item = f64>) -> Self {
        let mut draw = |len: usize| normals.by_ref().take(len).collect();
        Self { z: draw(UNITS), w2: draw(UNITS * UNITS), y: draw(UNITS) }
    }

    /// `W₂·h - y`, which is `∂J/∂o`.
    fn residuals(&self, h: &[f64]) -> Vec<f64> {
        let output = |row: &[f64]| row.iter().zip(h).map(|(w, h)| w * h).sum::<f64>();
        self.w2.chunks_exact(UNITS).zip(&self.y).map(|(row, y)| output(row) - y).collect()
    }

    fn loss(&self, h: &[f64]) -> f64 {
        self.residuals(h).iter().map(|residual| 0.5 * residual * residual).sum()
    }

    fn by_h(&self, h: &[f64]) -> Vec<f64> {
        self.transposed(&self.residuals(h))
    }

    /// `W₂ᵀ·v`
    fn transposed(&self, v: &[f64]) -> Vec<f64> {
        (0..UNITS).map(|column| (0..UNITS).map(|row| self.w2[row * UNITS + column] * v[row]).sum()).collect()
    }

    fn before_activation(&self) -> Comparison {
        let h: Vec<f64> = self.z.iter().map(|z| z.tanh()).collect();
        let by_h = self.by_h(&h);
        let times_slope = |v: &[f64]| v.iter().zip(&h).map(|(v, h)| v * (1.0 - h * h)).collect::<Vec<f64>>();
        let measured = differences(&self.z, |z| self.loss(&z.iter().map(|z| z.tanh()).collect::<Vec<f64>>()));
        Comparison::new(&times_slope(&self.transposed(&by_h)), &times_slope(&by_h), &measured)
    }
}

/// Layers of the plane that turn by a random angle and double: each matrix between a weight and the output doubles what
/// the weight does.
fn matrices(normals: impl Iterator<Item = f64>) -> Comparison {
    let [depth, layer] = LAYERS;
    let angles: Vec<f64> = normals.take(depth as usize).collect();
    // The weights of the layer times `scale`.
    let hidden = |scale: f64, layers: i32| {
        (1..=layers).zip(&angles).fold([1.0, 0.0], |[x, y], (at, angle)| {
            let factor = if at == layer { scale * FACTOR } else { FACTOR };
            let (sin, cos) = angle.sin_cos();
            [factor * (cos * x - sin * y), factor * (sin * x + cos * y)]
        })
    };
    let slope = |layers: i32| {
        let by = |part: usize| differences(&[1.0], |scale| hidden(scale[0], layers)[part])[0];
        by(0).hypot(by(1))
    };
    let measured = (slope(depth) / slope(layer)).ln() / FACTOR.ln();
    Comparison::of(f64::from(depth - 1), f64::from(depth - layer), measured)
}

/// Two hidden units with the same weights, and outgoing weights of 1 and -2: `J = ½(Σ vᵢ·tanh(wᵢ·x) - y)²`.
fn equal_units(normals: impl Iterator<Item = f64>) -> Comparison {
    const INPUTS: usize = 3;
    const OUTGOING: [f64; 2] = [1.0, -2.0];
    const WEIGHT: f64 = 0.5;
    let drawn: Vec<f64> = normals.take(INPUTS + 1).collect();
    let (x, y) = (&drawn[..INPUTS], drawn[INPUTS]);
    let unit = |w: &[f64]| w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>().tanh();
    let residual = |w: &[f64]| {
        let output: f64 = w.chunks_exact(INPUTS).zip(OUTGOING).map(|(w, v)| v * unit(w)).sum();
        output - y
    };
    let weights = [WEIGHT; 2 * INPUTS];
    let measured = differences(&weights, |w| 0.5 * residual(w).powi(2));
    let (error, slope) = (residual(&weights), 1.0 - unit(&weights[..INPUTS]).powi(2));
    let by_first: Vec<f64> = x.iter().map(|x| error * OUTGOING[0] * slope * x).collect();
    let by_second: Vec<f64> = by_first.iter().map(|gradient| gradient * OUTGOING[1] / OUTGOING[0]).collect();
    Comparison::new(&by_first, &by_second, &measured[INPUTS..])
}

/// `c_t = σ(a_t)·c_{t-1} + u_t`, with gates near one half.
fn cell(normals: impl Iterator<Item = f64>) -> Comparison {
    let drawn: Vec<f64> = normals.take(2 * STEPS).collect();
    let (gates, updates) = drawn.split_at(STEPS);
    let forget: Vec<f64> = gates.iter().map(|a| 1.0 / (1.0 + (-0.2 * a).exp())).collect();
    let last = |first: f64| forget.iter().zip(updates).fold(first, |c, (f, u)| f * c + u);
    let measured = differences(&[1.0], |first| last(first[0]))[0];
    Comparison::of(1.0, forget.iter().product(), measured)
}
