//! Derivatives without autodiff: in closed form, and from differences.

use burn::tensor::{Tensor, TensorData, backend::Backend};
use burn_mlp::Activation;

use super::mlp::{relu, relu_derivative};

/// An activation function, element by element. The slope of parametric ReLU is its initial 0.25.
///
/// # Shapes
///
/// - `x`, output: `[..]`, the same
///
/// # Panics
///
/// If the function has no closed form here.
pub fn activate<B: Backend, const D: usize>(activation: Activation, x: Tensor<B, D>) -> Tensor<B, D> {
    match activation {
        Activation::Relu => relu(x),
        Activation::ParametricRelu => relu(x.clone()) - relu(x.neg()).mul_scalar(0.25),
        Activation::Sigmoid => sigmoid(x),
        Activation::Tanh => x.tanh(),
        Activation::RescaledSigmoid => sigmoid(x).mul_scalar(4.0).sub_scalar(2.0),
        Activation::Silu => x.clone() * sigmoid(x),
        _ => panic!("no closed form of {activation:?}"),
    }
}

/// Derivative of [`activate`] in closed form, element by element. At 0 that of ReLU is 0 and that of parametric ReLU is its
/// slope.
///
/// # Shapes
///
/// - `x`, output: `[..]`, the same
///
/// # Panics
///
/// If the function has no closed form here.
///
/// # Examples
///
/// The steepest place of the logistic function has slope 1/4:
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_flex::Flex;
/// use burn_mlp::Activation;
/// use mlp_lab::scratch::derivative::derivative;
///
/// let zero = Tensor::<Flex, 1>::zeros([1], &Default::default());
/// assert_eq!(derivative(Activation::Sigmoid, zero.clone()).into_scalar(), 0.25);
/// assert_eq!(derivative(Activation::Tanh, zero.clone()).into_scalar(), 1.0);
/// assert_eq!(derivative(Activation::Relu, zero).into_scalar(), 0.0);
/// ```
pub fn derivative<B: Backend, const D: usize>(activation: Activation, x: Tensor<B, D>) -> Tensor<B, D> {
    // σ' = σ(1 - σ)
    let slope = |sigmoid: Tensor<B, D>| sigmoid.clone() * (sigmoid.ones_like() - sigmoid);
    match activation {
        Activation::Relu => relu_derivative(x),
        Activation::ParametricRelu => x.ones_like().mask_fill(x.lower_equal_elem(0.0), 0.25),
        Activation::Sigmoid => slope(sigmoid(x)),
        Activation::Tanh => {
            let tanh = x.tanh();
            tanh.ones_like() - tanh.clone() * tanh
        }
        Activation::RescaledSigmoid => slope(sigmoid(x)).mul_scalar(4.0),
        Activation::Silu => {
            let sigmoid = sigmoid(x.clone());
            sigmoid.clone() + x * slope(sigmoid)
        }
        _ => panic!("no closed form of the derivative of {activation:?}"),
    }
}

/// Gradient of `f` at `at` by central differences, `(f(x + ε) - f(x - ε))/(2ε)` for one element after the other.
///
/// The error is of order `ε²` from the formula and of order `u/ε` from rounding, with `u` the backend's precision: about
/// 10⁻¹⁰ at best with 64 bits (`ε` near 10⁻⁵), and no better than 10⁻⁴ with 32. For 64 bits name the type where `at` is
/// made: in Burn 0.21 the first backend that uses a device decides its default for the whole process.
///
/// # Shapes
///
/// - `at`, output: `[..]`, the same
///
/// # Examples
///
/// ```
/// use burn::tensor::{DType, Tensor};
/// use mlp_lab::scratch::derivative::central_differences;
/// use burn_ndarray::NdArray;
///
/// let x = Tensor::<NdArray<f64>, 1>::from_data([3.0_f64], (&Default::default(), DType::F64));
/// let slope = central_differences(x, 1e-4, |x| (x.clone() * x).into_scalar());
/// assert!((slope.into_scalar() - 6.0).abs() < 1e-9);
/// ```
pub fn central_differences<B: Backend, const D: usize>(
    at: Tensor<B, D>,
    epsilon: f64,
    mut f: impl FnMut(Tensor<B, D>) -> f64,
) -> Tensor<B, D> {
    let (device, dtype, shape) = (at.device(), at.dtype(), at.shape());
    let tensor = |values: Vec<f64>| Tensor::from_data(TensorData::new(values, shape.clone()), (&device, dtype));
    let mut values: Vec<f64> = at.into_data().iter::<f64>().collect();
    let mut differences = Vec::with_capacity(values.len());
    for index in 0..values.len() {
        let value = values[index];
        let mut moved = |to| {
            values[index] = to;
            f(tensor(values.clone()))
        };
        differences.push((moved(value + epsilon) - moved(value - epsilon)) / (2.0 * epsilon));
        values[index] = value;
    }
    tensor(differences)
}

