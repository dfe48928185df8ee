//! Named random streams, from which all of this crate is drawn.
//!
//! The name of a stream is a seed, a purpose of eight bytes and a counter. Streams of different names are independent,
//! and none depends on how much was drawn from another. The numbers of a stream are the same on every platform; a version
//! of this crate that changes them is a breaking one.
//!
//! ```
//! use mlp_splits::random::{below, generator, shuffle};
//!
//! let mut dice = generator(/* seed */ 42, *b"dice\0\0\0\0", /* counter */ 0);
//! let throw = 1 + below(6, &mut dice);
//! assert!((1..=6).contains(&throw));
//!
//! let mut cards: Vec<u8> = (0..52).collect();
//! shuffle(&mut cards, &mut generator(42, *b"cards\0\0\0", 0));
//! assert_ne!(cards, (0..52).collect::<Vec<u8>>());
//! ```

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The generator at the start of the stream named by a seed, a purpose and a counter.
///
/// ChaCha with 8 rounds (Bernstein, *ChaCha, a variant of Salsa20*, 2008), of the crate `rand_chacha`. The 32 bytes of
/// its key are the seed, the purpose, the counter and eight zeros, with integers in little-endian.
#[must_use]
pub fn generator(seed: u64, purpose: [u8; 8], counter: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&purpose);
    key[16..24].copy_from_slice(&counter.to_le_bytes());
    ChaCha8Rng::from_seed(key)
}

/// Brings `items` into a random order: a Fisher–Yates shuffle, where all orders are equally likely.
///
/// # Panics
///
/// If there are more than `u32::MAX` items.
pub fn shuffle<T>(items: &mut [T], rng: &mut impl Rng) {
    let len = items.len();
    assert!(u32::try_from(len).is_ok(), "{len} items; at most {}", u32::MAX);
    for last in (1..len).rev() {
        items.swap(last, below(last as u32 + 1, rng) as usize);
    }
}

/// A uniform integer in `0..bound`, without bias (Lemire, *Fast Random Integer Generation in an Interval*, 2019).
///
/// For a random 32-bit `x`, the upper 32 bits of `x * bound` are in range. They are uniform if every `x` is rejected
/// for which the lower 32 bits are below `2^32 mod bound`.
///
/// # Panics
///
/// If `bound` is 0.
pub fn below(bound: u32, rng: &mut impl Rng) -> u32 {
    assert_ne!(bound, 0, "no integer is below 0");
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

    use rand_chacha::rand_core::TryRng;

    use super::*;

    #[test]
    fn every_part_of_the_name_selects_another_stream() {
        let first = |seed, purpose, counter| generator(seed, purpose, counter).next_u64();
        let others = [first(8, *b"one way\0", 0), first(7, *b"another\0", 0), first(7, *b"one way\0", 1)];
        assert!(others.into_iter().all(|other| other != first(7, *b"one way\0", 0)));
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
                unreachable!("only words of 32 bits are drawn")
            }
            fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Infallible> {
                unreachable!("only words of 32 bits are drawn")
            }
        }
        // 2^32 mod 3 = 1: only the word 0 is rejected.
        assert_eq!(below(3, &mut Words(vec![0, 1].into_iter())), 0);
        assert_eq!(below(3, &mut Words(vec![u32::MAX].into_iter())), 2);
        // A power of two rejects none.
        assert_eq!(below(4, &mut Words(vec![0].into_iter())), 0);
    }

    #[test]
    #[should_panic(expected = "no integer is below 0")]
    fn nothing_is_drawn_below_zero() {
        below(0, &mut generator(0, [0; 8], 0));
    }
}
