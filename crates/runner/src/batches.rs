//! The training examples in the order of an epoch, where the backend wants them.

use std::ops::Range;

use burn::tensor::backend::Backend;
use burn_fashion_mnist::{Batch, DeviceImages, Images, Normalization, permutation};

use crate::backend;

/// Training examples that give shuffled batches.
pub struct Batches<B: Backend> {
    images: Images,
    /// On a GPU all images are uploaded once and batches gathered there: a transfer each step would cost more than
    /// the step.
    resident: Option<DeviceImages<B>>,
    normalization: Normalization,
    batch_size: usize,
    seed: u64,
}

impl<B: Backend> Batches<B> {
    /// Batches of `images`.
    pub fn new(images: Images, normalization: Normalization, batch_size: usize, seed: u64, device: &B::Device) -> Self {
        let resident = backend::ASYNCHRONOUS.then(|| DeviceImages::new(&images, normalization, device));
        Self { images, resident, normalization, batch_size, seed }
    }

    /// Number of examples.
    pub fn examples(&self) -> usize {
        self.images.len()
    }

    /// Steps in an epoch: the last batch may be smaller.
    pub fn steps_per_epoch(&self) -> usize {
        self.images.len().div_ceil(self.batch_size)
    }

    /// Examples in the first `steps` steps of an epoch.
    pub fn examples_in(&self, steps: usize) -> usize {
        steps.saturating_mul(self.batch_size).min(self.images.len())
    }

    /// The order of an epoch, counted from 0.
    pub fn order(&self, epoch: usize) -> Vec<u32> {
        permutation(self.images.len(), self.seed, epoch as u64)
    }

    /// The examples of one step of that order.
    pub fn step<'a>(&'a self, order: &'a [u32], step: usize) -> StepExamples<'a, B> {
        let end = order.len().min((step + 1) * self.batch_size);
        StepExamples { batches: self, indices: &order[step * self.batch_size..end] }
    }
}

/// The examples of one step.
pub struct StepExamples<'a, B: Backend> {
    batches: &'a Batches<B>,
    indices: &'a [u32],
}

impl<B: Backend> StepExamples<'_, B> {
    /// Their indices in the training set.
    pub fn indices(&self) -> &[u32] {
        self.indices
    }

    /// Their labels, on the host.
    pub fn labels(&self) -> Vec<u8> {
        self.indices.iter().map(|&index| self.batches.images.labels()[index as usize]).collect()
    }

    /// Those of `range` as tensors.
    pub fn batch(&self, range: Range<usize>, device: &B::Device) -> Batch<B> {
        let indices = &self.indices[range];
        match &self.batches.resident {
            Some(resident) => resident.batch(indices),
            None => self.batches.images.batch(indices, self.batches.normalization, device),
        }
    }
}
