//! What training keeps for the backward pass.

use anyhow::Result;
use burn::tensor::Tensor;
use burn_mlp::MlpConfig;
use mlp_plot::{Chart, Panels};
use serde::{Deserialize, Serialize};

use super::settings::BackpropParameters;
use crate::finding::{Bound, Claim, Finding, Table, figure};
use crate::platform::Inner;
use crate::scratch::mlp::ScratchMlp;
use crate::{Lab, Platform};

/// How many times the batch of the settings the batches are.
const FACTORS: [usize; 4] = [1, 2, 4, 8];

/// Bytes of intermediates, parameters not counted.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Bytes {
    /// All that the backward pass has to find.
    training: usize,
    /// Most at any one time where a layer's input can go once its output is there.
    prediction: usize,
}

/// What the forward passes of networks leave in memory.
#[derive(Serialize, Deserialize)]
pub struct Intermediates {
    /// With one hidden layer and more, up to the depth of the settings.
    by_depth: Vec<Bytes>,
    /// In the deepest network, with batches by [`FACTORS`].
    by_batch: Vec<Bytes>,
}

impl Intermediates {
    /// Of networks for the images of the lab.
    pub fn measure<P: Platform>(parameters: &BackpropParameters, lab: &Lab<P>) -> Result<Self> {
        let &BackpropParameters { width, depth, batch, .. } = parameters;
        let by_depth = (1..=depth).map(|depth| count(lab, depth, width, batch)).collect::<Result<_>>()?;
        let by_batch = FACTORS.iter().map(|factor| count(lab, depth, width, factor * batch)).collect::<Result<_>>()?;
        Ok(Self { by_depth, by_batch })
    }
}

/// Bytes of the tensors of one forward pass.
fn count<P: Platform>(lab: &Lab<P>, depth: usize, width: usize, batch: usize) -> Result<Bytes> {
    let train = &lab.data().train;
    let device = lab.device();
    let mlp = MlpConfig::new(train.d_input(), vec![width; depth], train.classes()).init::<Inner<P>>(device)?;
    let forward = ScratchMlp::from_mlp(&mlp)?.forward(Tensor::zeros([batch, train.d_input()], device), &[]);
    let bytes = |tensor: &Tensor<Inner<P>, 2>| tensor.shape().num_elements() * tensor.dtype().size();
    let outputs = forward.linear.iter().chain([&forward.logits]);
    let held = forward.inputs.iter().zip(outputs).map(|(input, output)| bytes(input) + bytes(output));
    Ok(Bytes { training: forward.stored_bytes(), prediction: held.max().unwrap_or_default() })
}

/// Adds what networks leave in memory.
pub fn add(measured: &Intermediates, parameters: &BackpropParameters, finding: &mut Finding) {
    claim(measured, parameters, finding);
    finding.table(table(measured, parameters));
    let caption = "Intermediates of the forward pass: for training they grow in proportion to batch and depth, for \
                   prediction with the batch alone.";
    finding.picture("memory", caption, &draw(measured, parameters));
    finding.note(
        "Bytes are counted from the shapes of the tensors. What is really allocated, with autodiff, is measured by a test \
         of the laboratory whose allocator counts: in the same proportions, and less, since for ReLU autodiff keeps the \
         activation and a byte for each of its signs instead of the linear output.",
    );
}

fn claim(measured: &Intermediates, parameters: &BackpropParameters, finding: &mut Finding) {
    let &BackpropParameters { width, depth, batch, .. } = parameters;
    let Intermediates { by_depth, by_batch } = measured;
    // Each layer more leaves its linear output and its activation, in 32-bit floats.
    let layer = (2 * batch * width * size_of::<f32>()) as f64;
    let added = by_depth.windows(2).map(|pair| (pair[1].training - pair[0].training) as f64 / layer);
    // Every step from one depth to the next has to fit, so the one that is furthest off counts.
    let furthest = added
        .fold(1.0, |furthest: f64, added| if (added - 1.0).abs() > (furthest - 1.0).abs() { added } else { furthest });
    let sentence = "Training: bytes that each hidden layer more keeps, over those of its linear output and activation";
    finding.claim(Claim::check(sentence, [furthest], Bound::Equal(1.0)));
    let sentence = "Training: bytes kept with eight times the batch, over those with one";
    let eightfold = by_batch[FACTORS.len() - 1].training as f64 / by_batch[0].training as f64;
    finding.claim(Claim::check(sentence, [eightfold], Bound::Equal(8.0)));
    let deep = by_depth[depth - 1].prediction as f64 / by_depth[0].prediction as f64;
    let sentence = format!("Prediction: bytes held at once with {depth} hidden layers, over those with one");
    finding.claim(Claim::check(sentence, [deep], Bound::Equal(1.0)));
}

fn table(measured: &Intermediates, parameters: &BackpropParameters) -> Table {
    let &BackpropParameters { width, depth, batch, .. } = parameters;
    let Intermediates { by_depth, by_batch } = measured;
    let title = format!("Intermediates of hidden layers of {width} units");
    let table = Table::new(title, &["hidden layers", "batch", "training (MB)", "prediction (MB)", "ratio"]);
    let rows =
        [(1, batch, by_depth[0]), (depth, batch, by_depth[depth - 1]), (depth, 8 * batch, by_batch[FACTORS.len() - 1])];
    rows.into_iter().fold(table, |table, (layers, batch, bytes)| {
        let ratio = bytes.training as f64 / bytes.prediction as f64;
        let cells = [megabytes(bytes.training), megabytes(bytes.prediction), ratio].map(figure);
        table.row([layers.to_string(), batch.to_string()].into_iter().chain(cells))
    })
}

fn draw(measured: &Intermediates, parameters: &BackpropParameters) -> Panels {
    let &BackpropParameters { depth, batch, .. } = parameters;
    let chart = |title: String, label: &str, points: Vec<(f64, Bytes)>| {
        let curve = |bytes: fn(&Bytes) -> usize| {
            points.iter().map(|(x, point)| (*x, megabytes(bytes(point)))).collect::<Vec<(f64, f64)>>()
        };
        Chart::new(title)
            .x_label(label)
            .y_label("intermediates (MB)")
            .line("training", curve(|bytes| bytes.training))
            .line("prediction", curve(|bytes| bytes.prediction))
    };
    let depths = measured.by_depth.iter().enumerate().map(|(index, &bytes)| ((index + 1) as f64, bytes)).collect();
    let batches = FACTORS.iter().zip(&measured.by_batch);
    let batches = batches.map(|(factor, &bytes)| ((factor * batch) as f64, bytes)).collect();
    Panels::new("What is kept in memory", 2)
        .with(&chart(format!("Batches of {batch}"), "hidden layers", depths))
        .with(&chart(format!("{depth} hidden layers"), "batch", batches))
}

fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
