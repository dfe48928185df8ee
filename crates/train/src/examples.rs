//! Labelled examples for training and evaluation.

use std::fmt::Write as _;
use std::ops::Range;

use burn::tensor::{Int, Tensor, TensorData, backend::Backend};
use burn_mlp::Key;
use sha2::{Digest, Sha256};

/// Labelled examples, on the host or on the device.
///
/// [`Rows`] holds a table of numbers. For anything else, such as rows that mix categories and numbers, implement this
/// trait: `Features` may be a struct of tensors.
pub trait Examples<B: Backend>: Send + Sync {
    /// The input of the module.
    type Features: Send;

    /// Number of examples.
    fn len(&self) -> usize;

    /// Whether there are no examples.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Class of an example.
    ///
    /// # Panics
    ///
    /// If there is no such example.
    fn label(&self, index: u32) -> usize;

    /// Features of the chosen examples, in the order given.
    ///
    /// # Panics
    ///
    /// If there is no such example.
    fn features(&self, indices: &[u32], device: &B::Device) -> Self::Features;

    /// Features and classes of the chosen examples, in the order given.
    ///
    /// # Panics
    ///
    /// If there is no such example.
    fn batch(&self, indices: &[u32], device: &B::Device) -> (Self::Features, Tensor<B, 1, Int>) {
        let labels: Vec<usize> = indices.iter().map(|&index| self.label(index)).collect();
        (self.features(indices, device), targets(&labels, device))
    }

    /// Features of consecutive examples.
    ///
    /// # Panics
    ///
    /// If the range ends past the last example.
    fn features_of_range(&self, range: Range<usize>, device: &B::Device) -> Self::Features {
        self.features(&range.map(|index| index as u32).collect::<Vec<u32>>(), device)
    }

    /// The order of the examples in an epoch, counted from 0. A function of seed and epoch alone.
    fn order(&self, seed: u64, epoch: u64) -> Vec<u32> {
        let draws = Key::new(seed, *b"order\0\0\0").at(epoch, 0).uniforms();
        let mut drawn: Vec<(f64, u32)> = draws.zip(0..self.len() as u32).collect();
        drawn.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        drawn.into_iter().map(|(_, index)| index).collect()
    }

    /// Identifies the examples, so that a run is not resumed on other data. By default a SHA-256 of the labels.
    fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        (0..self.len() as u32).for_each(|index| hash.update((self.label(index) as u64).to_le_bytes()));
        hex(&hash.finalize())
    }
}

impl<B: Backend, E: Examples<B> + ?Sized> Examples<B> for &E {
    type Features = E::Features;

    fn len(&self) -> usize {
        (**self).len()
    }

    fn label(&self, index: u32) -> usize {
        (**self).label(index)
    }

    fn features(&self, indices: &[u32], device: &B::Device) -> Self::Features {
        (**self).features(indices, device)
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

/// Classes of the chosen examples as a tensor: `[indices.len()]`.
pub(crate) fn targets<B: Backend>(labels: &[usize], device: &B::Device) -> Tensor<B, 1, Int> {
    let labels: Vec<i32> = labels.iter().map(|&label| label as i32).collect();
    let count = labels.len();
    Tensor::from_data(TensorData::new(labels, [count]), device)
}

/// A table of numbers in memory, one row for each example.
///
/// # Examples
///
/// ```
/// use burn_mlp_train::Rows;
///
/// let rows = Rows::new(vec![5.1, 3.5, 6.2, 2.9], 2, vec![0, 1])?;
/// assert!(Rows::new(vec![5.1, 3.5, 6.2], 2, vec![0, 1]).is_err());
/// # Ok::<(), burn_mlp_train::TrainError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    values: Vec<f32>,
    columns: usize,
    labels: Vec<usize>,
}

impl Rows {
    /// A table from its values, row by row with `columns` in each, and the class of each row.
    ///
    /// # Errors
    ///
    /// If the number of values is not rows times columns.
    pub fn new(values: Vec<f32>, columns: usize, labels: Vec<usize>) -> Result<Self, crate::TrainError> {
        let (expected, found) = (labels.len() * columns, values.len());
        if expected != found {
            return Err(crate::TrainError::Rows { rows: labels.len(), columns, expected, found });
        }
        Ok(Self { values, columns, labels })
    }
}

impl<B: Backend> Examples<B> for Rows {
    type Features = Tensor<B, 2>;

    fn len(&self) -> usize {
        self.labels.len()
    }

    fn label(&self, index: u32) -> usize {
        self.labels[index as usize]
    }

    fn features(&self, indices: &[u32], device: &B::Device) -> Tensor<B, 2> {
        let mut values = Vec::with_capacity(indices.len() * self.columns);
        for &index in indices {
            let start = index as usize * self.columns;
            values.extend_from_slice(&self.values[start..start + self.columns]);
        }
        Tensor::from_data(TensorData::new(values, [indices.len(), self.columns]), device)
    }

    fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        self.values.iter().for_each(|value| hash.update(value.to_le_bytes()));
        self.labels.iter().for_each(|&label| hash.update((label as u64).to_le_bytes()));
        hex(&hash.finalize())
    }
}

/// `bytes` in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use burn_flex::Flex;

    use super::*;

    fn rows(count: usize) -> Rows {
        Rows::new((0..2 * count).map(|value| value as f32).collect(), 2, (0..count).collect()).unwrap()
    }

    #[test]
    fn an_order_has_every_example_once_and_is_that_of_its_seed_and_epoch() {
        let order = |seed, epoch| Examples::<Flex>::order(&rows(100), seed, epoch);
        let mut sorted = order(1, 0);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<u32>>());
        assert_eq!(order(1, 0), order(1, 0));
        assert!(order(1, 0) != order(1, 1) && order(1, 0) != order(2, 0));
    }

    #[test]
    fn rows_are_taken_in_the_order_given() {
        let features: Tensor<Flex, 2> = rows(3).features(&[2, 0], &Default::default());
        assert_eq!(features.into_data().to_vec::<f32>().unwrap(), [4.0, 5.0, 0.0, 1.0]);
    }

    #[test]
    fn other_values_have_another_fingerprint() {
        let other = Rows::new(vec![0.0, 1.5], 2, vec![0]).unwrap();
        assert_ne!(Examples::<Flex>::fingerprint(&rows(1)), Examples::<Flex>::fingerprint(&other));
    }
}
