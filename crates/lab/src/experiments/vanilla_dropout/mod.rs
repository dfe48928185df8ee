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

mod network;

use anyhow::Result;
use burn::module::AutodiffModule;
use burn::tensor::Tensor;
use burn_fashion_mnist::Normalization;
use burn_mlp::{DropoutLayers as _, DropoutMode, Mlp, Probability};
use burn_mlp_train::{range, values};
use mlp_plot::Chart;
use mlp_settings::Invalid;
use mlp_settings::config::Config;
use serde::{Deserialize, Serialize};

use crate::finding::{Claim, Finding, Table, spread};
use crate::platform::Inner;
use crate::recipe::{Parameters, Recipe};
use crate::training::{History, Training};
use crate::variants::{Variant, train_mlp};
use crate::{Experiment, Lab, Platform};
use network::{VanillaMlp, vanilla_layer};

/// Settings of `vanilla-dropout`.
pub type VanillaDropout = Recipe<VanillaDropoutParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VanillaDropoutParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Masks drawn to measure the mean activation in training.
    #[serde(deserialize_with = "range::at_least_one")]
    pub masks: usize,
}

impl Parameters for VanillaDropoutParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        Invalid::unless(self.seeds >= 2, "experiment.seeds", self.seeds, "at least 2, to compare networks")?;
        Ok(())
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

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    inverted: History,
    vanilla: History,
    /// Mean activation in training as a fraction of that at prediction.
    inverted_ratio: f64,
    vanilla_ratio: f64,
    /// What the inverted network predicts for each test image: compared with another seed's.
    inverted_classes: Vec<u8>,
    /// Fraction of the test images for which both networks predict the same.
    agreement: f64,
    /// Test accuracy of the vanilla network whose scaling is forgotten.
    forgotten: f64,
}

/// The first hidden layer of a network as a function of its input.
type FirstLayer<'a, B> = dyn Fn(&Mlp<B>, Tensor<B, 2>) -> Tensor<B, 2> + 'a;

