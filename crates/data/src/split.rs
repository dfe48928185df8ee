use crate::DataError;
use crate::order::{generator, shuffle};

/// Stratified split: divides examples into a rest and a held-out subset that preserves the class distribution. Returns
/// the indices of both.
///
/// Of `n` examples, `round(fraction * n)` are held out. Class `c` contributes `fraction * n_c` of them, rounded by the
/// largest-remainder method so that the total is exact; ties go to the smaller label. Within a class the choice is
/// random, keyed by the seed and the class.
///
/// Both are sorted, so the order of training does not depend on the split.
///
/// # Errors
///
/// If `fraction` is not in `[0, 1]`, or there are more than `u32::MAX` labels.
///
/// # Examples
///
/// ```
/// use burn_fashion_mnist::stratified_split;
///
/// let labels = [0, 0, 0, 0, 1, 1, 1, 1];
/// let (rest, held_out) = stratified_split(&labels, 0.25, 7)?;
/// assert_eq!((rest.len(), held_out.len()), (6, 2));
/// assert_eq!(held_out.iter().filter(|&&index| labels[index as usize] == 1).count(), 1);
/// # Ok::<(), burn_fashion_mnist::DataError>(())
/// ```
pub fn stratified_split(labels: &[u8], fraction: f64, seed: u64) -> Result<(Vec<u32>, Vec<u32>), DataError> {
    if !(0.0..=1.0).contains(&fraction) {
        return Err(DataError::Argument {
            name: "the fraction held out",
            expected: "0 to 1".to_owned(),
            found: fraction.to_string(),
        });
    }
    let size = (fraction * labels.len() as f64).round() as usize;
    divide(labels, size, seed, *b"stratify")
}

/// Stratified subset: chooses `size` examples that preserve the class distribution. Returns their sorted indices.
///
/// Class counts are rounded as in [`stratified_split`]. The choice is independent of that of a split with the same
/// seed.
///
/// # Errors
///
/// If there are fewer than `size` labels, or more than `u32::MAX`.
pub fn stratified_subset(labels: &[u8], size: usize, seed: u64) -> Result<Vec<u32>, DataError> {
    if size > labels.len() {
        return Err(DataError::Argument {
            name: "the size of the subset",
            expected: format!("at most the number of examples, {}", labels.len()),
            found: size.to_string(),
        });
    }
    divide(labels, size, seed, *b"subset\0\0").map(|(_, chosen)| chosen)
}

fn divide(labels: &[u8], size: usize, seed: u64, purpose: [u8; 8]) -> Result<(Vec<u32>, Vec<u32>), DataError> {
    let members = by_class(labels)?;
    let quotas = quotas(&members, size, labels.len());
    let (mut rest, mut chosen) = (Vec::with_capacity(labels.len() - size), Vec::with_capacity(size));
    for (class, (mut indices, quota)) in (0_u64..).zip(members.into_iter().zip(quotas)) {
        // One generator per class: an example added to one class does not change the choice in the others.
        shuffle(&mut indices, &mut generator(seed, purpose, class));
        let (taken, left) = indices.split_at(quota);
        chosen.extend_from_slice(taken);
        rest.extend_from_slice(left);
    }
    rest.sort_unstable();
    chosen.sort_unstable();
    Ok((rest, chosen))
}

/// The indices of the examples of each possible label, in ascending order.
pub(crate) fn by_class(labels: &[u8]) -> Result<Vec<Vec<u32>>, DataError> {
    let len = u32::try_from(labels.len()).map_err(|_| DataError::Argument {
        name: "the number of labels",
        expected: format!("at most {}", u32::MAX),
        found: labels.len().to_string(),
    })?;
    let mut members = vec![Vec::new(); 256];
    for (index, &label) in (0..len).zip(labels) {
        members[usize::from(label)].push(index);
    }
    Ok(members)
}

/// The number of examples of each class among `size` of `total`. Integer arithmetic makes this exact for any counts.
fn quotas(members: &[Vec<u32>], size: usize, total: usize) -> Vec<usize> {
    let total = total.max(1) as u128;
    let exact = |class: usize| members[class].len() as u128 * size as u128;
    let mut quotas: Vec<usize> = (0..members.len()).map(|class| (exact(class) / total) as usize).collect();
    let missing = size - quotas.iter().sum::<usize>();
    let mut by_remainder: Vec<usize> = (0..members.len()).collect();
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
        assert_eq!(stratified_split(&[], 0.5, 1).expect("valid"), (vec![], vec![]));
        for fraction in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            let error = stratified_split(&labels, fraction, 1).expect_err("out of range").to_string();
            assert!(error.contains(&fraction.to_string()), "{error}");
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
    }

    proptest! {
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
