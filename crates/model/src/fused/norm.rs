//! Batch normalization fused with the activation and dropout that follow it, and its gradient.
//!
//! With `x̂ = (x - μ)/√(σ² + ε)`, the output is `γx̂ + β`. If `g` is the gradient there, that of `β` is `Σg`, that of `γ`
//! is `Σgx̂`, and that of `x` is `γ/√(σ² + ε)·(g - Σg/n - x̂·Σgx̂/n)` with sums over the `n` examples.

#[cfg(all(test, feature = "flex", feature = "ndarray"))]
mod tests;

use alloc::vec;
use alloc::vec::Vec;
use core::marker::PhantomData;

use burn::tensor::ops::FloatTensor;
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::checkpoint::strategy::NoCheckpointing;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};
use rayon::prelude::*;

use super::after::{After, through};
use super::storage::Storage;

/// Rows whose sum one thread computes. The sums of blocks are added in their order: results do not depend on threads.
const BLOCK: usize = 32;
/// Elements at and above which the blocks are divided among the threads of the current pool.
const PARALLEL: usize = 1 << 15;

/// Mean and variance of each column.
#[derive(Clone, Debug)]
pub(super) struct Statistics {
    pub mean: Vec<f32>,
    /// With the number of rows as divisor.
    pub variance: Vec<f32>,
}

impl Statistics {
    /// Those of a matrix, which has at least one row and one column.
    pub fn of(x: &[f32], columns: usize) -> Self {
        let scale = 1.0 / (x.len() / columns) as f32;
        let mut mean = column_sums(x, columns, |row, sums| {
            sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        });
        mean.iter_mut().for_each(|mean| *mean *= scale);
        let mut variance = column_sums(x, columns, |row, sums| {
            for ((sum, x), mean) in sums.iter_mut().zip(row).zip(&mean) {
                *sum += (x - mean) * (x - mean);
            }
        });
        variance.iter_mut().for_each(|variance| *variance *= scale);
        Self { mean, variance }
    }
}

/// A normalization: `x̂ = (x - mean)·inverse` for each column.
#[derive(Clone, Debug)]
struct Normalization {
    mean: Vec<f32>,
    inverse: Vec<f32>,
}

impl Normalization {
    fn new(statistics: Statistics, epsilon: f64) -> Self {
        let Statistics { mean, mut variance } = statistics;
        variance.iter_mut().for_each(|variance| *variance = 1.0 / libm::sqrtf(*variance + epsilon as f32));
        Self { mean, inverse: variance }
    }

    /// `after(γx̂ + β)`, in the place of `x`.
    fn apply(&self, x: &mut [f32], gamma: &[f32], beta: &[f32], after: &After) {
        let columns = self.mean.len();
        let scale: Vec<f32> = self.inverse.iter().zip(gamma).map(|(inverse, gamma)| inverse * gamma).collect();
        for_blocks_mut(x, columns, |start, block| {
            for row in block.chunks_exact_mut(columns) {
                for (((x, mean), scale), beta) in row.iter_mut().zip(&self.mean).zip(&scale).zip(beta) {
                    *x = (*x - mean) * scale + beta;
                }
            }
            after.apply(start, block);
        });
    }
}

/// The output with given statistics.
pub(super) fn forward<S: Storage>(
    x: FloatTensor<S>,
    gamma: &FloatTensor<S>,
    beta: &FloatTensor<S>,
    statistics: Statistics,
    epsilon: f64,
    after: &After,
) -> FloatTensor<S> {
    let shape = S::dims(&x);
    let mut x = S::into_values(x);
    Normalization::new(statistics, epsilon).apply(&mut x, &S::values(gamma), &S::values(beta), after);
    S::tensor(x, shape)
}

/// The output with the statistics of the batch, tracked by autodiff.
pub(super) fn tracked<S: Storage>(
    x: FloatTensor<Autodiff<S>>,
    gamma: FloatTensor<Autodiff<S>>,
    beta: FloatTensor<Autodiff<S>>,
    statistics: Statistics,
    epsilon: f64,
    after: After,
) -> FloatTensor<Autodiff<S>> {
    let nodes = [x.node.clone(), gamma.node.clone(), beta.node.clone()];
    let normalization = Normalization::new(statistics, epsilon);
    let mut y = S::values(&x.primitive).into_owned();
    normalization.apply(&mut y, &S::values(&gamma.primitive), &S::values(&beta.primitive), &after);
    let output = S::tensor(y, S::dims(&x.primitive));
    match Norm::<S>(PhantomData).prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => {
            let kept = after.slope().map(|slope| (output.clone(), slope));
            prepared.finish(State { x: x.primitive, gamma: gamma.primitive, normalization, kept }, output)
        }
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    }
}

#[derive(Debug)]
struct Norm<S>(PhantomData<S>);

