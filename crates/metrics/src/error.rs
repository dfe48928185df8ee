//! Errors of the metrics.

/// Invalid input of a metric.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// An input is empty.
    #[error("expected at least one {name}, found none")]
    Empty {
        /// What is missing.
        name: &'static str,
    },
    /// Two inputs that describe the same examples differ in length, or there are too few.
    #[error("expected {expected} {name}, found {found}")]
    Length {
        /// What the input contains.
        name: &'static str,
        /// Length required by the other arguments, or the smallest that is allowed.
        expected: usize,
        /// Length that was given.
        found: usize,
    },
    /// A length that is not a multiple of the number of classes.
    #[error("expected rows of {classes} {name}, found {found} in all")]
    Rows {
        /// What the input contains.
        name: &'static str,
        /// Number of classes.
        classes: usize,
        /// Length that was given.
        found: usize,
    },
    /// A sample with another number of probabilities than the first one.
    #[error("sample {index} has {found} probabilities; expected {expected}, as many as sample 0")]
    Ragged {
        /// Position of the sample.
        index: usize,
        /// Length of the first sample.
        expected: usize,
        /// Length of this sample.
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
    /// A share that is no share.
    #[error("{name} is {found}; expected a number between 0 and 1, both excluded")]
    Share {
        /// What it is a share of.
        name: &'static str,
        /// The number that was given.
        found: f64,
    },
    /// A label that is negative, or not below the number of classes.
    #[error("{name} {index} is {found}; expected 0 to {} ({classes} classes)", classes.saturating_sub(1))]
    Label {
        /// What the input contains.
        name: &'static str,
        /// Position of the first such label.
        index: usize,
        /// The label.
        found: i128,
        /// Number of classes.
        classes: usize,
    },
    /// A number that is not finite, or outside its range.
    #[error("{name} {index} is {found}; expected {expected}")]
    Value {
        /// What the input contains.
        name: &'static str,
        /// Position of the first such number.
        index: usize,
        /// What is allowed.
        expected: &'static str,
        /// The number found there.
        found: f64,
    },
    /// A single number that is not finite, or outside its range.
    #[error("the {name} is {found}; expected {expected}")]
    Parameter {
        /// What the number is.
        name: &'static str,
        /// What is allowed.
        expected: &'static str,
        /// The number that was given.
        found: f64,
    },
    /// A probability that is negative or not finite.
    #[error("the probability of class {class} in {name} {index} is {found}; expected a finite number, at least 0")]
    Probability {
        /// What a row describes: an example, or a sample.
        name: &'static str,
        /// Position of the first such row.
        index: usize,
        /// Position in the row.
        class: usize,
        /// The number found there.
        found: f64,
    },
    /// A row of probabilities that does not sum to 1.
    #[error("the probabilities of {name} {index} sum to {sum}; expected 1")]
    RowSum {
        /// What a row describes: an example, or a sample.
        name: &'static str,
        /// Position of the first such row.
        index: usize,
        /// Sum of its probabilities.
        sum: f64,
    },
    /// A class without examples, where the metric needs examples of every class.
    #[error("no example has label {class}; expected at least one")]
    MissingClass {
        /// The first such class.
        class: usize,
    },
    /// Targets without variance.
    #[error("all targets are {value}; expected at least two different ones")]
    Constant {
        /// Their common value.
        value: f64,
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
