use std::collections::BTreeMap;

use crate::SplitError;
use crate::classes::{Label, by_class, one_class};
use crate::random::{generator, shuffle};

/// Splits `0..len` at random into a rest and a held-out part, for data without classes such as that of a regression.
/// Returns the indices of both, sorted.
///
/// Of `n` examples, `round(fraction * n)` are held out; a half is rounded up. All choices of that many are equally
/// likely, up to the quality of the generator.
///
/// # Errors
///
/// If `fraction` is not in `[0, 1]`, or there are more than `u32::MAX` examples.
///
/// # Examples
///
/// ```
/// use mlp_splits::split;
///
/// let (rest, held_out) = split(10, 0.25, /* seed */ 7)?;
/// assert_eq!((rest.len(), held_out.len()), (7, 3));
/// # Ok::<(), mlp_splits::SplitError>(())
/// ```
pub fn split(len: usize, fraction: f64, seed: u64) -> Result<(Vec<u32>, Vec<u32>), SplitError> {
    let size = held_out(len, fraction)?;
    Ok(divide(one_class(len)?, size, seed, *b"split\0\0\0"))
}

/// Stratified split: divides examples into a rest and a held-out part that preserves the class distribution. Returns
/// the indices of both, sorted, so the order of training does not depend on the split.
///
/// Of `n` examples, `round(fraction * n)` are held out; a half is rounded up. Class `c` contributes `fraction * n_c` of
/// them, rounded by the largest-remainder method so that the total is exact; ties go to the smaller label. Within a
/// class the choice is random, keyed by the seed and the label.
///
/// # Errors
///
/// If `fraction` is not in `[0, 1]`, a label is negative or does not fit `u64`, or there are more than `u32::MAX`
/// labels.
///
/// # Examples
///
/// ```
/// use mlp_splits::stratified_split;
///
/// let labels = [0, 0, 0, 0, 1, 1, 1, 1];
/// let (rest, held_out) = stratified_split(&labels, 0.25, /* seed */ 7)?;
/// assert_eq!((rest.len(), held_out.len()), (6, 2));
/// assert_eq!(held_out.iter().filter(|&&index| labels[index as usize] == 1).count(), 1);
/// # Ok::<(), mlp_splits::SplitError>(())
/// ```
pub fn stratified_split<L: Label>(labels: &[L], fraction: f64, seed: u64) -> Result<(Vec<u32>, Vec<u32>), SplitError> {
    let size = held_out(labels.len(), fraction)?;
    Ok(divide(by_class(labels)?, size, seed, *b"stratify"))
}

/// Stratified subset: chooses `size` examples that preserve the class distribution. Returns their sorted indices.
///
/// Class counts are rounded as in [`stratified_split`]. The choice is independent of that of a split with the same
/// seed.
///
/// # Errors
///
/// If there are fewer than `size` labels or more than `u32::MAX`, or a label is negative or does not fit `u64`.
///
/// # Examples
///
/// ```
/// use mlp_splits::stratified_subset;
///
/// let labels = [0, 0, 0, 0, 1, 1];
/// let subset = stratified_subset(&labels, 3, /* seed */ 7)?;
/// assert_eq!(subset.iter().filter(|&&index| labels[index as usize] == 0).count(), 2);
/// # Ok::<(), mlp_splits::SplitError>(())
/// ```
pub fn stratified_subset<L: Label>(labels: &[L], size: usize, seed: u64) -> Result<Vec<u32>, SplitError> {
    if size > labels.len() {
        return Err(SplitError::SubsetSize { found: size, examples: labels.len() });
    }
    Ok(divide(by_class(labels)?, size, seed, *b"subset\0\0").1)
}

/// How many of `len` examples are held out.
fn held_out(len: usize, fraction: f64) -> Result<usize, SplitError> {
    if !(0.0..=1.0).contains(&fraction) {
        return Err(SplitError::Fraction { found: fraction });
    }
    Ok((fraction * len as f64).round() as usize)
}

/// The examples left and the `size` chosen, from the examples of each class.
fn divide(members: BTreeMap<u64, Vec<u32>>, size: usize, seed: u64, purpose: [u8; 8]) -> (Vec<u32>, Vec<u32>) {
    let quotas = quotas(&members.values().map(Vec::len).collect::<Vec<_>>(), size);
    let (mut rest, mut chosen) = (Vec::new(), Vec::with_capacity(size));
    for ((class, mut indices), quota) in members.into_iter().zip(quotas) {
        // One generator per class: an example added to one class does not reorder the others.
        shuffle(&mut indices, &mut generator(seed, purpose, class));
        let (taken, left) = indices.split_at(quota);
        chosen.extend_from_slice(taken);
        rest.extend_from_slice(left);
    }
    rest.sort_unstable();
    chosen.sort_unstable();
    (rest, chosen)
}

