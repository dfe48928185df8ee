//! # Question
//!
//! Does dropout make hidden units less dependent on each other, and how is it best applied?
//!
//! # Variants
//!
//! 784-256-256-10 without dropout; with 0.2 near the input and 0.5 above; with these two swapped; with one sub-network for
//! each mini-batch, whose dropped units keep their parameters; without dropout, from other weights.
//!
//! # Held equal
//!
//! Initial weights (but for the last variant), batches, learning rate and its fall.
//!
//! # Measured
//!
//! Of the trained networks, dropout off: accuracy lost when random hidden units are removed and the others grow by
//! `1/(1 - f)`; mean absolute correlation of two units of a layer; fraction of the units that are active; accuracy and
//! cross-entropy.
//!
//! # Expected
//!
//! With dropout less is lost, also at fractions that dropout did not train for, and fewer units are active. Correlations
//! are lower in the first layer and *not* in the second: units that can stand in for each other are alike. A lower
//! probability near the input is better, and so is a mask for each example, whose noise averages out over a batch.
//! Control: other initial weights change nothing.

mod conclusions;
mod measurement;
mod settings;
mod sub_network;
mod unit_removal;
mod units;

use anyhow::Result;
use burn::module::AutodiffModule as _;
use burn_fashion_mnist::Normalization;
use burn_mlp::Mlp;
use mlp_settings::config::Config;

use crate::finding::Finding;
use crate::platform::Inner;
use crate::training::Training;
use crate::{Experiment, Lab, Platform};
use measurement::{Measurement, NAMES, Run};
pub use settings::CoAdaptation;
use sub_network::SubNetworkMlp;
use unit_removal::without_units;
use units::Units;

impl Experiment for CoAdaptation {
    const NAME: &'static str = "co-adaptation";
    const QUESTION: &'static str =
        "Does dropout make hidden units less dependent on each other, and how is it best applied?";
    const CONFIG: &'static str = include_str!("../../../../../configs/co-adaptation.toml");
    const QUICK: &'static [&'static str] =
        &["training.epochs=5", "experiment.removals=1", "experiment.images=500", "experiment.watched_steps=3"];
    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        let (config, data) = (self.config(seed), lab.data());
        let (without, mut swapped) = (without_dropout(&config), config.clone());
        swapped.model.dropout.reverse();
        let train = |name: &str, config: &Config, weights_seed: u64| -> Result<Mlp<Inner<P>>> {
            lab.tell(format!("{name}: seed {seed}"));
            let (pixels, classes) = (data.train.d_input(), data.class_names().len());
            let network = config.model.build(pixels, classes, weights_seed, lab.device())?;
            Ok(Training::new(config, &data.train, &data.test).run(lab, network)?.network.valid())
        };
        let networks = [
            train(NAMES[0], &without, seed)?,
            train(NAMES[1], &config, seed)?,
            train(NAMES[2], &swapped, seed)?,
            train_sub_networks(lab, NAMES[3], &config)?,
            train(NAMES[4], &without, !seed)?,
        ];
        Ok(Measurement {
            runs: networks.iter().map(|network| self.run(lab, network, seed)).collect(),
            changed: sub_network::changed(lab, &config, self.experiment.watched_steps)?,
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        Ok(conclusions::finding(&self.experiment, measurements))
    }
}

impl CoAdaptation {
    fn run<P: Platform>(&self, lab: &Lab<P>, network: &Mlp<Inner<P>>, seed: u64) -> Run {
        let (data, parameters) = (lab.data(), &self.experiment);
        let range = 0..data.test.len().min(parameters.images);
        let images = data.test.batch_range::<Inner<P>>(range, Normalization::default(), lab.device()).images;
        let test_accuracy = lab.accuracy(network, &data.test);
        let lost = |&fraction: &f64| {
            let left = (0..parameters.removals).map(|removal| {
                let removed = without_units(network.clone(), fraction, seed.wrapping_add(removal << 32));
                lab.accuracy(&removed, &data.test)
            });
            test_accuracy - left.sum::<f64>() / parameters.removals as f64
        };
        Run {
            train_accuracy: lab.accuracy(network, &data.train),
            test_accuracy,
            test_loss: lab.predict(network, &data.test).loss(),
            units: Units::of_layers(network, images),
            lost: parameters.removed.iter().map(lost).collect(),
        }
    }
}

fn without_dropout(config: &Config) -> Config {
    let mut config = config.clone();
    config.model.dropout.clear();
    config
}

fn train_sub_networks<P: Platform>(lab: &Lab<P>, name: &str, config: &Config) -> Result<Mlp<Inner<P>>> {
    lab.tell(format!("{name}: seed {}", config.training.seed));
    let network = SubNetworkMlp { mlp: lab.mlp(config)? };
    let trained = Training::new(config, &lab.data().train, &lab.data().test).run(lab, network)?;
    Ok(trained.network.valid().mlp)
}
