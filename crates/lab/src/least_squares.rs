//! Least squares without a penalty, in double precision.

/// The shortest `w` among those that minimize `Σ (xᵢ·w - yᵢ)²`, by modified Gram and Schmidt (Björck 1967).
///
/// With at least as many examples as features there is only one minimizer; with fewer there are many, all of which fit the
/// targets exactly, and gradient descent from zero ends at the shortest.
///
/// # Shapes
///
/// - `x`: `[examples, features]`, row by row, of full rank
/// - `y`: `[examples]`, at least one
/// - output: `[features]`
///
/// # Panics
///
/// If there are no examples.
pub(crate) fn least_squares(x: &[f64], y: &[f64]) -> Vec<f64> {
    let (examples, features) = (y.len(), x.len() / y.len());
    if examples < features {
        return shortest_fit(x.chunks(features).map(<[f64]>::to_vec).collect(), y);
    }
    let columns = (0..features).map(|column| x.iter().skip(column).step_by(features).copied().collect());
    unique_fit(columns.collect(), y)
}

/// Solves `R w = Qᵀy` from the last weight to the first.
fn unique_fit(columns: Vec<Vec<f64>>, y: &[f64]) -> Vec<f64> {
    let (q, r) = orthonormal(columns);
    let mut residual = y.to_vec();
    let mut weights: Vec<f64> = q.iter().map(|q| take_out(&mut residual, q)).collect();
    for row in (0..weights.len()).rev() {
        let known: f64 = (row + 1..weights.len()).map(|column| r[column][row] * weights[column]).sum();
        weights[row] = (weights[row] - known) / r[row][row];
    }
    weights
}

/// Solves `Rᵀz = y` from the first to the last; the fit is `Q z`, a sum of the examples.
fn shortest_fit(rows: Vec<Vec<f64>>, y: &[f64]) -> Vec<f64> {
    let mut weights = vec![0.0; rows[0].len()];
    let (q, r) = orthonormal(rows);
    let mut z: Vec<f64> = Vec::with_capacity(y.len());
    for (row, target) in y.iter().enumerate() {
        let share = (target - dot(&r[row][..row], &z)) / r[row][row];
        weights.iter_mut().zip(&q[row]).for_each(|(weight, q)| *weight += share * q);
        z.push(share);
    }
    weights
}

/// Unit vectors `q` at right angles, and the shares `r` of each vector in those up to its own: `vⱼ = Σᵢ r[j][i]·qᵢ`.
fn orthonormal(mut vectors: Vec<Vec<f64>>) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let mut shares = Vec::with_capacity(vectors.len());
    for index in 0..vectors.len() {
        let (before, rest) = vectors.split_at_mut(index);
        let vector = &mut rest[0];
        let mut share: Vec<f64> = before.iter().map(|q| take_out(vector, q)).collect();
        let length = dot(vector, vector).sqrt();
        vector.iter_mut().for_each(|x| *x /= length);
        share.push(length);
        shares.push(share);
    }
    (vectors, shares)
}

/// Takes the share of a unit vector out of `vector`, and returns how much that was.
fn take_out(vector: &mut [f64], unit: &[f64]) -> f64 {
    let share = dot(vector, unit);
    vector.iter_mut().zip(unit).for_each(|(x, unit)| *x -= share * unit);
    share
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?} is not {expected:?}");
    }

    #[test]
    fn a_line_through_three_points_is_that_of_the_normal_equations() {
        // Points (0, 1), (1, 2), (2, 4): slope 3/2, intercept 5/6.
        near(&least_squares(&[1.0, 0.0, 1.0, 1.0, 1.0, 2.0], &[1.0, 2.0, 4.0]), &[5.0 / 6.0, 1.5]);
    }

    #[test]
    fn of_all_exact_fits_the_shortest_is_found() {
        near(&least_squares(&[3.0, 4.0], &[50.0]), &[6.0, 8.0]);
        // The plane of all w with w₁ + w₂ = 2 and w₂ + w₃ = 3 is nearest to zero at (1/3, 5/3, 4/3).
        let fit = least_squares(&[1.0, 1.0, 0.0, 0.0, 1.0, 1.0], &[2.0, 3.0]);
        near(&fit, &[1.0 / 3.0, 5.0 / 3.0, 4.0 / 3.0]);
    }
}
