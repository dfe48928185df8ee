//! Products of probabilities, which logarithms save, and products of matrices, which no scale does.

use burn_mlp::Key;
use serde::{Deserialize, Serialize};

use super::precision::{FORMATS, Format};
use super::products::{growth_of_a_factor, multiply};
use super::settings::NumericalStabilityParameters;
use crate::finding::{Bound, Claim, Finding, Table, figure, spread};

/// Probabilities whose logarithms are added: their product is about e⁻¹⁰⁰⁰, below every 64-bit float.
const LOGARITHMS: usize = 1000;
/// Matrices after which no determinant is right any more in 64 bits.
const LONGEST: usize = 500;
/// Where nothing is predicted but rounding, means may be off by this part of the prediction.
const MARGIN: f64 = 0.1;

/// What becomes of products in each of [`FORMATS`], as means over the products of a seed.
#[derive(Serialize, Deserialize)]
pub struct LongProducts {
    /// Factors, uniform on (0, 1], until a product of probabilities is 0.
    zero: [f64; 3],
    /// How far the sum of the logarithms is off after [`LOGARITHMS`] factors, as a part of it: the largest.
    logarithm: [f64; 3],
    /// Factors until the determinant of a product of random matrices is off by a factor of two.
    determinant: [f64; 3],
    /// Share of the products of as many rotations as the settings have factors whose determinant is.
    rotations: [f64; 3],
}

impl LongProducts {
    /// With the numbers of `seed`.
    pub fn measure(parameters: &NumericalStabilityParameters, seed: u64) -> Self {
        let &NumericalStabilityParameters { side, factors, products, .. } = parameters;
        let key = |purpose: &[u8; 8], product: usize| Key::new(seed, *purpose).at(product as u64, 0);
        // 1 - u: a probability that is not 0.
        let probabilities = |product| key(b"probable", product).uniforms().map(|uniform| 1.0 - uniform);
        let matrices = |product| {
            let mut normals = key(b"matrices", product).normals();
            move || normals.by_ref().take(side * side).collect::<Vec<f64>>()
        };
        let rotations = |product| {
            let mut uniforms = key(b"rotation", product).uniforms();
            move || rotation(side, || std::f64::consts::TAU * uniforms.next().unwrap_or_default())
        };
        let each = |of: &dyn Fn(&Format, usize) -> f64| -> [Vec<f64>; 3] {
            FORMATS.map(|format| (0..products).map(|product| of(&format, product)).collect())
        };
        let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
        let until = |format: &Format, product: usize| until_wrong(format, side, LONGEST, matrices(product)) as f64;
        let wrong = |format: &Format, product: usize| {
            f64::from(u8::from(until_wrong(format, side, factors, rotations(product)) <= factors))
        };
        Self {
            zero: each(&|format, product| until_zero(format, probabilities(product)) as f64).map(mean),
            logarithm: each(&|format, product| logarithm_error(format, probabilities(product).take(LOGARITHMS)))
                .map(|errors| errors.into_iter().fold(0.0, f64::max)),
            determinant: each(&until).map(mean),
            rotations: each(&wrong).map(mean),
        }
    }
}

/// Factors until a product is 0, every factor and every product rounded.
fn until_zero(format: &Format, mut factors: impl Iterator<Item = f64>) -> usize {
    let mut product = 1.0;
    let zero = factors.position(|factor| {
        product = (format.round)(product * (format.round)(factor));
        product == 0.0
    });
    zero.map_or(0, |index| index + 1)
}

/// How far a sum of logarithms, rounded after every step, is from the sum in 64 bits, as a part of it.
fn logarithm_error(format: &Format, factors: impl Iterator<Item = f64>) -> f64 {
    let (mut rounded, mut sum) = (0.0, 0.0);
    for factor in factors {
        rounded = (format.round)(rounded + (format.round)(factor.ln()));
        sum += factor.ln();
    }
    ((rounded - sum) / sum).abs()
}

