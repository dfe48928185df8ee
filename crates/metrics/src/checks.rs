//! What the metrics check of their input.

use crate::{Labels, MetricsError};

/// Largest deviation of a sum of probabilities from 1: wide enough for values rounded to three digits.
pub(crate) const SUM_TOLERANCE: f64 = 1e-3;

/// The labels as indices, each below `classes`.
pub(crate) fn class_indices(
    name: &'static str,
    labels: impl Labels,
    classes: usize,
) -> Result<Vec<usize>, MetricsError> {
    let index_of = |(index, found)| match usize::try_from(found) {
        Ok(label) if label < classes => Ok(label),
        _ => Err(MetricsError::Label { name, index, found, classes }),
    };
    labels.labels().enumerate().map(index_of).collect()
}

pub(crate) fn not_empty(name: &'static str, length: usize) -> Result<(), MetricsError> {
    if length == 0 { Err(MetricsError::Empty { name }) } else { Ok(()) }
}

pub(crate) fn same_length(name: &'static str, expected: usize, found: usize) -> Result<(), MetricsError> {
    if expected == found { Ok(()) } else { Err(MetricsError::Length { name, expected, found }) }
}

/// Refuses the first value that is not `allowed`.
pub(crate) fn all(
    name: &'static str,
    expected: &'static str,
    values: &[f64],
    allowed: impl Fn(f64) -> bool,
) -> Result<(), MetricsError> {
    match values.iter().position(|&value| !allowed(value)) {
        Some(index) => Err(MetricsError::Value { name, index, expected, found: values[index] }),
        None => Ok(()),
    }
}

pub(crate) fn finite(name: &'static str, values: &[f64]) -> Result<(), MetricsError> {
    all(name, "a finite number", values, f64::is_finite)
}

pub(crate) fn not_negative(name: &'static str, values: &[f64]) -> Result<(), MetricsError> {
    all(name, "a finite number, at least 0", values, is_mass)
}

/// Refuses a row, that of the example or sample `index`, that is no probability distribution.
pub(crate) fn distribution(name: &'static str, index: usize, row: &[f64]) -> Result<(), MetricsError> {
    not_empty("class", row.len())?;
    if let Some(class) = row.iter().position(|&probability| !is_mass(probability)) {
        return Err(MetricsError::Probability { name, index, class, found: row[class] });
    }
    let sum: f64 = row.iter().sum();
    if (sum - 1.0).abs() > SUM_TOLERANCE { Err(MetricsError::RowSum { name, index, sum }) } else { Ok(()) }
}

/// Refuses values that are not rows of `classes` each.
pub(crate) fn rows(name: &'static str, values: &[f64], classes: usize) -> Result<(), MetricsError> {
    not_empty("class", classes)?;
    let found = values.len();
    if found.is_multiple_of(classes) { Ok(()) } else { Err(MetricsError::Rows { name, classes, found }) }
}

/// Refuses rows of which one is no probability distribution.
pub(crate) fn distributions(probabilities: &[f64], classes: usize) -> Result<(), MetricsError> {
    rows("probabilities", probabilities, classes)?;
    let mut rows = probabilities.chunks_exact(classes).enumerate();
    rows.try_for_each(|(index, row)| distribution("example", index, row))
}

/// The label of each row of a `[examples, classes]` matrix with at least one example. `name` says what the matrix has
/// for each label and class.
pub(crate) fn row_labels(
    name: &'static str,
    values: &[f64],
    labels: impl Labels,
    classes: usize,
) -> Result<Vec<usize>, MetricsError> {
    not_empty("class", classes)?;
    let labels = class_indices("label", labels, classes)?;
    not_empty("example", labels.len())?;
    same_length(name, labels.len().saturating_mul(classes), values.len())?;
    Ok(labels)
}

/// The label of each distribution, row by row.
pub(crate) fn distribution_labels(
    probabilities: &[f64],
    labels: impl Labels,
    classes: usize,
) -> Result<Vec<usize>, MetricsError> {
    let labels = row_labels("probabilities, one for each label and class", probabilities, labels, classes)?;
    distributions(probabilities, classes)?;
    Ok(labels)
}

fn is_mass(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn labels_out_of_range_are_refused_with_their_index_and_value() {
        let refused = |labels: &[i64], classes| class_indices("label", labels, classes).unwrap_err().to_string();
        assert_eq!(refused(&[0, -1], 2), "label 1 is -1; expected 0 to 1 (2 classes)");
        assert_eq!(refused(&[2, 0], 2), "label 0 is 2; expected 0 to 1 (2 classes)");
        let largest = class_indices("label", &[0, u64::MAX], usize::MAX).unwrap_err().to_string();
        assert!(largest.starts_with("label 1 is 18446744073709551615;"), "{largest}");
        assert_eq!(class_indices("label", &[1_i8, 0], 2), Ok(vec![1, 0]));
    }

    #[test]
    fn rows_that_are_no_distributions_are_refused_with_their_index_and_value() {
        let refused = |rows: &[f64], labels: &[u8]| distribution_labels(rows, labels, 2).unwrap_err().to_string();
        assert_eq!(refused(&[], &[]), "expected at least one example, found none");
        assert_eq!(refused(&[0.5; 3], &[0, 1]), "expected 4 probabilities, one for each label and class, found 3");
        let negative = "the probability of class 0 in example 1 is -0.5; expected a finite number, at least 0";
        assert_eq!(refused(&[0.5, 0.5, -0.5, 1.5], &[0, 1]), negative);
        assert!(refused(&[f64::NAN, 1.0], &[0]).starts_with("the probability of class 0 in example 0 is NaN;"));
        assert!(refused(&[0.0, f64::INFINITY], &[0]).starts_with("the probability of class 1 in example 0 is inf;"));
        let sum = "the probabilities of example 1 sum to 0.75; expected 1";
        assert_eq!(refused(&[0.5, 0.5, 0.5, 0.25], &[0, 1]), sum);
        assert_eq!(refused(&[0.5, 0.5], &[2]), "label 0 is 2; expected 0 to 1 (2 classes)");
        let no_class = distribution_labels(&[], &[0_u8], 0).unwrap_err();
        assert_eq!(no_class.to_string(), "expected at least one class, found none");
    }

    #[test]
    fn probabilities_rounded_to_three_digits_are_distributions() {
        assert_eq!(distributions(&[0.333, 0.333, 0.333, 0.3334, 0.3335, 0.3334], 3), Ok(()));
        assert!(distributions(&[0.33, 0.33, 0.33], 3).is_err());
        assert!(distributions(&[0.334, 0.334, 0.334], 3).is_err());
    }
}
