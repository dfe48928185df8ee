//! Hidden units that start equal.

use anyhow::Result;
use burn_mlp::{Mlp, Probability};

use super::NumericalStability;
use crate::backend::Train;
use crate::config::{Config, InitConfig, InitKind, ModelConfig};
use crate::curves::over_seeds;
use crate::evaluate::values;
use crate::finding::{Bound, Claim, Finding, Table, spread};
use crate::fit::Fit;
use crate::lab::Lab;
use crate::plot::Chart;

/// Two units whose weights differ by less than this part of the largest weight count as one: what rounding may add up
/// to over a run, far below any difference that is learned.
const EQUAL: f32 = 1e-4;

/// A start of the same training run.
struct Variant {
    name: &'static str,
    kind: InitKind,
    dropout: bool,
}

const VARIANTS: [Variant; 3] = [
    Variant { name: "constant weights", kind: InitKind::Constant, dropout: false },
    Variant { name: "constant weights and dropout", kind: InitKind::Constant, dropout: true },
    Variant { name: "random weights", kind: InitKind::Normal, dropout: false },
];

/// What a variant comes to, one value for each seed.
#[derive(Default)]
struct Outcome {
    different: Vec<f64>,
    spreads: Vec<f64>,
    accuracies: Vec<f64>,
    /// Spread of the units by step.
    curves: Vec<Vec<(f64, f64)>>,
}

/// Adds what becomes of hidden units that start equal.
///
/// # Errors
///
/// If there is no data, or training diverges.
pub fn add(settings: &NumericalStability, lab: &Lab, finding: &mut Finding) -> Result<()> {
    let mut chart = Chart::new("How much hidden units differ").x_label("steps + 1").y_label("spread of units").log_x();
    let header = ["start", "different hidden units", "spread of units", "test accuracy"];
    let mut table = Table::new("One hidden layer after training", &header);
    let mut outcomes = Vec::new();
    for variant in VARIANTS {
        let outcome = settings.train(lab, &variant)?;
        chart = over_seeds(chart, variant.name, &outcome.curves);
        table = table.row([
            variant.name.to_owned(),
            spread(&outcome.different),
            spread(&outcome.spreads),
            spread(&outcome.accuracies),
        ]);
        outcomes.push(outcome);
    }
    let [constant, dropped, random] = &outcomes[..] else { unreachable!("one outcome for each variant") };
    let units = settings.model.hidden[0];
    let prob = settings.model.dropout[0];
    let all = units as f64;
    for (start, outcome, expected) in [
        ("Constant weights".to_owned(), constant, 1.0),
        (format!("Constant weights, dropout {prob}"), dropped, all),
        ("Random weights".to_owned(), random, all),
    ] {
        let sentence = format!("{start}: different hidden units of {units} after training");
        finding.claim(Claim::measured(sentence, outcome.different.clone(), Bound::Between(expected, expected)));
    }
    for (name, outcome) in [("random weights", random), ("constant weights with dropout", dropped)] {
        let sentence = format!("Test accuracy, {name} minus constant weights");
        let bound = Bound::Positive;
        finding.claim(Claim::paired(sentence, &outcome.accuracies, &constant.accuracies, bound));
    }
    finding.table(table);
    let caption = "Part of the squared weights of the hidden units that is not common to all units: 0 for equal units. \
                   Constant weights stay equal, dropout and random weights make them differ.";
    finding.picture("symmetry", caption, &chart);
    Ok(())
}

