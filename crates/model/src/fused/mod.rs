//! Fused operations for backends on the processor, flex and ndarray: one per layer of a perceptron, one for batch
//! normalization, and one for the loss.
//!
//! Composed of Burn's operations, a hidden layer passes over its activations once each for the product, the bias, the
//! activation and dropout, and again for each derivative. In addition, Burn 0.21's flex backend writes every product
//! three times, because it first creates zeros and copies them, and its ndarray backend multiplies with a library that
//! does not use the widest vector instructions. The fused operation writes the output and each gradient once, and
//! multiplies with `gemm`. On flex, which does so too, the results are bit-for-bit those of Burn's operations; on ndarray
//! they are those of flex. Batch normalization sums in blocks of rows, which threads share: there the last bits differ
//! from those of Burn's operations.
//!
//! The only `unsafe` code of the library is in [`product`], which writes to uninitialized memory.

mod after;
mod cross_entropy;
mod layer;
mod norm;
mod product;
mod storage;
#[cfg(all(test, feature = "flex"))]
mod tests;

use core::any::{Any, TypeId};

use burn::nn::{BatchNorm, Linear};
use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{DType, Int, Tensor, TensorPrimitive};
use burn_autodiff::Autodiff;

use self::after::After;
use self::norm::Statistics;
use self::storage::Storage;
use crate::batch_norm::update_running_statistics;
use crate::dropout::Drawn;
use crate::mask::scale;
use crate::{Activation, Dropout};

/// The output of a hidden layer. `None` if the backend is not flex or ndarray in single precision, the activation
/// function is not ReLU, dropout keeps nothing, or the layer has no bias.
pub(crate) fn hidden_layer<B: Backend>(
    layer: &Linear<B>,
    norm: Option<&BatchNorm<B>>,
    activation: Activation,
    dropout: &Dropout<B>,
    x: &Tensor<B, 2>,
) -> Option<Tensor<B, 2>> {
    if activation != Activation::Relu || scale(dropout.prob()).is_none() {
        return None;
    }
    let after = |shape: [usize; 2]| match dropout.draw(B::ad_enabled(&x.device()), &shape) {
        Drawn::Nothing => After::Relu,
        Drawn::Mask { mask, scale } => After::ReluDropout { mask, scale },
        Drawn::Everything => unreachable!("a layer that keeps nothing is left to Burn"),
    };
    match norm {
        None => linear(layer, x, after),
        Some(norm) => normalized(norm, affine(layer, x)?, after),
    }
}

/// A linear map. `None` if the backend is not flex or ndarray in single precision or the layer has no bias.
pub(crate) fn affine<B: Backend>(layer: &Linear<B>, x: &Tensor<B, 2>) -> Option<Tensor<B, 2>> {
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
    let after = || after([examples, d_output]);
    #[cfg(feature = "flex")]
    if is::<B, burn_flex::Flex>() {
        return linear_on::<B, burn_flex::Flex>(x.clone(), weight, bias, after);
    }
    #[cfg(feature = "ndarray")]
    if is::<B, burn_ndarray::NdArray>() {
        return linear_on::<B, burn_ndarray::NdArray>(x.clone(), weight, bias, after);
    }
    None
}

/// The same on `S` or the autodiff backend around it, one of which `B` is.
fn linear_on<B: Backend, S: Storage>(
    x: Tensor<B, 2>,
    weight: Tensor<B, 2>,
    bias: Tensor<B, 1>,
    after: impl FnOnce() -> After,
) -> Option<Tensor<B, 2>> {
    if is_autodiff::<B, S>() {
        let (x, weight, bias) = (primitive(x)?, primitive(weight)?, primitive(bias)?);
        return output(layer::tracked::<S>(x, weight, bias, after()));
    }
    let (x, weight, bias) = (primitive(x)?, primitive(weight)?, primitive(bias)?);
    output(layer::forward::<S>(&x, &weight, &bias, &after()))
}

/// Batch normalization of a matrix. `None` if the backend is not flex or ndarray in single precision, or there are no
/// elements.
pub(crate) fn batch_norm<B: Backend>(norm: &BatchNorm<B>, x: &Tensor<B, 2>) -> Option<Tensor<B, 2>> {
    normalized(norm, x.clone(), |_| After::Nothing)
}

