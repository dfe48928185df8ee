//! # Question
//!
//! Do several networks together predict better than one, and does one network with dropout come near them?
//!
//! # Variants
//!
//! One network; `members` networks that average their probabilities; the same networks with a majority vote; one network
//! with dropout, an average over the 2ⁿ networks that its masks leave.
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
//! concave); so does the vote.

mod predictions;

use anyhow::Result;
use burn::module::AutodiffModule;
use burn_mlp::{Probability, mean_and_deviation};
use serde::{Deserialize, Serialize};

use super::Experiment;
use crate::config::Config;
use crate::finding::{Bound, Claim, Finding, Table, spread};
use crate::fit::Fit;
use crate::lab::Lab;
use crate::plot::Bars;
use crate::recipe::{Parameters, Recipe};
use crate::settings::Invalid;
use predictions::{Predictions, average, vote};

/// Settings of `ensemble`.
pub type Ensemble = Recipe<EnsembleParameters>;

/// Its own section.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnsembleParameters {
    /// Number of seeds, each with an ensemble of its own.
    pub seeds: usize,
    /// Networks in an ensemble.
    pub members: usize,
    /// Dropout of the single network that has it.
    pub dropout: Vec<Probability>,
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

/// Figures of one way to predict, for each seed.
#[derive(Default)]
struct Way {
    accuracy: Vec<f64>,
    loss: Vec<f64>,
}

/// Figures of all ways to predict.
#[derive(Default)]
struct Ways {
    /// Means over the members.
    single: Way,
    averaged: Way,
    voted: Way,
    dropped: Way,
    /// Accuracy of a single network on the training images, for each seed, as a mean over the members.
    single_fit: Vec<f64>,
    /// The same of the network with dropout, left off.
    dropped_fit: Vec<f64>,
}

impl Ways {
    fn claim(&self, finding: &mut Finding) {
        let paired = |what: &str, first: &[f64], second: &[f64]| Claim::paired(what, first, second, Bound::Positive);
        let (one, many) = (&self.single, &self.averaged);
        let gap: Vec<f64> = self.single_fit.iter().zip(&one.accuracy).map(|(train, test)| train - test).collect();
        finding
            .claim(paired("Test accuracy, average minus mean single network", &many.accuracy, &one.accuracy))
            .claim(paired("Test accuracy, vote minus mean single network", &self.voted.accuracy, &one.accuracy))
            .claim(paired("Test cross-entropy, mean single network minus average", &one.loss, &many.loss))
            .claim(paired("Test accuracy, dropout minus mean single network", &self.dropped.accuracy, &one.accuracy))
            .note(format!(
                "One network is right on {} of the training images, {} more than of the test images: so much there is at \
                 most for dropout to gain, and fitting less it pays for it (training images right with dropout, left off \
                 to count them: {}). An average over networks gains without fitting less.",
                spread(&self.single_fit),
                spread(&gap),
                spread(&self.dropped_fit),
            ));
    }

    fn show(&self, finding: &mut Finding) {
        let ways = [
            ("one network", &self.single),
            ("average", &self.averaged),
            ("majority vote", &self.voted),
            ("one with dropout", &self.dropped),
        ];
        let mut table = Table::new("After the last epoch", &["prediction by", "test accuracy", "test cross-entropy"]);
        let mut heights = Vec::new();
        for (name, way) in ways {
            // A vote has no probabilities of its own.
            let loss = if name == "majority vote" { "-".into() } else { spread(&way.loss) };
            table = table.row([name.to_owned(), spread(&way.accuracy), loss]);
            heights.push(mean_and_deviation(&way.accuracy));
        }
        let bars = Bars::new("Test accuracy", ways.map(|(name, _)| name))
            .value_label("accuracy")
            .series_with_error("mean and standard deviation over seeds", heights);
        finding.table(table).picture("accuracy", "Test accuracy, mean and standard deviation over seeds", &bars);
    }
}

/// A trained network of an ensemble.
struct Member {
    /// What it predicts for the test images.
    predictions: Predictions,
    /// Its accuracy on the training images, dropout off.
    train_accuracy: f64,
}

impl Way {
    fn push(&mut self, predictions: &Predictions, labels: &[u8]) {
        self.accuracy.push(predictions.accuracy(labels));
        self.loss.push(predictions.loss(labels));
    }
}

impl Experiment for Ensemble {
    const NAME: &'static str = "ensemble";
    const QUESTION: &'static str = "Do several networks together predict better than one, and is dropout as good?";
    const CONFIG: &'static str = include_str!("../../../../../configs/ensemble.toml");
    const QUICK: &'static [&'static str] = &["training.epochs=4"];

    fn run(&self, lab: &Lab) -> Result<Finding> {
        let mut ways = Ways::default();
        for seed in self.seeds() {
            self.measure(lab, seed, &mut ways)?;
        }
        let mut finding = Finding::default();
        ways.claim(&mut finding);
        ways.show(&mut finding);
        Ok(finding)
    }
}

impl Ensemble {
    /// Trains an ensemble and the network with dropout.
    fn measure(&self, lab: &Lab, seed: u64, ways: &mut Ways) -> Result<()> {
        let labels = lab.data()?.test.labels();
        let config = self.config(seed);
        let (mut members, mut fits) = (Vec::new(), Vec::new());
        for member in 0..self.experiment.members {
            lab.tell(format!("seed {seed}: member {} of {}", member + 1, self.experiment.members));
            let member = self.train(lab, &config, member_seed(seed, member))?;
            members.push(member.predictions);
            fits.push(member.train_accuracy);
        }
        let mean = |figure: fn(&Predictions, &[u8]) -> f64| {
            members.iter().map(|member| figure(member, labels)).sum::<f64>() / members.len() as f64
        };
        ways.single.accuracy.push(mean(Predictions::accuracy));
        ways.single.loss.push(mean(Predictions::loss));
        ways.single_fit.push(mean_and_deviation(&fits).0);
        ways.averaged.push(&Predictions::combine(&members, average), labels);
        ways.voted.push(&Predictions::combine(&members, vote), labels);
        lab.tell(format!("seed {seed}: with dropout"));
        let mut with_dropout = config;
        with_dropout.model.dropout.clone_from(&self.experiment.dropout);
        let network = self.train(lab, &with_dropout, member_seed(seed, 0))?;
        ways.dropped.push(&network.predictions, labels);
        ways.dropped_fit.push(network.train_accuracy);
        Ok(())
    }

    /// Trains a network with weights of its own on the batches of `config`.
    fn train(&self, lab: &Lab, config: &Config, weights_seed: u64) -> Result<Member> {
        let data = lab.data()?;
        let shape = config.model.mlp(data.train.d_input(), data.class_names().len(), weights_seed);
        let fitted = Fit::new(config, &data.train, &data.test).run(lab, shape.init(lab.device())?)?;
        let network = fitted.network.valid();
        let train_accuracy = lab.accuracy(&network, &data.train);
        Ok(Member { predictions: Predictions::of(&network, &data.test, lab), train_accuracy })
    }
}

/// Seeds of the members of all ensembles differ.
fn member_seed(seed: u64, member: usize) -> u64 {
    seed.wrapping_add((member as u64) << 32)
}