impl NumericalStability {
    fn train(&self, lab: &Lab, variant: &Variant) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let data = lab.data()?;
        for seed in self.seeds() {
            lab.tell(format!("symmetry: {}, seed {seed}", variant.name));
            let init = InitConfig { kind: variant.kind, ..self.model.init };
            let dropout: Vec<Probability> = if variant.dropout { self.model.dropout.clone() } else { Vec::new() };
            let config = Config { model: ModelConfig { init, dropout, ..self.model.clone() }, ..self.config(seed) };
            let mut curve = Vec::new();
            // At every power of two: the units change fast at first, and reading them costs more than a step.
            let observe = |step: u64, mlp: &Mlp<Train>| {
                if (step + 1).is_power_of_two() {
                    curve.push(((step + 1) as f64, spread_of(&units(mlp))));
                }
            };
            let fitted = Fit::new(&config, &data.train, &data.test).run_observed(lab, lab.mlp(&config)?, observe)?;
            let units = units(&fitted.network);
            outcome.different.push(count_different(&units) as f64);
            outcome.spreads.push(spread_of(&units));
            outcome.accuracies.push(fitted.last().test_accuracy);
            outcome.curves.push(curve);
        }
        Ok(outcome)
    }
}

/// All weights of each unit of the first hidden layer: to the inputs, the bias, from the next layer.
fn units(mlp: &Mlp<Train>) -> Vec<Vec<f32>> {
    let layer = &mlp.hidden[0].linear;
    let [inputs, units] = layer.weight.dims();
    let next = mlp.hidden.get(1).map_or(&mlp.output, |layer| &layer.linear);
    let incoming = values(layer.weight.val());
    let bias = layer.bias.as_ref().map_or_else(|| vec![0.0; units], |bias| values(bias.val()));
    let outgoing = values(next.weight.val());
    let outputs = outgoing.len() / units;
    let unit = |unit: usize| {
        let from = (0..inputs).map(|input| incoming[input * units + unit]);
        let to = &outgoing[unit * outputs..(unit + 1) * outputs];
        from.chain([bias[unit]]).chain(to.iter().copied()).collect()
    };
    (0..units).map(unit).collect()
}

/// How many of the units differ from all units before them.
fn count_different(units: &[Vec<f32>]) -> usize {
    let largest = units.iter().flatten().fold(0.0_f32, |largest, weight| largest.max(weight.abs()));
    let equal = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= EQUAL * largest);
    let mut different: Vec<&[f32]> = Vec::new();
    for unit in units {
        if !different.iter().any(|known| equal(known, unit)) {
            different.push(unit);
        }
    }
    different.len()
}

/// `Σ‖u - ū‖² / Σ‖u‖²` over the units `u` with mean `ū`: 0 for equal units, near 1 for unrelated ones.
fn spread_of(units: &[Vec<f32>]) -> f64 {
    let count = units.len() as f64;
    let (mut common, mut all) = (0.0, 0.0);
    for weight in 0..units.first().map_or(0, Vec::len) {
        let of_units = || units.iter().map(|unit| f64::from(unit[weight]));
        common += count * (of_units().sum::<f64>() / count).powi(2);
        all += of_units().map(|value| value * value).sum::<f64>();
    }
    // Rounding of the two sums may leave equal units a hair below 0.
    (1.0 - common / all).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_mlp::{Init, LayerInit, MlpConfig};

    #[test]
    fn equal_units_have_no_spread_and_count_once() {
        let units = vec![vec![0.1, -2.0, 0.3]; 5];
        assert_eq!(count_different(&units), 1);
        assert!(spread_of(&units) < 1e-15);
    }

    #[test]
    fn opposite_units_have_nothing_in_common() {
        let units = [vec![1.0, 2.0], vec![-1.0, -2.0], vec![1.0, 2.00001]];
        assert_eq!(count_different(&units), 2);
        assert_eq!(spread_of(&units[..2]), 1.0);
    }

    #[test]
    fn a_unit_is_its_column_its_bias_and_its_row() {
        let device = Default::default();
        let ascending =
            LayerInit::weight(Init::Uniform { min: 0.0, max: 1.0 }).with_bias(Init::Constant { value: 7.0 });
        let mlp = MlpConfig::new(3, [2], 4).with_init(ascending).init::<Train>(&device).expect("a shape");
        let (first, last) = (values(mlp.hidden[0].linear.weight.val()), values(mlp.output.weight.val()));
        let expected = [first[1], first[3], first[5], 7.0, last[4], last[5], last[6], last[7]];
        assert_eq!(units(&mlp)[1], expected);
    }
}
