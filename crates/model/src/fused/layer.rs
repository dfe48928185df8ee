//! A linear map fused with the activation and dropout that follow it, and its gradient.

use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

use burn::tensor::TensorData;
use burn::tensor::ops::FloatTensor;
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::checkpoint::strategy::NoCheckpointing;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};
use burn_flex::{Flex, FlexTensor};

use super::product::{Matrix, product};

/// What follows the linear map.
pub(super) enum After {
    /// Nothing: the output is logits.
    Nothing,
    /// ReLU.
    Relu,
    /// ReLU, then dropout. The mask has one element per output element: 0 if dropped, `scale` if kept.
    ReluDropout { mask: Vec<f32>, scale: f32 },
}

/// The output of a layer.
pub(super) fn forward(x: &FlexTensor, weight: &FlexTensor, bias: &FlexTensor, after: &After) -> FlexTensor {
    let ([examples, _], [_, d_output]) = (dims(x), dims(weight));
    let (x_values, weight_values, bias) = (values(x), values(weight), values(bias));
    let mut y = product(&Matrix::new(&x_values, dims(x)).plain(), &Matrix::new(&weight_values, dims(weight)).plain());
    if d_output > 0 {
        let rows = y.chunks_exact_mut(d_output);
        match after {
            After::Nothing => rows.for_each(|row| map(row, &bias, |sum| sum)),
            After::Relu => rows.for_each(|row| map(row, &bias, relu)),
            After::ReluDropout { mask, .. } => {
                for (row, mask) in rows.zip(mask.chunks_exact(d_output)) {
                    for ((y, b), m) in row.iter_mut().zip(&*bias).zip(mask) {
                        *y = relu(*y + b) * m;
                    }
                }
            }
        }
    }
    tensor(y, [examples, d_output])
}

/// NaN stays NaN, so that a broken input is seen in the loss. `f32::max` would return 0.
fn relu(x: f32) -> f32 {
    if x <= 0.0 { 0.0 } else { x }
}

fn map(row: &mut [f32], bias: &[f32], function: impl Fn(f32) -> f32) {
    for (y, b) in row.iter_mut().zip(bias) {
        *y = function(*y + b);
    }
}

/// The output of a layer, tracked by autodiff.
pub(super) fn tracked(
    x: FloatTensor<Autodiff<Flex>>,
    weight: FloatTensor<Autodiff<Flex>>,
    bias: FloatTensor<Autodiff<Flex>>,
    after: After,
) -> FloatTensor<Autodiff<Flex>> {
    let output = forward(&x.primitive, &weight.primitive, &bias.primitive, &after);
    let nodes = [x.node.clone(), weight.node.clone(), bias.node.clone()];
    match Layer.prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => {
            let kept = match after {
                After::Nothing => None,
                After::Relu => Some((output.clone(), 1.0)),
                After::ReluDropout { scale, .. } => Some((output.clone(), scale)),
            };
            prepared.finish(State { x: x.primitive, weight: weight.primitive, kept }, output)
        }
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    }
}

#[derive(Debug)]
struct Layer;

/// What the backward pass needs from the forward pass.
#[derive(Clone, Debug)]
struct State {
    x: FlexTensor,
    weight: FlexTensor,
    /// With ReLU: the output and the scale of kept elements. The output is positive exactly where the ReLU's input is
    /// positive and dropout kept the element.
    kept: Option<(FlexTensor, f32)>,
}

impl Backward<Flex, 3> for Layer {
    type State = State;

    fn backward(self, ops: Ops<State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let State { x, weight, kept } = ops.state;
        let [to_x, to_weight, to_bias] = ops.parents;
        let mut gradient = gradients.consume::<Flex>(&ops.node).into_data();
        let gradient = gradient.as_mut_slice::<f32>().expect("a gradient in single precision");
        if let Some((output, scale)) = kept {
            for (g, y) in gradient.iter_mut().zip(&*values(&output)) {
                *g = if *y <= 0.0 { 0.0 } else { *g * scale };
            }
        }
        let (x_values, weight_values) = (values(&x), values(&weight));
        let ([examples, d_input], [_, d_output]) = (dims(&x), dims(&weight));
        let at_sum = Matrix::new(gradient, [examples, d_output]);
        if let Some(node) = to_bias {
            gradients.register::<Flex>(node.id, tensor(column_sums(gradient, d_output), [d_output]));
        }
        if let Some(node) = to_weight {
            let of_weight = product(&Matrix::new(&x_values, dims(&x)).transposed(), &at_sum.plain());
            gradients.register::<Flex>(node.id, tensor(of_weight, [d_input, d_output]));
        }
        if let Some(node) = to_x {
            let of_x = product(&at_sum.plain(), &Matrix::new(&weight_values, dims(&weight)).transposed());
            gradients.register::<Flex>(node.id, tensor(of_x, [examples, d_input]));
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

pub(super) fn dims(tensor: &FlexTensor) -> [usize; 2] {
    let shape = tensor.layout().shape();
    [shape[0], shape[1]]
}

/// The elements in row-major order, copied if the tensor is not contiguous.
pub(super) fn values(tensor: &FlexTensor) -> Cow<'_, [f32]> {
    match tensor.as_slice() {
        Some(values) => Cow::Borrowed(values),
        None => Cow::Owned(tensor.clone().into_data().into_vec().expect("single precision")),
    }
}

pub(super) fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}