/// The library's logistic function, which keeps double precision.
fn sigmoid<B: Backend, const D: usize>(x: Tensor<B, D>) -> Tensor<B, D> {
    Activation::Sigmoid.init(&x.device()).forward(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::reference::double;
    use burn::tensor::DType;
    use burn_autodiff::Autodiff;
    use burn_ndarray::NdArray;

    type Double = NdArray<f64>;

    const ALL: [Activation; 6] = [
        Activation::Relu,
        Activation::ParametricRelu,
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::RescaledSigmoid,
        Activation::Silu,
    ];

    fn largest(difference: Tensor<Double, 1>) -> f64 {
        difference.abs().max().into_scalar()
    }

    #[test]
    fn closed_forms_autodiff_and_differences_agree() {
        let device = Default::default();
        // From -8 to 8, without the kink.
        let points: Vec<f64> = (0..160).map(|i| -7.95 + 0.1 * f64::from(i)).collect();
        let x = Tensor::<Double, 1>::from_data(TensorData::new(points, [160]), (&device, DType::F64));
        for activation in ALL {
            let closed = derivative(activation, x.clone());
            let tracked = Tensor::<Autodiff<Double>, 1>::from_inner(x.clone()).require_grad();
            let concise = double(activation.init(&device)).forward(tracked.clone());
            let gradients = concise.clone().sum().backward();
            let autodiff = tracked.grad(&gradients).unwrap();
            let differences = central_differences(x.clone(), 1e-5, |x| activate(activation, x).sum().into_scalar());
            assert!(largest(activate(activation, x.clone()) - concise.inner()) < 1e-12, "{activation:?}");
            // Autodiff to rounding; differences to rounding of a sum of up to 640 divided by 2·10⁻⁵.
            assert!(largest(closed.clone() - autodiff) < 1e-12, "{activation:?}");
            assert!(largest(closed - differences) < 1e-7, "{activation:?}");
        }
    }

    #[test]
    fn the_kinks_have_the_derivatives_of_autodiff() {
        let device = Default::default();
        for activation in [Activation::Relu, Activation::ParametricRelu] {
            let zero = Tensor::<Autodiff<Double>, 1>::zeros([1], (&device, DType::F64)).require_grad();
            let gradients = double(activation.init(&device)).forward(zero.clone()).sum().backward();
            let closed = derivative(activation, zero.clone().inner());
            assert_eq!(zero.grad(&gradients).unwrap().into_scalar(), closed.into_scalar(), "{activation:?}");
        }
    }

    #[test]
    fn differences_of_a_product_are_the_other_factor() {
        let options = (&Default::default(), DType::F64);
        let x = Tensor::<Double, 2>::from_data([[1.0_f64, 2.0], [3.0, 4.0]], options);
        let weight = Tensor::<Double, 2>::from_data([[-1.0_f64, 0.5], [2.0, -3.0]], options);
        let slope = central_differences(x, 1e-3, |x| (x * weight.clone()).sum().into_scalar());
        assert!((slope - weight).abs().max().into_scalar() < 1e-11);
    }
}
