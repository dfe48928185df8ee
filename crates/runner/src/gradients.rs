//! The gradients of a batch, in the parts that it was computed in.

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};

/// The gradients of a batch: the sum of those of its [parts](crate::shards).
///
/// They are added where they are used, as each pass over them costs as much as the update itself.
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
    /// Takes what has to be added for the gradient of a parameter; empty where it has none.
    pub fn remove<B: Backend, const D: usize>(&mut self, id: ParamId) -> Vec<Tensor<B, D>> {
        self.parts.iter_mut().filter_map(|part| part.remove(id)).collect()
    }

    /// The sums, for the parameters of `module`.
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
