//! Least squares by the normal equations.

/// Sums over examples from which least squares follow.
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

    /// The minimizer of `Σ (y - wᵀx)² + Σ penaltyⱼ·wⱼ²`; `None` where it is not unique.
    pub(super) fn solve(&self, penalty: &[f64]) -> Option<Vec<f64>> {
        let mut matrix = self.gram.clone();
        matrix.iter_mut().step_by(self.d + 1).zip(penalty).for_each(|(diagonal, penalty)| *diagonal += penalty);
        Some(Cholesky::new(matrix, self.d)?.solve(&self.moment))
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
            let found = equations.solve(&[penalty; 2]).unwrap();
            let near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12);
            assert!(near, "{found:?} for {penalty}");
        }
    }

    #[test]
    fn what_no_single_weight_minimizes_has_no_solution() {
        let mut equations = NormalEquations::new(2);
        equations.add(&[1.0, 2.0], 1.0);
        assert!(equations.solve(&[0.0; 2]).is_none());
        assert!(equations.solve(&[1e-3; 2]).is_some());
    }
}
