//! A regression task whose true function is known.

use burn_mlp::Key;

use super::settings::TaskParameters;

/// The true function of a task.
#[derive(Clone, Copy, Debug)]
pub(super) enum Truth {
    /// `x₁ + x₂·x₃`: half of its variance is an interaction, which no linear model has.
    Interaction,
    /// `x₁`: a linear model has no bias.
    Linear,
}

/// Examples of a task.
pub(super) struct Sample {
    /// `[examples, d_input]`, standard normal.
    pub(super) x: Vec<f64>,
    /// The true function there.
    pub(super) truth: Vec<f64>,
    /// The same with noise.
    pub(super) y: Vec<f64>,
}

impl Truth {
    fn at(self, x: &[f64]) -> f64 {
        match self {
            Self::Interaction => x[0] + x[1] * x[2],
            Self::Linear => x[0],
        }
    }
}

impl TaskParameters {
    /// The training set of a draw.
    pub(super) fn train(&self, truth: Truth, seed: u64, draw: usize) -> Sample {
        self.sample(truth, Key::new(seed, *b"bv train"), draw as u64, self.train_examples)
    }

    /// Test points, the same for all draws.
    pub(super) fn test(&self, truth: Truth, seed: u64) -> Sample {
        self.sample(truth, Key::new(seed, *b"bv test\0"), 0, self.test_examples)
    }

    fn sample(&self, truth: Truth, key: Key, draw: u64, examples: usize) -> Sample {
        let x: Vec<f64> = key.at(draw, 0).normals().take(examples * self.d_input).collect();
        let noise = key.at(draw, 1).normals().map(|normal| self.noise * normal);
        let truth: Vec<f64> = x.chunks(self.d_input).map(|x| truth.at(x)).collect();
        let y = truth.iter().zip(noise).map(|(truth, noise)| truth + noise).collect();
        Sample { x, truth, y }
    }
}
