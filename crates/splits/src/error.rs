/// An argument outside its range: each message says what was expected and what was found.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SplitError {
    /// The fraction held out is no fraction.
    #[error("the fraction held out is {found}; expected 0 to 1")]
    Fraction {
        /// The number that was given.
        found: f64,
    },
    /// The subset is larger than the whole.
    #[error("the size of the subset is {found}; expected at most the number of examples, {examples}")]
    SubsetSize {
        /// The size that was given.
        found: usize,
        /// Number of examples.
        examples: usize,
    },
    /// Fewer than two folds, or more folds than examples.
    #[error("the number of folds is {found}; expected 2 to the number of examples, {examples}")]
    FoldCount {
        /// The number that was given.
        found: usize,
        /// Number of examples.
        examples: usize,
    },
    /// More examples than indices of type `u32`.
    #[error("the number of examples is {found}; expected at most {}", u32::MAX)]
    ExampleCount {
        /// The number that was given.
        found: usize,
    },
    /// A label that is negative or does not fit `u64`.
    #[error("label {index} is {found}; expected 0 to {}", u64::MAX)]
    Label {
        /// Position of the first such label.
        index: usize,
        /// The label.
        found: String,
    },
}
