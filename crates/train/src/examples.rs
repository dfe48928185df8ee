//! Examples for training and evaluation.

use std::fmt::Write as _;
use std::ops::Range;

use burn::tensor::backend::Backend;
use mlp_splits::permutation;
use sha2::{Digest, Sha256};

/// Examples with their targets, on the host or on the device.
///
/// [`Rows`](crate::Rows) and [`Table`](crate::Table) hold tables in memory. For anything else implement this trait:
/// `Features` may be a struct of tensors.
pub trait Examples<B: Backend>: Send + Sync {
    /// The input of the module.
    type Features: Send;
    /// What its outputs are compared with: classes, `Tensor<B, 1, Int>`, or numbers, `Tensor<B, 2>`.
    type Targets: Send;

    /// Number of examples.
    fn len(&self) -> usize;

    /// Whether there are no examples.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Features of the chosen examples, in the order given.
    ///
    /// # Panics
    ///
    /// If there is no such example.
    fn features(&self, indices: &[u32], device: &B::Device) -> Self::Features;

    /// Targets of the chosen examples, in the order given.
    ///
    /// # Panics
    ///
    /// If there is no such example.
    fn targets(&self, indices: &[u32], device: &B::Device) -> Self::Targets;

    /// Class of an example, from which accuracy is counted. `None`, as by default, where targets are no classes.
    ///
    /// # Panics
    ///
    /// If there is no such example.
    fn class(&self, index: u32) -> Option<usize> {
        let _ = index;
        None
    }

    /// Features of consecutive examples.
    ///
    /// # Panics
    ///
    /// If the range ends past the last example.
    fn features_of_range(&self, range: Range<usize>, device: &B::Device) -> Self::Features {
        self.features(&indices(range), device)
    }

    /// The order of the examples in an epoch, counted from 0. A function of seed and epoch alone.
    fn order(&self, seed: u64, epoch: u64) -> Vec<u32> {
        permutation(self.len(), seed, epoch)
    }

    /// Identifies the examples, so that a run is not resumed on other data. By default a SHA-256 of their number and
    /// classes.
    fn fingerprint(&self) -> String {
        let mut hash = Sha256::new_with_prefix(self.len().to_string());
        (0..self.len() as u32).filter_map(|index| self.class(index)).for_each(|class| hash.update(class.to_le_bytes()));
        hex(&hash.finalize())
    }
}

impl<B: Backend, E: Examples<B> + ?Sized> Examples<B> for &E {
    type Features = E::Features;
    type Targets = E::Targets;

    fn len(&self) -> usize {
        (**self).len()
    }

    fn features(&self, indices: &[u32], device: &B::Device) -> Self::Features {
        (**self).features(indices, device)
    }

    fn targets(&self, indices: &[u32], device: &B::Device) -> Self::Targets {
        (**self).targets(indices, device)
    }

    fn class(&self, index: u32) -> Option<usize> {
        (**self).class(index)
    }

    fn features_of_range(&self, range: Range<usize>, device: &B::Device) -> Self::Features {
        (**self).features_of_range(range, device)
    }

    fn order(&self, seed: u64, epoch: u64) -> Vec<u32> {
        (**self).order(seed, epoch)
    }

    fn fingerprint(&self) -> String {
        (**self).fingerprint()
    }
}

/// The indices of consecutive examples.
pub(crate) fn indices(range: Range<usize>) -> Vec<u32> {
    range.map(|index| index as u32).collect()
}

/// `bytes` in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
