//! Backends whose tensors lie in the host's memory.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Tensor, TensorData, TensorMetadata as _, TensorPrimitive};

/// A backend whose tensors in single precision can be read and made without a copy.
pub(crate) trait Storage: Backend {
    /// The elements in row-major order, copied if they do not lie in it.
    fn values(tensor: &FloatTensor<Self>) -> Cow<'_, [f32]>;

    /// A tensor of these elements.
    fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FloatTensor<Self>;

    /// Rows and columns of a matrix.
    fn dims(matrix: &FloatTensor<Self>) -> [usize; 2] {
        matrix.shape().dims()
    }

    /// The elements of a matrix in row-major order, moved out if nothing else holds them.
    fn into_values(matrix: FloatTensor<Self>) -> Vec<f32> {
        let matrix = Tensor::<Self, 2>::from_primitive(TensorPrimitive::Float(matrix));
        matrix.into_data().into_vec().expect("single precision")
    }
}

#[cfg(feature = "flex")]
impl Storage for burn_flex::Flex {
    fn values(tensor: &FloatTensor<Self>) -> Cow<'_, [f32]> {
        match tensor.as_slice() {
            Some(values) => Cow::Borrowed(values),
            None => Cow::Owned(tensor.clone().into_data().into_vec().expect("single precision")),
        }
    }

    fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FloatTensor<Self> {
        burn_flex::FlexTensor::from_data(TensorData::new(values, shape))
    }
}

#[cfg(feature = "ndarray")]
impl Storage for burn_ndarray::NdArray {
    fn values(tensor: &FloatTensor<Self>) -> Cow<'_, [f32]> {
        let burn_ndarray::NdArrayTensor::F32(storage) = tensor else { panic!("single precision") };
        let view = storage.view();
        match view.to_slice() {
            Some(values) => Cow::Borrowed(values),
            None => view.iter().copied().collect(),
        }
    }

    fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FloatTensor<Self> {
        burn_ndarray::NdArrayTensor::from_data(TensorData::new(values, shape))
    }
}
