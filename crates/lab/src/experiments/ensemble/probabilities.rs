//! What networks together predict for a split.

use mlp_metrics::{Predictions, top_label};

/// Class probabilities of a split, example by example: those of one network, or what several make of theirs.
pub(super) struct Probabilities(Vec<Vec<f64>>);

impl From<&Predictions> for Probabilities {
    fn from(predictions: &Predictions) -> Self {
        Self(predictions.rows().map(|row| row.iter().copied().map(f64::from).collect()).collect())
    }
}

impl Probabilities {
    /// Combines members example by example.
    pub(super) fn combine(members: &[Self], combine: impl Fn(&[&[f64]]) -> Vec<f64>) -> Self {
        let examples = members.first().map_or(0, |member| member.0.len());
        let of_example = |example: usize| {
            let rows: Vec<&[f64]> = members.iter().map(|member| member.0[example].as_slice()).collect();
            combine(&rows)
        };
        Self((0..examples).map(of_example).collect())
    }

    /// The mean over the passes of each example, `[examples][passes][classes]`.
    pub(super) fn average_of(samples: &[Vec<Vec<f32>>]) -> Self {
        let mean = |passes: &Vec<Vec<f32>>| {
            let classes = passes.first().map_or(0, Vec::len);
            let of_class = |class: usize| passes.iter().map(|pass| f64::from(pass[class])).sum::<f64>();
            (0..classes).map(|class| of_class(class) / passes.len() as f64).collect()
        };
        Self(samples.iter().map(mean).collect())
    }

    /// Fraction of the examples predicted right.
    pub(super) fn accuracy(&self, labels: &[u8]) -> f64 {
        let right = self.0.iter().zip(labels).filter(|(row, label)| top_label(row).0 == usize::from(**label)).count();
        right as f64 / labels.len() as f64
    }

    /// Mean cross-entropy; a probability of 0 counts as the smallest positive one.
    pub(super) fn loss(&self, labels: &[u8]) -> f64 {
        let losses = self.0.iter().zip(labels).map(|(row, &label)| -row[usize::from(label)].max(1e-45).ln());
        losses.sum::<f64>() / labels.len() as f64
    }
}

/// The mean probability of each class.
pub(super) fn average(rows: &[&[f64]]) -> Vec<f64> {
    let classes = rows.first().map_or(0, |row| row.len());
    (0..classes).map(|class| rows.iter().map(|row| row[class]).sum::<f64>() / rows.len() as f64).collect()
}

/// Votes by class; between classes with equally many, the higher mean probability decides.
pub(super) fn vote(rows: &[&[f64]]) -> Vec<f64> {
    let mut score = average(rows);
    for row in rows {
        score[top_label(row).0] += 1.0;
    }
    let total: f64 = score.iter().sum();
    score.iter().map(|score| score / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn votes_count_before_probabilities_and_decide_ties() {
        // Two weak votes for class 1 against one sure vote for class 0.
        let rows: [&[f64]; 3] = [&[1.0, 0.0], &[0.4, 0.6], &[0.45, 0.55]];
        assert_eq!(top_label(&average(&rows)).0, 0);
        assert_eq!(top_label(&vote(&rows)).0, 1);
        // One vote each: the surer one decides.
        assert_eq!(top_label(&vote(&[&[0.9, 0.1], &[0.4, 0.6]])).0, 0);
        assert!((vote(&rows).iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn passes_are_averaged_example_by_example() {
        let samples = [vec![vec![1.0, 0.0], vec![0.0, 1.0]], vec![vec![0.25, 0.75], vec![0.75, 0.25]]];
        assert_eq!(Probabilities::average_of(&samples).0, [[0.5, 0.5], [0.5, 0.5]]);
    }

    #[test]
    fn a_sure_and_right_prediction_costs_nothing() {
        let probabilities = Probabilities(vec![vec![1.0, 0.0], vec![0.5, 0.5]]);
        assert!((probabilities.loss(&[0, 1]) - 2.0_f64.ln() / 2.0).abs() < 1e-12);
        assert_eq!(probabilities.accuracy(&[0, 1]), 0.5);
    }
}
