//! What dropout brings in one setting of a design, over seeds.

use mlp_metrics::{mean_and_deviation, mean_interval};
use mlp_plot::{Chart, Panels};

use super::arms::{Pair, Score};
use crate::curves::over_seeds;
use crate::finding::{CONFIDENCE, Claim, Table, spread};

/// One setting of a design with its pairs, one for each seed.
pub(super) struct Gains {
    /// Names the setting in sentences and tables.
    name: String,
    /// Where it stands on an axis.
    x: f64,
    pairs: Vec<Pair>,
}

impl Gains {
    /// The settings of a design: `values` with their names, and a list of pairs, one for each value, from each seed.
    pub(super) fn of_design(values: &[usize], name: impl Fn(usize) -> String, seeds: &[&Vec<Pair>]) -> Vec<Self> {
        let setting = |(index, &value): (usize, &usize)| Self {
            name: name(value),
            x: value as f64,
            pairs: seeds.iter().map(|pairs| pairs[index]).collect(),
        };
        values.iter().enumerate().map(setting).collect()
    }

    fn with(&self, metric: impl Fn(&Score) -> f64) -> Vec<f64> {
        self.pairs.iter().map(|pair| metric(&pair.with)).collect()
    }

    fn without(&self, metric: impl Fn(&Score) -> f64) -> Vec<f64> {
        self.pairs.iter().map(|pair| metric(&pair.without)).collect()
    }

    /// Test accuracy with dropout minus without, in percentage points, seed by seed.
    pub(super) fn points(&self) -> Vec<f64> {
        self.pairs.iter().map(|pair| pair.with.percent() - pair.without.percent()).collect()
    }

    /// That accuracy changes by as much as was predicted.
    pub(super) fn accuracy_claim(&self) -> Claim {
        let sentence = format!("{}: test accuracy with dropout minus without, percentage points", self.name);
        Claim::paired(sentence, &self.with(Score::percent), &self.without(Score::percent))
    }

    /// Test cross-entropy without dropout minus with, seed by seed.
    pub(super) fn saved(&self) -> Vec<f64> {
        self.pairs.iter().map(|pair| pair.without.loss - pair.with.loss).collect()
    }

    /// That the test labels are much likelier with dropout.
    pub(super) fn likelihood_claim(&self) -> Claim {
        let sentence = format!("{}: test cross-entropy with dropout as a part of that without", self.name);
        let parts: Vec<f64> = self.pairs.iter().map(|pair| pair.with.loss / pair.without.loss).collect();
        Claim::measured(sentence, parts)
    }

    fn row(&self) -> [String; 6] {
        [
            self.name.clone(),
            spread(&self.without(Score::percent)),
            spread(&self.with(Score::percent)),
            signed_interval(&self.points()),
            spread(&self.without(|score| score.loss)),
            spread(&self.with(|score| score.loss)),
        ]
    }
}

/// The settings in a table: what dropout brings or costs, with its interval.
pub(super) fn table<'a>(title: &str, settings: impl IntoIterator<Item = &'a Gains>) -> Table {
    let header = ["setting", "without, %", "with dropout, %", "points gained", "cross-entropy without", "with dropout"];
    settings.into_iter().fold(Table::new(title, &header), |table, setting| table.row(setting.row()))
}

/// What dropout brings over the settings of a design, in accuracy and in likelihood.
pub(super) fn picture(title: &str, x_label: &str, settings: &[Gains]) -> Panels {
    let panel = |y_label: &str, difference: fn(&Pair) -> f64| {
        let curve =
            |seed: usize| settings.iter().map(|setting| (setting.x, difference(&setting.pairs[seed]))).collect();
        let seeds = settings.first().map_or(0, |setting| setting.pairs.len());
        let curves: Vec<Vec<(f64, f64)>> = (0..seeds).map(curve).collect();
        let zero = settings.iter().map(|setting| (setting.x, 0.0));
        over_seeds(Chart::new(y_label).x_label(x_label).y_label(y_label).log_x(), "with minus without", &curves)
            .guide("no difference", zero)
    };
    Panels::new(title, 2)
        .with(&panel("test accuracy, points", |pair| pair.with.percent() - pair.without.percent()))
        .with(&panel("test cross-entropy", |pair| pair.with.loss - pair.without.loss))
}

/// Mean and confidence interval with their signs: `-0.47 (-0.66 to -0.28)`.
pub(super) fn signed_interval(values: &[f64]) -> String {
    let (mean, _) = mean_and_deviation(values);
    match mean_interval(values, CONFIDENCE) {
        Ok([low, high]) => format!("{mean:+.2} ({low:+.2} to {high:+.2})"),
        Err(_) => format!("{mean:+.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_is_with_minus_without_in_points_with_its_sign() {
        let score = |accuracy, loss| Score { accuracy, loss };
        let seed = |with| vec![Pair { with: score(with, 0.5), without: score(0.8, 0.75) }];
        let seeds = [seed(0.81), seed(0.82), seed(0.83)];
        let design = Gains::of_design(&[500], |images| format!("{images} images"), &seeds.iter().collect::<Vec<_>>());
        let [setting] = &design[..] else { panic!("one setting") };
        // Mean 2, standard error 1/√3, quantile 4.3027 with two degrees of freedom.
        assert_eq!(signed_interval(&setting.points()), "+2.00 (-0.48 to +4.48)");
        assert!((setting.accuracy_claim().outcome.mean - 2.0).abs() < 1e-9);
        assert!((setting.likelihood_claim().outcome.mean - 2.0 / 3.0).abs() < 1e-9);
        assert_eq!(setting.saved(), [0.25; 3]);
        assert_eq!(setting.row()[0], "500 images");
    }
}
