//! Keyed random numbers: the same on every platform and backend, independent of the order in which streams are used.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The name of one random stream: a seed, a purpose, and two counters.
///
/// The 32 bytes `seed ‖ purpose ‖ major ‖ minor` are the key of a ChaCha generator with 8 rounds (Bernstein 2008).
/// Streams with different names are independent, and none depends on how many numbers were drawn from another. The
/// stream of any training step can be opened directly: resuming a run needs the step number and no generator state.
///
/// # Examples
///
/// ```
/// use burn_mlp::Key;
///
/// let first = Key::new(42, *b"weights\0").at(0, 0).uniforms().next();
/// assert_eq!(first, Key::new(42, *b"weights\0").uniforms().next());
/// assert_ne!(first, Key::new(42, *b"weights\0").at(1, 0).uniforms().next());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    seed: u64,
    purpose: [u8; 8],
    major: u64,
    minor: u64,
}

impl Key {
    /// The stream for `purpose` under `seed`, with both counters at zero.
    pub const fn new(seed: u64, purpose: [u8; 8]) -> Self {
        Self { seed, purpose, major: 0, minor: 0 }
    }

    /// The same seed and purpose with other counters, for example a layer and a step.
    pub const fn at(self, major: u64, minor: u64) -> Self {
        Self { major, minor, ..self }
    }

    /// The stream for `purpose` under `seed` that belongs to a path inside a module, such as `hidden.0.weight`.
    ///
    /// Purpose and path are named by a hash of 64 bits (FNV-1a; Fowler, Noll and Vo 1991): two paths coincide with
    /// probability 2⁻⁶⁴.
    pub fn of_path(seed: u64, purpose: [u8; 8], path: &str) -> Self {
        Self::new(seed, hash(purpose.iter().copied().chain(path.bytes())).to_le_bytes())
    }

    /// The seed.
    pub const fn seed(self) -> u64 {
        self.seed
    }

    /// The stream of a repetition under the same name; 0 for the stream itself.
    ///
    /// The number is added to the purpose, which as eight letters of a name or as a hash is far from every other.
    pub(crate) const fn call(self, call: u64) -> Self {
        Self { purpose: u64::from_le_bytes(self.purpose).wrapping_add(call).to_le_bytes(), ..self }
    }

    /// The same seed and purpose, with `major` and `minor` added to the counters.
    pub(crate) const fn plus(self, major: u64, minor: u64) -> Self {
        Self { major: self.major + major, minor: self.minor + minor, ..self }
    }

    /// The generator at the start of this stream.
    pub fn generator(self) -> ChaCha8Rng {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&self.seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.purpose);
        bytes[16..24].copy_from_slice(&self.major.to_le_bytes());
        bytes[24..].copy_from_slice(&self.minor.to_le_bytes());
        ChaCha8Rng::from_seed(bytes)
    }

    /// Numbers uniform on `[0, 1)`, in steps of 2⁻⁵³.
    pub fn uniforms(self) -> impl Iterator<Item = f64> {
        let mut generator = self.generator();
        core::iter::repeat_with(move || unit_interval(generator.next_u64()))
    }

    /// Numbers with the standard normal distribution (Box and Muller 1958).
    ///
    /// Computed with `libm` rather than the platform's mathematics library, whose last digits differ.
    pub fn normals(self) -> impl Iterator<Item = f64> {
        let mut uniforms = self.uniforms();
        let mut spare = None;
        core::iter::from_fn(move || {
            if let Some(value) = spare.take() {
                return Some(value);
            }
            // 1 - u lies in (0, 1]: its logarithm is finite.
            let radius = libm::sqrt(-2.0 * libm::log(1.0 - uniforms.next()?));
            let angle = core::f64::consts::TAU * uniforms.next()?;
            spare = Some(radius * libm::sin(angle));
            Some(radius * libm::cos(angle))
        })
    }
}

/// The FNV-1a hash of some bytes.
pub(crate) fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

fn unit_interval(bits: u64) -> f64 {
    const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
    (bits >> 11) as f64 * STEP
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key::new(7, *b"a test\0\0");

    #[test]
    fn every_part_of_the_name_selects_another_stream() {
        let first = |key: Key| key.generator().next_u64();
        let others = [Key::new(8, *b"a test\0\0"), Key::new(7, *b"another\0"), KEY.at(1, 0), KEY.at(0, 1), KEY.call(1)];
        let paths = ["", "a", "a.b"].map(|path| Key::of_path(7, *b"a test\0\0", path));
        for other in others.into_iter().chain(paths) {
            assert_ne!(first(KEY), first(other), "{other:?}");
        }
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        // Of the authors' table of test vectors.
        assert_eq!(hash("".bytes()), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash("foobar".bytes()), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn the_stream_is_pinned() {
        // Runs recorded with one version of this crate must be repeatable with the next.
        assert_eq!(KEY.generator().next_u64(), 16_925_793_746_309_036_767);
    }

    #[test]
    fn uniforms_stay_inside_the_half_open_interval() {
        assert_eq!(unit_interval(0), 0.0);
        assert!(unit_interval(u64::MAX) < 1.0);
    }

    #[test]
    fn normals_have_the_moments_of_the_standard_normal() {
        // 2·10⁵ draws. The bounds are five standard errors: one false alarm in about 2·10⁶ seeds.
        let n = 200_000;
        let sample: std::vec::Vec<f64> = KEY.normals().take(n).collect();
        let moment = |k: i32| sample.iter().map(|x| x.powi(k)).sum::<f64>() / n as f64;
        let error = |variance: f64| 5.0 * (variance / n as f64).sqrt();
        assert!(moment(1).abs() < error(1.0));
        assert!((moment(2) - 1.0).abs() < error(2.0));
        assert!(moment(3).abs() < error(15.0));
        assert!((moment(4) - 3.0).abs() < error(96.0));
    }
}
