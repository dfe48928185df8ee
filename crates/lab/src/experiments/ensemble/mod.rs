//! # Question
//!
//! Do several networks together predict better than one, and does one network with dropout come near them?
//!
//! # Variants
//!
//! One network; `members` networks that average their probabilities; the same networks with a majority vote; one network
//! with dropout, whose masks leave one of 2ⁿ networks: with its weights as they are (dropout off), and as an average over
//! `samples` passes with dropout on.
//!
//! # Held equal
//!
//! Shape, batches and number of epochs; the members of an ensemble differ in their initial weights alone.
//!
//! # Measured
//!
//! Test accuracy and test cross-entropy.
//!
//! # Expected
//!
//! The average beats the mean single network (its cross-entropy cannot be higher than their mean: the logarithm is
//! concave); so does the vote. The passes of a network with dropout share their weights: their average is that of no
//! ensemble. Control: two members of an ensemble are as good as each other.

mod probabilities;

use anyhow::Result;
use burn::module::AutodiffModule;
use burn_mlp::{Mlp, Probability};
use burn_mlp_train::range;
use mlp_metrics::mean_and_deviation;
use mlp_plot::Bars;
use mlp_settings::Invalid;
use mlp_settings::config::Config;
use serde::{Deserialize, Serialize};

use crate::finding::{Bound, Claim, Finding, Table, spread};
use crate::platform::Inner;
use crate::recipe::{Parameters, Recipe};
use crate::training::Training;
use crate::{Experiment, Lab, Platform};
use probabilities::{Probabilities, average, vote};

/// Settings of `ensemble`.
pub type Ensemble = Recipe<EnsembleParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnsembleParameters {
    /// Number of seeds, each with an ensemble of its own.
    pub seeds: usize,
    /// Networks in an ensemble.
    pub members: usize,
    /// Dropout of the single network that has it.
    pub dropout: Vec<Probability>,
    /// Its passes with dropout on.
    #[serde(deserialize_with = "range::at_least_one")]
    pub samples: usize,
}

impl Parameters for EnsembleParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        Invalid::unless(self.members > 1, "experiment.members", self.members, "at least 2")
    }

    fn validate_run(&self, run: &Config) -> Result<(), Invalid> {
        let without = run.model.dropout.is_empty();
        Invalid::unless(
            without,
            "model.dropout",
            &run.model.dropout,
            "[]: experiment.dropout is for the one that has it",
        )?;
        let allowed = self.dropout.len() == run.model.hidden.len();
        Invalid::unless(allowed, "experiment.dropout", &self.dropout, "a probability for each hidden layer")
    }
}

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    /// Means over the members.
    single: Score,
    averaged: Score,
    /// Test accuracy of the vote, which has no probabilities of its own.
    voted: f64,
    /// With dropout off.
    dropped: Score,
    /// The average over passes with dropout on.
    sampled: Score,
    /// Test accuracy of the first member minus that of the second.
    between_members: f64,
    /// Accuracy of a single network on the training images, as a mean over the members.
    single_fit: f64,
    /// The same of the network with dropout, left off.
    dropped_fit: f64,
}

/// How well the test images are predicted.
#[derive(Serialize, Deserialize)]
struct Score {
    accuracy: f64,
    loss: f64,
}

impl Score {
    fn of(probabilities: &Probabilities, labels: &[u8]) -> Self {
        Self { accuracy: probabilities.accuracy(labels), loss: probabilities.loss(labels) }
    }
}

/// What a trained network predicts.
struct Member {
    /// For the test images.
    probabilities: Probabilities,
    /// Its accuracy on the training images, dropout off.
    train_accuracy: f64,
}

impl Experiment for Ensemble {
    const NAME: &'static str = "ensemble";
    const QUESTION: &'static str = "Do several networks together predict better than one, and is dropout as good?";
    const CONFIG: &'static str = include_str!("../../../../../configs/ensemble.toml");
    const QUICK: &'static [&'static str] = &["training.epochs=4", "experiment.samples=10"];
    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        let labels = lab.data().test.labels();
        let config = self.config(seed);
        let (mut members, mut fits) = (Vec::new(), Vec::new());
        for member in 0..self.experiment.members {
            lab.tell(format!("seed {seed}: member {} of {}", member + 1, self.experiment.members));
            let member = Member::of(lab, &train_network(lab, &config, member_seed(seed, member))?);
            members.push(member.probabilities);
            fits.push(member.train_accuracy);
        }
        let (dropped, sampled) = self.with_dropout(lab, config, seed)?;
        let mean = |metric: fn(&Probabilities, &[u8]) -> f64| {
            members.iter().map(|member| metric(member, labels)).sum::<f64>() / members.len() as f64
        };
        Ok(Measurement {
            single: Score { accuracy: mean(Probabilities::accuracy), loss: mean(Probabilities::loss) },
            averaged: Score::of(&Probabilities::combine(&members, average), labels),
            voted: Probabilities::combine(&members, vote).accuracy(labels),
            dropped: Score::of(&dropped.probabilities, labels),
            sampled: Score::of(&sampled, labels),
            between_members: members[0].accuracy(labels) - members[1].accuracy(labels),
            single_fit: mean_and_deviation(&fits).0,
            dropped_fit: dropped.train_accuracy,
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let mut finding = Finding::default();
        claim(&mut finding, measurements);
        show(&mut finding, measurements);
        Ok(finding)
    }
}

