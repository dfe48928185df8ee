use crate::random::{generator, shuffle};

/// A random order of `0..len`, in which an epoch passes over the examples.
///
/// The order is named by the seed and the epoch: it does not depend on the epochs before it, so a run that goes on at
/// epoch 7 needs to know that number and nothing else. All `len!` orders are equally likely, up to the quality of the
/// generator.
///
/// # Panics
///
/// If `len` exceeds `u32::MAX`.
///
/// # Examples
///
/// ```
/// use mlp_splits::permutation;
///
/// let order = permutation(100, /* seed */ 7, /* epoch */ 0);
/// assert_eq!(order, permutation(100, 7, 0));
/// assert_ne!(order, permutation(100, 7, 1));
/// for batch in order.chunks(32) {
///     assert!(batch.iter().all(|&example| example < 100));
/// }
/// ```
#[must_use]
pub fn permutation(len: usize, seed: u64, epoch: u64) -> Vec<u32> {
    let len = u32::try_from(len).unwrap_or_else(|_| panic!("{len} examples; at most {}", u32::MAX));
    let mut order: Vec<u32> = (0..len).collect();
    shuffle(&mut order, &mut generator(seed, *b"shuffle\0", epoch));
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Pinned, since a change here changes every recorded run. The values come from an independent Python program:
    /// ChaCha as in RFC 8439 with 8 rounds, counter and nonce 0, whose words `w` are consumed by
    ///
    /// ```text
    /// for last in range(n - 1, 0, -1):
    ///     p = next(w) * (last + 1)
    ///     while p % 2**32 < 2**32 % (last + 1): p = next(w) * (last + 1)
    ///     order[last], order[p >> 32] = order[p >> 32], order[last]
    /// ```
    #[test]
    fn the_order_is_that_of_an_independent_program() {
        assert_eq!(permutation(10, 0, 0), [5, 3, 2, 4, 8, 1, 9, 0, 6, 7]);
        assert_eq!(permutation(10, 42, 3), [1, 8, 5, 2, 3, 0, 6, 9, 4, 7]);
        let long = permutation(60_000, 42, 3);
        assert_eq!(long[..4], [20_725, 49_128, 37_403, 22_592]);
        assert_eq!(long[59_996..], [57_038, 58_437, 29_230, 45_764]);
    }

    #[test]
    fn every_order_of_four_is_as_likely() {
        // 24 orders, 1000 expected per order. Chi-squared with 23 degrees of freedom exceeds 58.6 with probability
        // 6e-5; the seeds are fixed, so the test is deterministic.
        let mut counts = std::collections::HashMap::new();
        for seed in 0..24_000 {
            *counts.entry(permutation(4, seed, 0)).or_insert(0_i32) += 1;
        }
        let chi_squared: f64 = counts.values().map(|&count| f64::from(count - 1000).powi(2) / 1000.0).sum();
        assert_eq!(counts.len(), 24);
        assert!(chi_squared < 58.6, "{chi_squared}");
    }

    proptest! {
        #[test]
        fn a_permutation_is_a_bijection(len in 0_usize..2000, seed: u64, epoch: u64) {
            let mut order = permutation(len, seed, epoch);
            order.sort_unstable();
            prop_assert!(order.into_iter().eq(0..len as u32));
        }

        #[test]
        fn seed_and_epoch_are_not_interchangeable(seed: u64, epoch: u64) {
            prop_assume!(seed != epoch);
            prop_assert_ne!(permutation(200, seed, epoch), permutation(200, epoch, seed));
        }
    }
}