impl Experiment for VanillaDropout {
    const NAME: &'static str = "vanilla-dropout";
    const QUESTION: &'static str = "Is scaling at prediction the same as scaling in training?";
    const CONFIG: &'static str = include_str!("../../../../../configs/vanilla-dropout.toml");
    const QUICK: &'static [&'static str] = &["training.epochs=6", "experiment.masks=50"];
    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        let (config, data) = (self.config(seed), lab.data());
        let inverted = train_mlp(lab, "inverted", &config)?;
        lab.tell(format!("vanilla: seed {seed}"));
        let vanilla = Training::new(&config, &data.train, &data.test).run(lab, VanillaMlp::like(lab.mlp(&config)?))?;
        let (inverted_network, vanilla_network) = (inverted.network.valid(), vanilla.network.valid());
        let inverted_classes = classes(lab.predict(&inverted_network, &data.test).classes());
        let vanilla_classes = classes(lab.predict(&vanilla_network, &data.test).classes());
        Ok(Measurement {
            inverted: inverted.history,
            vanilla: vanilla.history,
            inverted_ratio: self.ratio(lab, inverted_network, &|mlp, x| mlp.hidden[0].forward(x)),
            vanilla_ratio: self
                .ratio(lab, vanilla_network.mlp.clone(), &|mlp, x| vanilla_layer(&mlp.hidden[0], x, true)),
            agreement: agreement(&inverted_classes, &vanilla_classes),
            inverted_classes,
            forgotten: lab.accuracy(&VanillaMlp { scaled: false, ..vanilla_network }, &data.test),
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let mut finding = Finding::default();
        activations(&mut finding, measurements);
        predictions(&mut finding, measurements);
        let inverted = Variant::new("inverted", measurements.iter().map(|measurement| &measurement.inverted));
        let vanilla = Variant::new("vanilla", measurements.iter().map(|measurement| &measurement.vanilla));
        finding
            .picture(
                "accuracy",
                "Test accuracy over epochs, mean over seeds",
                &Chart::new("Vanilla and inverted dropout")
                    .x_label("epoch")
                    .y_label("test accuracy")
                    .line(&inverted.name, inverted.mean_curve(|epoch| epoch.test_accuracy))
                    .line(&vanilla.name, vanilla.mean_curve(|epoch| epoch.test_accuracy)),
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
    /// Mean activation behind the first hidden layer in training, over masks, as a fraction of that at prediction.
    fn ratio<P: Platform>(&self, lab: &Lab<P>, mlp: Mlp<Inner<P>>, first: &FirstLayer<'_, Inner<P>>) -> f64 {
        let test = &lab.data().test;
        let range = 0..test.len().min(256);
        let images = test.batch_range::<Inner<P>>(range, Normalization::default(), lab.device()).images;
        let mean = |mlp: &Mlp<Inner<P>>| f64::from(values(first(mlp, images.clone()).mean())[0]);
        let sampled = mlp.clone().with_dropout_mode(DropoutMode::MonteCarlo);
        let of_mask = |mask: usize| {
            sampled.seek_dropout(mask as u64);
            mean(&sampled)
        };
        let masks = self.experiment.masks;
        (0..masks).map(of_mask).sum::<f64>() / masks as f64 / mean(&mlp)
    }
}

/// Mean activations in training against those at prediction.
fn activations(finding: &mut Finding, measurements: &[Measurement]) {
    let of = |metric: fn(&Measurement) -> f64| measurements.iter().map(metric).collect::<Vec<f64>>();
    // The mean of m masks of 256 images and 256 units scatters by less than a hundredth.
    for (name, ratios) in [("Inverted", of(|each| each.inverted_ratio)), ("Vanilla", of(|each| each.vanilla_ratio))] {
        let sentence = format!(
            "{name} dropout: mean activation in training, over many masks, as a fraction of that at prediction"
        );
        finding.claim(Claim::measured(sentence, ratios));
    }
}

/// What the trained networks predict, and how often they agree.
fn predictions(finding: &mut Finding, measurements: &[Measurement]) {
    let of = |metric: fn(&Measurement) -> f64| measurements.iter().map(metric).collect::<Vec<f64>>();
    let with_vanilla = of(|measurement| measurement.agreement);
    let others = measurements.iter().cycle().skip(1);
    let with_other =
        |(one, other): (&Measurement, &Measurement)| agreement(&one.inverted_classes, &other.inverted_classes);
    let between_seeds: Vec<f64> = measurements.iter().zip(others).map(with_other).collect();
    let inverted_accuracy = of(|measurement| measurement.inverted.last().test_accuracy);
    let vanilla_accuracy = of(|measurement| measurement.vanilla.last().test_accuracy);
    finding
        .claim(Claim::paired(
            "Test accuracy, vanilla minus inverted",
            &vanilla_accuracy,
            &inverted_accuracy))
        .claim(Claim::paired(
            "Share of test images with the same prediction: vanilla and inverted with one seed, minus inverted with two seeds",
            &with_vanilla,
            &between_seeds))
        .table(
            Table::new("After the last epoch", &["network", "test accuracy", "same prediction as inverted"])
                .row(["inverted".to_owned(), spread(&inverted_accuracy), "1".to_owned()])
                .row(["inverted, another seed".to_owned(), spread(&inverted_accuracy), spread(&between_seeds)])
                .row(["vanilla".to_owned(), spread(&vanilla_accuracy), spread(&with_vanilla)])
                .row(["vanilla, scaling forgotten".to_owned(), spread(&of(|measurement| measurement.forgotten)), String::from("-")]),
        );
}

/// Predicted classes, of which there are few.
fn classes(predicted: Vec<usize>) -> Vec<u8> {
    predicted.into_iter().map(|class| class as u8).collect()
}

/// Fraction of equal entries.
fn agreement(first: &[u8], second: &[u8]) -> f64 {
    let equal = first.iter().zip(second).filter(|(first, second)| first == second).count();
    equal as f64 / first.len() as f64
}
