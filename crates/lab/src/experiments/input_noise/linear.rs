//! Least squares on noisy inputs, in closed form.
//!
//! With noise `ε ~ N(0, σ²I)` on the inputs of `n` examples, the expected squared error is
//! `E Σ (yᵢ - wᵀ(xᵢ + ε))² = Σ (yᵢ - wᵀxᵢ)² + nσ²‖w‖²` (Bishop 1995, for a linear model exact): its minimizer is the
//! ridge solution with penalty `nσ²`. Averaging over finitely many noisy copies leaves a sampling error, whose size is
//! known too.

use burn_fashion_mnist::LinearData;
use burn_mlp::Key;
use serde::{Deserialize, Serialize};

/// Sums over examples from which least squares follow.
#[derive(Clone)]
pub(super) struct NormalEquations {
    d: usize,
    /// `Σ x·xᵀ`, row by row.
    gram: Vec<f64>,
    /// `Σ y·x`
    moment: Vec<f64>,
}

impl NormalEquations {
    /// Sums over no example with `d` features.
    pub(super) fn new(d: usize) -> Self {
        Self { d, gram: vec![0.0; d * d], moment: vec![0.0; d] }
    }

    /// Adds an example.
    pub(super) fn add(&mut self, x: &[f64], y: f64) {
        for (row, (moment, &xi)) in self.gram.chunks_exact_mut(self.d).zip(self.moment.iter_mut().zip(x)) {
            *moment += y * xi;
            for (sum, &xj) in row.iter_mut().zip(x) {
                *sum += xi * xj;
            }
        }
    }

    /// The minimizer of `Σ (y - wᵀx)² + penalty·‖w‖²`; `None` where it is not unique.
    pub(super) fn solve(&self, penalty: f64) -> Option<Vec<f64>> {
        Some(self.cholesky(penalty)?.solve(&self.moment))
    }

    fn cholesky(&self, penalty: f64) -> Option<Cholesky> {
        let mut matrix = self.gram.clone();
        matrix.iter_mut().step_by(self.d + 1).for_each(|diagonal| *diagonal += penalty);
        Cholesky::new(matrix, self.d)
    }
}

/// Lower triangle `L` of `A = L·Lᵀ`, row by row.
struct Cholesky {
    d: usize,
    lower: Vec<f64>,
}

impl Cholesky {
    /// `None` where the matrix is not positive definite.
    fn new(mut a: Vec<f64>, d: usize) -> Option<Self> {
        for i in 0..d {
            for j in 0..=i {
                let dot: f64 = (0..j).map(|k| a[i * d + k] * a[j * d + k]).sum();
                let rest = a[i * d + j] - dot;
                a[i * d + j] = if i == j { Some(rest.sqrt()).filter(|root| *root > 0.0)? } else { rest / a[j * d + j] };
            }
        }
        Some(Self { d, lower: a })
    }

    /// `A⁻¹b`
    fn solve(&self, b: &[f64]) -> Vec<f64> {
        let (d, lower) = (self.d, &self.lower);
        let mut x = b.to_vec();
        for i in 0..d {
            let dot: f64 = (0..i).map(|k| lower[i * d + k] * x[k]).sum();
            x[i] = (x[i] - dot) / lower[i * d + i];
        }
        for i in (0..d).rev() {
            let dot: f64 = (i + 1..d).map(|k| lower[k * d + i] * x[k]).sum();
            x[i] = (x[i] - dot) / lower[i * d + i];
        }
        x
    }
}

/// What noise on the inputs does to a linear model, for one seed.
#[derive(Serialize, Deserialize)]
pub(super) struct NoisyFit {
    /// `(copies, distance)`: Euclidean distance between the minimizer of the squared error over that many noisy copies
    /// of the examples and the ridge solution.
    pub(super) distances: Vec<(f64, f64)>,
    /// The distance to expect at each number of copies.
    pub(super) expected: Vec<(f64, f64)>,
    /// Distance between the minimizer over the most copies and least squares without noise.
    pub(super) from_plain: f64,
    /// Mean of all noise drawn, in its standard errors: standard normal where the noise is unbiased.
    pub(super) bias: f64,
}

impl NoisyFit {
    /// Fits `data` with noise of standard deviation `std`, at ascending numbers of `copies`; `None` where least squares
    /// without noise has no single solution.
    pub(super) fn new(data: &LinearData, std: f64, copies: &[usize], seed: u64) -> Option<Self> {
        let d = data.features.len() / data.targets.len();
        let examples: Vec<(Vec<f64>, f64)> = examples(data, d).collect();
        let mut clean = NormalEquations::new(d);
        for (x, y) in &examples {
            clean.add(x, *y);
        }
        let (ridge, plain) = (clean.solve(examples.len() as f64 * std * std)?, clean.solve(0.0)?);
        let spread = sampling_spread(&clean, &examples, &ridge, std)?;

        let mut noisy = NormalEquations::new(d);
        let (mut distances, mut noise_sum, mut minimizer) = (Vec::new(), 0.0, plain.clone());
        for copy in 1..=*copies.last()? {
            let mut normals = Key::new(seed, *b"inputs\0\0").at(copy as u64, 0).normals();
            for (x, y) in &examples {
                let x: Vec<f64> = x.iter().zip(&mut normals).map(|(x, normal)| x + std * normal).collect();
                noisy.add(&x, *y);
                noise_sum += x.iter().sum::<f64>();
            }
            if copies.contains(&copy) {
                minimizer = noisy.solve(0.0)?;
                distances.push((copy as f64, distance(&minimizer, &ridge)));
            }
        }
        let most = *copies.last()? as f64;
        let clean_sum = most * examples.iter().flat_map(|(x, _)| x).sum::<f64>();
        let draws = most * data.features.len() as f64;
        Some(Self {
            distances,
            expected: copies.iter().map(|&copies| (copies as f64, spread / (copies as f64).sqrt())).collect(),
            from_plain: distance(&minimizer, &plain),
            bias: (noise_sum - clean_sum) / (std * draws.sqrt()),
        })
    }
}

