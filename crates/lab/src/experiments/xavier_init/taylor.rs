//! The sigmoid near 0 as a polynomial: the reason why it is taken for a linear function there.

use burn_mlp::{Activation, Key};
use mlp_plot::{Chart, Panels};
use serde::{Deserialize, Serialize};

use super::super::activations::apply;
use crate::Platform;
use crate::finding::{Bound, Claim, Finding, Table, figure};
use crate::platform::Device;

/// Points drawn from `[-REACH, REACH]`.
const POINTS: usize = 2000;
const REACH: f64 = 4.0;
/// Rounding of the sigmoid in 32 bits.
const ROUNDING: f64 = 1e-6;

/// Errors of polynomials over the bound `|x|⁵/480`, the largest over the points.
#[derive(Serialize, Deserialize)]
pub struct TaylorErrors {
    /// Of `1/2 + x/4 - x³/48`.
    cubic: f64,
    /// Of the same with the other sign before the cube.
    wrong_sign: f64,
}

/// `1/2 + x/4 + c·x³`
fn polynomial(x: f64, cube: f64) -> f64 {
    0.5 + x / 4.0 + cube * x.powi(3)
}

/// `-1/48`, the coefficient of the cube.
const CUBE: f64 = -1.0 / 48.0;

/// The next term of the series: with alternating signs, what is left out is at most the first of it.
fn bound(x: f64) -> f64 {
    x.abs().powi(5) / 480.0
}

impl TaylorErrors {
    /// At points drawn with `seed`.
    pub fn measure<P: Platform>(seed: u64, device: &Device<P>) -> Self {
        let uniforms = Key::new(seed, *b"taylor\0\0").uniforms().take(POINTS);
        let points: Vec<f32> = uniforms.map(|uniform| (REACH * (2.0 * uniform - 1.0)) as f32).collect();
        let (sigmoid, _) = apply::<P>(Activation::Sigmoid, &points, device);
        let largest = |cube: f64| {
            let error = |(&x, &y): (&f32, &f32)| {
                let (x, y) = (f64::from(x), f64::from(y));
                ((y - polynomial(x, cube)).abs() - ROUNDING).max(0.0) / bound(x)
            };
            points.iter().zip(&sigmoid).filter(|(x, _)| **x != 0.0).map(error).fold(0.0, f64::max)
        };
        Self { cubic: largest(CUBE), wrong_sign: largest(-CUBE) }
    }
}

/// Adds how near the polynomials are, with each seed.
pub fn add(measured: &[&TaylorErrors], finding: &mut Finding) {
    let of = |metric: fn(&TaylorErrors) -> f64| measured.iter().map(|errors| metric(errors)).collect::<Vec<f64>>();
    let over = format!("over its bound |x|⁵/480, the largest for |x| ≤ {REACH}");
    finding
        .claim(Claim::check(
            format!("Sigmoid as 1/2 + x/4 - x³/48: error {over}"),
            of(|errors| errors.cubic),
            Bound::EachAtMost(1.0),
        ))
        .claim(Claim::measured(
            format!("Control: sigmoid as 1/2 + x/4 + x³/48: error {over}"),
            of(|errors| errors.wrong_sign),
        ));
    let header = ["x", "σ(x)", "1/2 + x/4 off by", "1/2 + x/4 - x³/48 off by", "|x|⁵/480", "4σ(x) - 2 over x"];
    let mut table = Table::new("The sigmoid and its polynomials", &header);
    for x in [0.25, 0.5, 1.0, 2.0, 4.0] {
        let errors = [0.0, CUBE].map(|cube| (sigmoid(x) - polynomial(x, cube)).abs());
        let cells = [x, sigmoid(x), errors[0], errors[1], bound(x), (4.0 * sigmoid(x) - 2.0) / x];
        table = table.row(cells.map(figure));
    }
    let caption = "Up to |x| = 1 the sigmoid is 1/2 + x/4 to a fiftieth, so that 4σ(x) - 2 is nearly x there, as \
                   Xavier's variance assumes; the cube tells when it no longer is.";
    finding.table(table).picture("taylor", caption, &pictures());
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn pictures() -> Panels {
    const STEPS: i16 = 80;
    let at = |step: i16| REACH * f64::from(step) / f64::from(STEPS);
    let curve = |from: i16, of: &dyn Fn(f64) -> f64| -> Vec<(f64, f64)> {
        (from..=STEPS).map(at).map(|x| (x, of(x))).collect()
    };
    let values = Chart::new("Sigmoid")
        .x_label("x")
        .y_label("value")
        .y_range(-0.2, 1.2)
        .line("σ(x)", curve(-STEPS, &sigmoid))
        .line("1/2 + x/4", curve(-STEPS, &|x| polynomial(x, 0.0)))
        .line("1/2 + x/4 - x³/48", curve(-STEPS, &|x| polynomial(x, CUBE)));
    let errors = Chart::new("Error")
        .x_label("x")
        .y_label("distance from σ(x)")
        .log_x()
        .log_y()
        .line("1/2 + x/4", curve(4, &|x| (sigmoid(x) - polynomial(x, 0.0)).abs()))
        .line("1/2 + x/4 - x³/48", curve(4, &|x| (sigmoid(x) - polynomial(x, CUBE)).abs()))
        .guide("x⁵/480", curve(4, &bound));
    Panels::new("The sigmoid near 0", 2).with(&values).with(&errors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::test::TestPlatform;

    #[test]
    fn the_bound_is_nearly_reached_and_the_wrong_sign_breaks_it() {
        let errors = TaylorErrors::measure::<TestPlatform>(1, &Default::default());
        assert!((0.5..=1.0).contains(&errors.cubic), "{}", errors.cubic);
        assert!(errors.wrong_sign > 20.0, "{}", errors.wrong_sign);
    }

    #[test]
    fn the_error_is_of_the_fifth_order() {
        let error = |x: f64| (sigmoid(x) - polynomial(x, CUBE)).abs();
        assert!((error(0.02) / error(0.01) - 32.0).abs() < 0.1);
        assert!((error(0.01) / bound(0.01) - 1.0).abs() < 1e-3);
    }
}
