//! Error of networks that approximate functions, by their width and by their depth.

use std::f64::consts::PI;

use anyhow::Result;
use burn::tensor::{Tensor, TensorData, backend::Backend};
use burn_mlp::Key;
use burn_mlp_train::{MeanSquaredError, values};
use mlp_plot::Chart;
use serde::{Deserialize, Serialize};

use super::fit::{Descent, config};
use super::settings::{FunctionParameters, HiddenLayers};
use crate::curves::over_seeds;
use crate::finding::{Claim, Finding, Table, spread};
use crate::{Lab, Platform};

/// A function on a cube from -1 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Function {
    /// `sin 3πx`: three whole waves.
    Waves,
    /// `sin(½π·(sin π(x₁ + x₂) + sin π(x₃ + x₄)))`: functions of functions of two variables, which two hidden layers can
    /// compute one after the other.
    Nested,
}

impl Function {
    fn d_input(self) -> usize {
        match self {
            Self::Waves => 1,
            Self::Nested => 4,
        }
    }

    fn at(self, x: &[f64]) -> f64 {
        match self {
            Self::Waves => (3.0 * PI * x[0]).sin(),
            Self::Nested => (0.5 * PI * ((PI * (x[0] + x[1])).sin() + (PI * (x[2] + x[3])).sin())).sin(),
        }
    }

    /// Random examples, with `[examples, d_input]` and `[examples, 1]`.
    fn examples<B: Backend>(self, key: Key, examples: usize, device: &B::Device) -> (Tensor<B, 2>, Tensor<B, 2>) {
        let d_input = self.d_input();
        let x: Vec<f64> = key.uniforms().map(|u| 2.0 * u - 1.0).take(examples * d_input).collect();
        let y: Vec<f32> = x.chunks(d_input).map(|x| self.at(x) as f32).collect();
        let x: Vec<f32> = x.into_iter().map(|x| x as f32).collect();
        let tensor =
            |values: Vec<f32>, columns| Tensor::from_data(TensorData::new(values, [examples, columns]), device);
        (tensor(x, d_input), tensor(y, 1))
    }
}

/// What is measured with one seed: root mean squared errors on new examples, as parts of the root mean square of the
/// function.
#[derive(Serialize, Deserialize)]
pub(super) struct Approximation {
    /// Of [`Function::Waves`] by one hidden layer of each width.
    by_width: Vec<f64>,
    /// Of [`Function::Nested`] by one hidden layer, two, and so on.
    by_depth: Vec<f64>,
}

impl HiddenLayers {
    pub(super) fn measure_functions<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Approximation> {
        let functions = &self.experiment.functions;
        let by_width = functions.widths.iter().map(|&width| functions.error(lab, Function::Waves, &[width], seed));
        let by_depth =
            functions.depths().into_iter().map(|hidden| functions.error(lab, Function::Nested, &hidden, seed));
        Ok(Approximation { by_width: by_width.collect::<Result<_>>()?, by_depth: by_depth.collect::<Result<_>>()? })
    }

    pub(super) fn conclude_functions(&self, finding: &mut Finding, measurements: &[&Approximation]) {
        let functions = &self.experiment.functions;
        let widths: Vec<Vec<usize>> = functions.widths.iter().map(|&width| vec![width]).collect();
        let by_width: Vec<&Vec<f64>> = measurements.iter().map(|measured| &measured.by_width).collect();
        claim_falls(finding, "Waves", Function::Waves, &widths, &by_width);
        let (widest, last) = (functions.widths[widths.len() - 1], widths.len() - 1);
        let errors: Vec<f64> = by_width.iter().map(|errors| errors[last]).collect();
        finding.claim(Claim::measured(format!("Waves: relative error with {widest} hidden units"), errors));
        let by_depth: Vec<&Vec<f64>> = measurements.iter().map(|measured| &measured.by_depth).collect();
        claim_falls(finding, "Nested function, equal parameters", Function::Nested, &functions.depths(), &by_depth);

        let chart = Chart::new("One hidden layer").x_label("hidden units").y_label("relative error").log_x().log_y();
        let curve = |errors: &&Vec<f64>| {
            functions.widths.iter().zip(*errors).map(|(&width, &error)| (width as f64, error)).collect()
        };
        let curves: Vec<Vec<(f64, f64)>> = by_width.iter().map(curve).collect();
        let caption =
            "Root mean squared error of sin 3πx by the number of hidden units, relative to its root mean square";
        finding.picture("width", caption, &over_seeds(chart, "sin 3πx", &curves));
    }
}

