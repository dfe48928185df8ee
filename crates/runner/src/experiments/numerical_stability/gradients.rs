//! Gradients of deep networks before training.

use anyhow::{Result, ensure};
use burn::tensor::Tensor;
use burn_mlp::{Activation, CrossEntropy};

use super::NumericalStability;
use crate::backend::{Inner, Train};
use crate::batches::Batches;
use crate::config::{Config, InitConfig, InitKind, ModelConfig};
use crate::curves::over_seeds;
use crate::evaluate::values;
use crate::finding::{Bound, Claim, Finding, Table, spread};
use crate::lab::Lab;
use crate::plot::Chart;

const ACTIVATIONS: [(Activation, &str); 3] =
    [(Activation::Sigmoid, "sigmoid"), (Activation::Tanh, "tanh"), (Activation::Relu, "ReLU")];

/// Gradient norms of the networks of one activation and one kind of weights.
struct Case {
    activation: Activation,
    name: &'static str,
    /// For each seed and each depth from 2 on: one norm for each hidden layer, from the input on.
    norms: Vec<Vec<Vec<f64>>>,
}

impl Case {
    /// For each seed what `figure` makes of the norms of the deepest network.
    fn deepest(&self, figure: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        self.norms.iter().map(|depths| depths.last().map_or(f64::NAN, |norms| figure(norms))).collect()
    }

    /// For each seed the factor by which each added layer multiplies the gradient of the first one.
    fn factor_of_depth(&self) -> Vec<f64> {
        let first = |depths: &Vec<Vec<f64>>| factor(depths.last()?[0], depths.first()?[0], depths.len() - 1);
        self.norms.iter().map(|depths| first(depths).unwrap_or(f64::NAN)).collect()
    }
}

/// The factor that `steps` equal steps from `from` to `to` have.
fn factor(to: f64, from: f64, steps: usize) -> Option<f64> {
    (steps > 0 && from > 0.0).then(|| (to / from).powf(1.0 / steps as f64))
}

/// Gradient of the second hidden layer over that of the last: both have the same number of inputs and outputs.
fn bottom_to_top(norms: &[f64]) -> f64 {
    norms[1] / norms[norms.len() - 1]
}

/// [`bottom_to_top`] for each layer in between.
fn factor_of_a_layer(norms: &[f64]) -> f64 {
    factor(norms[1], norms[norms.len() - 1], norms.len() - 2).unwrap_or(f64::NAN)
}