/// What the backward pass needs from the forward pass.
#[derive(Clone, Debug)]
struct State<T> {
    x: T,
    gamma: T,
    normalization: Normalization,
    /// If something follows: the output, and the derivative where it is kept.
    kept: Option<(T, f32)>,
}

impl<S: Storage> Backward<S, 3> for Norm<S> {
    type State = State<FloatTensor<S>>;

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let State { x, gamma, normalization: Normalization { mean, inverse }, kept } = ops.state;
        let [to_x, to_gamma, to_beta] = ops.parents;
        let mut gradient = S::into_values(gradients.consume::<S>(&ops.node));
        let shape @ [rows, columns] = S::dims(&x);
        let x = S::values(&x);
        let kept = kept.as_ref().map(|(output, slope)| (S::values(output), *slope));

        let sums = for_blocks_mut(&mut gradient, columns, |start, block| {
            if let Some((output, slope)) = &kept {
                through(block, &output[start..start + block.len()], *slope);
            }
            let mut sums = [vec![0.0; columns], vec![0.0; columns]];
            let [of_gradient, of_product] = &mut sums;
            for (row, x) in block.chunks_exact(columns).zip(x[start..].chunks_exact(columns)) {
                of_gradient.iter_mut().zip(row).for_each(|(sum, g)| *sum += g);
                for (((sum, g), x), mean) in of_product.iter_mut().zip(row).zip(x).zip(&mean) {
                    *sum += g * (x - mean);
                }
            }
            sums
        });
        let (of_gradient, of_product): (Vec<_>, Vec<_>) = sums.into_iter().map(|[one, other]| (one, other)).unzip();
        let (of_beta, mut of_gamma) = (total(of_gradient, columns), total(of_product, columns));
        of_gamma.iter_mut().zip(&inverse).for_each(|(sum, inverse)| *sum *= inverse);

        if let Some(node) = to_x {
            // g·scale + x·of_x + constant, with what does not depend on the row computed once.
            let per_row = 1.0 / rows as f32;
            let gamma = S::values(&gamma);
            let scale: Vec<f32> = inverse.iter().zip(&*gamma).map(|(inverse, gamma)| inverse * gamma).collect();
            let of_centered = |column: usize| of_gamma[column] * per_row * inverse[column];
            let slopes: Vec<f32> = (0..columns).map(of_centered).collect();
            for_blocks_mut(&mut gradient, columns, |start, block| {
                for (row, x) in block.chunks_exact_mut(columns).zip(x[start..].chunks_exact(columns)) {
                    let constants = mean.iter().zip(&scale).zip(&slopes).zip(&of_beta);
                    for ((g, x), (((mean, scale), slope), sum)) in row.iter_mut().zip(x).zip(constants) {
                        *g = scale * (*g - sum * per_row - (x - mean) * slope);
                    }
                }
            });
            gradients.register::<S>(node.id, S::tensor(gradient, shape));
        }
        if let Some(node) = to_gamma {
            gradients.register::<S>(node.id, S::tensor(of_gamma, [columns]));
        }
        if let Some(node) = to_beta {
            gradients.register::<S>(node.id, S::tensor(of_beta, [columns]));
        }
    }
}

/// The sums of `term`, which adds what a row contributes.
fn column_sums(x: &[f32], columns: usize, term: impl Fn(&[f32], &mut [f32]) + Send + Sync) -> Vec<f32> {
    let sums = |block: &[f32]| {
        let mut sums = vec![0.0; columns];
        block.chunks_exact(columns).for_each(|row| term(row, &mut sums));
        sums
    };
    let blocks = x.chunks(BLOCK * columns).collect();
    total(each(blocks, x.len(), sums), columns)
}

/// Applies `compute` to the blocks of a matrix, each with the index of its first element. Results are in their order.
fn for_blocks_mut<T: Send>(
    values: &mut [f32],
    columns: usize,
    compute: impl Fn(usize, &mut [f32]) -> T + Send + Sync,
) -> Vec<T> {
    let (elements, length) = (values.len(), BLOCK * columns);
    let blocks = values.chunks_mut(length).enumerate().collect();
    each(blocks, elements, |(index, block): (usize, &mut [f32])| compute(index * length, block))
}

fn each<I: Send, T: Send>(blocks: Vec<I>, elements: usize, compute: impl Fn(I) -> T + Send + Sync) -> Vec<T> {
    if elements < PARALLEL {
        blocks.into_iter().map(compute).collect()
    } else {
        blocks.into_par_iter().map(compute).collect()
    }
}

/// The sums of all blocks together.
fn total(blocks: Vec<Vec<f32>>, columns: usize) -> Vec<f32> {
    blocks.into_iter().fold(vec![0.0; columns], |mut total, block| {
        total.iter_mut().zip(block).for_each(|(total, sum)| *total += sum);
        total
    })
}
