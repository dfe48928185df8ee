//! Generates dropout masks: the hot loop of dropout.
//!
//! Burn's own dropout draws one element at a time from a cipher behind a global lock, which takes a quarter to a third
//! of a training step on a CPU. Here sixteen independent xoshiro128++ generators (Blackman and Vigna 2021) run in
//! parallel lanes, which compilers turn into vector instructions.
//!
//! Each generator is seeded with 128 bits of a [`Key`]'s stream, again for every block of elements. Hence masks of
//! different layers and steps are independent, element `i` is the same on every machine, and several threads can each
//! draw a range of one mask.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use rand_chacha::rand_core::Rng;

use crate::{Key, Probability};

const LANES: usize = 16;
/// Elements drawn per seeding of the generators. Drawing a range starts at the beginning of its block: shorter blocks
/// waste fewer draws, longer blocks spend less on seeding.
const BLOCK: usize = 1 << 14;

/// Possible values of a draw: those of a uniform `f32`.
const DRAWS: f64 = (1_u32 << 24) as f64;

/// Draws below this number keep an element: `1 - prob` of [`DRAWS`], rounded.
fn threshold(prob: Probability) -> i32 {
    libm::round((1.0 - prob.get()) * DRAWS) as i32
}

/// The factor on a kept element: one divided by the probability with which it is kept, which is that of `prob` rounded to
/// a number of draws. `None` if none is kept, as with `prob = 1`.
pub(crate) fn scale(prob: Probability) -> Option<f32> {
    let kept = threshold(prob);
    (kept > 0).then(|| (DRAWS / f64::from(kept)) as f32)
}

/// Elements `range` of a mask: 0 with probability `prob`, otherwise its [`scale`].
///
/// `prob` is accurate to 2⁻²⁴, the resolution of a uniform `f32`; the mean of an element is 1 all the same. The mask of
/// `key` is unbounded, and an element does not depend on the requested range. Block `n` adds `n` to the key's major
/// counter.
pub(crate) fn scaled_mask(range: Range<usize>, prob: Probability, key: Key) -> Vec<f32> {
    let mut mask = vec![0.0; range.len()];
    let Some(scale) = scale(prob) else { return mask };
    let threshold = threshold(prob);
    let mut position = range.start;
    let mut rest = &mut mask[..];
    while !rest.is_empty() {
        let (block, offset) = (position / BLOCK, position % BLOCK);
        let (part, after) = rest.split_at_mut(rest.len().min(BLOCK - offset));
        position += part.len();
        draw_block(part, offset, threshold, scale, key.plus(block as u64, 0));
        rest = after;
    }
    mask
}

/// Fills `mask` with the elements of one block, starting at element `offset`.
///
/// Never inlined: when the compiler knows the arguments, it turns the comparison of each element into a branch, which
/// is seven times slower.
#[inline(never)]
fn draw_block(mask: &mut [f32], offset: usize, threshold: i32, scale: f32, key: Key) {
    let mut generators = Generators::new(key);
    for _ in 0..offset / LANES {
        generators.next();
    }
    let skipped = offset % LANES;
    // If the range starts within a round of the generators, `first` takes the rest of that round; otherwise it is
    // empty.
    let (first, whole) = mask.split_at_mut(if skipped == 0 { 0 } else { mask.len().min(LANES - skipped) });
    if !first.is_empty() {
        let mut round = [0.0; LANES];
        write(&mut round, &generators.next(), threshold, scale);
        first.copy_from_slice(&round[skipped..skipped + first.len()]);
    }
    let mut chunks = whole.chunks_exact_mut(LANES);
    for chunk in &mut chunks {
        let chunk: &mut [f32; LANES] = chunk.try_into().expect("chunks_exact gives LANES elements");
        write(chunk, &generators.next(), threshold, scale);
    }
    let rest = chunks.into_remainder();
    let mut last = [0.0; LANES];
    write(&mut last, &generators.next(), threshold, scale);
    rest.copy_from_slice(&last[..rest.len()]);
}

#[inline(always)]
fn write(chunk: &mut [f32; LANES], draws: &[u32; LANES], threshold: i32, scale: f32) {
    for (element, draw) in chunk.iter_mut().zip(draws) {
        // 24 bits fit a signed integer: unlike an unsigned comparison, a signed one is a single instruction on
        // every vector unit.
        *element = if ((draw >> 8) as i32) < threshold { scale } else { 0.0 };
    }
}

/// Sixteen xoshiro128++ generators that advance together.
struct Generators {
    state: [[u32; LANES]; 4],
}

impl Generators {
    fn new(key: Key) -> Self {
        let mut seeds = key.generator();
        let mut state = [[0; LANES]; 4];
        for word in state.iter_mut().flatten() {
            *word = seeds.next_u32();
        }
        // The all-zero state is the only fixed point; making one word odd excludes it.
        for word in &mut state[0] {
            *word |= 1;
        }
        Self { state }
    }

