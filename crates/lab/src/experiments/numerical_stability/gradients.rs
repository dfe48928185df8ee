//! Gradients of deep networks before training.

use anyhow::{Result, ensure};
use burn::tensor::{Tensor, backend::Backend};
use burn_fashion_mnist::Batch;
use burn_mlp::{Activation, CrossEntropy};
use burn_mlp_train::values;
use mlp_plot::Chart;
use mlp_settings::config::{Config, InitConfig, InitKind, ModelConfig};
use mlp_splits::permutation;
use serde::{Deserialize, Serialize};

use super::settings::NumericalStability;
use crate::curves::over_seeds;
use crate::finding::{Bound, Claim, Finding, Table, spread};
use crate::{Lab, Platform};

const ACTIVATIONS: [(Activation, &str); 3] =
    [(Activation::Sigmoid, "sigmoid"), (Activation::Tanh, "tanh"), (Activation::Relu, "ReLU")];
/// Hidden layers of the network that the deepest one is compared with.
const SHALLOW: usize = 2;

/// A kind of weights.
struct Kind {
    name: String,
    picture: &'static str,
    init: InitConfig,
}

/// Gradient norms of the networks of one seed, with each kind of weights and each of [`ACTIVATIONS`].
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct LayerGradients {
    norms: Vec<Vec<Norms>>,
}

/// One norm for each hidden layer, from the input on.
#[derive(Serialize, Deserialize)]
struct Norms {
    /// In the network of [`SHALLOW`] hidden layers.
    shallow: Vec<f64>,
    /// In the deepest network.
    deep: Vec<f64>,
}

/// Gradient norms of the networks of one activation and one kind of weights.
struct Case<'a> {
    activation: Activation,
    name: &'static str,
    /// For each seed.
    norms: Vec<&'a Norms>,
}

