use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// Numbers uniform on `[0, 1)`, in steps of 2⁻⁵³.
pub(crate) fn uniforms(mut rng: ChaCha8Rng) -> impl Iterator<Item = f64> {
    const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
    std::iter::repeat_with(move || (rng.next_u64() >> 11) as f64 * STEP)
}

/// Numbers with the standard normal distribution, by the Box-Muller transform (Box and Muller 1958).
///
/// Computed with `libm` rather than the platform's mathematics library, whose last digits differ.
pub(crate) fn normals(rng: ChaCha8Rng) -> impl Iterator<Item = f64> {
    let mut uniforms = uniforms(rng);
    let pairs = std::iter::from_fn(move || {
        // 1 - u lies in (0, 1]: its logarithm is finite.
        let radius = (-2.0 * libm::log(1.0 - uniforms.next()?)).sqrt();
        let angle = std::f64::consts::TAU * uniforms.next()?;
        Some([radius * libm::cos(angle), radius * libm::sin(angle)])
    });
    pairs.flatten()
}

#[cfg(test)]
mod tests {
    use mlp_splits::random::generator;

    use super::*;

    #[test]
    fn the_moments_are_those_of_the_standard_normal() {
        // 2·10⁵ draws. The bounds are five standard errors: one false alarm in about 2·10⁶ seeds.
        let n = 200_000;
        let sample: Vec<f64> = normals(generator(7, *b"moments\0", 0)).take(n).collect();
        let moment = |k: i32| sample.iter().map(|x| x.powi(k)).sum::<f64>() / n as f64;
        let error = |variance: f64| 5.0 * (variance / n as f64).sqrt();
        assert!(moment(1).abs() < error(1.0));
        assert!((moment(2) - 1.0).abs() < error(2.0));
        assert!(moment(3).abs() < error(15.0));
        assert!((moment(4) - 3.0).abs() < error(96.0));
        let products: f64 = sample.windows(2).map(|pair| pair[0] * pair[1]).sum();
        assert!((products / n as f64).abs() < error(1.0));
    }

    #[test]
    fn uniforms_fill_the_half_open_interval_evenly() {
        // Ten cells with 10⁴ expected in each. Chi-squared with 9 degrees of freedom exceeds 42 with probability 3e-6.
        let mut counts = [0_i32; 10];
        for uniform in uniforms(generator(7, *b"uniform\0", 0)).take(100_000) {
            assert!((0.0..1.0).contains(&uniform));
            counts[(uniform * 10.0) as usize] += 1;
        }
        let chi_squared: f64 = counts.iter().map(|&count| f64::from(count - 10_000).powi(2) / 1e4).sum();
        assert!(chi_squared < 42.0, "{chi_squared}");
    }
}
