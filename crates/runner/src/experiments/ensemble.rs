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

use anyhow::Result;
use burn::module::AutodiffModule;
use burn_fashion_mnist::Images;
use burn_mlp::{Probability, mean_and_deviation, top_label};
use serde::{Deserialize, Serialize};

use super::Experiment;
use crate::backend::Inner;
use crate::config::Config;
use crate::finding::{Bound, Claim, Finding, Table, spread};
use crate::fit::Fit;
use crate::lab::Lab;
use crate::network::Network;
use crate::plot::Bars;
use crate::recipe::{Parameters, Recipe};
use crate::settings::Invalid;

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
            "[]: that of the one with it is experiment.dropout",
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

/// Class probabilities of a split, example by example.
struct Predictions(Vec<Vec<f64>>);

impl Predictions {
    fn of<N: Network<Inner>>(network: &N, images: &Images, lab: &Lab) -> Self {
        let predictions = lab.predict(network, images);
        let rows = predictions.rows().map(|row| row.iter().copied().map(f64::from).collect()).collect();
        Self(rows)
    }

    /// Combines members example by example.
    fn combine(members: &[Self], combine: impl Fn(&[&[f64]]) -> Vec<f64>) -> Self {
        let examples = members.first().map_or(0, |member| member.0.len());
        let of_example = |example: usize| {
            let rows: Vec<&[f64]> = members.iter().map(|member| member.0[example].as_slice()).collect();
            combine(&rows)
        };
        Self((0..examples).map(of_example).collect())
    }

    fn accuracy(&self, labels: &[u8]) -> f64 {
        let right = self.0.iter().zip(labels).filter(|(row, label)| top_label(row).0 == usize::from(**label)).count();
        right as f64 / labels.len() as f64
    }

    /// Mean cross-entropy; a probability of 0 counts as the smallest positive one.
    fn loss(&self, labels: &[u8]) -> f64 {
        let losses = self.0.iter().zip(labels).map(|(row, &label)| -row[usize::from(label)].max(1e-45).ln());
        losses.sum::<f64>() / labels.len() as f64
    }
}

fn average(rows: &[&[f64]]) -> Vec<f64> {
    let classes = rows.first().map_or(0, |row| row.len());
    (0..classes).map(|class| rows.iter().map(|row| row[class]).sum::<f64>() / rows.len() as f64).collect()
}

/// Votes by class; between classes with equally many, the higher mean probability decides.
fn vote(rows: &[&[f64]]) -> Vec<f64> {
    let mut score = average(rows);
    for row in rows {
        score[top_label(row).0] += 1.0;
    }
    let total: f64 = score.iter().sum();
    score.iter().map(|score| score / total).collect()
}

impl Experiment for Ensemble {
    const NAME: &'static str = "ensemble";
    const QUESTION: &'static str = "Do several networks together predict better than one, and is dropout as good?";
    const CONFIG: &'static str = include_str!("../../../../configs/ensemble.toml");
    const QUICK: &'static [&'static str] = &["training.epochs=4"];

    fn run(&self, lab: &Lab) -> Result<Finding> {
        let labels = lab.data()?.test.labels();
        let (mut single, mut averaged, mut voted, mut dropped) =
            (Way::default(), Way::default(), Way::default(), Way::default());
        let mut fitted = [Vec::new(), Vec::new()];
        for seed in self.seeds() {
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
            single.accuracy.push(mean(Predictions::accuracy));
            single.loss.push(mean(Predictions::loss));
            averaged.push(&Predictions::combine(&members, average), labels);
            voted.push(&Predictions::combine(&members, vote), labels);
            lab.tell(format!("seed {seed}: with dropout"));
            let mut with_dropout = config;
            with_dropout.model.dropout.clone_from(&self.experiment.dropout);
            let network = self.train(lab, &with_dropout, member_seed(seed, 0))?;
            dropped.push(&network.predictions, labels);
            fitted[0].push(mean_and_deviation(&fits).0);
            fitted[1].push(network.train_accuracy);
        }
        let paired = |what: &str, first: &[f64], second: &[f64]| Claim::paired(what, first, second, Bound::Positive);
        let mut finding = Finding::default();
        let (one, many) = (&single, &averaged);
        finding
            .claim(paired("Test accuracy, average minus mean single network", &many.accuracy, &one.accuracy))
            .claim(paired("Test accuracy, vote minus mean single network", &voted.accuracy, &one.accuracy))
            .claim(paired("Test cross-entropy, mean single network minus average", &one.loss, &many.loss))
            .claim(paired("Test accuracy, dropout minus mean single network", &dropped.accuracy, &one.accuracy))
            .note(format!(
                "One network is right on {} of the training images, {} more than of the test images: so much there is at \
                 most for dropout to gain, and fitting less it pays for it (training images right with dropout, left off \
                 to count them: {}). An average over networks gains without fitting less.",
                spread(&fitted[0]),
                spread(&fitted[0].iter().zip(&one.accuracy).map(|(train, test)| train - test).collect::<Vec<f64>>()),
                spread(&fitted[1]),
            ));
        let ways = [
            ("one network", &single),
            ("average", &averaged),
            ("majority vote", &voted),
            ("one with dropout", &dropped),
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
        Ok(finding)
    }
}

impl Ensemble {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn votes_count_before_probabilities_and_decide_ties() {
        // Two weak votes for class 1 against one sure vote for class 0.
        let rows: [&[f64]; 3] = [&[1.0, 0.0], &[0.4, 0.6], &[0.45, 0.55]];
        assert_eq!(top_label(&average(&rows)).0, 0);
        assert_eq!(top_label(&vote(&rows)).0, 1);
        // One vote each: the surer one decides.
        assert_eq!(top_label(&vote(&[&[0.9, 0.1], &[0.4, 0.6]])).0, 0);
        assert!((vote(&rows).iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_sure_and_right_prediction_costs_nothing() {
        let predictions = Predictions(vec![vec![1.0, 0.0], vec![0.5, 0.5]]);
        assert!((predictions.loss(&[0, 1]) - 2.0_f64.ln() / 2.0).abs() < 1e-12);
        assert_eq!(predictions.accuracy(&[0, 1]), 0.5);
    }
}
