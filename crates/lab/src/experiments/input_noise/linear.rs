//! Least squares on disturbed inputs, in closed form.
//!
//! Let each input become `x + a·e` with noise `e` of mean 0 and variance 1, where `a` may depend on `x`. The expected
//! squared error is `E Σ (yᵢ - wᵀxᵢ')² = Σ (yᵢ - wᵀxᵢ)² + Σⱼ wⱼ²·Σᵢ aᵢⱼ²`: its minimizer is the ridge solution with the
//! penalty `Σᵢ aᵢⱼ²` on the square of each weight. That is `nσ²` for Gaussian noise (Bishop 1995) and `p/(1-p)·Σᵢ xᵢⱼ²`
//! for dropout (Srivastava et al. 2014, section 9.1).

use burn_fashion_mnist::LinearData;
use burn_mlp::Key;
use serde::{Deserialize, Serialize};

use super::normal_equations::NormalEquations;

/// How inputs are disturbed.
#[derive(Clone, Copy)]
pub(super) enum Disturbance {
    /// Gaussian noise of this standard deviation is added.
    Noise(f64),
    /// Each is dropped with this probability, and divided by that of being kept if not.
    Dropout(f64),
}

impl Disturbance {
    /// The factor on the noise of an input.
    fn scale(self, x: f64) -> f64 {
        match self {
            Self::Noise(std) => std,
            Self::Dropout(prob) => x * (prob / (1.0 - prob)).sqrt(),
        }
    }

    /// Noise of mean 0 and variance 1.
    fn noise(self, key: Key) -> Box<dyn Iterator<Item = f64>> {
        match self {
            Self::Noise(_) => Box::new(key.normals()),
            Self::Dropout(prob) => {
                let kept = (prob / (1.0 - prob)).sqrt();
                Box::new(key.uniforms().map(move |u| if u < prob { -1.0 / kept } else { kept }))
            }
        }
    }
}

/// What a disturbance of the inputs does to a linear model, for one seed.
#[derive(Serialize, Deserialize)]
pub(super) struct NoisyFit {
    /// `(copies, distance)`: Euclidean distance between the minimizer of the squared error over that many disturbed
    /// copies of the examples and the ridge solution, as a root mean square over the repetitions.
    pub(super) distances: Vec<(f64, f64)>,
    /// The same with twice the ridge solution's penalty.
    pub(super) from_twice: Vec<(f64, f64)>,
    /// Distance between the ridge solution and least squares without a disturbance.
    pub(super) from_plain: f64,
    /// Norm of the minimizer over the most copies, as a part of that of least squares without a disturbance.
    pub(super) norm: f64,
    /// Mean of all noise drawn, whose standard deviation is 1.
    pub(super) mean_noise: f64,
}

impl NoisyFit {
    /// Fits `data` with its inputs disturbed, at ascending numbers of `copies`; `None` where least squares without a
    /// disturbance has no single solution.
    pub(super) fn new(
        data: &LinearData,
        disturbance: Disturbance,
        copies: &[usize],
        repetitions: u64,
        seed: u64,
    ) -> Option<Self> {
        let d = data.features.len() / data.targets.len();
        let examples: Vec<(Vec<f64>, f64)> = examples(data, d).collect();
        let mut clean = NormalEquations::new(d);
        examples.iter().for_each(|(x, y)| clean.add(x, *y));
        let ridge = |times: f64| {
            let feature = |j: usize| examples.iter().map(|(x, _)| disturbance.scale(x[j]).powi(2)).sum::<f64>();
            clean.solve(&(0..d).map(|j| times * feature(j)).collect::<Vec<f64>>())
        };
        let (plain, ridge, twice) = (ridge(0.0)?, ridge(1.0)?, ridge(2.0)?);
        let (mut noise_sum, mut repeated) = (0.0, Vec::new());
        for repetition in 0..repetitions {
            let key = Key::new(seed, *b"inputs\0\0").at(repetition, 0);
            let (minimizers, sum) = minimizers(&examples, disturbance, copies, key)?;
            repeated.push(minimizers);
            noise_sum += sum;
        }
        let mean =
            |of: &dyn Fn(&[Vec<f64>]) -> f64| repeated.iter().map(|one| of(one)).sum::<f64>() / repetitions as f64;
        let distances = |from: &[f64]| {
            let at = |index: usize| mean(&|minimizers| distance(&minimizers[index], from).powi(2)).sqrt();
            copies.iter().enumerate().map(|(index, &copies)| (copies as f64, at(index))).collect()
        };
        let most = *copies.last()?;
        Some(Self {
            distances: distances(&ridge),
            from_twice: distances(&twice),
            from_plain: distance(&ridge, &plain),
            norm: mean(&|minimizers| minimizers.last().map_or(f64::NAN, |w| length(w))) / length(&plain),
            mean_noise: noise_sum / (repetitions as f64 * most as f64 * data.features.len() as f64),
        })
    }
}

