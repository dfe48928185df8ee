//! Evaluation of a network on a whole split: its loss and accuracy, or all its predictions.

use std::ops::Range;

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor, TensorData, activation::softmax};
use burn_mlp::{CrossEntropy, DropoutMode};
use mlp_metrics::{MetricsError, Predictions, Uncertainty};
use serde::Serialize;

use crate::examples::indices;
use crate::{Examples, Loss, Network};

/// Examples in one forward pass: enough to keep all threads busy, few enough to stay in the caches.
const BATCH: usize = Predictions::BATCH;

/// Loss and accuracy of a network on a split.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Evaluation {
    /// Mean loss, without label smoothing and class weights.
    pub loss: f64,
    /// Fraction of the examples predicted right, in `[0, 1]`; NaN if targets are no classes.
    pub accuracy: f64,
    /// Number of examples predicted right; 0 if targets are no classes.
    pub correct: usize,
    /// Number of examples.
    pub examples: usize,
}

/// Cross-entropy and accuracy of a classifier on `examples`. Without examples both are NaN.
pub fn evaluate<B, E, N>(network: &N, examples: &E, device: &B::Device) -> Evaluation
where
    B: Backend,
    E: Examples<B, Targets = Tensor<B, 1, Int>>,
    N: Network<B, E::Features>,
{
    evaluate_with(network, examples, &CrossEntropy::default(), device)
}

/// Loss of a network on `examples`, and accuracy if their targets are classes. Without examples both are NaN.
pub fn evaluate_with<B, E, N>(
    network: &N,
    examples: &E,
    loss: &impl Loss<B, E::Targets>,
    device: &B::Device,
) -> Evaluation
where
    B: Backend,
    E: Examples<B>,
    N: Network<B, E::Features>,
{
    evaluate_on(network, examples, |outputs, targets| loss.each_held_out(outputs, targets), device)
}

/// The same with a function that returns the loss of each example.
pub(crate) fn evaluate_on<B: Backend, E: Examples<B>, N: Network<B, E::Features>>(
    network: &N,
    examples: &E,
    losses: impl Fn(Tensor<B, 2>, E::Targets) -> Tensor<B, 1>,
    device: &B::Device,
) -> Evaluation {
    let (mut loss, mut correct, mut classified) = (0.0, 0, 0);
    over_batches(network, examples, device, |range, outputs| {
        loss += sum(&values(losses(outputs.clone(), examples.targets(&indices(range.clone()), device))));
        let classes: Option<Vec<usize>> = range.map(|index| examples.class(index as u32)).collect();
        if let Some(classes) = classes {
            correct += count_correct(&values(outputs), &classes);
            classified += classes.len();
        }
    });
    let examples = examples.len();
    let accuracy = if classified == examples { correct as f64 / examples as f64 } else { f64::NAN };
    Evaluation { loss: loss / examples as f64, accuracy, correct, examples }
}

/// The predictions of a classifier for each of `examples`, in their order.
///
/// # Panics
///
/// If the device fails.
pub fn predict<B, E, N>(network: &N, examples: &E, device: &B::Device) -> Predictions
where
    B: Backend,
    E: Examples<B, Targets = Tensor<B, 1, Int>>,
    N: Network<B, E::Features>,
{
    let (mut all_logits, mut probabilities, mut all_losses) = (Vec::new(), Vec::new(), Vec::new());
    let mut classes = 0;
    over_batches(network, examples, device, |range, logits| {
        let losses = CrossEntropy::default().forward_each(logits.clone(), examples.targets(&indices(range), device));
        classes = logits.dims()[1];
        all_logits.extend(values(logits.clone()));
        probabilities.extend(values(softmax(logits, 1)));
        all_losses.extend(values(losses));
    });
    Predictions::new(all_logits, probabilities, all_losses, classes)
}

/// The outputs of a network for each of `examples`, in their order: `[examples, outputs]`, row by row.
///
/// # Panics
///
/// If the device fails.
pub fn outputs<B: Backend, E: Examples<B>, N: Network<B, E::Features>>(
    network: &N,
    examples: &E,
    device: &B::Device,
) -> Vec<f32> {
    let mut all = Vec::new();
    over_batches(network, examples, device, |_, outputs| all.extend(values(outputs)));
    all
}

