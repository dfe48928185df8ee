//! Number formats, by what they make of a number.

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, f16};

/// A binary floating-point format.
pub(super) struct Format {
    pub(super) name: &'static str,
    /// The nearest number of the format.
    pub(super) round: fn(f64) -> f64,
    /// Digits of the fraction in base 2, the leading one included.
    pub(super) digits: i32,
    /// Half the smallest number above 0 is this power of two: it and all below round to 0.
    pub(super) zero: i32,
}

pub(super) const FORMATS: [Format; 3] = [
    Format { name: "16 bits", round: |x| f16::from_f64(x).to_f64(), digits: 11, zero: -25 },
    Format { name: "32 bits", round: |x| f64::from(x as f32), digits: 24, zero: -150 },
    Format { name: "64 bits", round: |x| x, digits: 53, zero: -1075 },
];

/// Every element as the nearest 16-bit float, held in the format it has.
pub(super) fn to_half<B: Backend>(tensor: Tensor<B, 2>) -> Tensor<B, 2> {
    let device = tensor.device();
    Tensor::from_data(tensor.into_data().convert::<f16>().convert::<f32>(), &device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_number_that_rounds_to_zero_is_half_the_smallest() {
        for Format { name, round, zero, .. } in &FORMATS[..2] {
            let half = 2.0_f64.powi(*zero);
            assert_eq!((round(half), round(half * 1.001)), (0.0, 2.0 * half), "{name}");
        }
        // 2⁻¹⁰⁷⁵ itself is no 64-bit float.
        assert_eq!((2.0_f64.powi(-1074) * 0.5, 2.0_f64.powi(-1074) * 0.51), (0.0, 2.0_f64.powi(-1074)));
    }

    #[test]
    fn half_a_unit_in_the_last_place_is_rounded_away() {
        for Format { name, round, digits, .. } in &FORMATS {
            let unit = 2.0_f64.powi(1 - digits);
            assert_eq!((round(1.0 + unit), round(1.0 + 0.5 * unit)), (1.0 + unit, 1.0), "{name}");
        }
    }
}
