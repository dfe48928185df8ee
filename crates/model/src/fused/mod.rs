//! Layers of a perceptron in one operation, where the backend is flex.
//!
//! A hidden layer made of Burn's operations passes over its activations once for each: product, bias, activation,
//! dropout, and their four derivatives. Every product of Burn 0.21's flex backend is also written three times: zeroed,
//! copied, and filled. As one operation a layer writes its output, and each of its gradients, once; what a training
//! step of a small network spends beside its products is halved. The results are the same to the last bit.

mod layer;
mod product;

use core::any::Any;

use burn::nn::Linear;
use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{DType, Tensor, TensorPrimitive};
use burn_autodiff::Autodiff;
use burn_flex::Flex;

pub(crate) use self::layer::After;

/// `after(x·W + b)`, or nothing where the backend is not flex in single precision, or there is no bias. `after` gets
/// the output's shape.
pub(crate) fn linear<B: Backend>(
    linear: &Linear<B>,
    x: &Tensor<B, 2>,
    after: impl FnOnce([usize; 2]) -> After,
) -> Option<Tensor<B, 2>> {
    let (weight, bias) = (linear.weight.val(), linear.bias.as_ref()?.val());
    if [x.dtype(), weight.dtype(), bias.dtype()] != [DType::F32; 3] {
        return None;
    }
    let [examples, d_input] = x.dims();
    let [d_weight, d_output] = weight.dims();
    if d_input != d_weight || bias.dims() != [d_output] {
        return None;
    }
    if let (Some(x), Some(weight), Some(bias)) = (tracked(x.clone()), tracked(weight.clone()), tracked(bias.clone())) {
        return output(layer::tracked(x, weight, bias, after([examples, d_output])));
    }
    let (x, weight, bias) = (plain(x.clone())?, plain(weight)?, plain(bias)?);
    output(layer::forward(&x, &weight, &bias, &after([examples, d_output])))
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

fn output<B: Backend>(primitive: impl Any) -> Option<Tensor<B, 2>> {
    cast(primitive).map(|primitive| Tensor::from_primitive(TensorPrimitive::Float(primitive)))
}

/// The same value, if the two types are one: how generic code learns that its backend is a certain one.
fn cast<T: 'static, U: 'static>(value: T) -> Option<U> {
    let mut value = Some(value);
    (&mut value as &mut dyn Any).downcast_mut::<Option<U>>()?.take()
}
