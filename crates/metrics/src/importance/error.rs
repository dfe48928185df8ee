//! Errors of the estimates of distribution shift.

use crate::MetricsError;

/// Invalid input of an estimate of importance weights.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportanceError {
    /// Labels, probabilities, logits or weights that no metric accepts.
    #[error(transparent)]
    Input(#[from] MetricsError),
    /// A source prior that does not sum to 1.
    #[error("the shares of the source sum to {sum}; expected 1")]
    PriorSum {
        /// Their sum.
        sum: f64,
    },
    /// Weights whose mean is 0 or infinite.
    #[error("the weights sum to {sum}; expected a finite number above 0")]
    WeightSum {
        /// Their sum.
        sum: f64,
    },
    /// A class without source examples: no weight can compensate for that.
    #[error("class {class} does not occur in the source; expected every class to")]
    MissingClass {
        /// The first such class.
        class: usize,
    },
    /// The confusion matrix is singular or nearly so: the predictions do not distinguish some mixtures of classes.
    #[error("the condition number of the confusion matrix is {condition_number}; expected at most {limit}")]
    NearSingular {
        /// Ratio of the largest singular value to the smallest; infinite for a singular matrix.
        condition_number: f64,
        /// The largest condition number accepted.
        limit: f64,
    },
}
