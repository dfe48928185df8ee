//! Numbers for tests against PyTorch: `torch.sin(seed + torch.arange(float(n))).reshape(shape)`, in 64 bits.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, Tensor, TensorData, backend::Backend};

/// `module` in 64 bits.
pub(crate) fn double<B: Backend, M: Module<B>>(module: M) -> M {
    module.map(&mut Double)
}

struct Double;

impl<B: Backend> ModuleMapper<B> for Double {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let (id, tensor, mapper) = param.consume();
        let (device, trained) = (tensor.device(), tensor.is_require_grad());
        let cast = Tensor::from_data(tensor.into_data(), (&device, DType::F64)).set_require_grad(trained);
        Param::from_mapped_value(id, cast, mapper)
    }
}

/// `sin(seed + i)` for element `i`.
pub(crate) fn wave<B: Backend, const D: usize>(seed: u32, shape: [usize; D]) -> Tensor<B, D> {
    let len: usize = shape.iter().product();
    let values: Vec<f64> = (0..len).map(|i| (f64::from(seed) + i as f64).sin()).collect();
    Tensor::from_data(TensorData::new(values, shape), (&Default::default(), DType::F64))
}