/// Factors until the determinant of a product is off by a factor of two; `longest + 1` where it never is.
///
/// The product's scale is kept apart, as a logarithm, after every factor: nothing over- or underflows.
fn until_wrong(format: &Format, side: usize, longest: usize, mut matrix: impl FnMut() -> Vec<f64>) -> usize {
    let mut product: Vec<f64> = (0..side * side).map(|i| f64::from(u8::from(i % (side + 1) == 0))).collect();
    let (mut scale, mut expected) = (0.0, 0.0);
    for factors in 1..=longest {
        let factor: Vec<f64> = matrix().into_iter().map(format.round).collect();
        expected += log_determinant(&factor, side);
        product = multiply(&factor, &product, side);
        let peak = product.iter().fold(0.0_f64, |peak, entry| peak.max(entry.abs()));
        product.iter_mut().for_each(|entry| *entry = (format.round)(*entry / peak));
        scale += peak.ln();
        let error = log_determinant(&product, side) + side as f64 * scale - expected;
        // Also where the determinant is 0, whose logarithm is infinite.
        if error.is_nan() || error.abs() > std::f64::consts::LN_2 {
            return factors;
        }
    }
    longest + 1
}

/// `ln |det M|` by elimination with the largest pivot of each column.
fn log_determinant(matrix: &[f64], side: usize) -> f64 {
    let mut rows: Vec<Vec<f64>> = matrix.chunks_exact(side).map(<[f64]>::to_vec).collect();
    let mut sum = 0.0;
    for column in 0..side {
        let pivot = (column..side).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()));
        rows.swap(column, pivot.unwrap_or(column));
        let pivot = rows[column].clone();
        sum += pivot[column].abs().ln();
        for row in &mut rows[column + 1..] {
            let factor = row[column] / pivot[column];
            row.iter_mut().zip(&pivot).for_each(|(entry, of_pivot)| *entry -= factor * of_pivot);
        }
    }
    sum
}

/// A rotation by an angle in every plane of two axes.
fn rotation(side: usize, mut angle: impl FnMut() -> f64) -> Vec<f64> {
    let mut matrix: Vec<f64> = (0..side * side).map(|i| f64::from(u8::from(i % (side + 1) == 0))).collect();
    for (first, second) in (0..side).flat_map(|first| (first + 1..side).map(move |second| (first, second))) {
        let (sin, cos) = angle().sin_cos();
        for column in 0..side {
            let (x, y) = (matrix[first * side + column], matrix[second * side + column]);
            matrix[first * side + column] = cos * x - sin * y;
            matrix[second * side + column] = sin * x + cos * y;
        }
    }
    matrix
}

/// Adds what becomes of long products, with each seed.
pub fn add(measured: &[&LongProducts], parameters: &NumericalStabilityParameters, finding: &mut Finding) {
    let &NumericalStabilityParameters { side, factors, .. } = parameters;
    let header = [
        "numbers of",
        "probabilities until the product is 0",
        "expected",
        "error of the sum of logarithms",
        "matrices until the determinant is wrong",
        "expected",
    ];
    let table = Table::new("Long products, rounded after every factor", &header);
    let table = FORMATS.iter().enumerate().fold(table, |table, (index, format)| {
        let of = |metric: fn(&LongProducts) -> &[f64; 3]| -> Vec<f64> {
            measured.iter().map(|products| metric(products)[index]).collect()
        };
        let columns =
            [of(|products| &products.zero), of(|products| &products.logarithm), of(|products| &products.determinant)];
        let [zeros, logarithms, wrong] = columns.each_ref().map(|values| spread(values));
        claims(format, side, columns, finding);
        let [expected, predicted] = [factors_until_zero(format), factors_until_wrong(format, side)].map(figure);
        table.row([format.name.to_owned(), zeros, expected, logarithms, wrong, predicted])
    });
    let rotations: Vec<f64> = measured.iter().map(|products| products.rotations[0]).collect();
    let sentence =
        format!("Control: products of {factors} rotations, 16 bits: share whose determinant is off by a factor of 2");
    finding.claim(Claim::measured(sentence, rotations)).table(table).note(
        "Why a product of matrices is worse than one of probabilities: the scale of either can be kept apart as a \
         logarithm, but a product of matrices has a largest and a smallest singular value that part by a constant factor \
         with each matrix. Once they are further apart than a number has digits, the smallest is rounding error, whatever \
         the scale. Rotations, whose singular values are all 1, have no such end.",
    );
}

