//! Hidden units that start equal.

use anyhow::Result;
use burn::tensor::backend::Backend;
use burn_mlp::Mlp;
use burn_mlp_train::{Callback, StepView, values};
use mlp_plot::Chart;
use mlp_settings::config::{Config, InitConfig, InitKind, ModelConfig};
use serde::{Deserialize, Serialize};

use super::settings::NumericalStability;
use crate::curves::over_seeds;
use crate::finding::{Bound, Claim, Finding, Table, spread};
use crate::training::Training;
use crate::{Lab, Platform};

/// Two units whose weights differ by less than this fraction of the largest weight count as one: what rounding may add
/// up to over a run, far below any difference that is learned.
const EQUAL: f32 = 1e-4;

/// How a training run starts: its name, its weights, and whether it has dropout.
const STARTS: [(&str, InitKind, bool); 3] = [
    ("constant weights", InitKind::Constant, false),
    ("constant weights and dropout", InitKind::Constant, true),
    ("random weights", InitKind::Normal, false),
];

/// What the hidden units of one seed become.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct Symmetry {
    /// From each of [`STARTS`].
    runs: Vec<Units>,
}

/// Hidden units after training.
#[derive(Serialize, Deserialize)]
struct Units {
    /// How many of them differ.
    different: usize,
    /// Their [spread](spread_of).
    spread: f64,
    /// Accuracy on the test images.
    accuracy: f64,
    /// Spread on the way, by the number of steps plus 1.
    curve: Vec<(f64, f64)>,
}

impl Symmetry {
    /// Trains from each start.
    pub fn measure<P: Platform>(settings: &NumericalStability, lab: &Lab<P>, seed: u64) -> Result<Self> {
        let run = |(name, kind, dropout)| {
            lab.tell(format!("symmetry: {name}, seed {seed}"));
            let init = InitConfig { kind, ..settings.model.init };
            let dropout = if dropout { settings.model.dropout.clone() } else { Vec::new() };
            let model = ModelConfig { init, dropout, ..settings.model.clone() };
            Units::train(lab, &Config { model, ..settings.config(seed) })
        };
        Ok(Self { runs: STARTS.into_iter().map(run).collect::<Result<_>>()? })
    }
}

impl Units {
    fn train<P: Platform>(lab: &Lab<P>, config: &Config) -> Result<Self> {
        let data = lab.data();
        let mut spreads = UnitSpreads::default();
        let trained =
            Training::new(config, &data.train, &data.test).run_observed(lab, lab.mlp(config)?, &mut spreads)?;
        let units = units(&trained.network);
        Ok(Self {
            different: count_different(&units),
            spread: spread_of(&units),
            accuracy: trained.history.last().test_accuracy,
            curve: spreads.curve,
        })
    }
}

/// Spread of the units at every power of two: they change fast at first, and reading them costs more than a step.
#[derive(Default)]
struct UnitSpreads {
    curve: Vec<(f64, f64)>,
}

impl UnitSpreads {
    fn look<B: Backend>(&mut self, finished: u64, mlp: &Mlp<B>) {
        if (finished + 1).is_power_of_two() {
            self.curve.push(((finished + 1) as f64, spread_of(&units(mlp))));
        }
    }
}

impl<B: Backend> Callback<Mlp<B>> for UnitSpreads {
    fn before_step(&mut self, step: &StepView<'_, Mlp<B>>) {
        if step.step == 0 {
            self.look(0, step.network);
        }
    }

    fn after_step(&mut self, step: &StepView<'_, Mlp<B>>) {
        self.look(step.step + 1, step.network);
    }
}

/// Adds what becomes of hidden units that start equal, with each seed.
pub fn add(measured: &[&Symmetry], settings: &NumericalStability, finding: &mut Finding) {
    let of_start = |start: usize, metric: fn(&Units) -> f64| -> Vec<f64> {
        measured.iter().map(|symmetry| metric(&symmetry.runs[start])).collect()
    };
    let different = |start| of_start(start, |units| units.different as f64);
    let accuracies = |start| of_start(start, |units| units.accuracy);
    let mut chart = Chart::new("How much hidden units differ").x_label("steps + 1").y_label("spread of units").log_x();
    let header = ["start", "different hidden units", "spread of units", "test accuracy"];
    let mut table = Table::new("One hidden layer after training", &header);
    for (start, (name, ..)) in STARTS.into_iter().enumerate() {
        let curves: Vec<_> = measured.iter().map(|symmetry| symmetry.runs[start].curve.clone()).collect();
        chart = over_seeds(chart, name, &curves);
        let spreads = of_start(start, |units| units.spread);
        table = table.row([name.to_owned(), spread(&different(start)), spread(&spreads), spread(&accuracies(start))]);
    }
    // In the order of the starts.
    let (constant, dropped, random) = (0, 1, 2);
    let (units, prob) = (settings.model.hidden[0], settings.model.dropout[0]);
    let all = units as f64;
    for (name, start, expected) in [
        ("Constant weights".to_owned(), constant, 1.0),
        (format!("Constant weights, dropout {prob}"), dropped, all),
        ("Random weights".to_owned(), random, all),
    ] {
        let sentence = format!("{name}: different hidden units of {units} after training");
        finding.claim(Claim::check(sentence, different(start), Bound::Equal(expected)));
    }
    for (name, start) in [("random weights", random), ("constant weights with dropout", dropped)] {
        let sentence = format!("Test accuracy, {name} minus constant weights");
        finding.claim(Claim::difference(sentence, &accuracies(start), &accuracies(constant)));
    }
    finding.table(table);
    let caption = "Part of the squared weights of the hidden units that is not common to all units: 0 for equal units. \
                   Constant weights stay equal, dropout and random weights make them differ.";
    finding.picture("symmetry", caption, &chart);
}

/// All weights of each unit of the first hidden layer: to the inputs, the bias, from the next layer.
fn units<B: Backend>(mlp: &Mlp<B>) -> Vec<Vec<f32>> {
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
    use burn_flex::Flex;
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
        let mlp = MlpConfig::new(3, [2], 4).with_init(ascending).init::<Flex>(&device).expect("a shape");
        let (first, last) = (values(mlp.hidden[0].linear.weight.val()), values(mlp.output.weight.val()));
        let expected = [first[1], first[3], first[5], 7.0, last[4], last[5], last[6], last[7]];
        assert_eq!(units(&mlp)[1], expected);
    }
}
