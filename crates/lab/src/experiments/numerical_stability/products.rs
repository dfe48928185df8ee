//! Products of random matrices.

use burn_mlp::Key;
use mlp_plot::Chart;
use serde::{Deserialize, Serialize};

use super::settings::NumericalStabilityParameters;
use crate::finding::{Bound, Claim, Finding, Table, figure, spread};

/// Largest 16-bit float.
const HALF_MAXIMUM: f64 = 65_504.0;
/// 2⁻²⁵, half the smallest 16-bit float above 0: it and all below round to 0.
const HALF_ZERO: f64 = 2.980_232_238_769_531_3e-8;
/// Largest 32-bit float.
const SINGLE_MAXIMUM: f64 = f32::MAX as f64;

/// How a product of matrices of independent normals grows with its factors; all in natural logarithms.
struct Growth {
    /// Length of its first column after each factor.
    column: Vec<f64>,
    /// Its largest entry, without sign, after each factor.
    largest: Vec<f64>,
}

impl Growth {
    /// The product `M_k···M_1` of matrices of `side` rows with standard normal entries.
    fn measure(side: usize, factors: usize, mut normals: impl Iterator<Item = f64>) -> Self {
        let mut product: Vec<f64> = (0..side * side).map(|i| f64::from(i % (side + 1) == 0)).collect();
        let (mut column, mut largest) = (Vec::with_capacity(factors), Vec::with_capacity(factors));
        // Kept near 1, with what was divided out beside it: 64-bit floats overflow too, after 1,300 factors.
        let mut scale = 0.0;
        for _ in 0..factors {
            let factor: Vec<f64> = normals.by_ref().take(side * side).collect();
            product = multiply(&factor, &product, side);
            let peak = product.iter().fold(0.0_f64, |peak, entry| peak.max(entry.abs()));
            product.iter_mut().for_each(|entry| *entry /= peak);
            scale += peak.ln();
            largest.push(scale);
            column.push(scale + product.iter().step_by(side).map(|entry| entry * entry).sum::<f64>().sqrt().ln());
        }
        Self { column, largest }
    }

    /// Factors until the largest entry, with every factor times `scale`, leaves the range of a 16-bit float.
    fn leaves_half_precision(&self, scale: f64) -> Option<usize> {
        let representable = HALF_ZERO.ln()..=HALF_MAXIMUM.ln();
        let outside =
            |(index, &largest): (usize, &f64)| !representable.contains(&(largest + (index + 1) as f64 * scale.ln()));
        self.largest.iter().enumerate().position(outside).map(|index| index + 1)
    }
}

/// `left · right` of square matrices, row by row.
pub(super) fn multiply(left: &[f64], right: &[f64], side: usize) -> Vec<f64> {
    let entry = |row: usize, column: usize| -> f64 {
        (0..side).map(|inner| left[row * side + inner] * right[inner * side + column]).sum()
    };
    (0..side * side).map(|index| entry(index / side, index % side)).collect()
}

/// Mean and variance of `½·ln χ²_side`: what one factor adds to the logarithm of a vector's length.
///
/// `(ln 2 + ψ(side/2))/2` and `ψ'(side/2)/4` (Cohen and Newman 1984), `ψ` by its recurrence from 1 or 1/2.
pub(super) fn growth_of_a_factor(side: usize) -> (f64, f64) {
    const EULER: f64 = 0.577_215_664_901_532_9;
    const SQUARED_PI: f64 = std::f64::consts::PI * std::f64::consts::PI;
    let even = side.is_multiple_of(2);
    let (mut x, mut digamma, mut trigamma) =
        if even { (1.0, -EULER, SQUARED_PI / 6.0) } else { (0.5, -EULER - 4.0_f64.ln(), SQUARED_PI / 2.0) };
    while x < side as f64 / 2.0 - 0.25 {
        digamma += 1.0 / x;
        trigamma -= 1.0 / (x * x);
        x += 1.0;
    }
    ((std::f64::consts::LN_2 + digamma) / 2.0, trigamma / 4.0)
}

