//! What training keeps for the backward pass.

use anyhow::Result;
use burn::tensor::Tensor;
use burn_mlp::MlpConfig;
use burn_mlp::scratch::mlp::ScratchMlp;

use super::Backprop;
use crate::backend::Inner;
use crate::finding::{Bound, Claim, Finding, Table, figure};
use crate::lab::Lab;
use crate::plot::{Chart, Panels};

/// Bytes of intermediates, parameters not counted.
#[derive(Clone, Copy)]
struct Bytes {
    /// All that the backward pass has to find.
    training: usize,
    /// Most at any one time where a layer's input can go once its output is there.
    prediction: usize,
}

/// Adds what the forward passes of networks leave in memory.
///
/// # Errors
///
/// If there is no data, whose images give the width of the input.
pub fn add(settings: &Backprop, lab: &Lab, finding: &mut Finding) -> Result<()> {
    let parameters = &settings.experiment;
    let (width, depth, batch) = (parameters.width, parameters.depth, parameters.batch);
    let by_depth: Vec<Bytes> = (1..=depth).map(|depth| count(lab, depth, width, batch)).collect::<Result<_>>()?;
    let factors = [1, 2, 4, 8];
    let by_batch: Vec<Bytes> =
        factors.iter().map(|factor| count(lab, depth, width, factor * batch)).collect::<Result<_>>()?;

    // Each layer more leaves its linear output and its activation, in 32-bit floats.
    let layer = (2 * batch * width * size_of::<f32>()) as f64;
    let added = by_depth.windows(2).map(|pair| (pair[1].training - pair[0].training) as f64 / layer);
    // Every step from one depth to the next has to fit, so the one that is furthest off counts.
    let furthest = added
        .fold(1.0, |furthest: f64, added| if (added - 1.0).abs() > (furthest - 1.0).abs() { added } else { furthest });
    let sentence = "Training: bytes that each hidden layer more keeps, over those of its linear output and activation";
    finding.claim(Claim::measured(sentence, [furthest], Bound::Between(1.0, 1.0)));
    let ratio = |larger: &Bytes, smaller: &Bytes| larger.training as f64 / smaller.training as f64;
    let sentence = "Training: bytes kept with eight times the batch, over those with one";
    let eightfold = ratio(&by_batch[factors.len() - 1], &by_batch[0]);
    finding.claim(Claim::measured(sentence, [eightfold], Bound::Between(8.0, 8.0)));
    let deep = by_depth[depth - 1].prediction as f64 / by_depth[0].prediction as f64;
    let sentence = format!("Prediction: bytes held at once with {depth} hidden layers, over those with one");
    finding.claim(Claim::measured(sentence, [deep], Bound::Between(1.0, 1.0)));

    let mut table = Table::new(
        format!("Intermediates of hidden layers of {width} units"),
        &["hidden layers", "batch", "training (MB)", "prediction (MB)", "ratio"],
    );
    let rows = [(1, batch, by_depth[0]), (depth, batch, by_depth[depth - 1])];
    for (layers, batch, bytes) in rows.into_iter().chain([(depth, 8 * batch, by_batch[factors.len() - 1])]) {
        let ratio = bytes.training as f64 / bytes.prediction as f64;
        let cells = [megabytes(bytes.training), megabytes(bytes.prediction), ratio].map(figure);
        table = table.row([layers.to_string(), batch.to_string()].into_iter().chain(cells));
    }
    finding.table(table);

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
    let depths = by_depth.iter().enumerate().map(|(index, &bytes)| ((index + 1) as f64, bytes)).collect();
    let batches = factors.iter().zip(&by_batch).map(|(factor, &bytes)| ((factor * batch) as f64, bytes)).collect();
    let panels = Panels::new("What is kept in memory", 2)
        .with(&chart(format!("Batches of {batch}"), "hidden layers", depths))
        .with(&chart(format!("{depth} hidden layers"), "batch", batches));
    let caption = "Intermediates of the forward pass: for training they grow in proportion to batch and depth, for \
                   prediction with the batch alone.";
    finding.picture("memory", caption, &panels);
    Ok(())
}

fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

/// Bytes of the tensors of one forward pass.
fn count(lab: &Lab, depth: usize, width: usize, batch: usize) -> Result<Bytes> {
    let train = &lab.data()?.train;
    let device = lab.device();
    let mlp = MlpConfig::new(train.d_input(), vec![width; depth], train.classes()).init::<Inner>(device)?;
    let forward = ScratchMlp::from_mlp(&mlp)?.forward(Tensor::zeros([batch, train.d_input()], device), &[]);
    let bytes = |tensor: &Tensor<Inner, 2>| tensor.shape().num_elements() * tensor.dtype().size();
    let outputs = forward.linear.iter().chain([&forward.logits]);
    let held = forward.inputs.iter().zip(outputs).map(|(input, output)| bytes(input) + bytes(output));
    Ok(Bytes { training: forward.stored_bytes(), prediction: held.max().unwrap_or_default() })
}
