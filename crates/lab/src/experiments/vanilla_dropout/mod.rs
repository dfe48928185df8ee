//! # Question
//!
//! Is scaling by `1 - p` at prediction (vanilla dropout, Srivastava et al. 2014) the same as scaling by `1/(1 - p)` in
//! training (inverted dropout)?
//!
//! # Variants
//!
//! Inverted dropout, the library's, with two seeds; vanilla dropout; vanilla dropout whose scaling at prediction is
//! forgotten.
//!
//! # Held equal
//!
//! Initial weights, batches and masks, seed by seed. The initial weights behind a vanilla layer are multiplied by
//! `1/(1 - p)`, so that both networks start as the same function in training and at prediction.
//!
//! # Measured
//!
//! Mean activation behind a dropout layer in training against prediction; test accuracy and cross-entropy; how often two
//! networks predict the same class.
//!
//! # Expected
//!
//! Equal expected activations; test predictions that agree better than those of two inverted networks with other seeds; a
//! higher cross-entropy only where the scaling is forgotten. Control: two inverted networks with other seeds are as good
//! as each other.

mod network;

use anyhow::Result;
use burn::module::AutodiffModule;
use burn::tensor::Tensor;
use burn_fashion_mnist::{Images, Normalization};
use burn_mlp::{DropoutLayers as _, DropoutMode, Mlp, Probability};
use burn_mlp_train::{range, values};
use mlp_metrics::Predictions;
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
    inverted: Run,
    /// Inverted, with another seed.
    other: Run,
    vanilla: Run,
    /// Mean activation in training as a fraction of that at prediction.
    inverted_ratio: f64,
    vanilla_ratio: f64,
    /// Test accuracy and cross-entropy of the vanilla network whose scaling is forgotten.
    forgotten: [f64; 2],
}

/// What is measured of a network.
#[derive(Serialize, Deserialize)]
struct Run {
    history: History,
    /// Fraction of the test images for which it predicts the same as the inverted network.
    agreement: f64,
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
        let (config, test) = (self.config(seed), &lab.data().test);
        let inverted = train_mlp(lab, "inverted", &config)?;
        let other = train_mlp(lab, "inverted, another seed", &self.config(!seed >> 1))?;
        lab.tell(format!("vanilla: seed {seed}"));
        let vanilla = Training::new(&config, &lab.data().train, test).run(lab, VanillaMlp::like(lab.mlp(&config)?))?;
        let (inverted_network, vanilla_network) = (inverted.network.valid(), vanilla.network.valid());
        let reference = lab.predict(&inverted_network, test).classes();
        let run = |history, classes: Vec<usize>| Run { history, agreement: agreement(&reference, &classes) };
        let forgotten = lab.predict(&VanillaMlp { scaled: false, ..vanilla_network.clone() }, test);
        Ok(Measurement {
            inverted: run(inverted.history, reference.clone()),
            other: run(other.history, lab.predict(&other.network.valid(), test).classes()),
            vanilla: run(vanilla.history, lab.predict(&vanilla_network, test).classes()),
            inverted_ratio: self.ratio(lab, inverted_network, &|mlp, x| mlp.hidden[0].forward(x)),
            vanilla_ratio: self.ratio(lab, vanilla_network.mlp, &|mlp, x| vanilla_layer(&mlp.hidden[0], x, true)),
            forgotten: [accuracy(&forgotten, test), forgotten.loss()],
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let mut finding = Finding::default();
        activations(&mut finding, measurements);
        predictions(&mut finding, measurements);
        let inverted = Variant::new("inverted", measurements.iter().map(|measurement| &measurement.inverted.history));
        let vanilla = Variant::new("vanilla", measurements.iter().map(|measurement| &measurement.vanilla.history));
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
                 1 - p: with one learning rate their weights move at different speeds. They do not agree to the bit.",
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
    for (name, ratios) in [("Inverted", of(|each| each.inverted_ratio)), ("Vanilla", of(|each| each.vanilla_ratio))] {
        let sentence = format!(
            "{name} dropout: mean activation in training, over many masks, as a fraction of that at prediction"
        );
        finding.claim(Claim::measured(sentence, ratios));
    }
}

/// A name, and the run that has it.
type Named = (&'static str, fn(&Measurement) -> &Run);

/// What the trained networks predict, and how often they agree.
fn predictions(finding: &mut Finding, measurements: &[Measurement]) {
    let of = |metric: &dyn Fn(&Measurement) -> f64| measurements.iter().map(metric).collect::<Vec<f64>>();
    let runs: [Named; 3] = [
        ("inverted", |measured| &measured.inverted),
        ("inverted, another seed", |measured| &measured.other),
        ("vanilla", |measured| &measured.vanilla),
    ];
    let [inverted, other, vanilla] = runs.map(|(_, run)| of(&|measured| run(measured).history.last().test_accuracy));
    let [_, other_agrees, vanilla_agrees] = runs.map(|(_, run)| of(&|measured| run(measured).agreement));
    finding
        .claim(Claim::paired("Test accuracy, vanilla minus inverted", &vanilla, &inverted))
        .claim(Claim::difference(
            "Share of test images with the same prediction as inverted: vanilla minus inverted with another seed",
            &vanilla_agrees,
            &other_agrees,
        ))
        .claim(Claim::difference(
            "Vanilla: test cross-entropy with the scaling forgotten minus with it",
            &of(&|measured| measured.forgotten[1]),
            &of(&|measured| measured.vanilla.history.last().test_loss),
        ))
        .claim(Claim::paired("Control: test accuracy, inverted with another seed minus inverted", &other, &inverted));
    let header = ["network", "test accuracy", "test cross-entropy", "same prediction as inverted"];
    let mut table = Table::new("After the last epoch", &header);
    for (name, run) in runs {
        let metric = |metric: fn(&Run) -> f64| spread(&of(&|measured| metric(run(measured))));
        let (accuracy, loss) =
            (metric(|run| run.history.last().test_accuracy), metric(|run| run.history.last().test_loss));
        table = table.row([name.to_owned(), accuracy, loss, metric(|run| run.agreement)]);
    }
    let [accuracy, loss] = [0, 1].map(|index: usize| spread(&of(&|measured| measured.forgotten[index])));
    finding.table(table.row(["vanilla, scaling forgotten".to_owned(), accuracy, loss, "-".to_owned()]));
}

/// Fraction of equal entries.
fn agreement(first: &[usize], second: &[usize]) -> f64 {
    let equal = first.iter().zip(second).filter(|(first, second)| first == second).count();
    equal as f64 / first.len() as f64
}

/// Fraction of the images predicted right.
fn accuracy(predictions: &Predictions, images: &Images) -> f64 {
    let labels: Vec<usize> = images.labels().iter().map(|&label| label.into()).collect();
    agreement(&predictions.classes(), &labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_equal_in_three_of_four_places_agrees_to_three_quarters() {
        assert_eq!(agreement(&[1, 2, 3, 4], &[1, 2, 0, 4]), 0.75);
    }
}
