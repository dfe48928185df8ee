//! # Question
//!
//! When does a linear model overfit, and do networks have less bias and more variance than it?
//!
//! # Variants
//!
//! Least squares with 200 features on 20 to 2,000 examples; of all weights that fit exactly, the shortest. Then, where the
//! true function `x₁ + x₂·x₃` has an interaction, a linear model and networks with 1 to 256 hidden units.
//!
//! # Held equal
//!
//! Larger sets of examples contain the smaller ones. All models see the same 16 training sets of 60 examples, and all
//! networks of a width start from the same weights: their predictions differ by the training set alone.
//!
//! # Measured
//!
//! Errors on training and new examples; bias² and variance of the predictions over training sets, at points where the true
//! function is known, and their error on noisy targets. As a control, the bias of the linear model where the true function
//! is linear.
//!
//! # Expected
//!
//! With fewer examples than features the training error is 0 and the test error is not; with ten times as many the two are
//! close; where they are equal in number the test error is highest. It is not enough that examples are more: with 250 for
//! 200 features the test error is 25 times the training error. The linear model's error is mostly bias, a wide network's
//! mostly variance. Networks are worst where they have about as many parameters as there are examples, and wider ones are
//! better again (Belkin et al. 2019).

mod conclusions;
mod decomposition;
mod measurement;
mod models;
mod overfitting;
mod settings;
mod task;

use anyhow::Result;

use self::measurement::Measurement;
use self::overfitting::Errors;
use self::task::Truth;
use crate::finding::Finding;
use crate::{Experiment, Lab, Platform};

pub use settings::BiasVariance;

impl Experiment for BiasVariance {
    const NAME: &'static str = "bias-variance";
    const QUESTION: &'static str = "When do linear models overfit, and do networks have less bias and more variance?";
    const CONFIG: &'static str = include_str!("../../../../../configs/bias-variance.toml");
    const QUICK: &'static [&'static str] = &[
        "experiment.linear.d_input=40",
        "experiment.linear.sizes=[4, 10, 20, 40, 50, 80, 400]",
        "experiment.task.draws=8",
        "experiment.networks.widths=[2, 8, 16, 64]",
        "experiment.networks.steps=400",
    ];

    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        lab.tell(format!("seed {seed}: linear regression by the number of examples"));
        let linear = self.experiment.linear.measure(seed);
        let [linear_model, linear_truth] =
            [Truth::Interaction, Truth::Linear].map(|truth| self.linear_model(truth, seed));
        let of_width = |&width| {
            lab.tell(format!("seed {seed}: networks with {width} hidden units"));
            self.networks(lab, width, seed)
        };
        let networks = self.experiment.networks.widths.iter().map(of_width).collect::<Result<_>>()?;
        Ok(Measurement { linear, linear_model, linear_truth, networks })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let mut finding = Finding::default();
        let linear: Vec<&Vec<Errors>> = measurements.iter().map(|measurement| &measurement.linear).collect();
        self.experiment.linear.conclude(&mut finding, &linear);
        self.conclude_models(&mut finding, measurements);
        Ok(finding)
    }
}
