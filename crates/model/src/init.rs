//! Weight initialization.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::Key;

/// Fan-in and fan-out of a layer.
///
/// For a convolution both are multiplied by the number of kernel elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fans {
    /// Number of inputs of each output unit.
    pub fan_in: usize,
    /// Number of outputs that each input unit feeds.
    pub fan_out: usize,
}

/// Which fan a Kaiming initialization divides by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FanMode {
    /// Keeps the variance of activations in the forward pass.
    #[default]
    FanIn,
    /// Keeps the variance of gradients in the backward pass.
    FanOut,
}

/// Distribution of the initial values of one parameter.
///
/// The formulas are those of `torch.nn.init` and `burn::nn::Initializer`. The values are drawn from a [`Key`] and are
/// the same on every backend.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Init {
    /// Uniform on `±gain·√(6/(fan_in + fan_out))` (Glorot and Bengio 2010): variance `2·gain²/(fan_in + fan_out)`.
    XavierUniform {
        /// Factor on the standard deviation: 1 for linear layers and the rescaled sigmoid, 5/3 is usual for tanh,
        /// √2 for ReLU.
        gain: f64,
    },
    /// Normal with variance `2·gain²/(fan_in + fan_out)`.
    XavierNormal {
        /// Factor on the standard deviation.
        gain: f64,
    },
    /// Uniform on `±gain·√(3/fan)` (He et al. 2015): variance `gain²/fan`.
    KaimingUniform {
        /// Factor on the standard deviation: √2 for ReLU.
        gain: f64,
        /// Which fan.
        #[serde(default)]
        mode: FanMode,
    },
    /// Normal with variance `gain²/fan`.
    KaimingNormal {
        /// Factor on the standard deviation: √2 for ReLU.
        gain: f64,
        /// Which fan.
        #[serde(default)]
        mode: FanMode,
    },
    /// Normal, independent of the fans.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        std: f64,
    },
    /// Uniform on `[min, max)`, independent of the fans.
    Uniform {
        /// Smallest value.
        min: f64,
        /// Exclusive upper bound, reached only by rounding.
        max: f64,
    },
    /// The same value for every element.
    Constant {
        /// The value.
        value: f64,
    },
    /// Zero for every element.
    Zeros,
}

impl Init {
    /// `len` values for a parameter of a layer with these `fans`.
    ///
    /// # Examples
    ///
    /// ```
    /// use burn_mlp::{Fans, Init, Key};
    ///
    /// let fans = Fans { fan_in: 2, fan_out: 4 };
    /// let values = Init::XavierUniform { gain: 1.0 }.sample(8, fans, Key::new(0, *b"example\0"));
    /// // √(6/(2 + 4)) = 1
    /// assert!(values.iter().all(|v| v.abs() <= 1.0));
    /// ```
    pub fn sample(&self, len: usize, fans: Fans, key: Key) -> Vec<f32> {
        let sum = (fans.fan_in + fans.fan_out) as f64;
        let fan = |mode| match mode {
            FanMode::FanIn => fans.fan_in as f64,
            FanMode::FanOut => fans.fan_out as f64,
        };
        let uniform = |min: f64, max: f64| {
            let scaled = move |u| (min + u * (max - min)) as f32;
            key.uniforms().map(scaled).take(len).collect()
        };
        let normal = |mean: f64, std: f64| {
            let scaled = move |z| (mean + std * z) as f32;
            key.normals().map(scaled).take(len).collect()
        };
        match *self {
            Self::XavierUniform { gain } => {
                let bound = gain * libm::sqrt(6.0 / sum);
                uniform(-bound, bound)
            }
            Self::XavierNormal { gain } => normal(0.0, gain * libm::sqrt(2.0 / sum)),
            Self::KaimingUniform { gain, mode } => {
                let bound = gain * libm::sqrt(3.0 / fan(mode));
                uniform(-bound, bound)
            }
            Self::KaimingNormal { gain, mode } => normal(0.0, gain / libm::sqrt(fan(mode))),
            Self::Normal { mean, std } => normal(mean, std),
            Self::Uniform { min, max } => uniform(min, max),
            Self::Constant { value } => alloc::vec![value as f32; len],
            Self::Zeros => alloc::vec![0.0; len],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FANS: Fans = Fans { fan_in: 300, fan_out: 100 };

    /// Checks that the variance of 10⁵ values lies within five standard errors of `expected`. `excess` is the
    /// distribution's fourth standardized moment minus one. False alarm rate 6·10⁻⁷.
    fn assert_variance(init: Init, expected: f64, excess: f64) {
        let n = 100_000;
        let values = init.sample(n, FANS, Key::new(5, *b"variance"));
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n as f64;
        let variance = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n as f64;
        let tolerance = 5.0 * expected * (excess / n as f64).sqrt();
        assert!((variance - expected).abs() < tolerance, "{init:?}: {variance}, not {expected}");
        assert!(mean.abs() < 5.0 * (expected / n as f64).sqrt(), "{init:?}: mean {mean}");
    }

    #[test]
    fn variances_are_those_of_the_formulas() {
        const UNIFORM: f64 = 0.8;
        const NORMAL: f64 = 2.0;
        assert_variance(Init::XavierUniform { gain: 1.0 }, 0.005, UNIFORM);
        assert_variance(Init::XavierNormal { gain: 2.0 }, 0.02, NORMAL);
        let (fan_in, fan_out) = (FanMode::FanIn, FanMode::FanOut);
        assert_variance(Init::KaimingUniform { gain: 3.0, mode: fan_in }, 0.03, UNIFORM);
        assert_variance(Init::KaimingNormal { gain: 1.0, mode: fan_out }, 0.01, NORMAL);
        assert_variance(Init::Normal { mean: 0.0, std: 0.01 }, 1e-4, NORMAL);
        assert_variance(Init::Uniform { min: -0.7, max: 0.7 }, 0.49 / 3.0, UNIFORM);
    }

    #[test]
    fn uniform_bounds_are_respected_and_approached() {
        let values = Init::XavierUniform { gain: 1.0 }.sample(100_000, FANS, Key::new(5, *b"bounds\0\0"));
        let bound = (6.0_f32 / 400.0).sqrt();
        let largest = values.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        assert!(largest <= bound && largest > 0.999 * bound);
    }
}
