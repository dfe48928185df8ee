//! A linear map fused with the activation and dropout that follow it, and its gradient.

use alloc::vec;
use alloc::vec::Vec;
use core::marker::PhantomData;

use burn::tensor::ops::FloatTensor;
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::checkpoint::strategy::NoCheckpointing;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};

use super::after::{After, through};
use super::product::{Matrix, product};
use super::storage::Storage;

/// The output of a layer.
pub(super) fn forward<S: Storage>(
    x: &FloatTensor<S>,
    weight: &FloatTensor<S>,
    bias: &FloatTensor<S>,
    after: &After,
) -> FloatTensor<S> {
    let (x_dims, weight_dims) = (S::dims(x), S::dims(weight));
    let ([examples, _], [_, d_output]) = (x_dims, weight_dims);
    let (x, weight, bias) = (S::values(x), S::values(weight), S::values(bias));
    let mut y = product(&Matrix::new(&x, x_dims).plain(), &Matrix::new(&weight, weight_dims).plain());
    for (index, row) in y.chunks_exact_mut(d_output.max(1)).enumerate() {
        row.iter_mut().zip(&*bias).for_each(|(y, b)| *y += b);
        after.apply(index * d_output, row);
    }
    S::tensor(y, [examples, d_output])
}

/// The output of a layer, tracked by autodiff.
pub(super) fn tracked<S: Storage>(
    x: FloatTensor<Autodiff<S>>,
    weight: FloatTensor<Autodiff<S>>,
    bias: FloatTensor<Autodiff<S>>,
    after: After,
) -> FloatTensor<Autodiff<S>> {
    let output = forward::<S>(&x.primitive, &weight.primitive, &bias.primitive, &after);
    let nodes = [x.node.clone(), weight.node.clone(), bias.node.clone()];
    match Layer::<S>(PhantomData).prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => {
            let kept = after.slope().map(|slope| (output.clone(), slope));
            prepared.finish(State { x: x.primitive, weight: weight.primitive, kept }, output)
        }
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    }
}

#[derive(Debug)]
struct Layer<S>(PhantomData<S>);

/// What the backward pass needs from the forward pass.
#[derive(Clone, Debug)]
struct State<T> {
    x: T,
    weight: T,
    /// If something follows: the output, and the derivative where it is kept.
    kept: Option<(T, f32)>,
}

impl<S: Storage> Backward<S, 3> for Layer<S> {
    type State = State<FloatTensor<S>>;

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let State { x, weight, kept } = ops.state;
        let [to_x, to_weight, to_bias] = ops.parents;
        let mut gradient = S::into_values(gradients.consume::<S>(&ops.node));
        if let Some((output, slope)) = kept {
            through(&mut gradient, &S::values(&output), slope);
        }
        let (x_dims, weight_dims) = (S::dims(&x), S::dims(&weight));
        let ([examples, d_input], [_, d_output]) = (x_dims, weight_dims);
        let (x, weight) = (S::values(&x), S::values(&weight));
        let at_sum = Matrix::new(&gradient, [examples, d_output]);
        if let Some(node) = to_bias {
            gradients.register::<S>(node.id, S::tensor(column_sums(&gradient, d_output), [d_output]));
        }
        if let Some(node) = to_weight {
            let of_weight = product(&Matrix::new(&x, x_dims).transposed(), &at_sum.plain());
            gradients.register::<S>(node.id, S::tensor(of_weight, [d_input, d_output]));
        }
        if let Some(node) = to_x {
            let of_x = product(&at_sum.plain(), &Matrix::new(&weight, weight_dims).transposed());
            gradients.register::<S>(node.id, S::tensor(of_x, [examples, d_input]));
        }
    }
}

fn column_sums(values: &[f32], columns: usize) -> Vec<f32> {
    let mut sums = vec![0.0; columns];
    if columns > 0 {
        for row in values.chunks_exact(columns) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value;
            }
        }
    }
    sums
}
