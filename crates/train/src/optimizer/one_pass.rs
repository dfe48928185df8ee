//! Optimizer steps in one pass over a parameter's memory.
//!
//! On a processor an optimizer is bound by memory bandwidth, and tensor operations would pass over each parameter a
//! dozen times. The loops here are elementwise, so compilers vectorize them. The formulas are those of
//! [`Optimizer`](super::Optimizer).

use rayon::prelude::*;

use super::OptimizerConfig;

/// Elements that one thread updates at a time: below this size, waking another thread costs more than it saves.
const PIECE: usize = 1 << 18;
/// Elements that are updated at a time within a piece: the summed gradients, and the new values while they are checked,
/// stay in the L1 cache.
const CHUNK: usize = 1 << 10;

/// One step of an optimizer on some elements of a parameter. It updates `N` values per element, the weight first.
pub trait Step<const N: usize>: Copy + Sync {
    /// Updates the values in `moved`, given their `gradient`.
    fn apply(self, gradient: &[f32], moved: [&mut [f32]; N]);
}

/// Takes `step` with the sum of `gradients`, on one thread for each [`PIECE`]. Returns whether all new values are finite.
///
/// Panics if there is no gradient, one is shorter than the values in `moved`, or these differ in length.
pub fn apply<const N: usize>(step: impl Step<N>, gradients: &[&[f32]], moved: [&mut [f32]; N]) -> bool {
    let piece = |(start, moved): (usize, [&mut [f32]; N])| apply_piece(step, gradients, start, moved);
    pieces(moved, PIECE).into_par_iter().map(piece).reduce(|| true, |one, other| one && other)
}

/// Takes the step for the elements of a parameter from `start` on.
fn apply_piece<const N: usize>(step: impl Step<N>, gradients: &[&[f32]], start: usize, moved: [&mut [f32]; N]) -> bool {
    let (first, more) = gradients.split_first().expect("a step has a gradient");
    let mut sum = [0.0; CHUNK];
    let mut finite = true;
    for (offset, mut moved) in pieces(moved, CHUNK) {
        let range = start + offset..start + offset + moved[0].len();
        let gradient = match more {
            [] => &first[range],
            [other, more @ ..] => {
                let sum = &mut sum[..range.len()];
                for ((sum, one), other) in sum.iter_mut().zip(&first[range.clone()]).zip(&other[range.clone()]) {
                    *sum = one + other;
                }
                for more in more {
                    for (sum, g) in sum.iter_mut().zip(&more[range.clone()]) {
                        *sum += g;
                    }
                }
                &*sum
            }
        };
        step.apply(gradient, moved.each_mut().map(|values| &mut **values));
        finite &= moved.iter().all(|values| all_finite(values));
    }
    finite
}

/// Whether no value is infinite or not a number. Looks at all of them, so that the loop is vectorized.
fn all_finite(values: &[f32]) -> bool {
    values.iter().fold(true, |all, value| all & value.is_finite())
}

/// Cuts several slices at the same places, into pieces of `length` elements. The last piece may be shorter. Each comes
/// with the index of its first element.
fn pieces<const N: usize>(mut rest: [&mut [f32]; N], length: usize) -> Vec<(usize, [&mut [f32]; N])> {
    let whole = rest[0].len();
    let cut = |start| {
        let end = whole.min(start + length);
        let piece = std::array::from_fn(|which| {
            let (piece, after) = std::mem::take(&mut rest[which]).split_at_mut(end - start);
            rest[which] = after;
            piece
        });
        (start, piece)
    };
    (0..whole).step_by(length).map(cut).collect()
}

/// Plain gradient descent: `w ← w - η(g + λw)`.
#[derive(Clone, Copy, Debug)]
pub struct Sgd {
    /// Learning rate η.
    pub learning_rate: f64,
    /// Weight decay λ.
    pub decay: f64,
}

impl Step<1> for Sgd {
    fn apply(self, gradient: &[f32], [weight]: [&mut [f32]; 1]) {
        let (rate, decay) = (self.learning_rate as f32, self.decay as f32);
        for (w, g) in weight.iter_mut().zip(gradient) {
            *w -= rate * (g + decay * *w);
        }
    }
}

/// Gradient descent with momentum: `v ← μv + g + λw`, `w ← w - ηv`, or `w ← w - η(g + λw + μv)`.
#[derive(Clone, Copy, Debug)]
pub struct Momentum {
    /// Momentum μ.
    pub momentum: f64,
    /// Whether to use Nesterov's form.
    pub nesterov: bool,
    /// Learning rate η.
    pub learning_rate: f64,
    /// Weight decay λ.
    pub decay: f64,
}

