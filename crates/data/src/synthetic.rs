use mlp_splits::random::generator;

use crate::normal::{normals, uniforms};

/// A linear regression problem with known parameters: `y = bias + Σ weight·x_i + ε`, `ε ~ N(0, noise²)`.
///
/// With few examples and many inputs a model reliably overfits, which makes the effect of weight decay visible. The
/// default is the weight-decay example of *Dive into Deep Learning*.
///
/// # Examples
///
/// ```
/// use burn_fashion_mnist::LinearDataConfig;
///
/// let config = LinearDataConfig { d_input: 3, noise: 0.0, ..LinearDataConfig::default() };
/// let train = config.draw(20, /* part */ 0);
/// let test = config.draw(100, /* part */ 1);
/// assert_eq!((train.features.len(), test.targets.len()), (60, 100));
/// let sum: f32 = train.features[..3].iter().sum();
/// assert!((train.targets[0] - (0.05 + 0.01 * sum)).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearDataConfig {
    /// Number of inputs. Default: 200.
    pub d_input: usize,
    /// The weight of every input. Default: 0.01.
    pub weight: f64,
    /// The constant. Default: 0.05.
    pub bias: f64,
    /// Standard deviation of the noise on the target. Default: 0.01.
    pub noise: f64,
    /// Distribution of the inputs. Default: normal.
    pub inputs: Inputs,
    /// Seed of the inputs and the noise. Default: 0.
    pub seed: u64,
}

/// Distribution of the inputs of [`LinearDataConfig`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Inputs {
    /// Standard normal: mean 0, variance 1.
    #[default]
    Normal,
    /// Uniform on `[0, 1)`: mean 1/2, variance 1/12.
    Uniform,
}

/// Examples drawn by [`LinearDataConfig::draw`].
#[derive(Clone, Debug, PartialEq)]
pub struct LinearData {
    /// `[n, d_input]`, row by row.
    pub features: Vec<f32>,
    /// `[n]`.
    pub targets: Vec<f32>,
}

impl Default for LinearDataConfig {
    fn default() -> Self {
        Self { d_input: 200, weight: 0.01, bias: 0.05, noise: 0.01, inputs: Inputs::Normal, seed: 0 }
    }
}

impl LinearDataConfig {
    /// Draws `n` examples. Values of `part` select independent samples, for example 0 for training and 1 for testing.
    ///
    /// The first `n` examples of a part are the same for every larger `n`. Targets are computed in `f64` from the
    /// returned `f32` features and rounded once.
    ///
    /// # Shapes
    ///
    /// - output: features `[n, d_input]`, targets `[n]`
    #[must_use]
    pub fn draw(&self, n: usize, part: u64) -> LinearData {
        let inputs = generator(self.seed, *b"features", part);
        let features: Vec<f32> = match self.inputs {
            Inputs::Normal => normals(inputs).take(n * self.d_input).map(|x| x as f32).collect(),
            Inputs::Uniform => uniforms(inputs).take(n * self.d_input).map(below_one).collect(),
        };
        let noise = normals(generator(self.seed, *b"noise\0\0\0", part));
        let target = |(row, noise): (usize, f64)| {
            let row = &features[row * self.d_input..][..self.d_input];
            let sum: f64 = row.iter().map(|&x| f64::from(x)).sum();
            (self.bias + self.weight * sum + self.noise * noise) as f32
        };
        let targets = (0..n).zip(noise).map(target).collect();
        LinearData { features, targets }
    }
}

