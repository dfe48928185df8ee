//! Images as the training library reads them.

use std::ops::Range;

use burn::tensor::{Int, Tensor, TensorData, backend::Backend};
use burn_fashion_mnist::{DeviceImages, Images, Normalization};
use burn_mlp_train::Examples;

/// Labelled images, on the host or kept on the device.
#[derive(Clone, Debug)]
pub struct ImageExamples<B: Backend> {
    images: Images,
    normalization: Normalization,
    resident: Option<DeviceImages<B>>,
    sha256: String,
}

impl<B: Backend> ImageExamples<B> {
    /// Images that are read where they lie.
    pub fn new(images: Images, normalization: Normalization) -> Self {
        Self { images, normalization, resident: None, sha256: String::new() }
    }

    /// Keeps a copy on the device, from which batches are gathered there: a transfer in each step would cost a GPU more
    /// than the step.
    #[must_use]
    pub fn resident(mut self, resident: bool, device: &B::Device) -> Self {
        self.resident = resident.then(|| DeviceImages::new(&self.images, self.normalization, device));
        self
    }

    /// Says which data set these images are of, by its SHA-256.
    #[must_use]
    pub fn of(mut self, sha256: impl Into<String>) -> Self {
        self.sha256 = sha256.into();
        self
    }
}

impl<B: Backend> Examples<B> for ImageExamples<B> {
    type Features = Tensor<B, 2>;
    type Targets = Tensor<B, 1, Int>;

    fn len(&self) -> usize {
        self.images.len()
    }

    fn class(&self, index: u32) -> Option<usize> {
        Some(self.images.labels()[index as usize].into())
    }

    fn targets(&self, indices: &[u32], device: &B::Device) -> Tensor<B, 1, Int> {
        let labels: Vec<i32> = indices.iter().map(|&index| self.images.labels()[index as usize].into()).collect();
        Tensor::from_data(TensorData::new(labels, [indices.len()]), device)
    }

    fn features(&self, indices: &[u32], device: &B::Device) -> Tensor<B, 2> {
        match &self.resident {
            Some(resident) => resident.images(indices),
            None => self.images.batch(indices, self.normalization, device).images,
        }
    }

    fn features_of_range(&self, range: Range<usize>, device: &B::Device) -> Tensor<B, 2> {
        match &self.resident {
            Some(resident) => resident.batch_range(range).images,
            None => self.images.batch_range(range, self.normalization, device).images,
        }
    }

    fn fingerprint(&self) -> String {
        self.sha256.clone()
    }
}