impl FunctionParameters {
    /// Hidden layers of the networks with one layer up to the deep one, each with as many parameters as it can have
    /// without having more than the deep one.
    fn depths(&self) -> Vec<Vec<usize>> {
        let budget = parameters(Function::Nested.d_input(), &self.deep);
        let equal = |layers: usize| {
            let fits = |width: &usize| parameters(Function::Nested.d_input(), &vec![*width; layers]) <= budget;
            vec![(1..).take_while(fits).last().unwrap_or(1); layers]
        };
        (1..self.deep.len()).map(equal).chain([self.deep.clone()]).collect()
    }

    /// Relative error on new examples after training.
    fn error<P: Platform>(&self, lab: &Lab<P>, function: Function, hidden: &[usize], seed: u64) -> Result<f64> {
        lab.tell(format!("seed {seed}: {function:?} with hidden layers {hidden:?}"));
        let key = Key::new(seed, *b"function");
        let batch = |step| function.examples::<P::Train>(key.at(1, step), self.batch_size, lab.device());
        let descent = Descent { steps: self.steps, learning_rate: self.learning_rate };
        let network = descent.fit(lab, &config(function.d_input(), hidden, 1, seed), MeanSquaredError, batch)?;
        let (x, y) = function.examples(key, self.test_examples, lab.device());
        let residual = values(network.forward(x) - y.clone());
        let square = |values: Vec<f32>| values.into_iter().map(|value| f64::from(value).powi(2)).sum::<f64>();
        Ok((square(residual) / square(values(y))).sqrt())
    }
}

/// Weights and biases of a network with one output.
fn parameters(d_input: usize, hidden: &[usize]) -> usize {
    let inputs = std::iter::once(&d_input).chain(hidden);
    inputs.zip(hidden.iter().chain([&1])).map(|(&inputs, &outputs)| (inputs + 1) * outputs).sum()
}

/// Claims that each network is better than the one before, and shows their errors.
fn claim_falls(
    finding: &mut Finding,
    name: &str,
    function: Function,
    networks: &[Vec<usize>],
    measurements: &[&Vec<f64>],
) {
    let title = format!("{name}: root mean squared error, relative to that of predicting 0");
    let mut table = Table::new(title, &["hidden layers", "parameters", "relative error"]);
    let shape = |hidden: &[usize]| hidden.iter().map(usize::to_string).collect::<Vec<String>>().join("-");
    let errors = |index: usize| -> Vec<f64> { measurements.iter().map(|errors| errors[index]).collect() };
    let logs = |index: usize| -> Vec<f64> { errors(index).into_iter().map(f64::log10).collect() };
    for (index, hidden) in networks.iter().enumerate() {
        let count = parameters(function.d_input(), hidden);
        table = table.row([shape(hidden), count.to_string(), spread(&errors(index))]);
        if let Some(next) = networks.get(index + 1) {
            let sentence =
                format!("{name}: decimal logarithm of the error, hidden units {} minus {}", shape(hidden), shape(next));
            finding.claim(Claim::difference(sentence, &logs(index), &logs(index + 1)));
        }
    }
    finding.table(table);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_of_all_depths_have_nearly_equal_parameters() {
        assert_eq!(parameters(4, &[32, 32, 32]), 5 * 32 + 2 * 33 * 32 + 33);
        let functions = FunctionParameters { deep: vec![32; 3], ..Default::default() };
        let depths = functions.depths();
        assert_eq!(depths, [vec![384], vec![44; 2], vec![32; 3]]);
        let counts: Vec<usize> = depths.iter().map(|hidden| parameters(4, hidden)).collect();
        assert!(counts.iter().all(|&count| count <= 2305 && count > 2200), "{counts:?}");
    }

    #[test]
    fn functions_have_the_values_of_their_formulas() {
        assert!((Function::Waves.at(&[1.0 / 6.0]) - 1.0).abs() < 1e-12);
        assert!((Function::Nested.at(&[0.25, 0.25, 0.0, 0.0]) - 1.0).abs() < 1e-12);
        assert!(Function::Nested.at(&[0.25, 0.25, 0.5, 0.0]).abs() < 1e-12);
    }
}