/// Adds what the gradients of deep networks show.
///
/// # Errors
///
/// If there is no data, or a gradient is not finite.
pub fn add(settings: &NumericalStability, lab: &Lab, finding: &mut Finding) -> Result<()> {
    let std = settings.model.init.std;
    let small = format!("N(0, {std}²)");
    let kinds = [
        (&small[..], "gradients-small", InitConfig { kind: InitKind::Normal, std, ..InitConfig::default() }),
        ("N(0, 1)", "gradients-large", InitConfig { kind: InitKind::Normal, std: 1.0, ..InitConfig::default() }),
        ("Xavier", "gradients-xavier", InitConfig { kind: InitKind::XavierNormal, ..InitConfig::default() }),
    ];
    let header =
        ["weights", "activation", "second hidden layer", "last hidden layer", "ratio", "factor of a layer more"];
    let depth = settings.experiment.depth;
    let mut table = Table::new(format!("Gradient norms of {depth} hidden layers before training"), &header);
    let mut measured = Vec::new();
    for (weights, picture, init) in kinds {
        lab.tell(format!("gradients of deep networks, weights {weights}"));
        let cases = ACTIVATIONS.map(|(activation, name)| (activation, name, settings.norms(lab, activation, init)));
        let mut chart = Chart::new(format!("Gradient norm of each layer's weights, {weights}"))
            .x_label("hidden layer, from the input on")
            .y_label("gradient norm")
            .log_y();
        let mut done = Vec::new();
        for (activation, name, norms) in cases {
            let case = Case { activation, name, norms: norms? };
            let curve = |depths: &Vec<Vec<f64>>| -> Vec<(f64, f64)> {
                let norms = depths.last().map_or(&[][..], |norms| norms);
                norms.iter().enumerate().map(|(layer, &norm)| ((layer + 1) as f64, norm)).collect()
            };
            chart = over_seeds(chart, name, &case.norms.iter().map(curve).collect::<Vec<_>>());
            table = table.row([
                weights.to_owned(),
                name.to_owned(),
                spread(&case.deepest(|norms| norms[1])),
                spread(&case.deepest(|norms| norms[norms.len() - 1])),
                spread(&case.deepest(bottom_to_top)),
                spread(&case.factor_of_depth()),
            ]);
            done.push(case);
        }
        let caption = format!(
            "{depth} hidden layers of {} units before training, weights {weights}: norm of the gradient of each layer's \
             weights over one batch. Lines are medians over the seeds, bands reach from the lowest to the highest.",
            settings.experiment.width
        );
        finding.picture(picture, &caption, &chart);
        measured.push(done);
    }
    finding.table(table);
    settings.claim_gradients(finding, &measured);
    finding.note(
        "The gradient of a weight is what comes down to its layer times what came up to it. With ReLU and tanh both \
         change by the same factor from layer to layer, and every layer's weights get gradients of one size: with small \
         weights all starve alike, the more the deeper the network. A sigmoid's output stays near 1/2, so only what \
         comes down shrinks.",
    );
    finding.note(
        "Xavier's variance is made for linear layers. ReLU halves the mean square in both directions, so that with each \
         layer more every gradient is smaller by about √½; but none falls behind the others.",
    );
    Ok(())
}

impl NumericalStability {
    /// Gradient norms for each seed, each depth and each hidden layer.
    fn norms(&self, lab: &Lab, activation: Activation, init: InitConfig) -> Result<Vec<Vec<Vec<f64>>>> {
        let of_depth = |seed: u64, depth: usize| {
            let hidden = vec![self.experiment.width; depth];
            let model = ModelConfig { hidden, dropout: Vec::new(), activation, init, ..self.model.clone() };
            gradient_norms(lab, &Config { model, ..self.config(seed) })
        };
        let of_seed = |seed| (2..=self.experiment.depth).map(|depth| of_depth(seed, depth)).collect();
        self.seeds().into_iter().map(of_seed).collect()
    }

    /// What chance may add to a factor, as a factor: four standard errors of the mean over the seeds.
    ///
    /// A layer of `n` random units multiplies a vector's length by a number whose logarithm has the variance 1/(2n), and
    /// two networks of `depth` layers differ by the sum of `2·depth` of them, spread over `depth - 2` factors.
    fn margin(&self) -> f64 {
        let (depth, width, seeds) = (self.experiment.depth, self.experiment.width, self.experiment.seeds);
        let deviation = (depth as f64 / width as f64).sqrt() / (depth - 2) as f64;
        (4.0 * deviation / (seeds as f64).sqrt()).exp()
    }