    #[inline(always)]
    fn next(&mut self) -> [u32; LANES] {
        let [a, b, c, d] = &mut self.state;
        let mut draws = [0; LANES];
        for lane in 0..LANES {
            draws[lane] = a[lane].wrapping_add(d[lane]).rotate_left(7).wrapping_add(a[lane]);
            let shifted = b[lane] << 9;
            c[lane] ^= a[lane];
            d[lane] ^= b[lane];
            b[lane] ^= c[lane];
            a[lane] ^= d[lane];
            c[lane] ^= shifted;
            d[lane] = d[lane].rotate_left(11);
        }
        draws
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key::new(1, *b"a mask\0\0");

    fn probability(value: f64) -> Probability {
        Probability::new(value).unwrap()
    }

    /// z-score of the number of zeros in a mask, against the binomial distribution with probability `prob`.
    fn deviation(zeros: usize, len: usize, prob: f64) -> f64 {
        let expected = len as f64 * prob;
        (zeros as f64 - expected) / (expected * (1.0 - prob)).sqrt()
    }

    fn zeros(mask: &[f32]) -> usize {
        mask.iter().filter(|&&x| x == 0.0).count()
    }

    #[test]
    fn a_lane_is_the_reference_generator() {
        // Outputs of the authors' C code for the state {1, 2, 3, 4}; the first by hand:
        // rotl(1 + 4, 7) + 1 = 641.
        let mut generators = Generators { state: [[1; LANES], [2; LANES], [3; LANES], [4; LANES]] };
        let first: Vec<u32> = (0..3).map(|_| generators.next()[LANES - 1]).collect();
        assert_eq!(first, [641, 1_573_767, 3_222_811_527]);
    }

    #[test]
    fn elements_are_zero_or_scaled_and_edges_are_exact() {
        for len in [0, 1, 15, 16, 17, 1000] {
            let mask = scaled_mask(0..len, probability(0.2), KEY);
            assert_eq!(mask.len(), len);
            assert!(mask.iter().all(|&x| x == 0.0 || x == 1.25));
            assert!(scaled_mask(0..len, Probability::ONE, KEY).iter().all(|&x| x == 0.0));
            assert!(scaled_mask(0..len, Probability::ZERO, KEY).iter().all(|&x| x == 1.0));
        }
    }

    #[test]
    fn a_part_of_a_mask_is_that_part_of_the_whole() {
        let half = probability(0.5);
        let whole = scaled_mask(0..3 * BLOCK, half, KEY);
        for start in [0, 1, 15, 16, 17, 100, BLOCK - 1, BLOCK, BLOCK + 5, 2 * BLOCK - 16] {
            for len in [0, 1, 3, 16, 37, 1000, BLOCK + 3] {
                let range = start..start + len;
                assert_eq!(scaled_mask(range.clone(), half, KEY), whole[range], "{len} elements from {start} on");
            }
        }
    }

    #[test]
    fn the_keep_rate_is_exact() {
        // 2²⁴ elements each; |z| < 5 has a false-alarm rate of 6·10⁻⁷ per probability.
        let len = 1 << 24;
        for prob in [0.001, 0.1, 0.2, 0.5, 0.9, 0.999] {
            let mask = scaled_mask(0..len, probability(prob), KEY);
            let z = deviation(zeros(&mask), len, prob);
            assert!(z.abs() < 5.0, "prob {prob}: z = {z}");
        }
    }

    #[test]
    fn the_mean_is_one_however_few_are_kept() {
        for prob in [0.1, 0.3, 0.999, 0.999_999, 1.0 - 1e-7] {
            let prob = probability(prob);
            // The probability of a draw below the threshold, without the rounding of `prob`.
            let kept = f64::from(threshold(prob)) / DRAWS;
            assert!((kept * f64::from(scale(prob).unwrap()) - 1.0).abs() < 1e-7, "{prob}");
        }
        assert_eq!(scale(probability(1.0 - 1e-9)), None);
        assert_eq!(scale(Probability::ONE), None);
    }

    #[test]
    fn neighbours_lanes_and_steps_are_independent() {
        // With p = 1/2 two independent masks agree in half of their elements; distances cover neighbouring elements,
        // the same lane in the next round, image rows and whole layers. |z| < 5: false alarm 6·10⁻⁷ per comparison.
        let len = 1 << 20;
        let half = probability(0.5);
        let mask = scaled_mask(0..len, half, KEY);
        let agreement = |a: &[f32], b: &[f32]| {
            let different = a.iter().zip(b).filter(|(a, b)| a != b).count();
            deviation(different, a.len(), 0.5)
        };
        for distance in [1, 2, 15, 16, 17, 32, 256, 784, BLOCK, 65_536] {
            let z = agreement(&mask[distance..], &mask[..len - distance]);
            assert!(z.abs() < 5.0, "distance {distance}: z = {z}");
        }
        for other in [Key::new(1, *b"another\0"), Key::new(2, *b"a mask\0\0"), KEY.at(0, 1), KEY.at(0, 2)] {
            let z = agreement(&scaled_mask(0..len, half, other), &mask);
            assert!(z.abs() < 5.0, "{other:?}: z = {z}");
        }
    }

    #[test]
    fn each_element_is_zero_equally_often_over_steps() {
        // 4096 steps, 64 elements: a chi-square statistic with 64 degrees of freedom exceeds 140 with probability
        // about 10⁻⁷.
        let steps = 4096;
        let mut counts = [0_usize; 64];
        for step in 0..steps {
            let mask = scaled_mask(0..64, probability(0.2), KEY.at(0, step));
            for (count, element) in counts.iter_mut().zip(mask) {
                *count += usize::from(element == 0.0);
            }
        }
        let chi_square: f64 = counts.iter().map(|&count| deviation(count, steps as usize, 0.2).powi(2)).sum();
        assert!(chi_square < 140.0, "{chi_square}");
    }
}
