//! Matrix products, written to uninitialized memory.

use alloc::vec::Vec;

use gemm::Parallelism;

/// A matrix in row-major order.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
}

impl<'a> Matrix<'a> {
    /// Panics if there are not `rows * columns` values.
    pub fn new(values: &'a [f32], [rows, columns]: [usize; 2]) -> Self {
        assert_eq!(Some(values.len()), rows.checked_mul(columns), "a value for each place");
        Self { values, rows, columns }
    }

    /// The transposed matrix, without a copy.
    pub const fn transposed(self) -> Operand<'a> {
        let Self { values, rows, columns } = self;
        Operand { values, rows: columns, columns: rows, row_stride: 1, column_stride: columns as isize }
    }

    /// The matrix itself.
    pub const fn plain(self) -> Operand<'a> {
        let Self { values, rows, columns } = self;
        Operand { values, rows, columns, row_stride: columns as isize, column_stride: 1 }
    }
}

/// A [`Matrix`], transposed or not.
pub(super) struct Operand<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: isize,
    column_stride: isize,
}

/// Number of multiplications at and above which a product is divided among the threads of the current pool. The same
/// value as in burn-flex.
const PARALLEL: usize = 192 * 192 * 192;

/// The product of two matrices, in row-major order.
///
/// Panics if the number of columns of `lhs` differs from the number of rows of `rhs`, or the number of elements
/// overflows `usize`.
#[expect(unsafe_code, reason = "gemm takes pointers, and has no other way to write to memory that was not zeroed")]
pub(super) fn product(lhs: &Operand, rhs: &Operand) -> Vec<f32> {
    assert_eq!(lhs.columns, rhs.rows, "the inner dimensions agree");
    let (rows, columns, depth) = (lhs.rows, rhs.columns, lhs.columns);
    let work = rows.saturating_mul(columns).saturating_mul(depth);
    let parallelism = if work < PARALLEL { Parallelism::None } else { Parallelism::Rayon(0) };
    let elements = rows.checked_mul(columns).expect("the number of elements overflows usize");
    let mut output = Vec::with_capacity(elements);
    // SAFETY: `Matrix::new` has checked that there are `rows * columns` values, and the strides of `plain` and
    // `transposed` address exactly those. The capacity of the output holds `elements` values with a row stride of
    // `columns`. With `read_dst` false, gemm does not read the output and writes all of it.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            depth,
            output.as_mut_ptr(),
            1,
            columns as isize,
            false,
            lhs.values.as_ptr(),
            lhs.column_stride,
            lhs.row_stride,
            rhs.values.as_ptr(),
            rhs.column_stride,
            rhs.row_stride,
            0.0_f32,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
        output.set_len(elements);
    }
    output
}