/// `after(batch_norm(x))`, or `None` if the fused operation does not apply.
fn normalized<B: Backend>(
    norm: &BatchNorm<B>,
    x: Tensor<B, 2>,
    after: impl FnOnce([usize; 2]) -> After,
) -> Option<Tensor<B, 2>> {
    let (gamma, shape) = (norm.gamma.val(), x.dims());
    if [x.dtype(), gamma.dtype()] != [DType::F32; 2] || shape.contains(&0) || gamma.dims() != [shape[1]] {
        return None;
    }
    #[cfg(feature = "flex")]
    if is::<B, burn_flex::Flex>() {
        return normalized_on::<B, burn_flex::Flex>(norm, x, after(shape));
    }
    #[cfg(feature = "ndarray")]
    if is::<B, burn_ndarray::NdArray>() {
        return normalized_on::<B, burn_ndarray::NdArray>(norm, x, after(shape));
    }
    None
}

/// The same on `S` or the autodiff backend around it, one of which `B` is.
fn normalized_on<B: Backend, S: Storage>(norm: &BatchNorm<B>, x: Tensor<B, 2>, after: After) -> Option<Tensor<B, 2>> {
    let ([rows, columns], device) = (x.dims(), x.device());
    let (gamma, beta) = (norm.gamma.val(), norm.beta.val());
    if is_autodiff::<B, S>() {
        let x: FloatTensor<Autodiff<S>> = primitive(x)?;
        let statistics = Statistics::of(&S::values(&x.primitive), columns);
        let tensor = |values: &[f32]| Tensor::<B, 1>::from_data(values, (&device, DType::F32));
        update_running_statistics(norm, rows, tensor(&statistics.mean), tensor(&statistics.variance));
        return output(norm::tracked::<S>(x, primitive(gamma)?, primitive(beta)?, statistics, norm.epsilon, after));
    }
    let floats = |tensor: Tensor<B, 1>| tensor.into_data().into_vec().ok();
    let mean = floats(norm.running_mean.value_sync())?;
    let statistics = Statistics { mean, variance: floats(norm.running_var.value_sync())? };
    let (x, gamma, beta) = (primitive(x)?, primitive(gamma)?, primitive(beta)?);
    output(norm::forward::<S>(x, &gamma, &beta, statistics, norm.epsilon, &after))
}

/// The cross-entropy of each example. `None` if the backend is not flex or ndarray with autodiff in single precision.
///
/// Panics if a target is not below the number of classes.
pub(crate) fn cross_entropy<B: Backend>(logits: &Tensor<B, 2>, targets: &Tensor<B, 1, Int>) -> Option<Tensor<B, 1>> {
    if logits.dtype() != DType::F32 || logits.dims()[0] != targets.dims()[0] || logits.dims()[1] == 0 {
        return None;
    }
    let targets = || targets.to_data().iter::<i64>().map(|target| target as usize).collect();
    #[cfg(feature = "flex")]
    if is_autodiff::<B, burn_flex::Flex>() {
        return output(cross_entropy::tracked::<burn_flex::Flex>(primitive(logits.clone())?, targets()));
    }
    #[cfg(feature = "ndarray")]
    if is_autodiff::<B, burn_ndarray::NdArray>() {
        return output(cross_entropy::tracked::<burn_ndarray::NdArray>(primitive(logits.clone())?, targets()));
    }
    None
}

/// Whether `B` is `S`, or the autodiff backend around it.
fn is<B: Backend, S: Storage>() -> bool {
    TypeId::of::<B>() == TypeId::of::<S>() || is_autodiff::<B, S>()
}

/// Whether `B` is the autodiff backend around `S`.
fn is_autodiff<B: Backend, S: Storage>() -> bool {
    TypeId::of::<B>() == TypeId::of::<Autodiff<S>>()
}

/// The primitive tensor, if its type is that of another backend.
fn primitive<B: Backend, Known: 'static, const D: usize>(tensor: Tensor<B, D>) -> Option<Known> {
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
