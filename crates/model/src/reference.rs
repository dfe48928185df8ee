//! Weights and checksums for tests against PyTorch. The Python counterpart of this module:
//!
//! ```python
//! import torch; torch.set_default_dtype(torch.float64)
//! def wave(seed, *shape):
//!     n = torch.Size(shape).numel()
//!     return torch.sin(seed + torch.arange(float(n))).reshape(shape)
//! def probe(t):
//!     t = t.detach().flatten(); i = torch.arange(float(t.numel()))
//!     return (t * torch.cos(i)).sum(), (t * torch.cos(2 * i)).sum(), (t * t).sum()
//! ```

use alloc::vec::Vec;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, Tensor, TensorData, backend::Backend};

/// `module` in 64 bits.
///
/// In Burn 0.21 the first backend that uses a device sets its default tensor type for the whole process: after
/// `NdArray<f32>`, `NdArray<f64>` creates 32-bit tensors, and vice versa.
pub(crate) fn double<B: Backend, M: Module<B>>(module: M) -> M {
    module.map(&mut Cast(DType::F64))
}

/// `module` in 32 bits.
pub(crate) fn single<B: Backend, M: Module<B>>(module: M) -> M {
    module.map(&mut Cast(DType::F32))
}

struct Cast(DType);

impl<B: Backend> ModuleMapper<B> for Cast {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let (id, tensor, mapper) = param.consume();
        let (device, trained) = (tensor.device(), tensor.is_require_grad());
        let cast = Tensor::from_data(tensor.into_data(), (&device, self.0)).set_require_grad(trained);
        Param::from_mapped_value(id, cast, mapper)
    }
}

/// `sin(seed + i)` for element `i`, in 64 bits: fixed values without zeros or repetitions.
pub(crate) fn wave<B: Backend, const D: usize>(seed: u32, shape: [usize; D]) -> Tensor<B, D> {
    let len: usize = shape.iter().product();
    let values: Vec<f64> = (0..len).map(|i| libm::sin(f64::from(seed) + i as f64)).collect();
    Tensor::from_data(TensorData::new(values, shape), (&Default::default(), DType::F64))
}

/// `[Σ tᵢ·cos(i), Σ tᵢ·cos(2i), Σ tᵢ²]`: three checksums that change if an element is wrong, missing or misplaced.
pub(crate) fn probe<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> [f64; 3] {
    let values: Vec<f64> = tensor.into_data().iter::<f64>().collect();
    let sum = |term: &dyn Fn(f64, f64) -> f64| values.iter().enumerate().map(|(i, &v)| term(i as f64, v)).sum();
    [sum(&|i, v| v * libm::cos(i)), sum(&|i, v| v * libm::cos(2.0 * i)), sum(&|_, v| v * v)]
}

/// Compares the probe of `tensor` with PyTorch's, to a tolerance of `10⁻⁸·(1 + |expected|)`.
pub(crate) fn assert_probe<B: Backend, const D: usize>(name: &str, tensor: Tensor<B, D>, expected: [f64; 3]) {
    for (found, expected) in probe(tensor).iter().zip(expected) {
        assert!((found - expected).abs() < 1e-8 * (1.0 + expected.abs()), "{name}: {found} is not {expected}");
    }
}