fn examples(data: &LinearData, d: usize) -> impl Iterator<Item = (Vec<f64>, f64)> {
    let features = data.features.chunks_exact(d).map(|x| x.iter().map(|&x| f64::from(x)).collect());
    features.zip(data.targets.iter().map(|&y| f64::from(y)))
}

/// Root mean square distance from the ridge solution that one noisy copy would leave if the error were linear in the
/// noise; `m` copies leave `1/√m` of it, to first order.
///
/// The minimizer moves by `A⁻¹g` with `A = XᵀX + nσ²I` and `g` the gradient's deviation. For one example with residual
/// `r = y - wᵀx` it is `(x + ε)(r - wᵀε)` less its mean, of covariance
/// `σ²(r²I - r(wxᵀ + xwᵀ) + ‖w‖²xxᵀ) + σ⁴(‖w‖²I + wwᵀ)`.
fn sampling_spread(clean: &NormalEquations, examples: &[(Vec<f64>, f64)], w: &[f64], std: f64) -> Option<f64> {
    let (n, d, variance) = (examples.len() as f64, clean.d, std * std);
    let inverse = clean.cholesky(n * variance)?;
    let norm = dot(w, w);
    let mut trace = 0.0;
    for index in 0..d {
        let mut unit = vec![0.0; d];
        unit[index] = 1.0;
        let z = inverse.solve(&unit);
        let (zz, zw) = (dot(&z, &z), dot(&z, w));
        for (x, y) in examples {
            let (r, zx) = (y - dot(w, x), dot(&z, x));
            trace += variance * (r * r * zz - 2.0 * r * zw * zx + norm * zx * zx);
        }
        trace += n * variance * variance * (norm * zz + zw * zw);
    }
    Some(trace.sqrt())
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
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

    // import numpy as np
    // X = np.array([[1., 2.], [3., -1.], [0.5, 4.]]); y = np.array([1., 2., -1.])
    // for p in (0., 2.5): print(np.linalg.solve(X.T @ X + p * np.eye(2), X.T @ y).tolist())
    #[test]
    fn ridge_and_least_squares_match_numpy() {
        let mut equations = NormalEquations::new(2);
        for (x, y) in [([1.0, 2.0], 1.0), ([3.0, -1.0], 2.0), ([0.5, 4.0], -1.0)] {
            equations.add(&x, y);
        }
        for (penalty, expected) in
            [(0.0, [0.6557759626604434, -0.2217036172695449]), (2.5, [0.5249058183340309, -0.19254918375889493])]
        {
            assert!(distance(&equations.solve(penalty).unwrap(), &expected) < 1e-12, "{penalty}");
        }
    }

    #[test]
    fn what_no_single_weight_minimizes_has_no_solution() {
        let mut equations = NormalEquations::new(2);
        equations.add(&[1.0, 2.0], 1.0);
        assert!(equations.solve(0.0).is_none());
        assert!(equations.solve(1e-3).is_some());
    }

    #[test]
    fn the_sampling_spread_is_that_of_repeated_draws() {
        // One example and one feature: x = 1, y = 2, σ = 0.1. Over m copies the minimizer is
        // Σ(1 + ε)·2/Σ(1 + ε)²; its spread over 2,000 repetitions of m = 50 has a relative error of 1/√4000.
        let data = LinearData { features: vec![1.0], targets: vec![2.0] };
        let repetitions = 2000;
        let mut squares = 0.0;
        let mut expected = 0.0;
        for seed in 0..repetitions {
            let fit = NoisyFit::new(&data, 0.1, &[50], seed).unwrap();
            squares += fit.distances[0].1.powi(2);
            expected = fit.expected[0].1;
        }
        let found = (squares / repetitions as f64).sqrt();
        // Five relative errors, and 1 % for what is beyond first order.
        assert!((found / expected - 1.0).abs() < 0.09, "{found} is not {expected}");
    }

    #[test]
    fn the_slope_of_a_power_law_is_its_exponent() {
        let points = [10.0_f64, 100.0, 1000.0].map(|x| (x, 3.0 * x.powf(-0.5)));
        assert!((log_slope(&points) + 0.5).abs() < 1e-12);
    }
}