    fn claim_gradients(&self, finding: &mut Finding, measured: &[Vec<Case>]) {
        let (width, std) = (self.experiment.width as f64, self.model.init.std);
        let case = |kind: usize, activation| measured[kind].iter().find(|case: &&Case| case.activation == activation);
        let (Some(starving), Some(feeding), Some(exploding)) =
            (case(2, Activation::Sigmoid), case(2, Activation::Relu), case(1, Activation::Relu))
        else {
            return;
        };
        let margin = self.margin();
        // Backwards a layer multiplies the squared gradient by n·γ·E[φ'²], and n·γ = 1, φ' ≤ 1/4.
        let sentence = "Sigmoid with Xavier weights: factor of the gradient norm from layer to layer, downwards";
        finding.claim(Claim::measured(sentence, starving.deepest(factor_of_a_layer), Bound::AtMost(0.25 * margin)));
        // For ReLU what the gradient loses downwards the activations gain, and a weight's gradient is their product.
        let sentence = "ReLU with Xavier weights: gradient norm of the second hidden layer over that of the last";
        finding.claim(Claim::measured(sentence, feeding.deepest(bottom_to_top), Bound::AtLeast(0.1)));
        let power = |norms: &[f64]| bottom_to_top(norms).log10();
        let sentence = "The same ratio as a power of ten, ReLU minus sigmoid, both with Xavier weights";
        let (relu, sigmoid) = (feeding.deepest(power), starving.deepest(power));
        finding.claim(Claim::paired(sentence, &relu, &sigmoid, Bound::Positive));
        // φ' ≤ 1 for all three: the factor is at most the root of n·γ.
        for case in &measured[0] {
            let sentence = format!(
                "{} with N(0, {std}²) weights: factor on the first layer's gradient norm for each layer more",
                case.name
            );
            finding.claim(Claim::measured(
                sentence,
                case.factor_of_depth(),
                Bound::AtMost(std * width.sqrt() * margin),
            ));
        }
        // Half of the units pass the gradient on.
        let expected = (width / 2.0).sqrt();
        let sentence = "ReLU with N(0, 1) weights: factor on the first layer's gradient norm for each layer more";
        let bound = Bound::Between(expected / 2.0, 2.0 * expected);
        finding.claim(Claim::measured(sentence, exploding.factor_of_depth(), bound));
    }
}

/// Norm of the gradient of each hidden layer's weight over the first batch of a training run, from the input on.
fn gradient_norms(lab: &Lab, config: &Config) -> Result<Vec<f64>> {
    let (training, device) = (&config.training, lab.device());
    let train = lab.data()?.train.clone();
    let batches = Batches::<Train>::new(train, config.data.normalization(), training.batch_size, training.seed, device);
    let order = batches.order(0);
    let first = batches.step(&order, 0);
    let batch = first.batch(0..first.indices().len(), device);
    let mlp = lab.mlp(config)?;
    let gradients = CrossEntropy::default().forward(mlp.forward(batch.images), batch.targets).backward();
    let mut norms = Vec::with_capacity(mlp.hidden.len());
    for (layer, hidden) in mlp.hidden.iter().enumerate() {
        let norm = hidden.linear.weight.grad(&gradients).map_or(0.0, norm);
        ensure!(norm.is_finite(), "the gradient of hidden layer {} is {norm}", layer + 1);
        norms.push(norm);
    }
    Ok(norms)
}

/// Euclidean length of all elements, in double precision: squares of small gradients are 0 in single.
fn norm(gradient: Tensor<Inner, 2>) -> f64 {
    values(gradient).iter().map(|&element| f64::from(element).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_geometric_means() {
        assert_eq!(factor(8.0, 1.0, 3), Some(2.0));
        assert_eq!(factor(1.0, 0.0, 3), None);
        assert_eq!(factor(1.0, 1.0, 0), None);
        // Second layer to last: 3 steps from 8 down to 1; the first layer is of another shape and left out.
        let norms = [99.0, 1.0, 2.0, 4.0, 8.0];
        assert_eq!((bottom_to_top(&norms), factor_of_a_layer(&norms)), (0.125, 0.5));
    }

    #[test]
    fn the_factor_of_depth_compares_first_layers() {
        let depths = vec![vec![1.0, 5.0], vec![3.0, 5.0, 5.0], vec![9.0, 5.0, 5.0, 5.0]];
        let case = Case { activation: Activation::Relu, name: "", norms: vec![depths] };
        assert_eq!(case.factor_of_depth(), [3.0]);
        assert_eq!(case.deepest(|norms| norms.len() as f64), [4.0]);
    }

    #[test]
    fn norms_survive_squares_below_the_smallest_single() {
        let gradient = Tensor::from_floats([[3e-30, 4e-30]], &Default::default());
        assert!((norm(gradient) / 5e-30 - 1.0).abs() < 1e-6);
    }
}
