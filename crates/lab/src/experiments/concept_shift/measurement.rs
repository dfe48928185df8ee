//! What is measured with one seed.

use serde::{Deserialize, Serialize};

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    /// For each number of pairs whose labels changed, from none to all.
    pub(super) periods: Vec<Period>,
    /// Accuracy of a new network under the old labels, with other initial weights and batches than those of the first
    /// period.
    pub(super) other: f64,
}

/// Test accuracies under the labels of a period.
#[derive(Serialize, Deserialize)]
pub(super) struct Period {
    /// Of the network trained under the old labels, as it is.
    pub(super) kept: f64,
    /// Of that network after training on images of this period: all changes come at once.
    pub(super) sudden: Run,
    /// Of that network after training on images of each period in turn: a pair changes at a time.
    pub(super) gradual: f64,
    /// Of a new network trained on images of this period.
    pub(super) new: Run,
    /// Of a new network trained on the images of this period and the old ones with their old labels.
    pub(super) mixed: f64,
}

/// Accuracy after the last step, and on the way.
#[derive(Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) accuracy: f64,
    /// On some of the test images, before the first step and every few steps.
    pub(super) looks: Vec<f64>,
}

impl Run {
    /// Of the looks, the first that reaches a goal; the number of looks where none does.
    pub(super) fn look_that_reaches(&self, goal: f64) -> usize {
        self.looks.iter().position(|&look| look >= goal).unwrap_or(self.looks.len())
    }

    /// The last look.
    pub(super) fn last_look(&self) -> f64 {
        self.looks.last().copied().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_look_that_reaches_the_goal_counts() {
        let run = Run { accuracy: 0.7, looks: vec![0.1, 0.6, 0.5, 0.7] };
        assert_eq!([0.55, 0.65, 0.9].map(|goal| run.look_that_reaches(goal)), [1, 3, 4]);
        assert_eq!(run.last_look(), 0.7);
    }
}
