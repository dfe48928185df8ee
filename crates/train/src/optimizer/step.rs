//! Walks through a module and updates its parameters.

use burn::module::{ModuleMapper, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;

use super::Optimizer;
use super::decay::Parameter;
use crate::gradients::Gradients;

pub(super) struct Step<'a> {
    optimizer: &'a mut Optimizer,
    learning_rate: f64,
    gradients: Gradients,
    gradient_scale: Option<f64>,
    /// Names of the fields on the way to the current parameter, and the types that hold them.
    path: Vec<(String, String)>,
}

impl<'a> Step<'a> {
    pub(super) fn new(
        optimizer: &'a mut Optimizer,
        learning_rate: f64,
        gradients: Gradients,
        gradient_scale: Option<f64>,
    ) -> Self {
        Self { optimizer, learning_rate, gradients, gradient_scale, path: Vec::new() }
    }

    /// The weight decay of the current parameter.
    fn decay(&self, rank: usize) -> f64 {
        let decay = self.optimizer.config.weight_decay;
        if decay == 0.0 {
            return 0.0;
        }
        let names: Vec<&str> = self.path.iter().map(|(name, _)| name.as_str()).collect();
        let container = self.path.last().map_or("", |(_, container)| container.as_str());
        let layer = container.rsplit(':').next().unwrap_or_default();
        if self.optimizer.decay.applies(Parameter { path: &names.join("."), layer, rank }) { decay } else { 0.0 }
    }
}

impl<B: AutodiffBackend> ModuleMapper<B> for Step<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.push((name.to_owned(), container.to_owned()));
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let mut gradients = self.gradients.remove::<B::InnerBackend, D>(param.id);
        if gradients.is_empty() {
            return param;
        }
        if let Some(scale) = self.gradient_scale {
            gradients = gradients.into_iter().map(|gradient| gradient.mul_scalar(scale)).collect();
        }
        let decay = self.decay(D);
        let (id, weight, mapper) = param.consume();
        let weight = self.optimizer.update(id, self.learning_rate, decay, weight.inner(), gradients);
        // The new tensor must be a leaf of the next graph; anything else would silently stop training.
        Param::from_mapped_value(id, Tensor::from_inner(weight).require_grad(), mapper)
    }
}