/// Converts to `f32`, keeping values in `[0, 1)` that would round to 1.
fn below_one(uniform: f64) -> f32 {
    (uniform as f32).min(1.0_f32.next_down())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pinned, since a change here changes every recorded run. The values come from an independent Python program:
    /// ChaCha as in RFC 8439 with 8 rounds, counter and nonce 0, whose words `w` are consumed by
    ///
    /// ```text
    /// u = lambda: mpf((next(w) | next(w) << 32) >> 11) / 2**53
    /// r, a = sqrt(-2 * log(1 - u())), 2 * pi * u(); normals = r * cos(a), r * sin(a)
    /// ```
    #[test]
    fn the_examples_are_those_of_an_independent_program() {
        let config = LinearDataConfig { d_input: 2, seed: 5, ..LinearDataConfig::default() };
        let data = config.draw(2, 2);
        assert_eq!(data.features, [-0.021_058_43, 0.151_611_4, 0.179_994_18, 0.006_647_295]);
        assert_eq!(data.targets, [0.067_171_246, 0.060_111_362]);
        let uniform = LinearDataConfig { inputs: Inputs::Uniform, ..config }.draw(2, 2);
        assert_eq!(uniform.features, [0.011_646_387, 0.271_965_68, 0.016_090_192, 0.005_875_019_4]);
    }

    #[test]
    fn parts_and_seeds_differ_and_a_smaller_draw_is_the_start_of_a_larger() {
        for inputs in [Inputs::Normal, Inputs::Uniform] {
            let config = LinearDataConfig { d_input: 3, inputs, seed: 5, ..LinearDataConfig::default() };
            let (few, many) = (config.draw(4, 0), config.draw(9, 0));
            assert_eq!(few.features, many.features[..12]);
            assert_eq!(few.targets, many.targets[..4]);
            assert_ne!(config.draw(4, 1).features, few.features);
            assert_ne!(config.draw(4, 1).targets, few.targets);
            assert_ne!(LinearDataConfig { seed: 6, ..config }.draw(4, 0).features, few.features);
        }
    }

    #[test]
    fn the_residuals_are_the_noise() {
        // 20,000 residuals with standard deviation 0.01: mean and variance within five standard errors.
        let n = 20_000;
        let config = LinearDataConfig { d_input: 5, noise: 0.01, inputs: Inputs::Uniform, ..Default::default() };
        let data = config.draw(n, 3);
        let residuals: Vec<f64> = (data.features.chunks(5).zip(&data.targets))
            .map(|(row, &y)| f64::from(y) - 0.05 - 0.01 * row.iter().map(|&x| f64::from(x)).sum::<f64>())
            .collect();
        let mean = residuals.iter().sum::<f64>() / n as f64;
        let variance = residuals.iter().map(|r| r * r).sum::<f64>() / n as f64;
        assert!(mean.abs() < 5.0 * 0.01 / (n as f64).sqrt(), "{mean}");
        assert!((variance / 1e-4 - 1.0).abs() < 5.0 * (2.0 / n as f64).sqrt(), "{variance}");
    }

    #[test]
    fn the_inputs_have_the_mean_and_variance_stated() {
        // 10⁵ inputs: mean and variance within five standard errors. The variance of the squared deviation is 2 for the
        // normal and 1/180 for the uniform distribution.
        for (inputs, mean, variance, spread) in
            [(Inputs::Normal, 0.0, 1.0, 2.0), (Inputs::Uniform, 0.5, 1.0 / 12.0, 1.0 / 180.0)]
        {
            let config = LinearDataConfig { d_input: 100, inputs, ..LinearDataConfig::default() };
            let sample: Vec<f64> = config.draw(1000, 0).features.into_iter().map(f64::from).collect();
            let n = sample.len() as f64;
            let found = sample.iter().sum::<f64>() / n;
            let squares = sample.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
            assert!((found - mean).abs() < 5.0 * (variance / n).sqrt(), "{inputs:?}: {found}");
            assert!((squares - variance).abs() < 5.0 * (spread / n).sqrt(), "{inputs:?}: {squares}");
        }
    }

    #[test]
    fn uniform_inputs_stay_below_one() {
        assert!(below_one(1.0_f64.next_down()) < 1.0);
        assert_eq!(below_one(0.5), 0.5);
    }

    #[test]
    fn no_examples_and_no_inputs_are_allowed() {
        let config = LinearDataConfig { d_input: 0, noise: 0.0, ..LinearDataConfig::default() };
        assert_eq!(config.draw(2, 0), LinearData { features: vec![], targets: vec![0.05; 2] });
        assert!(LinearDataConfig::default().draw(0, 0).targets.is_empty());
    }
}