/// The kinds of entries, as factors on standard normal numbers.
fn kinds(side: usize) -> [(&'static str, f64); 3] {
    [("N(0, 1)", 1.0), ("Xavier", (1.0 / side as f64).sqrt()), ("N(0, 0.25²)", 0.25)]
}

/// What the products of one seed come to.
#[derive(Serialize, Deserialize)]
pub struct Products {
    /// Mean over the products of a vector's growth for each factor (natural logarithm).
    rate: f64,
    /// Mean over the products of the largest entry (power of ten).
    power: f64,
    /// With each of [`kinds`] the factors until each product leaves the range of a 16-bit float; none where not all do.
    until: Vec<Option<Vec<usize>>>,
    /// Logarithm of the largest entry of the first product after each factor.
    first: Vec<f64>,
}

impl Products {
    /// Of standard normal matrices drawn with `seed`.
    pub fn measure(parameters: &NumericalStabilityParameters, seed: u64) -> Self {
        let &NumericalStabilityParameters { side, factors, products, .. } = parameters;
        let key = |product| Key::new(seed, *b"products").at(product, 0);
        let mut growths: Vec<Growth> =
            (0..products as u64).map(|product| Growth::measure(side, factors, key(product).normals())).collect();
        let mean = |metric: &dyn Fn(&Growth) -> f64| growths.iter().map(metric).sum::<f64>() / growths.len() as f64;
        let last = |logarithms: &[f64]| logarithms[factors - 1];
        let until = |(_, scale)| growths.iter().map(|growth| growth.leaves_half_precision(scale)).collect();
        Self {
            rate: mean(&|growth| last(&growth.column) / factors as f64),
            power: mean(&|growth| last(&growth.largest) / std::f64::consts::LN_10),
            until: kinds(side).into_iter().map(until).collect(),
            first: growths.swap_remove(0).largest,
        }
    }
}

/// Adds what products of random matrices show, with each seed.
pub fn add(measured: &[&Products], parameters: &NumericalStabilityParameters, finding: &mut Finding) {
    let &NumericalStabilityParameters { side, factors, .. } = parameters;
    let of = format!("{factors} random {side}x{side} matrices");
    let rates: Vec<f64> = measured.iter().map(|products| products.rate).collect();
    let powers: Vec<f64> = measured.iter().map(|products| products.power).collect();

    let (rate, variance) = growth_of_a_factor(side);
    let error = (variance / (factors * parameters.products * measured.len()) as f64).sqrt();
    let sentence = format!("Product of {of}: growth of a vector for each factor (natural logarithm)");
    finding
        .claim(Claim::measured(sentence, rates.clone()).bound(Bound::Between(rate - 4.0 * error, rate + 4.0 * error)));
    // A column's largest entry is at least its length over the root of its number of entries.
    let expected = factors as f64 * (rate - 4.0 * error) - (side as f64).sqrt().ln();
    let sentence = format!("Product of {of}: largest entry (power of ten)");
    finding.claim(Claim::measured(sentence, powers).bound(Bound::AtLeast(expected / std::f64::consts::LN_10)));

    let header = ["entries", "growth for each factor", "expected", "factors until a 16-bit float overflows or is 0"];
    let mut table = Table::new(format!("Products of {of}"), &header);
    for (index, (name, scale)) in kinds(side).into_iter().enumerate() {
        let shifted: Vec<f64> = rates.iter().map(|rate| rate + f64::ln(scale)).collect();
        let until: Option<Vec<&Vec<usize>>> = measured.iter().map(|products| products.until[index].as_ref()).collect();
        let until = until.map_or_else(
            || format!("not always within {factors}"),
            |until| spread(&until.into_iter().flatten().map(|&factors| factors as f64).collect::<Vec<f64>>()),
        );
        table = table.row([name.to_owned(), spread(&shifted), figure(rate + scale.ln()), until]);
    }
    finding.table(table);
    let caption = "Largest entry of one product after each factor: standard normal entries explode, small ones vanish. \
                   All three use the same random numbers.";
    finding.picture("products", caption, &chart(&measured[0].first, side));
}

/// The largest entry of one product, given as logarithms for standard normal entries, with each kind of entries.
fn chart(largest: &[f64], side: usize) -> Chart {
    let mut chart = Chart::new(format!("A product of random {side}x{side} matrices"))
        .x_label("factors")
        .y_label("largest entry")
        .log_y();
    for (name, scale) in kinds(side) {
        let power = |(index, largest): (usize, &f64)| {
            let factor = (index + 1) as f64;
            (factor, (largest + factor * scale.ln()).exp())
        };
        chart = chart.line(name, largest.iter().enumerate().map(power));
    }
    for (name, limit) in [("largest 16-bit float", HALF_MAXIMUM), ("largest 32-bit float", SINGLE_MAXIMUM)] {
        chart = chart.guide(name, [(1.0, limit), (largest.len() as f64, limit)]);
    }
    chart
}

#[cfg(test)]
mod tests {
    use super::*;

    // import mpmath as m; [(m.log(2) + m.psi(0, m.mpf(n) / 2)) / 2 for n in (1, 2, 4, 7)]
    // [m.psi(1, m.mpf(n) / 2) / 4 for n in (1, 2, 4, 7)]
    #[test]
    fn the_growth_of_a_factor_is_the_moment_of_a_chi_square_logarithm() {
        for (side, mean, variance) in [
            (1, -0.635_181_422_730_739_1, 1.233_700_550_136_169_8),
            (2, 0.057_965_757_829_206_22, 0.411_233_516_712_056_6),
            (4, 0.557_965_757_829_206_2, 0.161_233_516_712_056_6),
            (7, 0.898_151_910_602_594_3, 0.082_589_439_025_058_74),
        ] {
            let (found_mean, found_variance) = growth_of_a_factor(side);
            assert!((found_mean - mean).abs() < 1e-14, "{side}: {found_mean}");
            assert!((found_variance - variance).abs() < 1e-14, "{side}: {found_variance}");
        }
    }

    #[test]
    fn a_product_of_twice_the_identity_doubles() {
        let twice = [2.0, 0.0, 0.0, 2.0];
        let growth = Growth::measure(2, 2000, twice.into_iter().cycle());
        for (factors, value) in [(1, &growth.column[0]), (2000, &growth.largest[1999])] {
            assert!((value - f64::from(factors) * std::f64::consts::LN_2).abs() < 1e-9);
        }
        // 2¹⁶ = 65,536 is the first power above 65,504; 0.4¹⁹ = 2.7·10⁻⁸ the first below 2⁻²⁵ = 3.0·10⁻⁸.
        assert_eq!(growth.leaves_half_precision(1.0), Some(16));
        assert_eq!(growth.leaves_half_precision(0.2), Some(19));
        assert_eq!(growth.leaves_half_precision(0.5), None);
    }

    #[test]
    fn matrices_multiply_from_the_left() {
        assert_eq!(multiply(&[1.0, 2.0, 3.0, 4.0], &[0.0, 1.0, 1.0, 0.0], 2), [2.0, 1.0, 4.0, 3.0]);
        // The first column of M₂·M₁ is M₂ times the first column of M₁.
        let growth = Growth::measure(2, 2, [1.0, 2.0, 3.0, 4.0, 0.0, 1.0, 1.0, 0.0].into_iter());
        assert!((growth.column[1] - 10.0_f64.sqrt().ln()).abs() < 1e-12);
        assert!((growth.largest[1] - 4.0_f64.ln()).abs() < 1e-12);
    }
}
