//! Fused operations for the flex backend: one per layer of a perceptron, and one for the loss.
//!
//! Composed of Burn's operations, a hidden layer passes over its activations once each for the product, the bias, the
//! activation and dropout, and again for each derivative. In addition, Burn 0.21's flex backend writes every product
//! three times, because it first creates zeros and copies them. The fused operation writes the output and each gradient
//! once. The results are bit-for-bit identical.
//!
//! The only `unsafe` code of the library is in [`product`], which writes to uninitialized memory.

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
use crate::{Activation, Dropout, Probability};

/// The output of a hidden layer without batch normalization. `None` if the backend is not flex in single precision, the
/// activation function is not ReLU, the dropout probability is 1, or the layer has no bias.
pub(crate) fn hidden_layer<B: Backend>(
    layer: &Linear<B>,
    activation: Activation,
    dropout: &Dropout<B>,
    x: &Tensor<B, 2>,
) -> Option<Tensor<B, 2>> {
    if activation != Activation::Relu || dropout.prob() == Probability::ONE {
        return None;
    }
    linear(layer, x, |shape| match dropout.draw(B::ad_enabled(&x.device()), &shape) {
        Drawn::Nothing => After::Relu,
        Drawn::Mask(mask) => After::ReluDropout { mask, scale: scale(dropout.prob()) },
        Drawn::Everything => unreachable!("a probability of 1 is left to Burn"),
    })
}

/// The logits of the last layer. `None` if the backend is not flex in single precision or the layer has no bias.
pub(crate) fn output_layer<B: Backend>(layer: &Linear<B>, x: &Tensor<B, 2>) -> Option<Tensor<B, 2>> {
    linear(layer, x, |_| After::Nothing)
}

/// `after(x·W + b)`, or `None` if the fused operation does not apply. `after` receives the shape of the output.
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
        // Left to Burn, which reports the mismatch.
        return None;
    }
    if let (Some(x), Some(weight), Some(bias)) = (tracked(x.clone()), tracked(weight.clone()), tracked(bias.clone())) {
        return output(layer::tracked(x, weight, bias, after([examples, d_output])));
    }
    let (x, weight, bias) = (plain(x.clone())?, plain(weight)?, plain(bias)?);
    output(layer::forward(&x, &weight, &bias, &after([examples, d_output])))
}

/// The cross-entropy of each example. `None` if the backend is not flex with autodiff in single precision.
///
/// Panics if a target is not below the number of classes.
pub(crate) fn cross_entropy<B: Backend>(logits: &Tensor<B, 2>, targets: &Tensor<B, 1, Int>) -> Option<Tensor<B, 1>> {
    if logits.dtype() != DType::F32 || logits.dims()[0] != targets.dims()[0] || logits.dims()[1] == 0 {
        return None;
    }
    let logits = tracked(logits.clone())?;
    let targets = targets.to_data().iter::<i64>().map(|target| target as usize).collect();
    output(cross_entropy::tracked(logits, targets))
}

/// The primitive tensor if the backend is `Autodiff<Flex>`.
fn tracked<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Option<FloatTensor<Autodiff<Flex>>> {
    primitive::<B, Autodiff<Flex>, D>(tensor)
}

/// The primitive tensor if the backend is `Flex`.
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

/// The value as a `U` if `T` and `U` are the same type. Generic code uses this to detect a particular backend.
fn cast<T: 'static, U: 'static>(value: T) -> Option<U> {
    let mut value = Some(value);
    (&mut value as &mut dyn Any).downcast_mut::<Option<U>>()?.take()
}
