//! The columns of a table.

use std::collections::{BTreeSet, HashMap};

use burn::tensor::{Int, Tensor, TensorData, backend::Backend};
use sha2::{Digest, Sha256};

use super::error::TableError;

/// The distinct names in a column, sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Vocabulary {
    pub(super) names: Vec<String>,
}

impl Vocabulary {
    /// The vocabulary of `values`, and the index of each in it.
    pub(super) fn of<S: AsRef<str>>(values: &[S]) -> (Self, Vec<u32>) {
        let distinct: BTreeSet<&str> = values.iter().map(AsRef::as_ref).collect();
        let positions: HashMap<&str, u32> = distinct.iter().copied().zip(0..).collect();
        let indices = values.iter().map(|value| positions[value.as_ref()]).collect();
        (Self { names: distinct.into_iter().map(str::to_owned).collect() }, indices)
    }

    /// The index of each of `values`.
    pub(super) fn indices<S: AsRef<str>>(&self, column: &str, values: &[S]) -> Result<Vec<u32>, TableError> {
        let positions: HashMap<&str, u32> = self.names.iter().map(String::as_str).zip(0..).collect();
        let index = |(row, value): (usize, &S)| {
            positions.get(value.as_ref()).copied().ok_or_else(|| TableError::Unknown {
                column: column.to_owned(),
                row,
                found: value.as_ref().to_owned(),
                known: self.names.join(", "),
            })
        };
        values.iter().enumerate().map(index).collect()
    }
}

/// The target of each row of a table: [`Classes`] or [`Numbers`].
pub trait Target: Clone + Send + Sync {
    /// The targets of a batch.
    type Tensor<B: Backend>: Send;

    /// Number of rows.
    fn rows(&self) -> usize;

    /// Targets of the chosen rows.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    fn tensor<B: Backend>(&self, rows: &[u32], device: &B::Device) -> Self::Tensor<B>;

    /// Class of a row, if it has one.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    fn class(&self, row: u32) -> Option<usize>;

    /// The chosen rows.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[must_use]
    fn select(&self, rows: &[u32]) -> Self;

    /// Adds the targets to a hash.
    #[doc(hidden)]
    fn hash(&self, hash: &mut Sha256);
}

/// A class for each row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes {
    pub(super) classes: Vec<u32>,
    pub(super) names: Vec<String>,
}

impl Classes {
    /// The class of each row.
    pub fn as_slice(&self) -> &[u32] {
        &self.classes
    }
}

impl Target for Classes {
    type Tensor<B: Backend> = Tensor<B, 1, Int>;

    fn rows(&self) -> usize {
        self.classes.len()
    }

    fn tensor<B: Backend>(&self, rows: &[u32], device: &B::Device) -> Tensor<B, 1, Int> {
        let classes: Vec<i32> = chosen(&self.classes, rows).map(|class| class as i32).collect();
        Tensor::from_data(TensorData::new(classes, [rows.len()]), device)
    }

    fn class(&self, row: u32) -> Option<usize> {
        Some(self.classes[row as usize] as usize)
    }

    fn select(&self, rows: &[u32]) -> Self {
        Self { classes: chosen(&self.classes, rows).collect(), names: self.names.clone() }
    }

    fn hash(&self, hash: &mut Sha256) {
        self.classes.iter().for_each(|class| hash.update(class.to_le_bytes()));
        self.names.iter().for_each(|name| hash.update(format!("{name}\0")));
    }
}

/// Numbers to predict, the same number of them for each row.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    pub(super) values: Vec<f32>,
    pub(super) outputs: usize,
}

impl Numbers {
    /// The numbers, row by row.
    pub fn as_slice(&self) -> &[f32] {
        &self.values
    }
}

impl Target for Numbers {
    type Tensor<B: Backend> = Tensor<B, 2>;

    fn rows(&self) -> usize {
        self.values.len() / self.outputs
    }

    fn tensor<B: Backend>(&self, rows: &[u32], device: &B::Device) -> Tensor<B, 2> {
        matrix(chosen_rows(&self.values, self.outputs, rows), rows.len(), self.outputs, device)
    }

    fn class(&self, _row: u32) -> Option<usize> {
        None
    }

    fn select(&self, rows: &[u32]) -> Self {
        Self { values: chosen_rows(&self.values, self.outputs, rows), outputs: self.outputs }
    }

    fn hash(&self, hash: &mut Sha256) {
        self.values.iter().for_each(|value| hash.update(value.to_le_bytes()));
    }
}

pub(super) fn chosen<'a, T: Copy>(column: &'a [T], rows: &'a [u32]) -> impl Iterator<Item = T> + 'a {
    rows.iter().map(|&row| column[row as usize])
}

/// The chosen rows of a matrix of `columns` columns.
pub(super) fn chosen_rows(values: &[f32], columns: usize, rows: &[u32]) -> Vec<f32> {
    let mut chosen = Vec::with_capacity(rows.len() * columns);
    for &row in rows {
        let start = row as usize * columns;
        chosen.extend_from_slice(&values[start..start + columns]);
    }
    chosen
}

pub(super) fn matrix<B: Backend>(values: Vec<f32>, rows: usize, columns: usize, device: &B::Device) -> Tensor<B, 2> {
    Tensor::from_data(TensorData::new(values, [rows, columns]), device)
}

pub(super) fn check_length(column: &str, expected: usize, found: usize) -> Result<(), TableError> {
    if expected == found { Ok(()) } else { Err(TableError::Length { column: column.to_owned(), expected, found }) }
}

pub(super) fn check_finite(column: &str, values: &[f32]) -> Result<(), TableError> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(row) => Err(TableError::NotFinite { column: column.to_owned(), row, found: values[row].to_string() }),
    }
}
