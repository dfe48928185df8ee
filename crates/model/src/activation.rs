//! Activation functions.

use core::fmt;
use core::str::FromStr;

use burn::module::{Module, Param};
use burn::tensor::{DType, Tensor, activation as functions, backend::Backend};
use serde::{Deserialize, Serialize};

use crate::DropoutLayers;

/// The activation function of a hidden layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Activation {
    /// `max(0, x)`; the derivative at 0 is 0.
    #[default]
    Relu,
    /// `max(0, x) + α·min(0, x)` with one learned slope `α` per layer, initially 0.25 (He et al. 2015); the derivative at
    /// 0 is `α`.
    ParametricRelu,
    /// `1/(1 + e⁻ˣ)`
    Sigmoid,
    /// `tanh x`
    Tanh,
    /// `4σ(x) - 2`: the sigmoid shifted and scaled to approximate `x` near 0, the condition under which Xavier
    /// initialization is derived.
    RescaledSigmoid,
    /// `x·σ(x)` (Elfwing et al. 2017).
    Silu,
}

impl Activation {
    /// All functions.
    pub const ALL: [Self; 6] =
        [Self::Relu, Self::ParametricRelu, Self::Sigmoid, Self::Tanh, Self::RescaledSigmoid, Self::Silu];

    /// Its name in files and on command lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::ParametricRelu => "parametric-relu",
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
            Self::RescaledSigmoid => "rescaled-sigmoid",
            Self::Silu => "silu",
        }
    }

    /// The function as a module, with its learned slope if it has one.
    pub fn init<B: Backend>(self, device: &B::Device) -> ActivationLayer<B> {
        let slope = (self == Self::ParametricRelu).then(|| Param::from_tensor(Tensor::full([1], 0.25, device)));
        ActivationLayer { slope, function: self }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// A name that is of no activation function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected relu, parametric-relu, sigmoid, tanh, rescaled-sigmoid or silu")]
pub struct UnknownActivation;

impl FromStr for Activation {
    type Err = UnknownActivation;

    /// # Errors
    ///
    /// If no function has this [name](Self::name).
    fn from_str(name: &str) -> Result<Self, UnknownActivation> {
        Self::ALL.into_iter().find(|function| function.name() == name).ok_or(UnknownActivation)
    }
}

/// An activation function as a module; see [`Activation`] for the formulas.
///
/// # Examples
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_flex::Flex;
/// use burn_mlp::Activation;
///
/// let x = Tensor::<Flex, 1>::from_floats([-2.0, 0.0, 3.0], &Default::default());
/// let y = Activation::ParametricRelu.init(&Default::default()).forward(x);
/// assert_eq!(y.to_data().to_vec::<f32>().unwrap(), [-0.5, 0.0, 3.0]);
/// ```
#[derive(Module, Debug, DropoutLayers)]
pub struct ActivationLayer<B: Backend> {
    /// The learned slope `α` for negative inputs, shape `[1]`; present for [`Activation::ParametricRelu`] only.
    pub slope: Option<Param<Tensor<B, 1>>>,
    #[module(skip)]
    function: Activation,
}

impl<B: Backend> ActivationLayer<B> {
    /// Applies the function to each element.
    ///
    /// # Shapes
    ///
    /// - input, output: `[..]`, the same
    pub fn forward<const D: usize>(&self, x: Tensor<B, D>) -> Tensor<B, D> {
        match (&self.slope, self.function) {
            (Some(slope), _) => parametric_relu(x, slope.val()),
            (None, Activation::Relu | Activation::ParametricRelu) => relu(x),
            (None, Activation::Sigmoid) => sigmoid(x),
            (None, Activation::Tanh) => functions::tanh(x),
            (None, Activation::RescaledSigmoid) => sigmoid(x).mul_scalar(4.0).sub_scalar(2.0),
            (None, Activation::Silu) => x.clone() * sigmoid(x),
        }
    }

    /// Which function this is.
    pub const fn function(&self) -> Activation {
        self.function
    }
}

/// `max(0, x)`, where NaN stays NaN: a broken input is seen in the loss. Burn 0.21's own function turns it into 0 on
/// processors.
pub(crate) fn relu<B: Backend, const D: usize>(x: Tensor<B, D>) -> Tensor<B, D> {
    let negative = x.clone().lower_equal_elem(0.0);
    x.mask_fill(negative, 0.0)
}

/// `x` where it is positive, else `αx`, as in PyTorch also for the derivative at 0. That of Burn 0.21's own function is 1
/// there.
fn parametric_relu<B: Backend, const D: usize>(x: Tensor<B, D>, slope: Tensor<B, 1>) -> Tensor<B, D> {
    let negative = x.clone().lower_equal_elem(0.0);
    let scaled = x.clone() * slope.reshape([1; D]);
    x.mask_where(negative, scaled)
}

/// The logistic function in the precision of `x`.
///
/// Burn 0.21's default implementation rounds 64-bit inputs to 32 bits, on backends that do not override it. In 64 bits
/// this computes `(1 + tanh(x/2))/2` instead: the same function, with an absolute error below 2·10⁻¹⁶.
pub(crate) fn sigmoid<B: Backend, const D: usize>(x: Tensor<B, D>) -> Tensor<B, D> {
    match x.dtype() {
        DType::F64 => x.mul_scalar(0.5).tanh().mul_scalar(0.5).add_scalar(0.5),
        _ => functions::sigmoid(x),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use burn_autodiff::Autodiff;
    use burn_ndarray::NdArray;

    use crate::reference::double;

    type Double = Autodiff<NdArray<f64>>;

    /// Values and derivatives at -2, -0.5, 0, 1 and 3.
    fn values_and_derivatives(activation: Activation) -> (Vec<f64>, Vec<f64>) {
        let device = Default::default();
        let points = [-2.0_f64, -0.5, 0.0, 1.0, 3.0];
        let x = Tensor::<Double, 1>::from_data(points, (&device, DType::F64)).require_grad();
        let y = double(activation.init(&device)).forward(x.clone());
        let gradients = y.clone().sum().backward();
        let read = |t: Tensor<NdArray<f64>, 1>| t.into_data().into_vec().unwrap();
        (read(y.inner()), read(x.grad(&gradients).unwrap()))
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
        }
    }

    // import torch; x = torch.tensor([-2., -.5, 0., 1., 3.], dtype=torch.float64, requires_grad=True)
    // f(x).sum().backward(); print(f(x).tolist(), x.grad.tolist())

    #[test]
    fn a_name_is_read_back_and_that_of_the_files() {
        for function in Activation::ALL {
            assert_eq!(function.name().parse(), Ok(function));
            assert_eq!(serde_json::to_string(&function).unwrap(), std::format!("\"{function}\""));
        }
        assert_eq!("Relu".parse::<Activation>(), Err(UnknownActivation));
    }

    #[test]
    fn no_function_hides_a_nan() {
        for function in Activation::ALL {
            let x = Tensor::<Double, 1>::from_data([f64::NAN, 1.0], (&Default::default(), DType::F64));
            let y: Vec<f64> = double(function.init(&Default::default())).forward(x).into_data().into_vec().unwrap();
            assert!(y[0].is_nan() && y[1].is_finite(), "{function}: {y:?}");
        }
    }

    #[test]
    fn relu_and_its_derivative_at_zero() {
        let (y, dy) = values_and_derivatives(Activation::Relu);
        assert_close(&y, &[0.0, 0.0, 0.0, 1.0, 3.0]);
        assert_close(&dy, &[0.0, 0.0, 0.0, 1.0, 1.0]);
    }

    #[test]
    fn parametric_relu_and_the_gradient_of_its_slope() {
        let device = Default::default();
        let layer = double(Activation::ParametricRelu.init::<Double>(&device));
        let x = Tensor::<_, 1>::from_data([-2.0_f64, -0.5, 0.0, 1.0, 3.0], (&device, DType::F64));
        let gradients = layer.forward(x).sum().backward();
        let slope = layer.slope.as_ref().unwrap().grad(&gradients).unwrap();
        // The slope multiplies min(0, x): its gradient is the sum of the negative inputs.
        assert_eq!(slope.into_scalar(), -2.5);
        let (y, dy) = values_and_derivatives(Activation::ParametricRelu);
        assert_close(&y, &[-0.5, -0.125, 0.0, 1.0, 3.0]);
        assert_close(&dy, &[0.25, 0.25, 0.25, 1.0, 1.0]);
    }

    #[test]
    fn sigmoid_and_tanh_follow_their_closed_forms() {
        let (y, dy) = values_and_derivatives(Activation::Sigmoid);
        assert_close(&y, &[0.119_202_92, 0.377_540_67, 0.5, 0.731_058_58, 0.952_574_13]);
        let closed: Vec<f64> = y.iter().map(|s| s * (1.0 - s)).collect();
        assert_close(&dy, &closed);
        let (y, dy) = values_and_derivatives(Activation::Tanh);
        assert_close(&y, &[-0.964_027_58, -0.462_117_16, 0.0, 0.761_594_16, 0.995_054_75]);
        let closed: Vec<f64> = y.iter().map(|t| 1.0 - t * t).collect();
        assert_close(&dy, &closed);
    }

    #[test]
    fn the_sigmoid_keeps_64_bits() {
        let points = [-30.0_f64, -2.0, 1.0, 30.0, 800.0];
        let x = Tensor::<NdArray<f64>, 1>::from_data(points, (&Default::default(), DType::F64));
        let expected = x.to_data().iter::<f64>().map(|x| 1.0 / (1.0 + libm::exp(-x))).collect::<Vec<_>>();
        let found: Vec<f64> = sigmoid(x).into_data().into_vec().unwrap();
        assert!(found.iter().zip(&expected).all(|(found, expected)| (found - expected).abs() < 2e-16), "{found:?}");
    }

    #[test]
    fn the_rescaled_sigmoid_is_the_identity_to_first_order() {
        let (y, dy) = values_and_derivatives(Activation::RescaledSigmoid);
        let (sigmoid, _) = values_and_derivatives(Activation::Sigmoid);
        let closed: Vec<f64> = sigmoid.iter().map(|s| 4.0 * s - 2.0).collect();
        assert_close(&y, &closed);
        assert_eq!((y[2], dy[2]), (0.0, 1.0));
    }

    #[test]
    fn silu_matches_pytorch() {
        let (y, dy) = values_and_derivatives(Activation::Silu);
        assert_close(&y, &[-0.238_405_84, -0.188_770_33, 0.0, 0.731_058_58, 2.857_722_38]);
        assert_close(&dy, &[-0.090_784_25, 0.260_038_81, 0.5, 0.927_670_51, 1.088_104_32]);
    }
}