/// How many examples of each class are among `size` of all. Integer arithmetic makes this exact for any counts.
fn quotas(counts: &[usize], size: usize) -> Vec<usize> {
    let total = counts.iter().sum::<usize>().max(1) as u128;
    let exact = |class: usize| counts[class] as u128 * size as u128;
    let mut quotas: Vec<usize> = (0..counts.len()).map(|class| (exact(class) / total) as usize).collect();
    let missing = size - quotas.iter().sum::<usize>();
    let mut by_remainder: Vec<usize> = (0..counts.len()).collect();
    // The sort is stable: equal remainders stay in the order of the labels.
    by_remainder.sort_by_key(|&class| std::cmp::Reverse(exact(class) % total));
    for &class in &by_remainder[..missing] {
        quotas[class] += 1;
    }
    quotas
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn count(indices: &[u32], labels: &[u8], class: u8) -> usize {
        indices.iter().filter(|&&index| labels[index as usize] == class).count()
    }

    #[test]
    fn the_total_is_rounded_not_each_class() {
        // A quarter of three classes of two examples is 0.5 each: 1.5 in all, rounded to 2, taken from the smaller
        // labels.
        let labels = [0, 0, 1, 1, 2, 2];
        let (_, held_out) = stratified_split(&labels, 0.25, 1).expect("valid");
        assert_eq!([0, 1, 2].map(|class| count(&held_out, &labels, class)), [1, 1, 0]);
    }

    #[test]
    fn the_bounds_are_inclusive() {
        let labels = [3, 1, 3];
        assert_eq!(stratified_split(&labels, 0.0, 1).expect("valid"), (vec![0, 1, 2], vec![]));
        assert_eq!(stratified_split(&labels, 1.0, 1).expect("valid"), (vec![], vec![0, 1, 2]));
        assert_eq!(stratified_split::<u8>(&[], 0.5, 1).expect("valid"), (vec![], vec![]));
        assert_eq!(split(3, 0.0, 1).expect("valid"), (vec![0, 1, 2], vec![]));
        assert_eq!(split(3, 1.0, 1).expect("valid"), (vec![], vec![0, 1, 2]));
        for fraction in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            let error = stratified_split(&labels, fraction, 1).expect_err("out of range").to_string();
            assert_eq!(error, format!("the fraction held out is {fraction}; expected 0 to 1"));
            assert_eq!(split(3, fraction, 1).expect_err("out of range").to_string(), error);
        }
        assert_eq!(stratified_subset(&labels, 3, 1).expect("valid"), [0, 1, 2]);
        assert_eq!(
            stratified_subset(&labels, 4, 1).expect_err("too many").to_string(),
            "the size of the subset is 4; expected at most the number of examples, 3"
        );
    }

    #[test]
    fn the_seed_decides_the_choice() {
        let labels: Vec<u8> = (0..200).map(|index| index % 10).collect();
        let split = |seed| stratified_split(&labels, 0.5, seed).expect("valid");
        assert_eq!(split(1), split(1));
        assert_ne!(split(1), split(2));
        assert_ne!(split(1).1, stratified_subset(&labels, 100, 1).expect("valid"));
        // Without classes the stream is another.
        assert_ne!(super::split(200, 0.5, 1), stratified_split(&[0; 200], 0.5, 1));
        assert_ne!(super::split(200, 0.5, 1), super::split(200, 0.5, 2));
    }

    /// Pinned, since a change here changes every recorded run. The values come from an independent Python program, with
    /// `shuffled` as in the tests of [`permutation`](crate::permutation), for the key seed, purpose, class:
    ///
    /// ```text
    /// members = {c: [i for i, l in enumerate(labels) if l == c] for c in sorted(set(labels))}
    /// exact = {c: Fraction(len(members[c]) * size, len(labels)) for c in members}
    /// quota = {c: int(exact[c]) for c in members}
    /// short = size - sum(quota.values())
    /// for c in sorted(members, key=lambda c: int(exact[c]) - exact[c])[:short]: quota[c] += 1
    /// chosen = sorted(i for c in members for i in shuffled(members[c], seed, purpose, c)[:quota[c]])
    /// ```
    #[test]
    fn the_choice_is_that_of_an_independent_program() {
        let labels = [3, 1, 3, 200, 1, 3, 3, 200, 3, 1, 3, 3_u8];
        assert_eq!(stratified_split(&labels, 1.0 / 3.0, 7).expect("valid").1, [0, 1, 3, 10]);
        assert_eq!(stratified_subset(&labels, 5, 7), Ok(vec![0, 3, 6, 8, 9]));
        assert_eq!(split(12, 1.0 / 3.0, 7).expect("valid").1, [0, 1, 10, 11]);
        let distant = [u64::MAX, 5, u64::MAX, 5, u64::MAX, u64::MAX];
        assert_eq!(stratified_split(&distant, 0.5, 7).expect("valid").1, [0, 2, 3]);
    }

    #[test]
    fn more_classes_than_a_byte_counts_are_divided() {
        let labels: Vec<u32> = (0..4000).map(|index| 1_000_000 * (index % 1000)).collect();
        let (_, held_out) = stratified_split(&labels, 0.25, 1).expect("valid");
        let mut found: Vec<u32> = held_out.iter().map(|&index| labels[index as usize]).collect();
        found.sort_unstable();
        assert!(found.into_iter().eq((0..1000).map(|class| 1_000_000 * class)), "one example of each class");
    }

    #[test]
    fn an_example_of_one_class_is_chosen_as_often_as_another() {
        // 10,000 splits hold out 3 of 10: 3000 expected per example, with a standard deviation of 46. The bounds are
        // five of them; the seeds are fixed.
        let mut counts = [0; 10];
        for seed in 0..10_000 {
            split(10, 0.3, seed).expect("valid").1.iter().for_each(|&index| counts[index as usize] += 1);
        }
        assert!(counts.iter().all(|count| (2770..3230).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_negative_label_is_refused() {
        let error = SplitError::Label { index: 2, found: "-3".to_owned() };
        assert_eq!(stratified_split(&[0, 1, -3], 0.5, 1), Err(error.clone()));
        assert_eq!(stratified_subset(&[0, 1, -3], 1, 1), Err(error));
    }

    proptest! {
        #[test]
        fn a_split_without_labels_is_a_partition(len in 0_usize..300, fraction in 0.0..=1.0_f64, seed: u64) {
            let (rest, held_out) = split(len, fraction, seed).expect("valid");
            prop_assert_eq!(held_out.len(), (fraction * len as f64).round() as usize);
            prop_assert!(rest.is_sorted() && held_out.is_sorted());
            let mut all = [rest, held_out].concat();
            all.sort_unstable();
            prop_assert!(all.into_iter().eq(0..len as u32));
        }

        #[test]
        fn a_split_depends_on_the_values_of_the_labels_alone(
            labels in proptest::collection::vec(any::<u8>(), 0..100),
            fraction in 0.0..=1.0_f64,
            seed: u64,
        ) {
            let wide: Vec<i64> = labels.iter().map(|&label| label.into()).collect();
            prop_assert_eq!(stratified_split(&labels, fraction, seed), stratified_split(&wide, fraction, seed));
        }

        #[test]
        fn a_split_is_a_partition_in_proportion(
            labels in proptest::collection::vec(0_u8..7, 0..300),
            fraction in 0.0..=1.0_f64,
            seed: u64,
        ) {
            let (rest, held_out) = stratified_split(&labels, fraction, seed).expect("valid");
            prop_assert_eq!(held_out.len(), (fraction * labels.len() as f64).round() as usize);
            prop_assert!(rest.is_sorted() && held_out.is_sorted());

            let mut all = [rest, held_out.clone()].concat();
            all.sort_unstable();
            prop_assert!(all.into_iter().eq(0..labels.len() as u32));

            for class in 0..7 {
                let of_class = labels.iter().filter(|&&label| label == class).count();
                let share = held_out.len() as f64 * of_class as f64 / labels.len().max(1) as f64;
                prop_assert!((count(&held_out, &labels, class) as f64 - share).abs() < 1.0);
            }
        }

        #[test]
        fn a_subset_has_its_size_and_no_repeats(
            labels in proptest::collection::vec(any::<u8>(), 1..300),
            part in 0.0..=1.0_f64,
            seed: u64,
        ) {
            let size = (part * labels.len() as f64) as usize;
            let subset = stratified_subset(&labels, size, seed).expect("valid");
            prop_assert_eq!(subset.len(), size);
            prop_assert!(subset.is_sorted_by(|a, b| a < b));
            prop_assert!(subset.last().is_none_or(|&last| (last as usize) < labels.len()));
        }
    }
}
