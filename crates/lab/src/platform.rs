//! The backends that experiments run on. Which ones these are is chosen where the program is put together.

use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{DType, Tensor, TensorData};

/// The backends of one program.
pub trait Platform: Send + Sync + 'static {
    /// The backend that trains; its inner backend predicts.
    type Train: AutodiffBackend;
    /// A backend that computes in double precision, on the processor.
    type Double: AutodiffBackend;
}

/// The backend that predicts.
pub type Inner<P> = <<P as Platform>::Train as AutodiffBackend>::InnerBackend;
/// The backend of numbers in double precision, without gradients.
pub type InnerDouble<P> = <<P as Platform>::Double as AutodiffBackend>::InnerBackend;
/// The device of a platform.
pub type Device<P> = burn::tensor::Device<<P as Platform>::Train>;

/// A tensor in double precision, for [`Platform::Double`] and its inner backend.
///
/// # Shapes
///
/// - `values`: as many as `shape` has elements
///
/// # Panics
///
/// If there are not.
pub fn double<P: Platform, B: Backend, const D: usize>(values: Vec<f64>, shape: [usize; D]) -> Tensor<B, D> {
    // Burn 0.21 gives a device the precision of the backend that uses it first, for the whole process, and both
    // precisions of ndarray have one device. The backend that trains comes first.
    let _ = Tensor::<Inner<P>, 1>::zeros([1], &Default::default());
    Tensor::from_data(TensorData::new(values, shape), (&Default::default(), DType::F64))
}

/// The elements of a tensor on the host, in double precision.
pub fn doubles<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// The platform of unit tests.
#[cfg(test)]
pub(crate) mod test {
    use burn_autodiff::Autodiff;
    use burn_flex::Flex;

    pub struct TestPlatform;

    impl super::Platform for TestPlatform {
        type Train = Autodiff<Flex>;
        type Double = Autodiff<Flex>;
    }
}
