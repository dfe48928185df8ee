//! Singular value decomposition of a small square matrix, for its condition number and for solving linear equations.

/// `A = U·Σ·Vᵀ` by one-sided Jacobi rotations (Hestenes 1958): pairs of columns of `A` are rotated until all columns
/// are orthogonal. Unlike an eigenvalue decomposition of `AᵀA`, this does not square small singular values and so
/// computes them accurately.
pub(super) struct SingularValues {
    /// Columns of `U·Σ`. Their norms are the singular values.
    scaled: Vec<Vec<f64>>,
    /// Columns of `V`.
    right: Vec<Vec<f64>>,
}

impl SingularValues {
    /// Decomposes the square matrix with the given columns.
    pub(super) fn of(columns: Vec<Vec<f64>>) -> Self {
        /// Convergence is quadratic: ten sweeps suffice in practice.
        const SWEEPS: usize = 60;

        let n = columns.len();
        // The computed dot product of orthogonal columns is as large as the rounding errors of its n terms.
        let negligible = n as f64 * f64::EPSILON;
        let mut scaled = columns;
        let mut right: Vec<Vec<f64>> = (0..n).map(|column| unit(column, n)).collect();
        for _ in 0..SWEEPS {
            let mut rotated = false;
            for q in 1..n {
                for p in 0..q {
                    let product = dot(&scaled[p], &scaled[q]);
                    let squares = (dot(&scaled[p], &scaled[p]), dot(&scaled[q], &scaled[q]));
                    if product.abs() <= negligible * libm::sqrt(squares.0 * squares.1) {
                        continue;
                    }
                    rotated = true;
                    let (cosine, sine) = rotation(product, squares);
                    for matrix in [&mut scaled, &mut right] {
                        let (front, back) = matrix.split_at_mut(q);
                        rotate(&mut front[p], &mut back[0], cosine, sine);
                    }
                }
            }
            if !rotated {
                break;
            }
        }
        Self { scaled, right }
    }

    /// The ratio of the largest to the smallest singular value: the largest factor by which solving `A·x = b` amplifies
    /// a relative error. Infinite for a singular matrix.
    pub(super) fn condition_number(&self) -> f64 {
        let squares = self.scaled.iter().map(|column| dot(column, column));
        let (smallest, largest) =
            squares.fold((f64::INFINITY, 0.0_f64), |(low, high), square| (low.min(square), high.max(square)));
        if smallest == 0.0 { f64::INFINITY } else { libm::sqrt(largest / smallest) }
    }

    /// Solves `A·x = b` for a non-singular matrix.
    pub(super) fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut x = vec![0.0; b.len()];
        for (scaled, right) in self.scaled.iter().zip(&self.right) {
            let coefficient = dot(scaled, b) / dot(scaled, scaled);
            x.iter_mut().zip(right).for_each(|(x, v)| *x += coefficient * v);
        }
        x
    }
}

/// Cosine and sine of the rotation that makes two columns orthogonal, from their dot product and squared norms. Of the
/// two possible angles, the smaller (Rutishauser 1966).
fn rotation(product: f64, squares: (f64, f64)) -> (f64, f64) {
    let cotangent = (squares.1 - squares.0) / (2.0 * product);
    let tangent = libm::copysign(1.0 / (cotangent.abs() + libm::hypot(1.0, cotangent)), cotangent);
    let cosine = 1.0 / libm::hypot(1.0, tangent);
    (cosine, cosine * tangent)
}

fn rotate(p: &mut [f64], q: &mut [f64], cosine: f64, sine: f64) {
    for (p, q) in p.iter_mut().zip(q) {
        (*p, *q) = (cosine * *p - sine * *q, sine * *p + cosine * *q);
    }
}

fn unit(index: usize, n: usize) -> Vec<f64> {
    let mut column = vec![0.0; n];
    column[index] = 1.0;
    column
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn agrees_with_an_independent_decomposition() {
        // import numpy as np
        // a = np.array([[.8, .1, .3], [.15, .7, .3], [.05, .2, .4]])
        // print(np.linalg.cond(a), np.linalg.solve(a, [.5, .3, .2]))
        let columns = vec![vec![0.8, 0.15, 0.05], vec![0.1, 0.7, 0.2], vec![0.3, 0.3, 0.4]];
        let values = SingularValues::of(columns);
        assert!((values.condition_number() - 4.025_318_514_657_294).abs() < 1e-12, "{}", values.condition_number());
        let solution = [0.470_588_235_294_117_64, 0.176_470_588_235_294_13, 0.352_941_176_470_588_26];
        for (found, expected) in values.solve(&[0.5, 0.3, 0.2]).into_iter().zip(solution) {
            assert!((found - expected).abs() < 1e-14, "{found} {expected}");
        }
    }

    #[test]
    fn the_condition_number_of_a_diagonal_is_the_ratio_of_its_ends() {
        let columns = |diagonal: [f64; 3]| {
            SingularValues::of((0..3).map(|i| unit(i, 3).into_iter().map(|x| x * diagonal[i]).collect()).collect())
        };
        assert_eq!(columns([1.0; 3]).condition_number(), 1.0);
        assert_eq!(columns([2.0, 0.5, 1.0]).condition_number(), 4.0);
        assert_eq!(columns([1.0, 0.0, 1.0]).condition_number(), f64::INFINITY);
        // Two nearly parallel columns: 1e-9 is resolved accurately although its square is negligible compared to 1.
        let near = SingularValues::of(vec![vec![1.0, 0.0], vec![1.0, 1e-9]]);
        assert!((near.condition_number() / 2e9 - 1.0).abs() < 1e-9, "{}", near.condition_number());
    }

    #[test]
    fn equal_columns_are_singular() {
        assert!(SingularValues::of(vec![vec![0.25; 4]; 4]).condition_number() > 1e15);
    }

    proptest! {
        #[test]
        fn a_solution_solves(
            entries in proptest::collection::vec(-1.0..1.0_f64, 25),
            b in proptest::collection::vec(-1.0..1.0_f64, 5),
        ) {
            let columns: Vec<Vec<f64>> = entries.chunks(5).map(<[f64]>::to_vec).collect();
            let values = SingularValues::of(columns.clone());
            let condition = values.condition_number();
            prop_assume!(condition < 1e8);
            prop_assert!(condition >= 1.0);
            let x = values.solve(&b);
            for row in 0..5 {
                let product: f64 = (0..5).map(|column| columns[column][row] * x[column]).sum();
                prop_assert!((product - b[row]).abs() < 1e-13 * condition.max(10.0), "{product} {}", b[row]);
            }
        }

        #[test]
        fn the_columns_become_orthogonal_and_the_rotations_stay_so(
            entries in proptest::collection::vec(-1.0..1.0_f64, 36),
        ) {
            let values = SingularValues::of(entries.chunks(6).map(<[f64]>::to_vec).collect());
            for p in 0..6 {
                for q in 0..6 {
                    let identity = f64::from(u8::from(p == q));
                    prop_assert!((dot(&values.right[p], &values.right[q]) - identity).abs() < 1e-13);
                    prop_assert!(p == q || dot(&values.scaled[p], &values.scaled[q]).abs() < 1e-13);
                }
            }
        }
    }
}