/// How sure a classifier is of each of `examples`, by Monte-Carlo dropout: `passes` passes with dropout on, each with
/// masks of its own (Gal and Ghahramani 2016). The same network gives the same numbers every time.
///
/// # Errors
///
/// If `passes` is 0, or a probability is not a number.
///
/// # Panics
///
/// If the device fails.
///
/// # Examples
///
/// ```
/// use burn_flex::Flex;
/// use burn_mlp::MlpConfig;
/// use burn_mlp_train::{Rows, monte_carlo};
///
/// let device = Default::default();
/// let network = MlpConfig::new(2, [64], 3).with_dropout(0.5).init::<Flex>(&device)?;
/// let rows = Rows::new(vec![0.0, 0.0, 3.0, -2.0], 2, vec![0, 1])?;
/// let uncertainties = monte_carlo(&network, &rows, 100, &device)?;
/// // At the origin every pass has the same hidden units: none.
/// assert!(uncertainties[0].mutual_information < 1e-6 && uncertainties[1].mutual_information > 0.01);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn monte_carlo<B: Backend, E: Examples<B>, N: Network<B, E::Features>>(
    network: &N,
    examples: &E,
    passes: usize,
    device: &B::Device,
) -> Result<Vec<Uncertainty>, MetricsError> {
    monte_carlo_samples(network, examples, passes, device).iter().map(Uncertainty::from_samples).collect()
}

/// The class probabilities of each of `examples` in each of `passes` passes with dropout on:
/// `[examples][passes][classes]`.
///
/// # Panics
///
/// If the device fails.
pub fn monte_carlo_samples<B: Backend, E: Examples<B>, N: Network<B, E::Features>>(
    network: &N,
    examples: &E,
    passes: usize,
    device: &B::Device,
) -> Vec<Vec<Vec<f32>>> {
    let sampled = network.clone().with_dropout_mode(DropoutMode::MonteCarlo);
    let examples_in_all = examples.len();
    let mut samples = vec![Vec::with_capacity(passes); examples_in_all];
    // The passes follow each other as rows of one batch, which is computed in parts: row r is example r mod n in pass
    // r div n. So few examples fill a part as many do, and no mask depends on the parts.
    for rows in batches(passes * examples_in_all) {
        sampled.seek_dropout_row(0, rows.start as u64);
        let indices: Vec<u32> = rows.map(|row| (row % examples_in_all) as u32).collect();
        let rows = probabilities(&sampled, examples.features(&indices, device));
        indices.iter().zip(rows).for_each(|(&index, row)| samples[index as usize].push(row));
    }
    samples
}

/// Calls `each` with the range and the outputs of each batch in turn.
fn over_batches<B: Backend, E: Examples<B>, N: Network<B, E::Features>>(
    network: &N,
    examples: &E,
    device: &B::Device,
    mut each: impl FnMut(Range<usize>, Tensor<B, 2>),
) {
    for range in batches(examples.len()) {
        each(range.clone(), network.outputs(examples.features_of_range(range, device)));
    }
}

fn batches(examples: usize) -> impl Iterator<Item = Range<usize>> {
    (0..examples).step_by(BATCH).map(move |start| start..examples.min(start + BATCH))
}

fn sum(losses: &[f32]) -> f64 {
    losses.iter().map(|&loss| f64::from(loss)).sum()
}

/// Class probabilities of a batch, one row for each example.
pub fn probabilities<B: Backend, F, N: Network<B, F>>(network: &N, features: F) -> Vec<Vec<f32>> {
    let logits = network.outputs(features);
    let classes = logits.dims()[1];
    values(softmax(logits, 1)).chunks_exact(classes).map(<[f32]>::to_vec).collect()
}

/// The elements of a tensor, copied to the host and converted to single precision.
///
/// # Panics
///
/// If the device fails.
pub fn values<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
    floats(tensor.into_data())
}

/// The elements of data of any type.
pub(crate) fn floats(data: TensorData) -> Vec<f32> {
    data.convert::<f32>().into_vec().expect("converted to f32 just before")
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
        let classes = labels.iter().map(|&label| label as u32).collect();
        let rows = Rows::new(inputs, 6, classes).unwrap();
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

    #[test]
    fn metrics_take_tensors() {
        let device = Default::default();
        let labels = Tensor::<Flex, 1, Int>::from_ints([0, 1, 1, 0], &device);
        let predicted = Tensor::<Flex, 1, Int>::from_ints([0, 1, 0, 0], &device);
        let matrix = mlp_metrics::ConfusionMatrix::from_labels(&predicted, &labels, 2).unwrap();
        assert_eq!((matrix.accuracy(), matrix.count(0, 1)), (0.75, 1));
        let (one, other) = (Tensor::<Flex, 2>::ones([2, 2], &device), Tensor::<Flex, 2>::zeros([2, 2], &device));
        assert_eq!(mlp_metrics::root_mean_squared_error(&one, &other).unwrap(), 1.0);
    }

    #[test]
    fn a_network_that_has_become_nan_is_not_sure_but_refused() {
        let device = Default::default();
        let mut mlp = MlpConfig::new(1, [4], 2).with_dropout(0.5).init::<Flex>(&device).unwrap();
        mlp.output.weight = mlp.output.weight.map(|weight| weight * f32::NAN);
        let rows = Rows::new(vec![1.0], 1, vec![0]).unwrap();
        assert!(monte_carlo(&mlp, &rows, 3, &device).is_err());
        assert!(monte_carlo(&MlpConfig::new(1, [4], 2).init::<Flex>(&device).unwrap(), &rows, 0, &device).is_err());
    }
}