/// `-ln p` is exponential with mean 1: as many factors are needed as a Poisson process has events until then, and one.
fn factors_until_zero(format: &Format) -> f64 {
    1.0 - f64::from(format.zero) * std::f64::consts::LN_2
}

/// The largest singular value of a product grows at the rate of a vector, the smallest at that of a single coordinate
/// (Newman 1986): after how many factors they are as far apart as the digits reach.
fn factors_until_wrong(format: &Format, side: usize) -> f64 {
    let parting = growth_of_a_factor(side).0 - growth_of_a_factor(1).0;
    f64::from(format.digits) * std::f64::consts::LN_2 / parting
}

fn claims(format: &Format, side: usize, [zeros, logarithms, wrong]: [Vec<f64>; 3], finding: &mut Finding) {
    let name = format.name;
    let expected = factors_until_zero(format);
    let sentence = format!("Product of uniform probabilities, {name}: factors until it is 0");
    let bound = Bound::Between((1.0 - MARGIN) * expected, (1.0 + MARGIN) * expected);
    finding.claim(Claim::measured(sentence, zeros).bound(bound));
    // In 64 bits it is what it is compared with.
    if format.digits < f64::MANTISSA_DIGITS as i32 {
        let sentence = format!("Sum of the logarithms of {LOGARITHMS}, {name}: relative error");
        finding.claim(Claim::measured(sentence, logarithms).bound(Bound::AtMost(MARGIN)));
    }
    let predicted = factors_until_wrong(format, side);
    let sentence = format!(
        "Product of random {side}x{side} matrices, {name}: factors until its determinant is off by a factor of 2"
    );
    finding.claim(Claim::measured(sentence, wrong).bound(Bound::Between(0.5 * predicted, 2.0 * predicted)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_zero_after_as_many_factors_as_the_format_has_powers() {
        let halves = || std::iter::repeat(0.5);
        assert_eq!(FORMATS.map(|format| until_zero(&format, halves())), [25, 150, 1075]);
        assert_eq!(FORMATS.map(|format| logarithm_error(&format, halves().take(4)) < 1e-3), [true; 3]);
    }

    #[test]
    fn determinants_are_those_of_small_matrices() {
        for (matrix, side, determinant) in [
            (&[3.0][..], 1, 3.0_f64),
            (&[0.0, 2.0, 3.0, 4.0], 2, 6.0),
            (&[2.0, 0.0, 1.0, 1.0, 3.0, 2.0, 1.0, 1.0, 1.0], 3, 0.0),
            (&[2.0, 0.0, 1.0, 1.0, 3.0, 2.0, 1.0, 1.0, 2.0], 3, 6.0),
        ] {
            assert!((log_determinant(matrix, side).exp() - determinant).abs() < 1e-12, "{matrix:?}");
        }
    }

    #[test]
    fn rotations_keep_lengths_and_determinants() {
        let mut angles = (1..).map(f64::from);
        let matrix = rotation(4, || angles.next().unwrap());
        assert!(log_determinant(&matrix, 4).abs() < 1e-12);
        for row in matrix.chunks_exact(4) {
            assert!((row.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_matrix_that_flattens_loses_its_determinant() {
        // Each factor makes one direction 2⁵ times as long as the other, which 11 digits follow twice.
        let flat = || vec![1.0, 0.3, 0.0, 0.03125];
        let wrong = until_wrong(&FORMATS[0], 2, 20, || flat().into_iter().rev().collect());
        assert!((2..=6).contains(&wrong), "{wrong}");
        assert_eq!(until_wrong(&FORMATS[2], 2, 20, || vec![1.0, 0.0, 0.0, 1.0]), 21);
    }
}
