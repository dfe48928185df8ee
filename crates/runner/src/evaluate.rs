//! A model over a whole split: its loss and accuracy, or everything it predicts.

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, activation::softmax};
use burn_fashion_mnist::{Images, Normalization};
use burn_mlp::{CrossEntropy, top_label};
use serde::Serialize;

use crate::network::Network;

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

/// Evaluates `network` on `images`. NaN as loss and accuracy for no images.
pub fn evaluate<B: Backend, N: Network<B>>(
    network: &N,
    images: &Images,
    normalization: Normalization,
    device: &B::Device,
) -> Evaluation {
    let (mut loss, mut correct) = (0.0, 0);
    over_batches(network, images, normalization, device, |labels, logits, losses| {
        loss += sum(&values(losses));
        correct += count_correct(&values(logits), labels);
    });
    let examples = images.len();
    Evaluation { loss: loss / examples as f64, accuracy: correct as f64 / examples as f64, correct, examples }
}

/// What a model predicts for every example of a split, in its order.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    logits: Vec<f32>,
    probabilities: Vec<f32>,
    losses: Vec<f32>,
    classes: usize,
}

impl Predictions {
    /// Predictions of `classes` classes: logits and their softmax, row by row, and the cross-entropy of each row.
    ///
    /// # Panics
    ///
    /// If there is not one row of `logits` and of `probabilities` for each of `losses`.
    pub fn new(logits: Vec<f32>, probabilities: Vec<f32>, losses: Vec<f32>, classes: usize) -> Self {
        let expected = losses.len() * classes;
        assert_eq!((logits.len(), probabilities.len()), (expected, expected), "expected one row for each loss");
        Self { logits, probabilities, losses, classes }
    }

    /// Number of examples.
    pub fn examples(&self) -> usize {
        self.losses.len()
    }

    /// Logits, row by row: `[examples, classes]`.
    pub fn logits(&self) -> &[f32] {
        &self.logits
    }

    /// Class probabilities, row by row: `[examples, classes]`.
    pub fn probabilities(&self) -> &[f32] {
        &self.probabilities
    }

    /// Cross-entropy of each example, without label smoothing: `[examples]`.
    pub fn losses(&self) -> &[f32] {
        &self.losses
    }

    /// Predicted class of each example with its probability: the class of the largest logit, the first of equal ones.
    pub fn top(&self) -> Vec<(usize, f64)> {
        // Rounding can make probabilities equal where logits are not.
        let rows = self.logits.chunks_exact(self.classes.max(1)).zip(self.rows());
        let top = |(logits, probabilities): (&[f32], &[f32])| {
            let (class, _) = top_label(logits);
            (class, f64::from(probabilities[class]))
        };
        rows.map(top).collect()
    }

    /// Class probabilities of each example, in order.
    pub fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.probabilities.chunks_exact(self.classes.max(1))
    }

    /// Predicted class of each example, as in [`top`](Self::top).
    pub fn classes(&self) -> Vec<usize> {
        self.top().into_iter().map(|(class, _)| class).collect()
    }

    /// Mean cross-entropy: to the bit that of [`evaluate`]. NaN for no examples.
    pub fn loss(&self) -> f64 {
        // Summed up in the same batches.
        self.losses.chunks(BATCH).map(sum).sum::<f64>() / self.examples() as f64
    }
}

/// Predicts every example of `images`.
pub fn predict_split<B: Backend, N: Network<B>>(
    network: &N,
    images: &Images,
    normalization: Normalization,
    device: &B::Device,
) -> Predictions {
    let (mut all_logits, mut probabilities, mut all_losses) = (Vec::new(), Vec::new(), Vec::new());
    let mut classes = 0;
    over_batches(network, images, normalization, device, |_, logits, losses| {
        classes = logits.dims()[1];
        all_logits.extend(values(logits.clone()));
        probabilities.extend(values(softmax(logits, 1)));
        all_losses.extend(values(losses));
    });
    Predictions::new(all_logits, probabilities, all_losses, classes)
}

/// Hands labels, logits and losses of one batch after the other to `each`.
fn over_batches<B: Backend, N: Network<B>>(
    network: &N,
    images: &Images,
    normalization: Normalization,
    device: &B::Device,
    mut each: impl FnMut(&[u8], Tensor<B, 2>, Tensor<B, 1>),
) {
    for start in (0..images.len()).step_by(BATCH) {
        let range = start..images.len().min(start + BATCH);
        let batch = images.batch_range::<B>(range.clone(), normalization, device);
        let logits = network.logits(batch.images);
        let losses = CrossEntropy::default().forward_each(logits.clone(), batch.targets);
        each(&images.labels()[range], logits, losses);
    }
}

fn sum(losses: &[f32]) -> f64 {
    losses.iter().map(|&loss| f64::from(loss)).sum()
}

/// Class probabilities of a batch, row by row.
pub fn probabilities<B: Backend, N: Network<B>>(network: &N, images: Tensor<B, 2>) -> Vec<Vec<f32>> {
    let logits = network.logits(images);
    let classes = logits.dims()[1];
    values(softmax(logits, 1)).chunks_exact(classes).map(<[f32]>::to_vec).collect()
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
    use crate::backend::{Device, Inner};
    use burn_mlp::MlpConfig;

    #[test]
    fn predictions_of_a_split_agree_with_its_evaluation() {
        let (mlp, device) = (MlpConfig::new(6, [5], 3).init::<Inner>(&Device::default()).unwrap(), Device::default());
        let examples = BATCH + 7;
        let pixels = (0..6 * examples).map(|pixel| (pixel * 37 % 256) as u8).collect();
        let labels: Vec<u8> = (0..examples).map(|index| (index % 3) as u8).collect();
        let images = Images::new(pixels, labels, 2, 3, 3).unwrap();
        let evaluation = evaluate(&mlp, &images, Normalization::default(), &device);
        let predictions = predict_split(&mlp, &images, Normalization::default(), &device);
        assert_eq!(predictions.loss(), evaluation.loss);
        assert_eq!(predictions.examples(), examples);
        let (top, labels) = (predictions.top(), images.labels());
        let correct = top.iter().zip(labels).filter(|((class, _), label)| *class == usize::from(**label)).count();
        assert_eq!(correct, evaluation.correct);
        let rows = predictions.probabilities().chunks_exact(3);
        for ((row, loss), &label) in rows.zip(predictions.losses()).zip(labels) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            assert!((-row[usize::from(label)].ln() - loss).abs() < 1e-4, "the loss is -ln of the label's probability");
        }
    }

    #[test]
    fn the_class_is_that_of_the_largest_logit_where_probabilities_are_rounded_to_equal_ones() {
        let predictions = Predictions::new(vec![1.0, 1.0000001], vec![0.5, 0.5], vec![0.0], 2);
        assert_eq!(predictions.top(), [(1, 0.5)]);
    }

    #[test]
    fn the_first_of_equal_maxima_is_the_prediction_and_nan_predicts_nothing() {
        let rows = [0.0, 1.0, 1.0, /**/ 0.0, 1.0, 1.0, /**/ f32::NAN, 1.0, 0.0, /**/ 2.0, -1.0, 0.0];
        assert_eq!(count_correct(&rows, &[1, 2, 1, 0]), 2);
        assert_eq!(count_correct(&[], &[]), 0);
    }
}
