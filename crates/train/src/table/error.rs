//! What is refused as a table.

/// Why a table is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// A column with another number of rows than the first one, or a matrix that is not rows × columns.
    #[error("{column}: expected {expected} values, found {found}")]
    Length {
        /// Name of the column.
        column: String,
        /// Number of values expected.
        expected: usize,
        /// Number of values found.
        found: usize,
    },
    /// A name that is not in the vocabulary of the column.
    #[error("{column}, row {row} (counted from 0): {found:?} is none of {known}")]
    Unknown {
        /// Name of the column.
        column: String,
        /// Index of the row.
        row: usize,
        /// The name found.
        found: String,
        /// The names of the vocabulary.
        known: String,
    },
    /// A number that is infinite or not a number.
    #[error("{column}, row {row} (counted from 0): expected a finite number, found {found}")]
    NotFinite {
        /// Name of the column.
        column: String,
        /// Index of the row.
        row: usize,
        /// The number found.
        found: String,
    },
    /// A position at which there is no row.
    #[error("expected a row below {rows}, found {found}")]
    NoRow {
        /// Number of rows.
        rows: usize,
        /// The position.
        found: u32,
    },
}
