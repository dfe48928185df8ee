//! Masks that travel to a device as one bit for each element.

use alloc::vec::Vec;

use burn::tensor::{Bool, DType, Int, Tensor, TensorData, backend::Backend};

/// Elements in a word.
const WORD: usize = 32;

/// Whether tensors of `B` lie in the memory of a device such as a GPU, where what is sent and read costs more than what is
/// computed.
pub(super) fn is_remote<B: Backend>(device: &B::Device) -> bool {
    B::name(device).contains("cubecl")
}

/// Where the mask is zero, on the device.
pub(super) fn dropped<B: Backend, const D: usize>(
    mask: &[f32],
    shape: [usize; D],
    device: &B::Device,
) -> Tensor<B, D, Bool> {
    let unsigned = |values: Vec<u32>| {
        let shape = [values.len()];
        Tensor::<B, 1, Int>::from_data(TensorData::new(values, shape), (device, DType::U32))
    };
    let words = unsigned(pack(mask));
    let (places, powers) = (words.dims()[0] * WORD, unsigned((0..WORD).map(|bit| 1 << bit).collect()));
    // Divisions, because shifts are not fused with what follows. No remainders: on a GPU they go through floats, which do
    // not hold 32 bits.
    let shifted = words.unsqueeze_dim::<2>(1) / powers.unsqueeze_dim::<2>(0);
    let bits = shifted.clone() - shifted.div_scalar(2).mul_scalar(2);
    let dropped: Tensor<B, 2, Bool> = bits.equal_elem(0);
    if places == mask.len() {
        dropped.reshape(shape)
    } else {
        dropped.reshape([places]).narrow(0, 0, mask.len()).reshape(shape)
    }
}

/// A bit for each element, the first in the lowest place: 1 if the element is not zero.
fn pack(mask: &[f32]) -> Vec<u32> {
    let word = |elements: &[f32]| {
        elements.iter().enumerate().fold(0, |word, (bit, &element)| word | (u32::from(element != 0.0) << bit))
    };
    mask.chunks(WORD).map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::DType;
    use burn_autodiff::Autodiff;
    use burn_flex::Flex;
    use burn_ndarray::NdArray;

    #[test]
    fn the_first_element_is_in_the_lowest_place() {
        let mut mask = [0.0; 40];
        (mask[0], mask[31], mask[33]) = (2.0, 2.0, 2.0);
        assert_eq!(pack(&mask), [0x8000_0001, 2]);
    }

    #[test]
    fn outputs_and_gradients_are_those_of_a_multiplication() {
        fn check<B: Backend>(shape: [usize; 2]) {
            let elements = shape[0] * shape[1];
            let mask: Vec<f32> = (0..elements).map(|i| if i * i % 7 < 3 { 0.0 } else { 1.25 }).collect();
            let values: Vec<f32> = (0..elements).map(|i| i as f32 - 20.5).collect();
            let x = || {
                let data = TensorData::new(values.clone(), shape);
                Tensor::<Autodiff<B>, 2>::from_data(data, (&Default::default(), DType::F32)).require_grad()
            };
            let multiplied = |x: Tensor<Autodiff<B>, 2>| {
                x * Tensor::from_data(TensorData::new(mask.clone(), shape), (&Default::default(), DType::F32))
            };
            let results = |x: Tensor<Autodiff<B>, 2>, y: Tensor<Autodiff<B>, 2>| {
                let gradients = (y.clone() * y.clone()).sum().backward();
                let (y, dx) = (y.into_data(), x.grad(&gradients).unwrap().into_data());
                // Adding 0 turns the zeros that are negative in a product into positive ones.
                [y, dx].map(|data| data.iter::<f32>().map(|v| v + 0.0).map(f32::to_bits).collect::<Vec<_>>())
            };
            let (one, other) = (x(), x());
            let found = one.clone().mask_fill(dropped(&mask, shape, &Default::default()), 0.0).mul_scalar(1.25);
            let expected = multiplied(other.clone());
            assert_eq!(results(one, found), results(other, expected), "{shape:?}");
        }
        for shape in [[1, 1], [2, 16], [5, 7], [4, 40]] {
            check::<Flex>(shape);
            check::<NdArray>(shape);
        }
    }
}
