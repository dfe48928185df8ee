//! # Question
//!
//! Is scaling by `1 - p` at prediction (vanilla dropout, Srivastava et al. 2014) the same as scaling by `1/(1 - p)` in
//! training (inverted dropout)?
//!
//! # Variants
//!
//! Inverted dropout, the library's; vanilla dropout; vanilla dropout whose scaling at prediction is forgotten.
//!
//! # Held equal
//!
//! Initial weights, batches and masks, seed by seed. The initial weights behind a vanilla layer are multiplied by
//! `1/(1 - p)`, so that both networks start as the same function in training and at prediction.
//!
//! # Measured
//!
//! Mean activation behind a dropout layer in training against prediction; test accuracy; how often two networks predict
//! the same class.
//!
//! # Expected
//!
//! Equal expected activations; test predictions that agree as well as those of two inverted networks with other seeds;
//! a loss of accuracy only where the scaling is forgotten.

use anyhow::Result;
use burn::module::{AutodiffModule, Module};
use burn::tensor::{Tensor, backend::Backend};
use burn_fashion_mnist::Normalization;
use burn_mlp::{DropoutMode, HiddenLayer, Mlp, Probability};
use serde::{Deserialize, Serialize};

use super::Experiment;
use crate::ablation::Arm;
use crate::backend::{Inner, Train};
use crate::config::Config;
use crate::evaluate::values;
use crate::finding::{Bound, Claim, Finding, Table, spread};
use crate::fit::Fit;
use crate::lab::Lab;
use crate::network::Network;
use crate::plot::Chart;
use crate::recipe::{Parameters, Recipe};
use crate::settings::Invalid;

/// Settings of `vanilla-dropout`.
pub type VanillaDropout = Recipe<VanillaDropoutParameters>;

/// Its own section.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VanillaDropoutParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Masks drawn to measure the mean activation in training.
    pub masks: usize,
}

impl Parameters for VanillaDropoutParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        Invalid::unless(self.seeds >= 2, "experiment.seeds", self.seeds, "at least 2, to compare networks")?;
        Invalid::unless(self.masks > 0, "experiment.masks", self.masks, "at least 1")
    }

    fn validate_run(&self, run: &Config) -> Result<(), Invalid> {
        let model = &run.model;
        Invalid::unless(!model.hidden.is_empty(), "model.hidden", &model.hidden, "at least one hidden layer")?;
        let allowed = !model.dropout.contains(&Probability::ONE);
        Invalid::unless(allowed, "model.dropout", &model.dropout, "probabilities below 1, to divide by what is kept")?;
        Invalid::unless(!model.batch_norm, "model.batch_norm", model.batch_norm, "false: it undoes every scaling")?;
        let input = model.input_dropout;
        Invalid::unless(input == Probability::ZERO, "model.input_dropout", input, "0")
    }
}

/// A perceptron with vanilla dropout.
#[derive(Module, Debug)]
pub struct VanillaMlp<B: Backend> {
    mlp: Mlp<B>,
    #[module(skip)]
    scaled: bool,
}

impl<B: Backend> Network<B> for VanillaMlp<B> {
    fn logits(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        let x = self.mlp.hidden.iter().fold(images, |x, layer| vanilla_layer(layer, x, self.scaled));
        self.mlp.output.forward(x)
    }

    fn seek_dropout(&self, mask: u64, row: u64) {
        self.mlp.seek_dropout_row(mask, row);
    }

    fn has_independent_rows(&self) -> bool {
        self.mlp.has_independent_rows()
    }
}

/// The first hidden layer of a network as a function of its input.
type FirstLayer<'a> = dyn Fn(&Mlp<Inner>, Tensor<Inner, 2>) -> Tensor<Inner, 2> + 'a;

