//! Constants of an ONNX graph as numbers, and the views of them that operators take.

use anyhow::{Context, Result, ensure};
use burn::tensor::TensorData;

/// Shape and elements of a constant.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// The shape.
    pub dims: Vec<usize>,
    /// The elements in row-major order. Every type is exact in double precision but integers beyond 2^53.
    pub values: Vec<f64>,
    /// Whether the elements are of an integer type.
    pub whole: bool,
}

impl Constant {
    /// A list of whole numbers.
    pub fn list(values: impl IntoIterator<Item = i64>) -> Self {
        let values: Vec<f64> = values.into_iter().map(|value| value as f64).collect();
        Self { dims: vec![values.len()], values, whole: true }
    }

    /// The elements in single precision, in the shape `dims`.
    pub fn floats(&self, dims: &[usize]) -> TensorData {
        TensorData::new(self.values.iter().map(|&value| value as f32).collect::<Vec<_>>(), dims.to_vec())
    }

    /// The elements as whole numbers.
    pub fn integers(&self) -> Result<Vec<i64>> {
        ensure!(self.whole, "expected whole numbers");
        Ok(self.values.iter().map(|&value| value as i64).collect())
    }

    /// How far apart in `values` neighbours along each dimension lie.
    pub fn strides(&self) -> Vec<usize> {
        let mut strides = vec![1; self.dims.len()];
        for place in (1..self.dims.len()).rev() {
            strides[place - 1] = strides[place] * self.dims[place];
        }
        strides
    }

    /// The elements at `offset + Σ index·stride`, for every index into the shape `dims`.
    pub fn view(&self, dims: &[usize], strides: &[usize], offset: usize) -> Self {
        let places = dims.iter().zip(strides).fold(vec![offset], |places, (&size, &stride)| {
            places.iter().flat_map(|place| (0..size).map(move |index| place + index * stride)).collect()
        });
        let values = places.into_iter().map(|place| self.values[place]).collect();
        Self { dims: dims.to_vec(), values, whole: self.whole }
    }

    /// The constant with its dimensions in the order `order`, which names each dimension once.
    pub fn transposed(&self, order: &[usize]) -> Self {
        let strides = self.strides();
        let pick = |from: &[usize]| order.iter().map(|&place| from[place]).collect::<Vec<_>>();
        self.view(&pick(&self.dims), &pick(&strides), 0)
    }

    /// The constant repeated along dimensions of size 1, or that it does not have, until its shape is `dims`. `dims` is
    /// a result of [`common`] with the shape of the constant.
    pub fn repeated(&self, dims: &[usize]) -> Self {
        let more = dims.len() - self.dims.len();
        let strides = self.strides();
        let stride = |place: usize| match place.checked_sub(more) {
            Some(own) if self.dims[own] != 1 => strides[own],
            _ => 0,
        };
        self.view(dims, &(0..dims.len()).map(stride).collect::<Vec<_>>(), 0)
    }
}

/// The shape to which two constants are repeated before their elements are combined.
pub fn common(one: &[usize], other: &[usize]) -> Result<Vec<usize>> {
    let rank = one.len().max(other.len());
    let size = |dims: &[usize], place: usize| (place + dims.len()).checked_sub(rank).map_or(1, |own| dims[own]);
    let sizes = (0..rank).map(|place| match (size(one, place), size(other, place)) {
        (1, size) | (size, 1) => Some(size),
        (size, same) => (size == same).then_some(size),
    });
    sizes.collect::<Option<_>>().with_context(|| format!("shapes {one:?} and {other:?} do not go together"))
}

/// The dimension that `axis` names in a shape of `rank` dimensions; negative ones count from the end.
pub fn axis(axis: i64, rank: usize) -> Result<usize> {
    let place = if axis < 0 { axis + rank as i64 } else { axis };
    let place = usize::try_from(place).ok().filter(|&place| place < rank);
    place.with_context(|| format!("there is no dimension {axis} of {rank}"))
}
