//! How the runner multiplies matrices: with flex by gemm, into new memory; with ndarray as Burn does.

use burn::backend::NdArray;
use burn::tensor::{Distribution, Tensor};
use gemm::Parallelism;

/// A matrix or its transpose.
pub enum Operand<'a, M> {
    Plain(&'a M),
    Transposed(&'a M),
}

/// A matrix of single precision that can be multiplied.
pub trait Multiply: Sized {
    fn random(rows: usize, columns: usize) -> Self;

    /// # Panics
    ///
    /// If the inner dimensions differ.
    fn product(lhs: Operand<Self>, rhs: Operand<Self>) -> Self;
}

/// A tensor of Burn's ndarray backend.
pub struct Burn(Tensor<NdArray, 2>);

impl Multiply for Burn {
    fn random(rows: usize, columns: usize) -> Self {
        Self(Tensor::random([rows, columns], Distribution::Uniform(-1.0, 1.0), &Default::default()))
    }

    fn product(lhs: Operand<Self>, rhs: Operand<Self>) -> Self {
        let tensor = |operand| match operand {
            Operand::Plain(Self(tensor)) => tensor.clone(),
            Operand::Transposed(Self(tensor)) => tensor.clone().transpose(),
        };
        Self(tensor(lhs).matmul(tensor(rhs)))
    }
}

/// A matrix in row-major order, for gemm.
pub struct Gemm {
    values: Vec<f32>,
    rows: usize,
    columns: usize,
}

impl<'a> Operand<'a, Gemm> {
    /// Values, rows and columns, and how far it is from a row to the next, and from a column.
    fn layout(&self) -> (&'a [f32], [usize; 2], [isize; 2]) {
        match *self {
            Operand::Plain(m) => (&m.values, [m.rows, m.columns], [m.columns as isize, 1]),
            Operand::Transposed(m) => (&m.values, [m.columns, m.rows], [1, m.columns as isize]),
        }
    }
}

/// Multiplications from which the runner divides a product among threads.
const PARALLEL: usize = 192 * 192 * 192;

impl Multiply for Gemm {
    fn random(rows: usize, columns: usize) -> Self {
        // What the values are does not matter to the clock, only that they are neither all equal nor subnormal.
        let values = (0..rows * columns).map(|index| (index % 1013) as f32 / 506.0 - 1.0).collect();
        Self { values, rows, columns }
    }

    #[expect(unsafe_code, reason = "gemm takes pointers, and has no other way to write to memory that was not zeroed")]
    fn product(lhs: Operand<Self>, rhs: Operand<Self>) -> Self {
        let (lhs, [rows, depth], [lhs_row, lhs_column]) = lhs.layout();
        let (rhs, [rhs_rows, columns], [rhs_row, rhs_column]) = rhs.layout();
        assert_eq!(depth, rhs_rows, "the inner dimensions agree");
        let parallelism = if rows * columns * depth < PARALLEL { Parallelism::None } else { Parallelism::Rayon(0) };
        let mut values = Vec::with_capacity(rows * columns);
        // SAFETY: a matrix has `rows * columns` values, made by `random` or below, and the strides reach no others;
        // the capacity holds the product, whose rows are `columns` apart. Without `read_dst` gemm reads nothing of it,
        // and writes all of it.
        unsafe {
            let (to, lhs, rhs) = (values.as_mut_ptr(), lhs.as_ptr(), rhs.as_ptr());
            #[rustfmt::skip]
            gemm::gemm(
                rows, columns, depth, to, 1, columns as isize, false, lhs, lhs_column, lhs_row, rhs, rhs_column,
                rhs_row, 0.0_f32, 1.0, false, false, false, parallelism,
            );
            values.set_len(rows * columns);
        }
        Self { values, rows, columns }
    }
}
