//! Linear regression with fewer and with more examples than features.

use burn_fashion_mnist::{Inputs, LinearDataConfig};
use mlp_plot::Chart;
use serde::{Deserialize, Serialize};

use super::settings::LinearParameters;
use crate::curves::over_seeds;
use crate::finding::{Bound, Claim, Finding, Table, figure, spread};
use crate::least_squares::{dot, least_squares};

/// How far the means over training sets may be from their expectations, as a part of these.
const TOLERANCE: f64 = 0.1;
/// Largest training error, beside targets with a variance of about 1, that counts as rounding.
const ROUNDING: f64 = 1e-9;

/// Errors with one number of examples, means over training sets.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Errors {
    /// Mean squared error on the training set.
    train: f64,
    /// Expected squared error on new examples.
    test: f64,
    /// Decimal logarithm of the same: where examples are as many as features, its mean is finite and the other is not.
    log_test: f64,
}

impl LinearParameters {
    /// Errors with each number of examples. Larger training sets contain the smaller ones.
    pub(super) fn measure(&self, seed: u64) -> Vec<Errors> {
        let weight = 1.0 / (self.d_input as f64).sqrt();
        let (noise, inputs) = (self.noise, Inputs::Normal);
        let config = LinearDataConfig { d_input: self.d_input, weight, bias: 0.0, noise, inputs, seed };
        let most = self.sizes.iter().copied().max().unwrap_or_default();
        let mut errors = vec![Errors { train: 0.0, test: 0.0, log_test: 0.0 }; self.sizes.len()];
        for draw in 0..self.draws {
            let data = config.draw(most, draw as u64);
            let x: Vec<f64> = data.features.into_iter().map(f64::from).collect();
            let y: Vec<f64> = data.targets.into_iter().map(f64::from).collect();
            for (errors, &size) in errors.iter_mut().zip(&self.sizes) {
                let (x, y) = (&x[..size * self.d_input], &y[..size]);
                let found = least_squares(x, y);
                let residuals = x.chunks(self.d_input).zip(y).map(|(x, y)| (dot(x, &found) - y).powi(2));
                // For independent standard normal inputs the expectation is known: no test set, and no noise from it.
                let test = noise * noise + found.iter().map(|found| (found - weight).powi(2)).sum::<f64>();
                errors.train += residuals.sum::<f64>() / (size * self.draws) as f64;
                errors.test += test / self.draws as f64;
                errors.log_test += test.log10() / self.draws as f64;
            }
        }
        errors
    }

    /// Expected errors on the training set and on new examples (Hastie, Montanari, Rosset and Tibshirani 2022). On new
    /// ones it is infinite where examples are as many as features, or one more or fewer.
    fn expected(&self, examples: usize) -> [f64; 2] {
        let (n, d, variance) = (examples as f64, self.d_input as f64, self.noise.powi(2));
        if examples < self.d_input {
            return [0.0, 1.0 - n / d + variance * (1.0 + infinite_unless_positive(n, d - n - 1.0))];
        }
        [variance * (1.0 - d / n), variance * (1.0 + infinite_unless_positive(d, n - d - 1.0))]
    }

    /// Index of the size nearest to `factor` times the features, as a ratio.
    fn near(&self, factor: f64) -> usize {
        let distance = |size: usize| (size as f64 / (factor * self.d_input as f64)).ln().abs();
        let nearest =
            (0..self.sizes.len()).min_by(|&a, &b| distance(self.sizes[a]).total_cmp(&distance(self.sizes[b])));
        nearest.unwrap_or_default()
    }

    pub(super) fn conclude(&self, finding: &mut Finding, measurements: &[&Vec<Errors>]) {
        self.claim_fit(finding, measurements);
        self.claim_peak(finding, measurements);
        self.report(finding, measurements);
    }

    fn claim_fit(&self, finding: &mut Finding, measurements: &[&Vec<Errors>]) {
        let (few, more, many) = (self.near(0.5), self.near(1.25), self.sizes.len() - 1);
        let within = |expected: f64| Bound::Between((1.0 - TOLERANCE) * expected, (1.0 + TOLERANCE) * expected);
        let ratio = |index: usize| values(measurements, |errors| errors[index].test / errors[index].train);
        let fitted = self.sizes.iter().filter(|&&size| size <= self.d_input).count();
        let largest = |errors: &[Errors]| errors[..fitted].iter().map(|errors| errors.train).fold(0.0, f64::max);
        let sizes = |index: usize| format!("{} examples, {} features", self.sizes[index], self.d_input);
        let [train, test] = self.expected(self.sizes[many]);
        finding
            .claim(Claim::check(
                "No more examples than features: largest training error",
                values(measurements, largest),
                Bound::EachAtMost(ROUNDING),
            ))
            .claim(
                Claim::measured(
                    format!("{}: test minus training error", sizes(few)),
                    values(measurements, |errors| errors[few].test - errors[few].train),
                )
                .bound(within(self.expected(self.sizes[few])[1])),
            )
            .claim(Claim::measured(format!("{}: test error over training error", sizes(more)), ratio(more)))
            .claim(
                Claim::measured(format!("{}: test error over training error", sizes(many)), ratio(many))
                    .bound(within(test / train)),
            );
    }

