//! What the metrics refuse.

/// Values that no metric can be computed from.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// Nothing to measure.
    #[error("expected at least one example, found none")]
    Empty,
    /// Two slices that describe the same examples differ in length.
    #[error("expected {expected} {name}, found {found}")]
    Length {
        /// What the slice holds.
        name: &'static str,
        /// Length that fits the other arguments.
        expected: usize,
        /// Length that was given.
        found: usize,
    },
    /// A number of classes or bins outside its range.
    #[error("expected 1 to {limit} {name}, found {found}")]
    Count {
        /// What is counted.
        name: &'static str,
        /// The largest allowed number.
        limit: usize,
        /// The number that was given.
        found: usize,
    },
    /// A label at or above the number of classes.
    #[error("{name} {index} is {found}; expected 0 to {} ({classes} classes)", classes.saturating_sub(1))]
    Label {
        /// What the slice holds.
        name: &'static str,
        /// Position of the first such label.
        index: usize,
        /// The label.
        found: usize,
        /// Number of classes.
        classes: usize,
    },
    /// A confidence that is not a probability.
    #[error("confidence {index} is {found}; expected a probability in [0, 1]")]
    Confidence {
        /// Position of the first such confidence.
        index: usize,
        /// The number found there.
        found: f64,
    },
    /// A logit that is infinite or NaN.
    #[error("logit {index} is {found}; expected a finite number")]
    Logit {
        /// Position of the first such logit.
        index: usize,
        /// The number found there.
        found: f32,
    },
    /// No temperature is best: the labels grow likelier the closer it comes to 0.
    #[error("every label has the largest logit of its example: no temperature above 0 makes the labels most likely")]
    Separable,
    /// No temperature is best: the labels grow likelier the higher it is.
    #[error("the logits of the labels are not above the others on average: no finite temperature is best")]
    Uninformative,
}
