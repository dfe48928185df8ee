//! Predictions of a model for a whole split.

use serde::Serialize;

use crate::top_label;

/// Logits, probabilities and losses of a model for every example of a split, in order.
///
/// They are kept as the model puts them out, NaN of a diverged model included.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Predictions {
    logits: Vec<f32>,
    probabilities: Vec<f32>,
    losses: Vec<f32>,
    classes: usize,
}

impl Predictions {
    /// Number of examples per evaluation batch. Losses are summed in blocks of this size.
    pub const BATCH: usize = 1024;

    /// Collects logits and their softmax, row by row, and the cross-entropy of each row.
    ///
    /// # Panics
    ///
    /// If `logits` or `probabilities` does not have `classes` values for each of `losses`.
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

    /// Predicted class of each example and its probability. The predicted class has the largest logit; ties go to the
    /// first.
    pub fn top(&self) -> Vec<(usize, f64)> {
        // Compares logits: rounding can make unequal probabilities equal.
        let rows = self.logits.chunks_exact(self.classes.max(1)).zip(self.rows());
        let top = |(logits, probabilities): (&[f32], &[f32])| {
            let (class, _) = top_label(logits);
            (class, f64::from(probabilities[class]))
        };
        rows.map(top).collect()
    }

    /// Class probabilities of each example, one row at a time.
    pub fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.probabilities.chunks_exact(self.classes.max(1))
    }

    /// Predicted class of each example, as in [`top`](Self::top).
    pub fn classes(&self) -> Vec<usize> {
        self.top().into_iter().map(|(class, _)| class).collect()
    }

    /// Mean cross-entropy; NaN without examples.
    pub fn loss(&self) -> f64 {
        // Summed in the batches of the evaluation, so that both means are bit-for-bit equal.
        self.losses.chunks(Self::BATCH).map(sum).sum::<f64>() / self.examples() as f64
    }
}

fn sum(losses: &[f32]) -> f64 {
    losses.iter().map(|&loss| f64::from(loss)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_is_that_of_the_largest_logit_where_probabilities_are_rounded_to_equal_ones() {
        let predictions = Predictions::new(vec![1.0, 1.0000001], vec![0.5, 0.5], vec![0.0], 2);
        assert_eq!(predictions.top(), [(1, 0.5)]);
    }

    #[test]
    fn they_are_serialized_row_by_row() {
        let predictions = Predictions::new(vec![0.0, 1.0], vec![0.25, 0.75], vec![0.5], 2);
        let json = r#"{"logits":[0.0,1.0],"probabilities":[0.25,0.75],"losses":[0.5],"classes":2}"#;
        assert_eq!(serde_json::to_string(&predictions).unwrap(), json);
    }
}