impl Ensemble {
    /// The network with dropout: what it predicts with dropout off, and on average over passes with dropout on.
    fn with_dropout<P: Platform>(
        &self,
        lab: &Lab<P>,
        mut config: Config,
        seed: u64,
    ) -> Result<(Member, Probabilities)> {
        lab.tell(format!("seed {seed}: with dropout"));
        config.model.dropout.clone_from(&self.experiment.dropout);
        let network = train_network(lab, &config, member_seed(seed, 0))?;
        let samples = lab.sample(&network, &lab.data().test, self.experiment.samples);
        Ok((Member::of(lab, &network), Probabilities::average_of(&samples)))
    }
}

impl Member {
    fn of<P: Platform>(lab: &Lab<P>, network: &Mlp<Inner<P>>) -> Self {
        let data = lab.data();
        Self {
            probabilities: Probabilities::from(&lab.predict(network, &data.test)),
            train_accuracy: lab.accuracy(network, &data.train),
        }
    }
}

/// Trains a network with weights of its own on the batches of `config`.
fn train_network<P: Platform>(lab: &Lab<P>, config: &Config, weights_seed: u64) -> Result<Mlp<Inner<P>>> {
    let data = lab.data();
    let network = config.model.build(data.train.d_input(), data.class_names().len(), weights_seed, lab.device())?;
    Ok(Training::new(config, &data.train, &data.test).run(lab, network)?.network.valid())
}

/// Seeds of the members of all ensembles differ.
fn member_seed(seed: u64, member: usize) -> u64 {
    seed.wrapping_add((member as u64) << 32)
}

/// A metric of each measurement.
fn each(measurements: &[Measurement], metric: fn(&Measurement) -> f64) -> Vec<f64> {
    measurements.iter().map(metric).collect()
}

fn claim(finding: &mut Finding, measurements: &[Measurement]) {
    let of = |metric| each(measurements, metric);
    let one = of(|measured| measured.single.accuracy);
    let averaged = of(|measured| measured.averaged.accuracy);
    let (dropped, sampled) = (of(|measured| measured.dropped.accuracy), of(|measured| measured.sampled.accuracy));
    let excess = of(|measured| measured.averaged.loss - measured.single.loss);
    finding
        .claim(Claim::difference("Test accuracy, average minus mean single network", &averaged, &one))
        .claim(Claim::difference("Test accuracy, vote minus mean single network", &of(|measured| measured.voted), &one))
        .claim(Claim::check(
            "Test cross-entropy, average minus mean single network (Jensen's inequality: not above 0)",
            excess,
            Bound::EachAtMost(0.0),
        ))
        .claim(Claim::difference("Test accuracy, average minus one with dropout", &averaged, &dropped))
        .claim(Claim::difference("Test accuracy, average minus passes of one with dropout", &averaged, &sampled))
        .claim(Claim::paired(
            "Test accuracy of one with dropout, passes with dropout on minus dropout off",
            &sampled,
            &dropped,
        ))
        .claim(Claim::measured(
            "Control: test accuracy, one member of an ensemble minus another",
            of(|measured| measured.between_members),
        ))
        .note(fit_note(measurements));
}

/// What there is for dropout to gain, and what it pays.
fn fit_note(measurements: &[Measurement]) -> String {
    let of = |metric| spread(&each(measurements, metric));
    format!(
        "One network is right on {} of the training images, {} more than of the test images: so much there is at most \
         for dropout to gain, and fitting less it pays for it (training images right with dropout, left off to count \
         them: {}). An average over networks gains without fitting less.",
        of(|measured| measured.single_fit),
        of(|measured| measured.single_fit - measured.single.accuracy),
        of(|measured| measured.dropped_fit),
    )
}

fn show(finding: &mut Finding, measurements: &[Measurement]) {
    type Metric = fn(&Measurement) -> f64;
    let ways: [(&str, Metric, Option<Metric>); 5] = [
        ("one network", |measured| measured.single.accuracy, Some(|measured| measured.single.loss)),
        ("average", |measured| measured.averaged.accuracy, Some(|measured| measured.averaged.loss)),
        ("majority vote", |measured| measured.voted, None),
        ("one with dropout", |measured| measured.dropped.accuracy, Some(|measured| measured.dropped.loss)),
        ("passes of one with dropout", |measured| measured.sampled.accuracy, Some(|measured| measured.sampled.loss)),
    ];
    let mut table = Table::new("After the last epoch", &["prediction by", "test accuracy", "test cross-entropy"]);
    let mut heights = Vec::new();
    for (name, accuracy, loss) in ways {
        let accuracies = each(measurements, accuracy);
        let loss = loss.map_or_else(|| "-".into(), |loss| spread(&each(measurements, loss)));
        table = table.row([name.to_owned(), spread(&accuracies), loss]);
        heights.push(mean_and_deviation(&accuracies));
    }
    let bars = Bars::new("Test accuracy", ways.map(|(name, ..)| name))
        .value_label("accuracy")
        .series_with_error("mean and standard deviation over seeds", heights);
    finding.table(table).picture("accuracy", "Test accuracy, mean and standard deviation over seeds", &bars);
}
