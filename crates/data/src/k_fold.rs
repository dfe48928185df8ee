use crate::DataError;
use crate::order::{generator, shuffle};
use crate::split::by_class;

/// One fold of K-fold cross-validation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// Training examples: all that are not in `validation`. Sorted.
    pub train: Vec<u32>,
    /// Validation examples. Sorted.
    pub validation: Vec<u32>,
}

/// Stratified K-fold cross-validation: each fold validates on one subset and trains on the rest.
///
/// Every example is validated in exactly one fold. Of `n` examples, a fold validates `n/k`, rounded down or up; of the
/// `n_c` examples of a class, it validates `n_c/k`, rounded down or up. The assignment is random, keyed by the seed and
/// the class.
///
/// # Errors
///
/// If `k` is less than 2 or more than the number of labels, or there are more than `u32::MAX` labels.
///
/// # Examples
///
/// ```
/// use burn_fashion_mnist::stratified_k_fold;
///
/// let labels = [0, 0, 0, 1, 1, 1];
/// let folds = stratified_k_fold(&labels, 3, /* seed */ 7)?;
/// assert_eq!(folds.len(), 3);
/// for fold in &folds {
///     assert_eq!((fold.train.len(), fold.validation.len()), (4, 2));
///     assert_eq!(fold.validation.iter().filter(|&&index| labels[index as usize] == 1).count(), 1);
/// }
/// # Ok::<(), burn_fashion_mnist::DataError>(())
/// ```
pub fn stratified_k_fold(labels: &[u8], k: usize, seed: u64) -> Result<Vec<Fold>, DataError> {
    if !(2..=labels.len()).contains(&k) {
        return Err(DataError::Argument {
            name: "the number of folds",
            expected: format!("2 to the number of examples, {}", labels.len()),
            found: k.to_string(),
        });
    }
    let mut validating = vec![0; labels.len()];
    let mut dealt = 0;
    for (class, mut indices) in (0_u64..).zip(by_class(labels)?) {
        shuffle(&mut indices, &mut generator(seed, *b"k folds\0", class));
        for index in indices {
            // Assigned round-robin, continuing from the previous class: this balances both the classes and the total.
            validating[index as usize] = dealt % k;
            dealt += 1;
        }
    }
    let part = |fold, validated| {
        let examples = (0..).zip(&validating).filter(move |&(_, &of)| (of == fold) == validated);
        examples.map(|(index, _)| index).collect()
    };
    Ok((0..k).map(|fold| Fold { train: part(fold, false), validation: part(fold, true) }).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn as_many_folds_as_examples_leave_one_out() {
        let folds = stratified_k_fold(&[0, 1, 0], 3, 1).expect("valid");
        let mut validated: Vec<u32> = folds.iter().flat_map(|fold| fold.validation.clone()).collect();
        assert!(folds.iter().all(|fold| fold.train.len() == 2));
        validated.sort_unstable();
        assert_eq!(validated, [0, 1, 2]);
    }

    #[test]
    fn what_is_no_division_is_refused() {
        let message = |labels: &[u8], k| stratified_k_fold(labels, k, 1).expect_err("invalid").to_string();
        assert_eq!(message(&[0; 4], 1), "the number of folds is 1; expected 2 to the number of examples, 4");
        assert_eq!(message(&[0; 4], 5), "the number of folds is 5; expected 2 to the number of examples, 4");
        assert!(message(&[0], 2).contains("the number of examples, 1"));
        assert_eq!(message(&[], 0), "the number of folds is 0; expected 2 to the number of examples, 0");
    }

    #[test]
    fn the_seed_decides_the_folds() {
        let labels: Vec<u8> = (0..200).map(|index| index % 10).collect();
        let folds = |seed| stratified_k_fold(&labels, 5, seed).expect("valid");
        assert_eq!(folds(1), folds(1));
        assert_ne!(folds(1), folds(2));
    }

    proptest! {
        #[test]
        fn every_example_is_validated_once_in_proportion(
            labels in proptest::collection::vec(0_u8..7, 2..300),
            part in 0.0..=1.0_f64,
            seed: u64,
        ) {
            let n = labels.len();
            let k = 2 + (part * (n - 2) as f64) as usize;
            let folds = stratified_k_fold(&labels, k, seed).expect("valid");
            prop_assert_eq!(folds.len(), k);

            let mut validated: Vec<u32> = folds.iter().flat_map(|fold| fold.validation.clone()).collect();
            validated.sort_unstable();
            prop_assert!(validated.into_iter().eq(0..n as u32));

            for Fold { train, validation } in &folds {
                prop_assert!(train.is_sorted() && validation.is_sorted());
                let mut all = [&train[..], validation].concat();
                all.sort_unstable();
                prop_assert!(all.into_iter().eq(0..n as u32));

                prop_assert!(validation.len() == n / k || validation.len() == n.div_ceil(k));
                for class in 0..7 {
                    let of_class = labels.iter().filter(|&&label| label == class).count();
                    let found = validation.iter().filter(|&&index| labels[index as usize] == class).count();
                    prop_assert!(found == of_class / k || found == of_class.div_ceil(k));
                }
            }
        }
    }
}
