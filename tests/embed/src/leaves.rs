//! The data: lines of numbers and a name.

use burn::tensor::{Int, Tensor, TensorData, backend::Backend};

/// Numbers a leaf.
pub const FEATURES: usize = 3;
/// Names of the trees, by label.
pub const TREES: [&str; 3] = ["beech", "lime", "pear"];

/// Leaves: length, width and stem in millimetres, and the tree of each.
pub struct Leaves {
    rows: Vec<[f32; FEATURES]>,
    trees: Vec<u8>,
}

impl Leaves {
    /// Reads lines `length,width,stem,tree` below a heading.
    pub fn parse(text: &str) -> Result<Self, crate::Error> {
        let mut leaves = Self { rows: Vec::new(), trees: Vec::new() };
        for line in text.lines().skip(1) {
            let [length, width, stem, tree] = line.split(',').collect::<Vec<_>>()[..] else {
                return Err(format!("expected four fields, found `{line}`").into());
            };
            let label = TREES.iter().position(|&name| name == tree).ok_or_else(|| format!("unknown tree `{tree}`"))?;
            leaves.rows.push([length.parse()?, width.parse()?, stem.parse()?]);
            leaves.trees.push(label as u8);
        }
        Ok(leaves)
    }

    /// The chosen leaves.
    pub fn select(&self, indices: &[u32]) -> Self {
        let chosen = |index: &u32| (self.rows[*index as usize], self.trees[*index as usize]);
        let (rows, trees) = indices.iter().map(chosen).unzip();
        Self { rows, trees }
    }

    /// Number of leaves.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The numbers.
    pub fn rows(&self) -> &[[f32; FEATURES]] {
        &self.rows
    }

    /// The labels.
    pub fn trees(&self) -> &[u8] {
        &self.trees
    }

    /// The numbers as a tensor, `[leaves, FEATURES]`.
    pub fn features<B: Backend>(&self, device: &B::Device) -> Tensor<B, 2> {
        let values: Vec<f32> = self.rows.iter().flatten().copied().collect();
        Tensor::from_data(TensorData::new(values, [self.len(), FEATURES]), device)
    }

    /// The labels as a tensor, `[leaves]`.
    pub fn targets<B: Backend>(&self, device: &B::Device) -> Tensor<B, 1, Int> {
        let labels: Vec<i32> = self.trees.iter().map(|&tree| tree.into()).collect();
        Tensor::from_data(TensorData::new(labels, [self.len()]), device)
    }
}