/// The minimizers of the squared error over these numbers of disturbed copies, each with those before it, and the sum of
/// the noise drawn.
fn minimizers(
    examples: &[(Vec<f64>, f64)],
    disturbance: Disturbance,
    copies: &[usize],
    key: Key,
) -> Option<(Vec<Vec<f64>>, f64)> {
    let d = examples.first()?.0.len();
    let mut equations = NormalEquations::new(d);
    let (mut noise, mut noise_sum, mut minimizers) = (disturbance.noise(key), 0.0, Vec::new());
    for copy in 1..=*copies.last()? {
        for (x, y) in examples {
            let disturbed = |(&x, e): (&f64, f64)| {
                noise_sum += e;
                x + disturbance.scale(x) * e
            };
            let x: Vec<f64> = x.iter().zip(&mut noise).map(disturbed).collect();
            equations.add(&x, *y);
        }
        if copies.contains(&copy) {
            minimizers.push(equations.solve(&vec![0.0; d])?);
        }
    }
    Some((minimizers, noise_sum))
}

fn examples(data: &LinearData, d: usize) -> impl Iterator<Item = (Vec<f64>, f64)> {
    let features = data.features.chunks_exact(d).map(|x| x.iter().map(|&x| f64::from(x)).collect());
    features.zip(data.targets.iter().map(|&y| f64::from(y)))
}

fn length(vector: &[f64]) -> f64 {
    distance(vector, &vec![0.0; vector.len()])
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// Slope of the least-squares line through `(ln x, ln y)`.
pub(super) fn log_slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let (mean_x, mean_y) = logs.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / n, y + point.1 / n));
    let covariance: f64 = logs.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    covariance / logs.iter().map(|(x, _)| (x - mean_x).powi(2)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_noise_has_mean_0_and_variance_1_and_dropout_leaves_0_or_the_quotient() {
        let (n, key) = (100_000, Key::new(3, *b"a test\0\0"));
        for disturbance in [Disturbance::Noise(0.5), Disturbance::Dropout(0.2)] {
            let noise: Vec<f64> = disturbance.noise(key).take(n).collect();
            let moment = |power| noise.iter().map(|e| e.powi(power)).sum::<f64>() / n as f64;
            // Five standard errors: fourth moments are 3 and 3.25.
            assert!(moment(1).abs() < 5.0 / (n as f64).sqrt());
            assert!((moment(2) - 1.0).abs() < 5.0 * (2.25 / n as f64).sqrt());
        }
        let dropout = Disturbance::Dropout(0.2);
        let mut left = dropout.noise(key).take(100).map(|e| 8.0 + dropout.scale(8.0) * e);
        assert!(left.all(|x| x.abs() < 1e-12 || (x - 10.0).abs() < 1e-12));
    }

    #[test]
    fn the_slope_of_a_power_law_is_its_exponent() {
        let points = [10.0_f64, 100.0, 1000.0].map(|x| (x, 3.0 * x.powf(-0.5)));
        assert!((log_slope(&points) + 0.5).abs() < 1e-12);
    }
}