/// A layer with vanilla dropout: a mask of ones in training, the product with `1 - p` at prediction where `scaled`.
fn vanilla_layer<B: Backend>(layer: &HiddenLayer<B>, x: Tensor<B, 2>, scaled: bool) -> Tensor<B, 2> {
    let keep = 1.0 - layer.dropout.prob().get();
    let h = layer.activation.forward(layer.linear.forward(x));
    let masked = B::ad_enabled(&h.device()) || layer.dropout.mode() == DropoutMode::MonteCarlo;
    // Where it masks, the library's layer holds 1/(1-p): times 1-p it is a mask of ones. Elsewhere it is the identity,
    // and the same product is vanilla's own scaling.
    let h = layer.dropout.forward(h);
    if masked || scaled { h.mul_scalar(keep) } else { h }
}

impl<B: Backend> VanillaMlp<B> {
    /// The network that computes what `mlp` does, in training and at prediction.
    fn like(mut mlp: Mlp<B>) -> Self {
        let mut keep = 1.0;
        let scale = |weight: Tensor<B, 2>, keep: f64| weight.mul_scalar(1.0 / keep);
        for layer in &mut mlp.hidden {
            layer.linear.weight = layer.linear.weight.clone().map(|weight| leaf(scale(weight, keep)));
            keep = 1.0 - layer.dropout.prob().get();
        }
        mlp.output.weight = mlp.output.weight.clone().map(|weight| leaf(scale(weight, keep)));
        Self { mlp, scaled: true }
    }
}

/// Without its history: the optimizer moves leaves only.
fn leaf<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Tensor<B, D> {
    let tensor = tensor.detach();
    if B::ad_enabled(&tensor.device()) { tensor.require_grad() } else { tensor }
}

impl Experiment for VanillaDropout {
    const NAME: &'static str = "vanilla-dropout";
    const QUESTION: &'static str = "Is scaling at prediction the same as scaling in training?";
    const CONFIG: &'static str = include_str!("../../../../configs/vanilla-dropout.toml");
    const QUICK: &'static [&'static str] = &["training.epochs=6", "experiment.masks=50"];

    fn run(&self, lab: &Lab) -> Result<Finding> {
        let (seeds, data) = (self.seeds(), lab.data()?);
        let inverted = Arm::train(lab, "inverted", &seeds, |seed| self.config(seed))?;
        let mut vanilla = Arm { name: "vanilla".into(), runs: Vec::new() };
        for &seed in &seeds {
            lab.tell(format!("vanilla: seed {seed}"));
            let config = self.config(seed);
            let network = VanillaMlp::like(lab.mlp(&config)?);
            vanilla.runs.push(Fit::new(&config, &data.train, &data.test).run(lab, network)?);
        }
        let mut finding = Finding::default();
        self.activations(&mut finding, &inverted, &vanilla, lab)?;
        predictions(&mut finding, &inverted, &vanilla, lab)?;
        finding
            .picture(
                "accuracy",
                "Test accuracy over epochs, mean over seeds",
                &Chart::new("Vanilla and inverted dropout")
                    .x_label("epoch")
                    .y_label("test accuracy")
                    .line("inverted", inverted.mean_curve(|epoch| epoch.test_accuracy))
                    .line("vanilla", vanilla.mean_curve(|epoch| epoch.test_accuracy)),
            )
            .note(
                "The two are one function in training and at prediction, but their gradients differ by powers of \
                 1 - p: with one learning rate their weights move at different speeds. They agree as networks of \
                 different seeds do, not to the bit.",
            );
        Ok(finding)
    }
}

