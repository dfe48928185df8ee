//! Tables in memory.

mod column;
mod error;
mod rows;
#[cfg(test)]
mod tests;

use burn::tensor::{Int, Tensor, TensorData, backend::Backend};
use sha2::{Digest, Sha256};

use self::column::Vocabulary;
pub use self::column::{Classes, Numbers, Target};
pub use self::error::TableError;
pub use self::rows::Rows;
use crate::Examples;
use crate::examples::hex;

/// Features of some rows of a [`Table`].
#[derive(Clone, Debug)]
pub struct TableBatch<B: Backend> {
    /// Numeric columns, `[rows, columns]`, in the order in which they were added.
    pub numbers: Tensor<B, 2>,
    /// Categorical columns, `[rows, columns]`, in the order in which they were added: each an index into the
    /// [vocabulary](Table::vocabulary) of its column, for an embedding.
    pub categories: Tensor<B, 2, Int>,
}

/// A table with numeric and categorical columns, and a target for each row: a class, `Table<Classes>`, or a number,
/// `Table<Numbers>`.
///
/// # Examples
///
/// ```
/// use burn_flex::Flex;
/// use burn_mlp_train::{Examples, Table};
///
/// let table = Table::of_classes(&["beech", "pear", "beech"])
///     .with_numbers("length", vec![5.1, 6.2, 5.5])?
///     .with_categories("site", &["north", "south", "south"])?;
/// assert_eq!(table.vocabulary(0), ["north", "south"]);
/// assert_eq!(table.class_names(), ["beech", "pear"]);
///
/// let batch = Examples::<Flex>::features(&table, &[2, 0], &Default::default());
/// assert_eq!(batch.numbers.to_data().to_vec::<f32>().unwrap(), [5.5, 5.1]);
/// assert_eq!(batch.categories.to_data().iter::<i64>().collect::<Vec<_>>(), [1, 0]);
/// # Ok::<(), burn_mlp_train::TableError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Table<T> {
    numbers: Vec<Vec<f32>>,
    categories: Vec<(Vec<u32>, Vocabulary)>,
    targets: T,
}

impl Table<Classes> {
    /// A table without columns yet, and the class of each row by its name. Classes are numbered in the order of their
    /// sorted names.
    pub fn of_classes<S: AsRef<str>>(classes: &[S]) -> Self {
        let (vocabulary, classes) = Vocabulary::of(classes);
        Self::new(Classes { classes, names: vocabulary.names })
    }

    /// Names of the classes, by number.
    pub fn class_names(&self) -> &[String] {
        &self.targets.names
    }
}

impl Table<Numbers> {
    /// A table without columns yet, and the number to predict for each row.
    ///
    /// # Errors
    ///
    /// [`TableError::NotFinite`].
    pub fn of_numbers(targets: Vec<f32>) -> Result<Self, TableError> {
        column::check_finite("target", &targets)?;
        Ok(Self::new(Numbers { values: targets, outputs: 1 }))
    }
}

impl<T: Target> Table<T> {
    fn new(targets: T) -> Self {
        Self { numbers: Vec::new(), categories: Vec::new(), targets }
    }

    /// Adds a numeric column.
    ///
    /// # Errors
    ///
    /// [`TableError`] if it has another number of rows, or a number is not finite.
    pub fn with_numbers(mut self, name: &str, values: Vec<f32>) -> Result<Self, TableError> {
        column::check_length(name, self.targets.rows(), values.len())?;
        column::check_finite(name, &values)?;
        self.numbers.push(values);
        Ok(self)
    }

    /// Adds a categorical column, whose vocabulary are the names in it, sorted.
    ///
    /// # Errors
    ///
    /// [`TableError::Length`].
    pub fn with_categories<S: AsRef<str>>(mut self, name: &str, values: &[S]) -> Result<Self, TableError> {
        column::check_length(name, self.targets.rows(), values.len())?;
        let (vocabulary, indices) = Vocabulary::of(values);
        self.categories.push((indices, vocabulary));
        Ok(self)
    }

    /// Adds a categorical column with the vocabulary of another table, such as the one a network was trained on.
    ///
    /// # Errors
    ///
    /// [`TableError`] if it has another number of rows, or a name that is not in the vocabulary.
    pub fn with_categories_of<S: AsRef<str>>(
        mut self,
        name: &str,
        values: &[S],
        vocabulary: &[String],
    ) -> Result<Self, TableError> {
        let vocabulary = Vocabulary { names: vocabulary.to_vec() };
        column::check_length(name, self.targets.rows(), values.len())?;
        self.categories.push((vocabulary.indices(name, values)?, vocabulary));
        Ok(self)
    }

    /// The names of a categorical column, counted from 0; the index of a name is what the network is given.
    ///
    /// # Panics
    ///
    /// If there is no such column.
    pub fn vocabulary(&self, column: usize) -> &[String] {
        &self.categories[column].1.names
    }

    /// The numeric columns, row by row: what [`Standardize::fit`](burn_mlp::Standardize::fit) takes.
    pub fn numbers(&self) -> Vec<f32> {
        (0..self.targets.rows()).flat_map(|row| self.numbers.iter().map(move |column| column[row])).collect()
    }

    /// The targets, in the order of the rows.
    pub fn targets(&self) -> &T {
        &self.targets
    }

    /// The chosen rows, in the order given, with the same vocabularies.
    ///
    /// # Errors
    ///
    /// [`TableError::NoRow`].
    pub fn select(&self, rows: &[u32]) -> Result<Self, TableError> {
        if let Some(&found) = rows.iter().find(|&&row| row as usize >= self.targets.rows()) {
            return Err(TableError::NoRow { rows: self.targets.rows(), found });
        }
        let of_category =
            |(column, names): &(Vec<u32>, Vocabulary)| (column::chosen(column, rows).collect(), names.clone());
        Ok(Self {
            numbers: self.numbers.iter().map(|column| column::chosen(column, rows).collect()).collect(),
            categories: self.categories.iter().map(of_category).collect(),
            targets: self.targets.select(rows),
        })
    }
}

impl<B: Backend, T: Target> Examples<B> for Table<T> {
    type Features = TableBatch<B>;
    type Targets = T::Tensor<B>;

    fn len(&self) -> usize {
        self.targets.rows()
    }

    fn features(&self, rows: &[u32], device: &B::Device) -> TableBatch<B> {
        let row = |&row: &u32| self.numbers.iter().map(move |column| column[row as usize]);
        let numbers = column::matrix(rows.iter().flat_map(row).collect(), rows.len(), self.numbers.len(), device);
        let row = |&row: &u32| self.categories.iter().map(move |(column, _)| column[row as usize] as i32);
        let values: Vec<i32> = rows.iter().flat_map(row).collect();
        let values = TensorData::new(values, [rows.len(), self.categories.len()]);
        TableBatch { numbers, categories: Tensor::from_data(values, device) }
    }

    fn targets(&self, rows: &[u32], device: &B::Device) -> T::Tensor<B> {
        self.targets.tensor(rows, device)
    }

    fn class(&self, row: u32) -> Option<usize> {
        self.targets.class(row)
    }

    fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        self.numbers.iter().flatten().for_each(|value| hash.update(value.to_le_bytes()));
        for (column, vocabulary) in &self.categories {
            column.iter().for_each(|value| hash.update(value.to_le_bytes()));
            vocabulary.names.iter().for_each(|name| hash.update(format!("{name}\0")));
        }
        self.targets.hash(&mut hash);
        hex(&hash.finalize())
    }
}
