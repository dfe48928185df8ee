//! Layers of a perceptron, and its loss, as one operation each, where the backend is flex.
//!
//! Made of Burn's operations, a hidden layer passes over its activations for the product, the bias, the activation and
//! dropout, and again for each of their derivatives; and Burn 0.21's flex backend writes every product three times, as
//! it first makes zeros and copies them. As one operation, the output and each gradient are written once. The results
//! are the same to the last bit.
//!
//! Only [`product`] is not as safe as the rest of the library: it is all that is written to memory that was not zeroed.

mod cross_entropy;
mod layer;
mod product;
#[cfg(test)]
mod tests;

use core::any::Any;

use burn::nn::Linear;
use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{DType, Int, Tensor, TensorPrimitive};
use burn_autodiff::Autodiff;
use burn_flex::Flex;

use self::layer::After;
use crate::dropout::Drawn;
use crate::mask::scale;
use crate::{Activation, HiddenLayer, Probability};

/// The output of a hidden layer, or nothing where the backend is not flex in single precision, or the layer has
/// batch normalization, another activation function than ReLU, a dropout probability of 1, or no bias.
pub(crate) fn hidden_layer<B: Backend>(layer: &HiddenLayer<B>, x: &Tensor<B, 2>) -> Option<Tensor<B, 2>> {
    let dropout = &layer.dropout;
    if layer.norm.is_some() || layer.activation.function() != Activation::Relu || dropout.prob() == Probability::ONE {
        return None;
    }
    linear(&layer.linear, x, |shape| match dropout.draw(B::ad_enabled(&x.device()), &shape) {
        Drawn::Nothing => After::Relu,
        Drawn::Mask(mask) => After::ReluDropout { mask, scale: scale(dropout.prob()) },
        Drawn::Everything => unreachable!("a probability of 1 is left to Burn"),
    })
}

/// The logits of the last layer, or nothing where the backend is not flex in single precision, or there is no bias.
pub(crate) fn output_layer<B: Backend>(layer: &Linear<B>, x: &Tensor<B, 2>) -> Option<Tensor<B, 2>> {
    linear(layer, x, |_| After::Nothing)
}

/// `after(x·W + b)`, where there is such an operation; `after` is told the shape of the output.
fn linear<B: Backend>(
    linear: &Linear<B>,
    x: &Tensor<B, 2>,
    after: impl FnOnce([usize; 2]) -> After,
) -> Option<Tensor<B, 2>> {
    let (weight, bias) = (linear.weight.val(), linear.bias.as_ref()?.val());
    if [x.dtype(), weight.dtype(), bias.dtype()] != [DType::F32; 3] {
        return None;
    }
    let ([examples, d_input], [rows, d_output]) = (x.dims(), weight.dims());
    if d_input != rows || bias.dims() != [d_output] {
        // Burn says what is wrong with them.
        return None;
    }
    if let (Some(x), Some(weight), Some(bias)) = (tracked(x.clone()), tracked(weight.clone()), tracked(bias.clone())) {
        return output(layer::tracked(x, weight, bias, after([examples, d_output])));
    }
    let (x, weight, bias) = (plain(x.clone())?, plain(weight)?, plain(bias)?);
    output(layer::forward(&x, &weight, &bias, &after([examples, d_output])))
}

/// The cross-entropy of each example, or nothing where the backend is not flex in training and in single precision.
///
/// # Panics
///
/// If a target is not below the number of classes.
pub(crate) fn cross_entropy<B: Backend>(logits: &Tensor<B, 2>, targets: &Tensor<B, 1, Int>) -> Option<Tensor<B, 1>> {
    if logits.dtype() != DType::F32 || logits.dims()[0] != targets.dims()[0] || logits.dims()[1] == 0 {
        return None;
    }
    let logits = tracked(logits.clone())?;
    let targets = targets.to_data().iter::<i64>().map(|target| target as usize).collect();
    output(cross_entropy::tracked(logits, targets))
}

/// The tensor in the memory of flex that trains, if that is the backend.
fn tracked<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Option<FloatTensor<Autodiff<Flex>>> {
    primitive::<B, Autodiff<Flex>, D>(tensor)
}

/// The tensor in the memory of flex that predicts, if that is the backend.
fn plain<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Option<FloatTensor<Flex>> {
    primitive::<B, Flex, D>(tensor)
}

fn primitive<B: Backend, Known: Backend, const D: usize>(tensor: Tensor<B, D>) -> Option<FloatTensor<Known>> {
    match tensor.into_primitive() {
        TensorPrimitive::Float(primitive) => cast(primitive),
        TensorPrimitive::QFloat(_) => None,
    }
}

fn output<B: Backend, const D: usize>(primitive: impl Any) -> Option<Tensor<B, D>> {
    cast(primitive).map(|primitive| Tensor::from_primitive(TensorPrimitive::Float(primitive)))
}

/// The same value, if the two types are one: so generic code learns that its backend is a certain one.
fn cast<T: 'static, U: 'static>(value: T) -> Option<U> {
    let mut value = Some(value);
    (&mut value as &mut dyn Any).downcast_mut::<Option<U>>()?.take()
}