    fn claim_peak(&self, finding: &mut Finding, measurements: &[&Vec<Errors>]) {
        let equal = self.near(1.0);
        let logs = |index: usize| values(measurements, |errors| errors[index].log_test);
        for other in [self.near(0.5), self.near(2.0)] {
            let (equal_size, size) = (self.sizes[equal], self.sizes[other]);
            let sentence = format!("Decimal logarithm of the test error, {equal_size} examples minus {size}");
            finding.claim(Claim::difference(sentence, &logs(equal), &logs(other)));
        }
    }

    fn report(&self, finding: &mut Finding, measurements: &[&Vec<Errors>]) {
        let title = format!("Least squares with {} features", self.d_input);
        let header = ["examples", "training error", "expected", "test error", "expected"];
        let mut table = Table::new(title.clone(), &header);
        for (index, &size) in self.sizes.iter().enumerate() {
            let [train, test] = self.expected(size);
            table = table.row([
                size.to_string(),
                spread(&values(measurements, |errors| errors[index].train)),
                figure(train),
                spread(&values(measurements, |errors| errors[index].test)),
                if test.is_finite() { figure(test) } else { "no mean".to_owned() },
            ]);
        }
        let curves = |metric: fn(&Errors) -> f64| -> Vec<Vec<(f64, f64)>> {
            let curve = |errors: &&Vec<Errors>| {
                self.sizes.iter().zip(*errors).map(|(&size, errors)| (size as f64, metric(errors))).collect()
            };
            measurements.iter().map(curve).collect()
        };
        let expected = self.sizes.iter().map(|&size| (size as f64, self.expected(size)[1]));
        let chart = Chart::new(title).x_label("training examples").y_label("mean squared error").log_x().log_y();
        let chart = over_seeds(chart, "test", &curves(|errors| 10_f64.powf(errors.log_test)))
            .guide("expected on the test", expected.filter(|(_, error)| error.is_finite()));
        // Exact fits have no place on a logarithmic axis.
        let chart = over_seeds(chart, "training", &curves(|errors| errors.train.max(1e-3)));
        let caption = "Errors of least squares by the number of examples, geometric means over training sets; training \
            errors below 0.001, which are zero, are drawn there";
        finding.table(table).picture("linear", caption, &chart).note(format!(
            "More examples than features do not end overfitting at once: with {} the training error is {} of what noise \
             alone gives.",
            self.sizes[self.near(1.25)],
            figure(1.0 - self.d_input as f64 / self.sizes[self.near(1.25)] as f64),
        ));
    }
}

fn infinite_unless_positive(numerator: f64, denominator: f64) -> f64 {
    if denominator > 0.0 { numerator / denominator } else { f64::INFINITY }
}

fn values(measurements: &[&Vec<Errors>], metric: impl Fn(&[Errors]) -> f64) -> Vec<f64> {
    measurements.iter().map(|errors| metric(errors)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linear() -> LinearParameters {
        LinearParameters { d_input: 20, sizes: vec![5, 10, 20, 40, 200], noise: 0.5, draws: 40 }
    }

    #[test]
    fn errors_are_those_expected_and_highest_in_between() {
        let (linear, errors) = (linear(), linear().measure(1));
        for index in [0, 1, 3, 4] {
            let [train, test] = linear.expected(linear.sizes[index]);
            // 40 training sets, whose errors differ by up to a third.
            assert!((errors[index].train - train).abs() < 0.2 * train + ROUNDING, "{errors:?}");
            assert!((errors[index].test - test).abs() < 0.2 * test, "{errors:?}");
        }
        assert!(errors[2].train < ROUNDING && errors[2].log_test > errors[1].log_test + 0.3, "{errors:?}");
    }

    #[test]
    fn the_nearest_size_is_found_by_ratio() {
        assert_eq!([0.5, 1.0, 1.25, 2.0].map(|factor| linear().near(factor)), [1, 2, 2, 3]);
    }
}
