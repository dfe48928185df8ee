//! The gradients of a batch, kept as one set per micro-batch.

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};

/// The gradients of a batch: the sum of the gradients of its micro-batches.
///
/// The sum is taken only where it is used: on the host, a separate pass over the gradients costs as much as the update.
#[derive(Debug, Default)]
pub struct Gradients {
    parts: Vec<GradientsParams>,
}

impl From<GradientsParams> for Gradients {
    fn from(whole: GradientsParams) -> Self {
        Self { parts: vec![whole] }
    }
}

impl From<Vec<GradientsParams>> for Gradients {
    fn from(parts: Vec<GradientsParams>) -> Self {
        Self { parts }
    }
}

impl Gradients {
    /// Removes and returns the summands of a parameter's gradient, one per micro-batch; empty if it has no gradient.
    pub fn remove<B: Backend, const D: usize>(&mut self, id: ParamId) -> Vec<Tensor<B, D>> {
        self.parts.iter_mut().filter_map(|part| part.remove(id)).collect()
    }

    /// The summed gradients of the parameters of `module`.
    pub fn sum<B: AutodiffBackend, M: Module<B>>(self, module: &M) -> GradientsParams {
        struct Sum {
            gradients: Gradients,
            sum: GradientsParams,
        }
        impl<B: AutodiffBackend> ModuleVisitor<B> for Sum {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
                let parts = self.gradients.remove::<B::InnerBackend, D>(param.id);
                if let Some(sum) = parts.into_iter().reduce(|one, other| one + other) {
                    self.sum.register::<B::InnerBackend, D>(param.id, sum);
                }
            }
        }
        let mut sum = Sum { gradients: self, sum: GradientsParams::new() };
        module.visit(&mut sum);
        sum.sum
    }
}
