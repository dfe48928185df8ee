//! Errors of the metrics.

/// Invalid input of a metric.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// There is no example.
    #[error("expected at least one example, found none")]
    Empty,
    /// Two slices that describe the same examples differ in length.
    #[error("expected {expected} {name}, found {found}")]
    Length {
        /// What the slice contains.
        name: &'static str,
        /// Length required by the other arguments.
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
        /// What the slice contains.
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
    /// There is no optimal temperature: the likelihood increases as the temperature approaches 0.
    #[error(
        "every label has the largest logit of its example: the likelihood increases as the temperature approaches 0, \
         so there is no optimal temperature"
    )]
    Separable,
    /// There is no optimal temperature: the likelihood increases with the temperature.
    #[error(
        "on average the logits of the labels do not exceed the mean logit of their examples: the likelihood increases \
         with the temperature, so there is no optimal temperature"
    )]
    Uninformative,
}
