//! # Question
//!
//! Are gradients by hand, by autodiff and by differences the same, and what does training keep in memory for them?
//!
//! # Variants
//!
//! Three ways to the gradients of one hidden layer without biases, `J = L + (λ/2)(‖W₁‖² + ‖W₂‖²)`: formulas by hand
//! ([`burn_mlp::scratch::backprop`]), autodiff, central differences; each with every activation function and with
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

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::Experiment;
use crate::finding::Finding;
use crate::lab::Lab;
use crate::plot::Graph;
use crate::recipe::{Parameters, Setup};
use crate::settings::Invalid;

/// Settings of `backprop`.
pub type Backprop = Setup<BackpropParameters>;

/// Its own section.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackpropParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Features of an input.
    pub inputs: usize,
    /// Hidden units.
    pub hidden: usize,
    /// Outputs, and classes.
    pub outputs: usize,
    /// Examples in a batch.
    pub examples: usize,
    /// Penalty λ on the squared weights.
    pub penalty: f64,
    /// Step ε of the central differences.
    pub epsilon: f64,
    /// Units of each hidden layer of the networks whose memory is counted.
    pub width: usize,
    /// Hidden layers of the deepest of them.
    pub depth: usize,
    /// Examples in their batch; twice, four and eight times as many are counted too.
    pub batch: usize,
}

impl Parameters for BackpropParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        for (key, found) in [
            ("experiment.inputs", self.inputs),
            ("experiment.hidden", self.hidden),
            ("experiment.outputs", self.outputs),
            ("experiment.examples", self.examples),
            ("experiment.width", self.width),
            ("experiment.batch", self.batch),
        ] {
            Invalid::unless((1..=4096).contains(&found), key, found, "1 to 4096")?;
        }
        Invalid::unless((2..=100).contains(&self.depth), "experiment.depth", self.depth, "2 to 100")?;
        let penalty = self.penalty;
        Invalid::unless((0.0..=1e3).contains(&penalty), "experiment.penalty", penalty, "a number in [0, 1000]")?;
        let epsilon = self.epsilon;
        Invalid::unless((1e-8..=1e-3).contains(&epsilon), "experiment.epsilon", epsilon, "a number in [1e-8, 1e-3]")
    }
}

impl Experiment for Backprop {
    const NAME: &'static str = "backprop";
    const QUESTION: &'static str =
        "Are gradients by hand, by autodiff and by differences the same, and what do they cost in memory?";
    const CONFIG: &'static str = include_str!("../../../../../configs/backprop.toml");
    const QUICK: &'static [&'static str] = &["experiment.hidden=8", "experiment.examples=4"];

    fn run(&self, lab: &Lab) -> Result<Finding> {
        let mut finding = Finding::default();
        gradients::add(self, lab, &mut finding);
        memory::add(self, lab, &mut finding)?;
        let caption = "Forward pass of one hidden layer with a penalty on the weights: squares are variables, circles \
                       operators. The backward pass follows the arrows from J to the left.";
        finding.picture("graph", caption, &graph());
        Ok(finding)
    }
}

/// The computational graph of the forward pass.
fn graph() -> Graph {
    let mut graph = Graph::new("J = L + s");
    let (x, w1) = (graph.variable(0, "x"), graph.variable(0, "W₁"));
    let first = graph.operator(1, "×");
    let z = graph.variable(2, "z");
    let activation = graph.operator(3, "φ");
    let (h, w2) = (graph.variable(4, "h"), graph.variable(4, "W₂"));
    let second = graph.operator(5, "×");
    let (o, y) = (graph.variable(6, "o"), graph.variable(6, "y"));
    let (loss, squares) = (graph.operator(7, "l"), graph.operator(7, "½λ‖·‖²"));
    let (l, s) = (graph.variable(8, "L"), graph.variable(8, "s"));
    let plus = graph.operator(9, "+");
    let j = graph.variable(10, "J");
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