impl Step<2> for Momentum {
    fn apply(self, gradient: &[f32], [weight, velocity]: [&mut [f32]; 2]) {
        let (momentum, rate, decay) = (self.momentum as f32, self.learning_rate as f32, self.decay as f32);
        for ((w, g), v) in weight.iter_mut().zip(gradient).zip(velocity) {
            let penalized = g + decay * *w;
            *v = momentum * *v + penalized;
            *w -= rate * if self.nesterov { penalized + momentum * *v } else { *v };
        }
    }
}

/// One step of Adam or AdamW, with its constants precomputed.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    beta1: f32,
    beta2: f32,
    /// `1 - β₁` and `1 - β₂`, computed in double precision: `1 - 0.999` in single precision has a relative error of
    /// 10⁻⁵.
    rest1: f32,
    rest2: f32,
    epsilon: f32,
    /// λ, added to the gradient as `λw`; 0 for decoupled decay.
    penalty: f32,
    /// `1 - ηλ` for decoupled decay, else 1.
    kept: f32,
    /// `η/(1 - β₁ᵗ)`
    rate: f32,
    /// `1/√(1 - β₂ᵗ)`
    root_correction: f32,
}

impl Adam {
    /// The step with number `steps`, counted from 1, as Adam's bias correction needs it.
    pub fn new(config: &OptimizerConfig, learning_rate: f64, decay: f64, decoupled: bool, steps: u64) -> Self {
        let correction = |beta: f64| 1.0 - beta.powf(steps as f64);
        Self {
            beta1: config.beta1 as f32,
            beta2: config.beta2 as f32,
            rest1: (1.0 - config.beta1) as f32,
            rest2: (1.0 - config.beta2) as f32,
            epsilon: config.epsilon as f32,
            penalty: if decoupled { 0.0 } else { decay as f32 },
            kept: if decoupled { (1.0 - learning_rate * decay) as f32 } else { 1.0 },
            rate: (learning_rate / correction(config.beta1)) as f32,
            root_correction: correction(config.beta2).sqrt().recip() as f32,
        }
    }
}

impl Step<3> for Adam {
    fn apply(self, gradient: &[f32], [weight, mean, square]: [&mut [f32]; 3]) {
        for (((w, g), m), v) in weight.iter_mut().zip(gradient).zip(mean).zip(square) {
            let g = g + self.penalty * *w;
            *m = self.beta1 * *m + self.rest1 * g;
            *v = self.beta2 * *v + self.rest2 * g * g;
            *w = self.kept * *w - self.rate * *m / (v.sqrt() * self.root_correction + self.epsilon);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_all_elements_in_order() {
        for whole in [0, 1, 5, 10, 11] {
            let (mut one, mut other): (Vec<f32>, Vec<f32>) = (0..whole).map(|i| (i as f32, -(i as f32))).unzip();
            let pieces = pieces([&mut one, &mut other], 5);
            assert_eq!(pieces.len(), (whole as usize).div_ceil(5));
            for (start, [one, other]) in pieces {
                assert!(one.iter().zip(other).enumerate().all(|(i, (a, b))| *a == (start + i) as f32 && *b == -*a));
            }
        }
    }

    #[test]
    fn gradients_in_parts_are_added() {
        // Longer than two pieces, and a multiple of neither PIECE nor CHUNK.
        let length = 2 * PIECE + CHUNK + 3;
        let gradient = |scale: f32| (0..length).map(|i| scale * (i % 7) as f32).collect::<Vec<_>>();
        let (whole, parts) = (gradient(4.0), [gradient(1.0), gradient(3.0)]);
        let step = Sgd { learning_rate: 0.5, decay: 0.25 };
        let (mut by_whole, mut by_parts) = (vec![1.0; length], vec![1.0; length]);
        assert!(apply(step, &[&whole], [&mut by_whole]));
        assert!(apply(step, &[&parts[0], &parts[1]], [&mut by_parts]));
        assert_eq!(by_whole, by_parts);
        assert_eq!(by_whole[length - 1], 1.0 - 0.5 * (whole[length - 1] + 0.25));
    }

    #[test]
    fn a_value_that_is_not_finite_is_found_wherever_it_is() {
        let length = PIECE + 2 * CHUNK + 3;
        let step = Momentum { momentum: 0.5, nesterov: false, learning_rate: 0.0, decay: 0.0 };
        for broken in [0, CHUNK, PIECE - 1, PIECE, length - 1] {
            for value in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
                let (mut weight, mut velocity, mut gradient) =
                    (vec![1.0; length], vec![0.0; length], vec![1.0; length]);
                assert!(apply(step, &[&gradient], [&mut weight, &mut velocity]));
                gradient[broken] = value;
                assert!(!apply(step, &[&gradient], [&mut weight, &mut velocity]), "{value} at {broken}");
            }
        }
    }
}
