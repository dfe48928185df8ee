//! Errors of the estimates of distribution shift.

/// Invalid input of an estimate of importance weights.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportanceError {
    /// An input is empty.
    #[error("expected at least one {name}, found none")]
    Empty {
        /// What is missing.
        name: &'static str,
    },
    /// A length that is not a multiple of the number of classes.
    #[error("expected rows of {classes} probabilities, found {found} in all")]
    Rows {
        /// Number of classes.
        classes: usize,
        /// The length that was given.
        found: usize,
    },
    /// A label at or above the number of classes.
    #[error("prediction {index} is {found}; expected 0 to {} ({classes} classes)", classes.saturating_sub(1))]
    Label {
        /// Position of the first such label.
        index: usize,
        /// The label.
        found: usize,
        /// Number of classes.
        classes: usize,
    },
    /// A number that is not finite, or below its range.
    #[error("{name} {index} is {found}; expected {expected}")]
    Value {
        /// What the slice contains.
        name: &'static str,
        /// Position of the first such number.
        index: usize,
        /// What is allowed.
        expected: &'static str,
        /// The number found there.
        found: f64,
    },
    /// A source prior that does not sum to 1.
    #[error("the shares of the source sum to {sum}; expected 1")]
    PriorSum {
        /// Their sum.
        sum: f64,
    },
    /// A row of probabilities that does not sum to 1.
    #[error("the probabilities of example {index} sum to {sum}; expected 1")]
    RowSum {
        /// The first such example.
        index: usize,
        /// Sum of its probabilities.
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
