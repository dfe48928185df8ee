use std::collections::BTreeMap;
use std::fmt::Display;

use crate::SplitError;

/// What can be a class label: an integer of any type, `bool` or `char`.
///
/// A label is known by its value as `u64`: equal values of two types give equal results. Labels need not be
/// consecutive, and large ones cost nothing. Names are numbered first, for example by their position in a list.
pub trait Label: Copy + Display + TryInto<u64> {}

impl<T: Copy + Display + TryInto<u64>> Label for T {}

/// The examples of each label that occurs: their indices, in ascending order.
///
/// # Errors
///
/// If a label is negative or does not fit `u64`, or there are more than `u32::MAX` labels.
///
/// # Examples
///
/// ```
/// let members = mlp_splits::by_class(&[7, 0, 7])?;
/// assert_eq!(members.into_iter().collect::<Vec<_>>(), [(0, vec![1]), (7, vec![0, 2])]);
/// # Ok::<(), mlp_splits::SplitError>(())
/// ```
pub fn by_class<L: Label>(labels: &[L]) -> Result<BTreeMap<u64, Vec<u32>>, SplitError> {
    let mut members: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    for (index, &label) in indices(labels.len())?.zip(labels) {
        let refused = |_| SplitError::Label { index: index as usize, found: label.to_string() };
        members.entry(label.try_into().map_err(refused)?).or_default().push(index);
    }
    Ok(members)
}

/// All of `len` examples as one class, for what is not stratified.
pub(crate) fn one_class(len: usize) -> Result<BTreeMap<u64, Vec<u32>>, SplitError> {
    Ok(BTreeMap::from([(0, indices(len)?.collect())]))
}

fn indices(len: usize) -> Result<std::ops::Range<u32>, SplitError> {
    u32::try_from(len).map(|len| 0..len).map_err(|_| SplitError::ExampleCount { found: len })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_every_kind_are_known_by_their_value() {
        let expected = by_class(&[1_u8, 0, 1]).expect("valid");
        assert_eq!(by_class(&[1_u64, 0, 1]), Ok(expected.clone()));
        assert_eq!(by_class(&[1_i128, 0, 1]), Ok(expected.clone()));
        assert_eq!(by_class(&[true, false, true]), Ok(expected));
        let letters = by_class(&['b', 'a', 'b']).expect("valid");
        assert_eq!(letters.into_iter().collect::<Vec<_>>(), [(97, vec![1]), (98, vec![0, 2])]);
    }

    #[test]
    fn a_label_without_value_is_refused() {
        let error = by_class(&[0_i64, -1, -2]).expect_err("negative");
        assert_eq!(error, SplitError::Label { index: 1, found: "-1".to_owned() });
        assert_eq!(error.to_string(), "label 1 is -1; expected 0 to 18446744073709551615");
        assert!(by_class(&[u128::from(u64::MAX)]).is_ok());
        assert!(by_class(&[u128::from(u64::MAX) + 1]).is_err());
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn more_examples_than_indices_are_refused() {
        let error = one_class(1 << 32).expect_err("too many").to_string();
        assert_eq!(error, "the number of examples is 4294967296; expected at most 4294967295");
    }
}
