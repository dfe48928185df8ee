//! A matrix of features.

use burn::tensor::{Tensor, backend::Backend};
use sha2::{Digest, Sha256};

use super::column::{self, Classes, Numbers, Target};
use super::error::TableError;
use crate::Examples;
use crate::examples::hex;

/// A matrix of features in memory, one row for each example, and a target for each row: a class, or some numbers.
///
/// # Examples
///
/// ```
/// use burn_mlp_train::Rows;
///
/// let rows = Rows::new(vec![5.1, 3.5, 6.2, 2.9], 2, vec![0, 1])?;
/// assert!(Rows::new(vec![5.1, 3.5, 6.2], 2, vec![0, 1]).is_err());
/// let regression = Rows::with_numbers(vec![5.1, 3.5, 6.2, 2.9], 2, vec![10.0, 20.0], 1)?;
/// # Ok::<(), burn_mlp_train::TableError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Rows<T = Classes> {
    values: Vec<f32>,
    columns: usize,
    targets: T,
}

impl Rows<Classes> {
    /// Features, row by row with `columns` in each, and the class of each row.
    ///
    /// # Errors
    ///
    /// [`TableError::Length`] if the number of values is not rows times columns.
    pub fn new(values: Vec<f32>, columns: usize, classes: Vec<u32>) -> Result<Self, TableError> {
        Self::checked(values, columns, Classes { classes, names: Vec::new() })
    }
}

impl Rows<Numbers> {
    /// Features, row by row with `columns` in each, and the numbers to predict, row by row with `outputs` in each.
    ///
    /// # Errors
    ///
    /// [`TableError`] if `outputs` is 0, the numbers are not whole rows, or there are not as many rows of features.
    pub fn with_numbers(
        values: Vec<f32>,
        columns: usize,
        targets: Vec<f32>,
        outputs: usize,
    ) -> Result<Self, TableError> {
        let rows = targets.len() / outputs.max(1);
        if outputs == 0 || rows * outputs != targets.len() {
            let (expected, found) = (rows * outputs, targets.len());
            return Err(TableError::Length { column: "targets".to_owned(), expected, found });
        }
        Self::checked(values, columns, Numbers { values: targets, outputs })
    }
}

impl<T: Target> Rows<T> {
    fn checked(values: Vec<f32>, columns: usize, targets: T) -> Result<Self, TableError> {
        column::check_length("features", targets.rows().saturating_mul(columns), values.len())?;
        Ok(Self { values, columns, targets })
    }
}

impl<B: Backend, T: Target> Examples<B> for Rows<T> {
    type Features = Tensor<B, 2>;
    type Targets = T::Tensor<B>;

    fn len(&self) -> usize {
        self.targets.rows()
    }

    fn features(&self, rows: &[u32], device: &B::Device) -> Tensor<B, 2> {
        column::matrix(column::chosen_rows(&self.values, self.columns, rows), rows.len(), self.columns, device)
    }

    fn targets(&self, rows: &[u32], device: &B::Device) -> T::Tensor<B> {
        self.targets.tensor(rows, device)
    }

    fn class(&self, row: u32) -> Option<usize> {
        self.targets.class(row)
    }

    fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        self.values.iter().for_each(|value| hash.update(value.to_le_bytes()));
        self.targets.hash(&mut hash);
        hex(&hash.finalize())
    }
}
