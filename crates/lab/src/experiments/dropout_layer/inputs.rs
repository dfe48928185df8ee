//! What dropout is applied to: the numbers 0 to 15.

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

use super::settings::DropoutLayer;

const ROWS: usize = 2;
pub(super) const COLUMNS: usize = 8;
pub(super) const ELEMENTS: usize = ROWS * COLUMNS;

impl DropoutLayer {
    /// The numbers 0 to 15 once for each mask.
    pub(super) fn repeated(&self) -> Vec<f32> {
        (0..ELEMENTS as u8).map(f32::from).cycle().take(self.experiment.masks * ELEMENTS).collect()
    }
}

/// As rows of eight.
pub(super) fn rows<B: Backend>(values: &[f32], device: &B::Device) -> Tensor<B, 2> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len() / COLUMNS, COLUMNS]), device)
}