impl Case<'_> {
    /// For each seed what `metric` makes of the norms of the deepest network.
    fn deepest(&self, metric: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        self.norms.iter().map(|norms| metric(&norms.deep)).collect()
    }

    /// For each seed the factor by which each added layer multiplies the gradient of the first one.
    fn factor_of_depth(&self) -> Vec<f64> {
        let first = |Norms { shallow, deep }: &Norms| factor(deep[0], shallow[0], deep.len() - shallow.len());
        self.norms.iter().map(|norms| first(norms).unwrap_or(f64::NAN)).collect()
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

impl LayerGradients {
    /// Of the networks that start with `seed`, over the first batch of its training run.
    pub fn measure<P: Platform>(settings: &NumericalStability, lab: &Lab<P>, seed: u64) -> Result<Self> {
        let config = settings.config(seed);
        let (train, training) = (&lab.data().train, &config.training);
        let order = permutation(train.len(), training.seed, 0);
        let first = &order[..training.batch_size.min(order.len())];
        let batch = train.batch(first, config.data.normalization(), lab.device());
        let of_network = |activation, init, depth| {
            let hidden = vec![settings.experiment.width; depth];
            let model = ModelConfig { hidden, dropout: Vec::new(), activation, init, ..config.model.clone() };
            gradient_norms(lab, &Config { model, ..config.clone() }, &batch)
        };
        let of_activation = |activation, init| -> Result<Norms> {
            let shallow = of_network(activation, init, SHALLOW)?;
            Ok(Norms { shallow, deep: of_network(activation, init, settings.experiment.depth)? })
        };
        let of_kind = |Kind { name, init, .. }: Kind| {
            lab.tell(format!("gradients of deep networks, weights {name}, seed {seed}"));
            ACTIVATIONS.iter().map(|&(activation, _)| of_activation(activation, init)).collect()
        };
        Ok(Self { norms: settings.kinds().into_iter().map(of_kind).collect::<Result<_>>()? })
    }
}

/// Norm of the gradient of each hidden layer's weight over a batch, from the input on.
fn gradient_norms<P: Platform>(lab: &Lab<P>, config: &Config, batch: &Batch<P::Train>) -> Result<Vec<f64>> {
    let mlp = lab.mlp(config)?;
    let logits = mlp.forward(batch.images.clone());
    let gradients = CrossEntropy::default().forward(logits, batch.targets.clone()).backward();
    let mut norms = Vec::with_capacity(mlp.hidden.len());
    for (layer, hidden) in mlp.hidden.iter().enumerate() {
        let norm = hidden.linear.weight.grad(&gradients).map_or(0.0, norm);
        ensure!(norm.is_finite(), "the gradient of hidden layer {} is {norm}", layer + 1);
        norms.push(norm);
    }
    Ok(norms)
}

/// Euclidean length of all elements, in double precision: squares of small gradients are 0 in single.
fn norm<B: Backend>(gradient: Tensor<B, 2>) -> f64 {
    values(gradient).iter().map(|&element| f64::from(element).powi(2)).sum::<f64>().sqrt()
}

/// Adds what the gradients of deep networks show, with each seed.
pub fn add(measured: &[&LayerGradients], settings: &NumericalStability, finding: &mut Finding) {
    let header =
        ["weights", "activation", "second hidden layer", "last hidden layer", "ratio", "factor of a layer more"];
    let depth = settings.experiment.depth;
    let mut table = Table::new(format!("Gradient norms of {depth} hidden layers before training"), &header);
    let mut by_kind = Vec::new();
    for (index, kind) in settings.kinds().into_iter().enumerate() {
        let case = |(of, (activation, name))| {
            let norms = measured.iter().map(|gradients| &gradients.norms[index][of]).collect();
            Case { activation, name, norms }
        };
        let cases: Vec<Case> = ACTIVATIONS.into_iter().enumerate().map(case).collect();
        table = cases.iter().fold(table, |table, case| {
            table.row([
                kind.name.clone(),
                case.name.to_owned(),
                spread(&case.deepest(|norms| norms[1])),
                spread(&case.deepest(|norms| norms[norms.len() - 1])),
                spread(&case.deepest(bottom_to_top)),
                spread(&case.factor_of_depth()),
            ])
        });
        draw(&kind, &cases, settings, finding);
        by_kind.push(cases);
    }
    finding.table(table);
    settings.claim_gradients(finding, &by_kind);
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
}

/// Draws the gradient norms of the deepest networks.
fn draw(kind: &Kind, cases: &[Case], settings: &NumericalStability, finding: &mut Finding) {
    let weights = &kind.name;
    let mut chart = Chart::new(format!("Gradient norm of each layer's weights, {weights}"))
        .x_label("hidden layer, from the input on")
        .y_label("gradient norm")
        .log_y();
    for case in cases {
        let curve = |norms: &&Norms| -> Vec<(f64, f64)> {
            norms.deep.iter().enumerate().map(|(layer, &norm)| ((layer + 1) as f64, norm)).collect()
        };
        chart = over_seeds(chart, case.name, &case.norms.iter().map(curve).collect::<Vec<_>>());
    }
    let caption = format!(
        "{} hidden layers of {} units before training, weights {weights}: norm of the gradient of each layer's \
         weights over one batch. Lines are medians over the seeds, bands reach from the lowest to the highest.",
        settings.experiment.depth, settings.experiment.width
    );
    finding.picture(kind.picture, &caption, &chart);
}

impl NumericalStability {
    fn kinds(&self) -> [Kind; 3] {
        let std = self.model.init.std;
        let normal = |std| InitConfig { kind: InitKind::Normal, std, ..InitConfig::default() };
        let xavier = InitConfig { kind: InitKind::XavierNormal, ..InitConfig::default() };
        [
            Kind { name: format!("N(0, {std}²)"), picture: "gradients-small", init: normal(std) },
            Kind { name: "N(0, 1)".into(), picture: "gradients-large", init: normal(1.0) },
            Kind { name: "Xavier".into(), picture: "gradients-xavier", init: xavier },
        ]
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

    fn claim_gradients(&self, finding: &mut Finding, by_kind: &[Vec<Case>]) {
        let (width, std) = (self.experiment.width as f64, self.model.init.std);
        let case = |kind: usize, activation| by_kind[kind].iter().find(|case: &&Case| case.activation == activation);
        let (Some(starving), Some(feeding), Some(exploding)) =
            (case(2, Activation::Sigmoid), case(2, Activation::Relu), case(1, Activation::Relu))
        else {
            return;
        };
        let margin = self.margin();
        // Backwards a layer multiplies the squared gradient by n·γ·E[φ'²], and n·γ = 1, φ' ≤ 1/4.
        let sentence = "Sigmoid with Xavier weights: factor of the gradient norm from layer to layer, downwards";
        finding
            .claim(Claim::measured(sentence, starving.deepest(factor_of_a_layer)).bound(Bound::AtMost(0.25 * margin)));
        // For ReLU what the gradient loses downwards the activations gain, and a weight's gradient is their product.
        let sentence = "ReLU with Xavier weights: gradient norm of the second hidden layer over that of the last";
        finding.claim(Claim::measured(sentence, feeding.deepest(bottom_to_top)));
        let power = |norms: &[f64]| bottom_to_top(norms).log10();
        let sentence = "The same ratio as a power of ten, ReLU minus sigmoid, both with Xavier weights";
        let (relu, sigmoid) = (feeding.deepest(power), starving.deepest(power));
        finding.claim(Claim::difference(sentence, &relu, &sigmoid));
        // φ' ≤ 1 for all three: the factor is at most the root of n·γ.
        for case in &by_kind[0] {
            let sentence = format!(
                "{} with N(0, {std}²) weights: factor on the first layer's gradient norm for each layer more",
                case.name
            );
            finding.claim(
                Claim::measured(sentence, case.factor_of_depth()).bound(Bound::AtMost(std * width.sqrt() * margin)),
            );
        }
        // Half of the units pass the gradient on.
        let expected = (width / 2.0).sqrt();
        let sentence = "ReLU with N(0, 1) weights: factor on the first layer's gradient norm for each layer more";
        let bound = Bound::Between(expected / 2.0, 2.0 * expected);
        finding.claim(Claim::measured(sentence, exploding.factor_of_depth()).bound(bound));
    }
}

#[cfg(test)]
mod tests {
    use burn_flex::Flex;

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
        let norms = Norms { shallow: vec![1.0, 5.0], deep: vec![9.0, 5.0, 5.0, 5.0] };
        let case = Case { activation: Activation::Relu, name: "", norms: vec![&norms] };
        assert_eq!(case.factor_of_depth(), [3.0]);
        assert_eq!(case.deepest(|norms| norms.len() as f64), [4.0]);
    }

    #[test]
    fn norms_survive_squares_below_the_smallest_single() {
        let gradient = Tensor::<Flex, 2>::from_floats([[3e-30, 4e-30]], &Default::default());
        assert!((norm(gradient) / 5e-30 - 1.0).abs() < 1e-6);
    }
}
