//! # Question
//!
//! Are gradients by hand, by autodiff and by differences the same, and what does training keep in memory for them?
//!
//! # Variants
//!
//! Three ways to the gradients of one hidden layer without biases, `J = L + (λ/2)(‖W₁‖² + ‖W₂‖²)`: formulas by hand
//! ([`crate::scratch::backprop`]), autodiff, central differences; each with every activation function and with
//! squared error and cross-entropy. Networks of one to `experiment.depth` hidden layers, and batches of one to eight
//! times `experiment.batch`, in training and in prediction.
//!
//! # Held equal
//!
//! Weights, inputs and targets, drawn from the seed, in double precision. An input near a kink of ReLU is drawn again:
//! a difference quotient across the kink is no derivative.
//!
//! # Measured
//!
//! Relative difference of the gradients by `W₂`, `h`, `z`, `W₁`, `x` and `o`: the largest difference of two elements
//! over the largest element. Bytes of the tensors that a forward pass leaves for the backward pass, and of those that
//! prediction holds at once.
//!
//! # Expected
//!
//! Equality up to rounding by hand and autodiff; central differences with step ε err by about ε² and by rounding over
//! ε, 10⁻¹⁰ at best. Training keeps every layer's linear output and activation, so its bytes grow by the same amount
//! with each layer, and in proportion to the batch; prediction needs two neighboring layers, whatever the depth.

mod gradients;
mod memory;
mod problem;
mod settings;

use anyhow::Result;
use mlp_plot::Graph;
use serde::{Deserialize, Serialize};

use self::gradients::GradientDifferences;
use self::memory::Intermediates;
pub use self::settings::Backprop;
use crate::finding::Finding;
use crate::{Experiment, Lab, Platform};

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    differences: GradientDifferences,
    /// The same for every seed: bytes follow from shapes.
    intermediates: Intermediates,
}

impl Experiment for Backprop {
    const NAME: &'static str = "backprop";
    const QUESTION: &'static str =
        "Are gradients by hand, by autodiff and by differences the same, and what do they cost in memory?";
    const CONFIG: &'static str = include_str!("../../../../../configs/backprop.toml");
    const QUICK: &'static [&'static str] = &["experiment.hidden=8", "experiment.examples=4"];

    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        lab.tell(format!("gradients in three ways, seed {seed}"));
        Ok(Measurement {
            differences: GradientDifferences::measure::<P>(&self.experiment, seed),
            intermediates: Intermediates::measure(&self.experiment, lab)?,
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let mut finding = Finding::default();
        let differences: Vec<&GradientDifferences> =
            measurements.iter().map(|measurement| &measurement.differences).collect();
        gradients::add(&differences, &self.experiment, &mut finding);
        memory::add(&measurements[0].intermediates, &self.experiment, &mut finding);
        let caption = "Forward pass of one hidden layer with a penalty on the weights: squares are variables, circles \
                       operators. The backward pass follows the arrows from J to the left.";
        finding.picture("graph", caption, &graph());
        Ok(finding)
    }
}

/// The computational graph of the forward pass.
fn graph() -> Graph {
    let mut graph = Graph::new("J = L + s");
    // The first row leads to the loss. The penalty is two rows below, so that the arrow from W₁ to it passes below W₂.
    let x = graph.variable(0, 0, "x");
    let w1 = graph.variable(0, 1, "W₁");
    let first = graph.operator(1, 0, "×");
    let z = graph.variable(2, 0, "z");
    let activation = graph.operator(3, 0, "φ");
    let h = graph.variable(4, 0, "h");
    let w2 = graph.variable(4, 1, "W₂");
    let second = graph.operator(5, 0, "×");
    let o = graph.variable(6, 0, "o");
    let y = graph.variable(6, 1, "y");
    let loss = graph.operator(7, 0, "l");
    let l = graph.variable(8, 0, "L");
    let squares = graph.operator(5, 2, "½λ‖·‖²");
    let s = graph.variable(8, 2, "s");
    let plus = graph.operator(9, 1, "+");
    let j = graph.variable(10, 1, "J");
    for (from, to) in [
        (x, first),
        (w1, first),
        (first, z),
        (z, activation),
        (activation, h),
        (h, second),
        (w2, second),
        (second, o),
        (o, loss),
        (y, loss),
        (loss, l),
        (w1, squares),
        (w2, squares),
        (squares, s),
        (l, plus),
        (s, plus),
        (plus, j),
    ] {
        graph.edge(from, to);
    }
    graph
}
