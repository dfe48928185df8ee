//! Evaluation of a model on a whole split: its loss and accuracy, or all its predictions.

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, activation::softmax};
use burn_mlp::CrossEntropy;
use mlp_metrics::Predictions;
use serde::Serialize;

use crate::examples::targets;
use crate::{Classifier, Examples};

/// Examples in one forward pass: enough to keep all threads busy, few enough to stay in the caches.
const BATCH: usize = Predictions::BATCH;

/// Loss and accuracy of a model on a split.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Mean cross-entropy, without label smoothing.
    pub loss: f64,
    /// Fraction of the examples predicted right, in `[0, 1]`.
    pub accuracy: f64,
    /// Number of examples predicted right.
    pub correct: usize,
    /// Number of examples.
    pub examples: usize,
}

/// Evaluates `network` on `examples`. Without examples, loss and accuracy are NaN.
pub fn evaluate<B: Backend, E: Examples<B>, N: Classifier<B, E::Features>>(
    network: &N,
    examples: &E,
    device: &B::Device,
) -> Evaluation {
    let (mut loss, mut correct) = (0.0, 0);
    over_batches(network, examples, device, |labels, logits, losses| {
        loss += sum(&values(losses));
        correct += count_correct(&values(logits), labels);
    });
    let examples = examples.len();
    Evaluation { loss: loss / examples as f64, accuracy: correct as f64 / examples as f64, correct, examples }
}

/// The predictions of `network` for each of `examples`, in their order.
///
/// # Panics
///
/// If the device fails.
pub fn predict<B: Backend, E: Examples<B>, N: Classifier<B, E::Features>>(
    network: &N,
    examples: &E,
    device: &B::Device,
) -> Predictions {
    let (mut all_logits, mut probabilities, mut all_losses) = (Vec::new(), Vec::new(), Vec::new());
    let mut classes = 0;
    over_batches(network, examples, device, |_, logits, losses| {
        classes = logits.dims()[1];
        all_logits.extend(values(logits.clone()));
        probabilities.extend(values(softmax(logits, 1)));
        all_losses.extend(values(losses));
    });
    Predictions::new(all_logits, probabilities, all_losses, classes)
}

/// Calls `each` with the labels, logits and losses of each batch in turn.
fn over_batches<B: Backend, E: Examples<B>, N: Classifier<B, E::Features>>(
    network: &N,
    examples: &E,
    device: &B::Device,
    mut each: impl FnMut(&[usize], Tensor<B, 2>, Tensor<B, 1>),
) {
    for start in (0..examples.len()).step_by(BATCH) {
        let range = start..examples.len().min(start + BATCH);
        let labels: Vec<usize> = range.clone().map(|index| examples.label(index as u32)).collect();
        let logits = network.logits(examples.features_of_range(range, device));
        let losses = CrossEntropy::default().forward_each(logits.clone(), targets(&labels, device));
        each(&labels, logits, losses);
    }
}

fn sum(losses: &[f32]) -> f64 {
    losses.iter().map(|&loss| f64::from(loss)).sum()
}

/// Class probabilities of a batch, one row for each example.
pub fn probabilities<B: Backend, F, N: Classifier<B, F>>(network: &N, features: F) -> Vec<Vec<f32>> {
    let logits = network.logits(features);
    let classes = logits.dims()[1];
    values(softmax(logits, 1)).chunks_exact(classes).map(<[f32]>::to_vec).collect()
}

/// The elements of a tensor, copied to the host and converted to single precision.
///
/// # Panics
///
/// If the device fails.
pub fn values<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().into_vec().expect("converted to f32 just before")
}

/// Counts the rows of `logits` whose largest element is at the label. Of equal maxima the first is the prediction.
///
/// A row with a NaN is never correct. Burn's `argmax` on ndarray skips NaNs, which would hide a diverged model.
pub fn count_correct(logits: &[f32], labels: &[usize]) -> usize {
    let classes = logits.len() / labels.len().max(1);
    let right = |(row, &label): (&[f32], &usize)| {
        let target = row[label];
        // The first of equal maxima is the prediction.
        let before = row[..label].iter().all(|&logit| logit < target);
        before && row[label..].iter().all(|&logit| logit <= target)
    };
    logits.chunks_exact(classes.max(1)).zip(labels).filter(|&pair| right(pair)).count()
}

#[cfg(test)]
mod tests {
    use burn_flex::Flex;
    use burn_mlp::MlpConfig;

    use super::*;
    use crate::Rows;

    #[test]
    fn predictions_of_a_split_agree_with_its_evaluation() {
        let device = Default::default();
        let mlp = MlpConfig::new(6, [5], 3).init::<Flex>(&device).unwrap();
        let examples = BATCH + 7;
        let inputs = (0..6 * examples).map(|input| (input * 37 % 256) as f32 / 255.0).collect();
        let labels: Vec<usize> = (0..examples).map(|index| index % 3).collect();
        let rows = Rows::new(inputs, 6, labels.clone()).unwrap();
        let evaluation = evaluate(&mlp, &rows, &device);
        let predictions = predict(&mlp, &rows, &device);
        assert_eq!(predictions.loss(), evaluation.loss);
        assert_eq!(predictions.examples(), examples);
        let correct = predictions.top().iter().zip(&labels).filter(|((class, _), label)| class == *label).count();
        assert_eq!(correct, evaluation.correct);
        let rows = predictions.probabilities().chunks_exact(3);
        for ((row, loss), &label) in rows.zip(predictions.losses()).zip(&labels) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            assert!((-row[label].ln() - loss).abs() < 1e-4, "the loss is -ln of the label's probability");
        }
    }

    #[test]
    fn the_first_of_equal_maxima_is_the_prediction_and_nan_predicts_nothing() {
        let rows = [0.0, 1.0, 1.0, /**/ 0.0, 1.0, 1.0, /**/ f32::NAN, 1.0, 0.0, /**/ 2.0, -1.0, 0.0];
        assert_eq!(count_correct(&rows, &[1, 2, 1, 0]), 2);
        assert_eq!(count_correct(&[], &[]), 0);
    }
}
