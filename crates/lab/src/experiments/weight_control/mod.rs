//! # Question
//!
//! Does dropout go well with control of the weights' size, and does it control it itself?
//!
//! # Variants
//!
//! A subset of the training images, few enough to be learned almost by heart, with and without dropout; each with nothing
//! else, with weight decay, and with a limit on the norm of the weights into each hidden unit (max-norm). Without dropout
//! and control also from other weights.
//!
//! # Held equal
//!
//! Images, initial weights (but for the last variant), batches, learning rate and its fall, number of steps.
//!
//! # Measured
//!
//! Test cross-entropy and accuracy; norm of all weights, and of what training added to the initial ones.
//!
//! # Expected
//!
//! Both together have a lower cross-entropy than either alone (Srivastava et al. 2014, table 9). Weight decay shrinks the weights; dropout,
//! at equal training, does *not*: the penalty that it amounts to in a linear model (see `input-noise`) is in a perceptron
//! outweighed by what the noise of the masks moves. Control: other initial weights change nothing.

mod conclusions;
mod max_norm;
mod measurement;
mod settings;

use anyhow::Result;
use burn::module::AutodiffModule as _;
use burn_fashion_mnist::Images;
use mlp_settings::config::Config;

use crate::finding::Finding;
use crate::{Experiment, Lab, Platform};
use measurement::{Control, Measurement, Run, distance, largest_norm, weights};
pub use settings::WeightControl;

impl Experiment for WeightControl {
    const NAME: &'static str = "weight-control";
    const QUESTION: &'static str =
        "Does dropout go well with control of the weights' size, and does it control it itself?";
    const CONFIG: &'static str = include_str!("../../../../../configs/weight-control.toml");
    const QUICK: &'static [&'static str] = &["training.epochs=20", "experiment.train_examples=500"];
    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        let images = lab.train_subset(self.experiment.train_examples, seed)?;
        let with = self.config(seed);
        let mut without = with.clone();
        without.model.dropout.clear();
        let [nothing, decay, max_norm] = Control::ALL;
        let run = |config: &Config, control| self.run(lab, config, control, &images, seed);
        Ok(Measurement {
            without: [run(&without, nothing)?, run(&without, decay)?, run(&without, max_norm)?],
            with: [run(&with, nothing)?, run(&with, decay)?, run(&with, max_norm)?],
            other: self.run(lab, &without, nothing, &images, !seed)?,
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let mut finding = Finding::default();
        conclusions::generalization(&mut finding, measurements);
        conclusions::size(&mut finding, self.experiment.max_norm, measurements);
        conclusions::show(&mut finding, measurements);
        Ok(finding)
    }
}

impl WeightControl {
    /// Trains a network, from the weights of a seed of their own.
    fn run<P: Platform>(
        &self,
        lab: &Lab<P>,
        config: &Config,
        control: Control,
        images: &Images,
        weights_seed: u64,
    ) -> Result<Run> {
        let dropout = if config.model.dropout.is_empty() { "without" } else { "with" };
        lab.tell(format!("{dropout} dropout, {}: seed {}", control.name(), config.training.seed));
        let data = lab.data();
        let network = config.model.build(data.train.d_input(), data.class_names().len(), weights_seed, lab.device())?;
        let before = weights(&network.valid());
        let mut config = config.clone();
        if control == Control::Decay {
            config.optimizer.weight_decay = self.experiment.weight_decay;
        }
        let limit = (control == Control::MaxNorm).then_some(self.experiment.max_norm);
        let network = max_norm::train(lab, &config, network, images, limit)?;
        let (after, predictions) = (weights(&network), lab.predict(&network, &data.test));
        Ok(Run {
            train_accuracy: lab.accuracy(&network, images),
            test_accuracy: lab.accuracy(&network, &data.test),
            test_loss: predictions.loss(),
            norm: distance(&after, &vec![0.0; after.len()]),
            moved: distance(&after, &before),
            largest: largest_norm(&network),
        })
    }
}
