#[cfg(test)]
mod tests;

use std::ops::Range;

use burn::data::dataloader::batcher::Batcher;
use burn::tensor::{Int, Tensor, TensorData, backend::Backend};
use serde::{Deserialize, Serialize};

use crate::{ImageItem, Images};

/// A mini-batch.
#[derive(Clone, Debug)]
pub struct Batch<B: Backend> {
    /// `[batch, d_input]`: flattened images, `value / 255` in [0, 1] unless normalized otherwise.
    pub images: Tensor<B, 2>,
    /// `[batch]`: class indices.
    pub targets: Tensor<B, 1, Int>,
}

/// Normalization of a grey value: `(value / 255 - mean) / std`.
///
/// The default, mean 0 and standard deviation 1, is bit-for-bit equal to `value / 255`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalization {
    /// Subtracted from `value / 255`.
    pub mean: f32,
    /// Divisor of the difference; must not be 0.
    pub std: f32,
}

impl Default for Normalization {
    fn default() -> Self {
        Self { mean: 0.0, std: 1.0 }
    }
}

impl Normalization {
    /// Normalizes one value, in `f32` throughout.
    ///
    /// # Examples
    ///
    /// ```
    /// use burn_fashion_mnist::Normalization;
    ///
    /// assert_eq!(Normalization::default().apply(51), 0.2);
    /// assert_eq!(Normalization { mean: 0.5, std: 0.5 }.apply(255), 1.0);
    /// ```
    #[must_use]
    pub fn apply(self, value: u8) -> f32 {
        (f32::from(value) / 255.0 - self.mean) / self.std
    }

    /// Appends the normalized values of an image.
    fn extend(self, inputs: &mut Vec<f32>, pixels: &[u8]) {
        if self == Self::default() {
            // Half of the divisions, with bit-for-bit equal results.
            inputs.extend(pixels.iter().map(|&value| f32::from(value) / 255.0));
        } else {
            inputs.extend(pixels.iter().map(|&value| self.apply(value)));
        }
    }
}

impl Images {
    /// The examples at `indices` as tensors, in that order; indices may repeat.
    ///
    /// # Shapes
    ///
    /// - output: images `[indices.len(), d_input]`, targets `[indices.len()]`
    ///
    /// # Panics
    ///
    /// If an index is not below [`len`](Self::len).
    #[must_use]
    pub fn batch<B: Backend>(&self, indices: &[u32], normalization: Normalization, device: &B::Device) -> Batch<B> {
        let mut values = Vec::with_capacity(indices.len() * self.d_input());
        for &index in indices {
            normalization.extend(&mut values, self.expect_image(index as usize));
        }
        let labels = indices.iter().map(|&index| self.labels()[index as usize]);
        to_device(values, labels, self.d_input(), device)
    }

    /// Consecutive examples as tensors, for evaluation.
    ///
    /// # Shapes
    ///
    /// - output: images `[range.len(), d_input]`, targets `[range.len()]`
    ///
    /// # Panics
    ///
    /// If the range is decreasing or ends past [`len`](Self::len).
    #[must_use]
    pub fn batch_range<B: Backend>(
        &self,
        range: Range<usize>,
        normalization: Normalization,
        device: &B::Device,
    ) -> Batch<B> {
        let labels = &self.labels()[range.clone()];
        let pixels = &self.pixels()[range.start * self.d_input()..range.end * self.d_input()];
        let mut values = Vec::with_capacity(pixels.len());
        normalization.extend(&mut values, pixels);
        to_device(values, labels.iter().copied(), self.d_input(), device)
    }
}

fn to_device<B: Backend>(
    values: Vec<f32>,
    labels: impl ExactSizeIterator<Item = u8>,
    d_input: usize,
    device: &B::Device,
) -> Batch<B> {
    let batch = labels.len();
    let labels: Vec<i32> = labels.map(i32::from).collect();
    Batch {
        images: Tensor::from_data(TensorData::new(values, [batch, d_input]), device),
        targets: Tensor::from_data(TensorData::new(labels, [batch]), device),
    }
}

/// Collects [`ImageItem`]s into a [`Batch`], for Burn's `DataLoaderBuilder`.
///
/// A `DataLoader` clones each image before batching; [`Images::batch`] reads it in place.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImageBatcher {
    /// Applied to each grey value.
    pub normalization: Normalization,
}

impl<B: Backend> Batcher<B, ImageItem, Batch<B>> for ImageBatcher {
    /// # Panics
    ///
    /// If the images differ in size.
    fn batch(&self, items: Vec<ImageItem>, device: &B::Device) -> Batch<B> {
        let d_input = items.first().map_or(0, |item| item.pixels.len());
        let mut values = Vec::with_capacity(items.len() * d_input);
        for item in &items {
            assert_eq!(item.pixels.len(), d_input, "images of one batch differ in size");
            self.normalization.extend(&mut values, &item.pixels);
        }
        to_device(values, items.iter().map(|item| item.label), d_input, device)
    }
}

/// A whole split on the device, where batches are gathered.
///
/// On a GPU this avoids the transfer of every batch, at `4 * d_input` bytes of memory per image: 188 MB for the
/// training set of Fashion-MNIST. On a CPU prefer [`Images::batch`], which reads a quarter of the bytes.
#[derive(Clone, Debug)]
pub struct DeviceImages<B: Backend> {
    images: Tensor<B, 2>,
    targets: Tensor<B, 1, Int>,
}

impl<B: Backend> DeviceImages<B> {
    /// Normalizes the images and copies them to the device.
    #[must_use]
    pub fn new(images: &Images, normalization: Normalization, device: &B::Device) -> Self {
        let Batch { images, targets } = images.batch_range(0..images.len(), normalization, device);
        Self { images, targets }
    }

    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.targets.dims()[0]
    }

    /// Whether there is no image.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The examples at `indices`, as in [`Images::batch`].
    ///
    /// # Shapes
    ///
    /// - output: images `[indices.len(), d_input]`, targets `[indices.len()]`
    ///
    /// # Panics
    ///
    /// If an index is not below [`len`](Self::len). It is checked on the host because a device would read other memory,
    /// or report the error much later.
    #[must_use]
    pub fn batch(&self, indices: &[u32]) -> Batch<B> {
        let indices = self.indices(indices);
        Batch {
            images: self.images.clone().select(0, indices.clone()),
            targets: self.targets.clone().select(0, indices),
        }
    }

    /// The images of [`batch`](Self::batch) alone.
    ///
    /// # Panics
    ///
    /// As [`batch`](Self::batch).
    #[must_use]
    pub fn images(&self, indices: &[u32]) -> Tensor<B, 2> {
        self.images.clone().select(0, self.indices(indices))
    }

    /// Checked indices on the device.
    fn indices(&self, indices: &[u32]) -> Tensor<B, 1, Int> {
        let len = self.len();
        if let Some(index) = indices.iter().find(|&&index| index as usize >= len) {
            panic!("image {index} of {len}");
        }
        let indices: Vec<i64> = indices.iter().map(|&index| index.into()).collect();
        let count = indices.len();
        Tensor::from_data(TensorData::new(indices, [count]), &self.images.device())
    }

    /// Consecutive examples, as in [`Images::batch_range`].
    ///
    /// # Panics
    ///
    /// If the range is empty or ends past [`len`](Self::len).
    #[must_use]
    pub fn batch_range(&self, range: Range<usize>) -> Batch<B> {
        Batch { images: self.images.clone().slice([range.clone()]), targets: self.targets.clone().slice([range]) }
    }
}