impl VanillaDropout {
    /// Mean activation behind the first hidden layer in training, over masks, against that at prediction.
    fn activations(
        &self,
        finding: &mut Finding,
        inverted: &Arm<Mlp<Train>>,
        vanilla: &Arm<VanillaMlp<Train>>,
        lab: &Lab,
    ) -> Result<()> {
        let test = &lab.data()?.test;
        let range = 0..test.len().min(256);
        let images = test.batch_range::<Inner>(range, Normalization::default(), lab.device()).images;
        let ratio = |mlp: Mlp<Inner>, first: &FirstLayer| {
            let mean = |mlp: &Mlp<Inner>| f64::from(values(first(mlp, images.clone()).mean())[0]);
            let sampled = mlp.clone().with_dropout_mode(DropoutMode::MonteCarlo);
            let of_mask = |mask: usize| {
                sampled.seek_dropout(mask as u64);
                mean(&sampled)
            };
            let masks = self.experiment.masks;
            (0..masks).map(of_mask).sum::<f64>() / masks as f64 / mean(&mlp)
        };
        let inverted = inverted.values(|run| ratio(run.network.valid(), &|mlp, x| mlp.hidden[0].forward(x)));
        let vanilla =
            vanilla.values(|run| ratio(run.network.valid().mlp, &|mlp, x| vanilla_layer(&mlp.hidden[0], x, true)));
        // The mean of m masks of 256 images and 256 units scatters by less than a hundredth.
        let equal = Bound::Between(0.99, 1.01);
        for (name, ratios) in [("Inverted", inverted), ("Vanilla", vanilla)] {
            let sentence = format!(
                "{name} dropout: mean activation in training, over many masks, as a fraction of that at prediction"
            );
            finding.claim(Claim::measured(sentence, ratios, equal));
        }
        Ok(())
    }
}

/// What the trained networks predict, and how often they agree.
fn predictions(
    finding: &mut Finding,
    inverted: &Arm<Mlp<Train>>,
    vanilla: &Arm<VanillaMlp<Train>>,
    lab: &Lab,
) -> Result<()> {
    let test = &lab.data()?.test;
    let inverted_classes: Vec<_> =
        inverted.runs.iter().map(|run| lab.predict(&run.network.valid(), test).classes()).collect();
    let vanilla_classes: Vec<_> =
        vanilla.runs.iter().map(|run| lab.predict(&run.network.valid(), test).classes()).collect();
    let runs = 0..inverted.runs.len();
    let with_vanilla: Vec<f64> =
        runs.clone().map(|run| agreement(&inverted_classes[run], &vanilla_classes[run])).collect();
    let other = |run: usize| agreement(&inverted_classes[run], &inverted_classes[(run + 1) % inverted_classes.len()]);
    let between_seeds: Vec<f64> = runs.map(other).collect();
    let forgotten = vanilla.values(|run| lab.accuracy(&VanillaMlp { scaled: false, ..run.network.valid() }, test));
    let inverted_accuracy = inverted.values(|run| run.last().test_accuracy);
    let vanilla_accuracy = vanilla.values(|run| run.last().test_accuracy);
    // Single epochs at the learning rate of the main job swing by two points.
    let swing = 0.02;
    finding
        .claim(Claim::paired(
            "Test accuracy, vanilla minus inverted",
            &vanilla_accuracy,
            &inverted_accuracy,
            Bound::Between(-swing, swing),
        ))
        .claim(Claim::paired(
            "Share of test images with the same prediction: vanilla and inverted with one seed, minus inverted with two seeds",
            &with_vanilla,
            &between_seeds,
            Bound::AtLeast(-swing),
        ))
        .table(
            Table::new("After the last epoch", &["network", "test accuracy", "same prediction as inverted"])
                .row(["inverted".to_owned(), spread(&inverted_accuracy), "1".to_owned()])
                .row(["inverted, another seed".to_owned(), spread(&inverted_accuracy), spread(&between_seeds)])
                .row(["vanilla".to_owned(), spread(&vanilla_accuracy), spread(&with_vanilla)])
                .row(["vanilla, scaling forgotten".to_owned(), spread(&forgotten), String::from("-")]),
        );
    Ok(())
}

/// Share of equal entries.
fn agreement(first: &[usize], second: &[usize]) -> f64 {
    let equal = first.iter().zip(second).filter(|(first, second)| first == second).count();
    equal as f64 / first.len() as f64
}
