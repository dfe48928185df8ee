//! Labels and values from tensors of Burn. Reading one copies it from its device, and panics if the device fails.

use std::borrow::Cow;

use burn::tensor::{Int, Tensor, backend::Backend};

use crate::{Labels, Values};

impl<B: Backend> Labels for &Tensor<B, 1, Int> {
    fn labels(&self) -> impl Iterator<Item = i128> {
        self.to_data().iter::<i64>().map(i128::from).collect::<Vec<_>>().into_iter()
    }
}

impl<B: Backend, const D: usize> Values for &Tensor<B, D> {
    fn values(&self) -> Cow<'_, [f64]> {
        self.to_data().iter::<f64>().collect()
    }
}
