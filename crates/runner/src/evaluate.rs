//! Loss and accuracy of a model over a whole split.

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, activation::softmax};
use burn_fashion_mnist::{Images, Normalization};
use burn_mlp::{CrossEntropy, Mlp};
use serde::Serialize;

/// Examples in one forward pass: enough to keep the processor busy, few enough to stay in its caches.
const BATCH: usize = 1024;

/// Figures of a model over a split.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Mean cross-entropy, without label smoothing.
    pub loss: f64,
    /// Part of the examples predicted right, in `[0, 1]`.
    pub accuracy: f64,
    /// Examples predicted right.
    pub correct: usize,
    /// Examples.
    pub examples: usize,
}

/// Evaluates `mlp` on `images`. NaN as loss and accuracy for no images.
pub fn evaluate<B: Backend>(
    mlp: &Mlp<B>,
    images: &Images,
    normalization: Normalization,
    device: &B::Device,
) -> Evaluation {
    let (mut loss, mut correct) = (0.0, 0);
    for start in (0..images.len()).step_by(BATCH) {
        let range = start..images.len().min(start + BATCH);
        let batch = images.batch_range::<B>(range.clone(), normalization, device);
        let logits = mlp.forward(batch.images);
        let losses = CrossEntropy::default().forward_each(logits.clone(), batch.targets);
        let losses: Vec<f32> = values(losses);
        loss += losses.iter().map(|&loss| f64::from(loss)).sum::<f64>();
        correct += count_correct(&values(logits), &images.labels()[range]);
    }
    let examples = images.len();
    Evaluation { loss: loss / examples as f64, accuracy: correct as f64 / examples as f64, correct, examples }
}

/// Class probabilities of a batch, row by row.
pub fn probabilities<B: Backend>(mlp: &Mlp<B>, images: Tensor<B, 2>) -> Vec<Vec<f32>> {
    let [_, classes] = [images.dims()[0], mlp.d_output()];
    values(softmax(mlp.forward(images), 1)).chunks_exact(classes).map(<[f32]>::to_vec).collect()
}

/// The elements of a tensor on the host, whatever the backend's type of number.
///
/// # Panics
///
/// If the device fails.
pub fn values<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().into_vec().expect("converted to f32 just before")
}

/// How many rows of `logits` have their largest element at the label.
///
/// A row with NaN predicts nothing: Burn's own `argmax` on ndarray would skip the NaN and hide a diverged model.
pub fn count_correct(logits: &[f32], labels: &[u8]) -> usize {
    let classes = logits.len() / labels.len().max(1);
    let right = |(row, &label): (&[f32], &u8)| {
        let target = row[usize::from(label)];
        // The first of equal maxima is the prediction.
        let before = row[..usize::from(label)].iter().all(|&logit| logit < target);
        before && row[usize::from(label)..].iter().all(|&logit| logit <= target)
    };
    logits.chunks_exact(classes.max(1)).zip(labels).filter(|&pair| right(pair)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_maxima_is_the_prediction_and_nan_predicts_nothing() {
        let rows = [0.0, 1.0, 1.0, /**/ 0.0, 1.0, 1.0, /**/ f32::NAN, 1.0, 0.0, /**/ 2.0, -1.0, 0.0];
        assert_eq!(count_correct(&rows, &[1, 2, 1, 0]), 2);
        assert_eq!(count_correct(&[], &[]), 0);
    }
}
