use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A random order of `0..len`, the same on every platform and for every number of threads.
///
/// A Fisher–Yates shuffle with ChaCha8, keyed by the seed and the epoch: the order of an epoch does not require drawing
/// those before it. All `len!` orders are equally likely, up to the quality of the generator, since bounded integers
/// are drawn without bias (Lemire, *Fast Random Integer Generation in an Interval*, 2019).
///
/// Burn's `DataLoader` shuffles with `rand`'s `StdRng` instead, whose output may change with the version of `rand`.
///
/// # Panics
///
/// If `len` exceeds `u32::MAX`.
///
/// # Examples
///
/// ```
/// use burn_fashion_mnist::permutation;
///
/// assert_eq!(permutation(5, 7, 0), permutation(5, 7, 0));
/// assert_ne!(permutation(100, 7, 0), permutation(100, 7, 1));
/// ```
#[must_use]
pub fn permutation(len: usize, seed: u64, epoch: u64) -> Vec<u32> {
    let len = u32::try_from(len).unwrap_or_else(|_| panic!("{len} examples; at most {}", u32::MAX));
    let mut order: Vec<u32> = (0..len).collect();
    shuffle(&mut order, &mut generator(seed, *b"shuffle\0", epoch));
    order
}

/// The generator of a (seed, purpose, counter): its 32-byte key is these three, with integers in little-endian, and
/// eight zeros.
pub(crate) fn generator(seed: u64, purpose: [u8; 8], counter: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&purpose);
    key[16..24].copy_from_slice(&counter.to_le_bytes());
    ChaCha8Rng::from_seed(key)
}

/// Shuffles `items`, of which there are at most `u32::MAX`.
pub(crate) fn shuffle<T>(items: &mut [T], rng: &mut impl Rng) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(last as u32 + 1, rng) as usize);
    }
}

/// A uniform integer in `0..bound`, for `bound >= 1`.
///
/// For a random 32-bit `x`, the upper 32 bits of `x * bound` are in range. They are uniform if every `x` is rejected
/// for which the lower 32 bits are below `2^32 mod bound`.
pub(crate) fn below(bound: u32, rng: &mut impl Rng) -> u32 {
    let threshold = bound.wrapping_neg() % bound;
    loop {
        let product = u64::from(rng.next_u32()) * u64::from(bound);
        if product as u32 >= threshold {
            return (product >> 32) as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;
    use rand_chacha::rand_core::TryRng;

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

    #[test]
    fn draws_that_would_bias_are_rejected() {
        /// Yields the given words.
        struct Words(std::vec::IntoIter<u32>);
        impl TryRng for Words {
            type Error = Infallible;
            fn try_next_u32(&mut self) -> Result<u32, Infallible> {
                Ok(self.0.next().expect("enough words"))
            }
            fn try_next_u64(&mut self) -> Result<u64, Infallible> {
                unimplemented!("not drawn")
            }
            fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Infallible> {
                unimplemented!("not drawn")
            }
        }
        // 2^32 mod 3 = 1: only the word 0 is rejected.
        assert_eq!(below(3, &mut Words(vec![0, 1].into_iter())), 0);
        assert_eq!(below(3, &mut Words(vec![u32::MAX].into_iter())), 2);
        // A power of two rejects none.
        assert_eq!(below(4, &mut Words(vec![0].into_iter())), 0);
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
