//! Optimizers whose weight decay applies to weight matrices only, and whose state can be saved by parameter path.

mod config;
mod decay;
mod one_pass;
#[cfg(test)]
mod tests;

use burn::module::{AutodiffModule, Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{DType, ElementConversion, Tensor, TensorData};

use crate::gradients::Gradients;

pub use config::{OptimizerConfig, OptimizerKind};
pub use decay::Parameter;
use decay::{Decay, Place};

/// SGD with momentum, Adam or AdamW, with gradient clipping by global norm.
///
/// - SGD: `v ← μv + g + λw`, `w ← w - ηv` (Nesterov: `w ← w - η(g + λw + μv)`)
/// - Adam (Kingma and Ba 2014): `g ← g + λw`; `w ← w - η·m̂/(√v̂ + ε)`
/// - AdamW (Loshchilov and Hutter 2017): `w ← (1 - ηλ)w`, then Adam without penalty
///
/// Weight decay `λ` applies to weight matrices and convolutions, neither to biases, normalizations nor embeddings, unless
/// [`with_decay`](Self::with_decay) chooses others. As in PyTorch, momentum has no dampening and `ε` is
/// added outside the root. The defaults of Burn's own optimizers differ in both, and they decay biases too.
#[derive(Debug, Default)]
pub struct Optimizer {
    config: OptimizerConfig,
    gradient_clip: f64,
    one_pass: bool,
    /// Whether the last step made a parameter or moment infinite or not a number. Only noted for those that are updated
    /// in one pass over host memory, where it takes no time.
    pub(crate) broken: bool,
    decay: Decay,
    /// Steps taken, for Adam's bias correction.
    pub steps: u64,
    /// Momentum, or Adam's mean of gradients, by parameter.
    pub first_moment: GradientsParams,
    /// Adam's mean of squared gradients, by parameter.
    pub second_moment: GradientsParams,
}

impl Optimizer {
    /// An optimizer before its first step. `gradient_clip` is the largest global norm of the gradient; 0 for no limit.
    pub fn new(config: OptimizerConfig, gradient_clip: f64) -> Self {
        Self { config, gradient_clip, ..Default::default() }
    }

    /// Sets whether parameters in single precision are updated in one pass over host memory. Use it only for devices
    /// that share the host's memory: on others each step would copy the parameters there and back.
    #[must_use]
    pub fn with_one_pass(mut self, one_pass: bool) -> Self {
        self.one_pass = one_pass;
        self
    }

    /// Chooses the parameters that weight decay applies to.
    ///
    /// # Examples
    ///
    /// ```
    /// use burn_mlp_train::{Optimizer, OptimizerConfig, OptimizerKind};
    ///
    /// let config = OptimizerConfig { kind: OptimizerKind::Adamw, weight_decay: 0.01, ..Default::default() };
    /// let optimizer = Optimizer::new(config, 1.0)
    ///     .with_decay(|parameter| parameter.rank >= 2 && !parameter.path.starts_with("output."));
    /// # let _ = optimizer;
    /// ```
    #[must_use]
    pub fn with_decay(mut self, applies: impl Fn(Parameter<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.decay = Decay::new(applies);
        self
    }

    /// Updates the parameters of `module` that have a gradient.
    pub fn step<B: AutodiffBackend, M: AutodiffModule<B>>(
        &mut self,
        learning_rate: f64,
        module: M,
        gradients: impl Into<Gradients>,
    ) -> M {
        self.steps += 1;
        self.broken = false;
        let (gradients, gradient_scale) = self.clip(&module, gradients.into());
        let place = Place::default();
        module.map(&mut Step { optimizer: self, learning_rate, gradients, gradient_scale, place })
    }

    /// The gradients, and the factor that keeps their global norm within the limit, if it is exceeded.
    fn clip<B: AutodiffBackend, M: AutodiffModule<B>>(
        &self,
        module: &M,
        gradients: Gradients,
    ) -> (Gradients, Option<f64>) {
        if self.gradient_clip == 0.0 {
            return (gradients, None);
        }
        let sum = gradients.sum(module);
        let norm = global_norm::<B, M>(module, &sum);
        // A NaN norm scales nothing: the parameters become NaN, which is reported.
        (sum.into(), (norm > self.gradient_clip).then(|| self.gradient_clip / norm))
    }

    /// Updates a parameter with the sum of `gradients`.
    fn update<B: Backend, const D: usize>(
        &mut self,
        id: ParamId,
        learning_rate: f64,
        decay: f64,
        weight: Tensor<B, D>,
        gradients: Vec<Tensor<B, D>>,
    ) -> Tensor<B, D> {
        if self.one_pass && weight.dtype() == DType::F32 {
            return self.update_on_host(id, learning_rate, decay, weight, gradients);
        }
        let Some(gradient) = gradients.into_iter().reduce(|one, other| one + other) else { return weight };
        let penalized = |gradient: Tensor<B, D>, weight: &Tensor<B, D>| {
            if decay == 0.0 { gradient } else { gradient + weight.clone().mul_scalar(decay) }
        };
        match self.config.kind {
            OptimizerKind::Sgd => {
                let gradient = penalized(gradient, &weight);
                weight - self.sgd_direction(id, gradient).mul_scalar(learning_rate)
            }
            OptimizerKind::Adam => {
                let gradient = penalized(gradient, &weight);
                weight - self.adam_step(id, learning_rate, gradient)
            }
            OptimizerKind::Adamw => {
                let step = self.adam_step(id, learning_rate, gradient);
                let weight = if decay == 0.0 { weight } else { weight.mul_scalar(1.0 - learning_rate * decay) };
                weight - step
            }
        }
    }

    /// The same update in one pass over the parameter's memory; see [`one_pass`].
    fn update_on_host<B: Backend, const D: usize>(
        &mut self,
        id: ParamId,
        learning_rate: f64,
        decay: f64,
        weight: Tensor<B, D>,
        gradients: Vec<Tensor<B, D>>,
    ) -> Tensor<B, D> {
        // No copies: nothing else holds these tensors, so their buffers are moved out and back in.
        let (device, shape) = (weight.device(), weight.shape());
        let mut weight = weight.into_data();
        let gradients: Vec<TensorData> = gradients.into_iter().map(Tensor::into_data).collect();
        let gradients: Vec<&[f32]> = gradients.iter().map(const_floats).collect();
        let moments = |moments: &mut GradientsParams| match moments.remove::<B, D>(id) {
            Some(moments) => moments.into_data(),
            None => TensorData::zeros::<f32, _>(shape.clone()),
        };
        let config = self.config;
        let finite = match config.kind {
            OptimizerKind::Sgd if config.momentum == 0.0 => {
                let step = one_pass::Sgd { learning_rate, decay };
                one_pass::apply(step, &gradients, [floats(&mut weight)])
            }
            OptimizerKind::Sgd => {
                let mut velocity = moments(&mut self.first_moment);
                let (momentum, nesterov) = (config.momentum, config.nesterov);
                let step = one_pass::Momentum { momentum, nesterov, learning_rate, decay };
                let finite = one_pass::apply(step, &gradients, [floats(&mut weight), floats(&mut velocity)]);
                self.first_moment.register(id, Tensor::<B, D>::from_data(velocity, &device));
                finite
            }
            OptimizerKind::Adam | OptimizerKind::Adamw => {
                let mut mean = moments(&mut self.first_moment);
                let mut square = moments(&mut self.second_moment);
                let decoupled = config.kind == OptimizerKind::Adamw;
                let step = one_pass::Adam::new(&config, learning_rate, decay, decoupled, self.steps);
                let moved = [floats(&mut weight), floats(&mut mean), floats(&mut square)];
                let finite = one_pass::apply(step, &gradients, moved);
                self.first_moment.register(id, Tensor::<B, D>::from_data(mean, &device));
                self.second_moment.register(id, Tensor::<B, D>::from_data(square, &device));
                finite
            }
        };
        self.broken |= !finite;
        Tensor::from_data(weight, &device)
    }

    fn sgd_direction<B: Backend, const D: usize>(&mut self, id: ParamId, gradient: Tensor<B, D>) -> Tensor<B, D> {
        let momentum = self.config.momentum;
        if momentum == 0.0 {
            return gradient;
        }
        let velocity = match self.first_moment.remove::<B, D>(id) {
            Some(velocity) => velocity.mul_scalar(momentum) + gradient.clone(),
            None => gradient.clone(),
        };
        self.first_moment.register(id, velocity.clone());
        if self.config.nesterov { gradient + velocity.mul_scalar(momentum) } else { velocity }
    }

    fn adam_step<B: Backend, const D: usize>(
        &mut self,
        id: ParamId,
        learning_rate: f64,
        gradient: Tensor<B, D>,
    ) -> Tensor<B, D> {
        let OptimizerConfig { beta1, beta2, epsilon, .. } = self.config;
        let average = |old: Option<Tensor<B, D>>, new: Tensor<B, D>, beta: f64| match old {
            Some(old) => old.mul_scalar(beta) + new.mul_scalar(1.0 - beta),
            None => new.mul_scalar(1.0 - beta),
        };
        let mean = average(self.first_moment.remove(id), gradient.clone(), beta1);
        let square = average(self.second_moment.remove(id), gradient.square(), beta2);
        self.first_moment.register(id, mean.clone());
        self.second_moment.register(id, square.clone());

        let correction = |beta: f64| 1.0 - beta.powf(self.steps as f64);
        let root = square.sqrt().mul_scalar(correction(beta2).sqrt().recip()).add_scalar(epsilon);
        (mean / root).mul_scalar(learning_rate / correction(beta1))
    }
}

fn floats(data: &mut TensorData) -> &mut [f32] {
    data.as_mut_slice().expect("the type was checked before")
}

fn const_floats(data: &TensorData) -> &[f32] {
    data.as_slice().expect("gradients have the type of their parameter")
}

/// Walks through a module and updates its parameters.
struct Step<'a> {
    optimizer: &'a mut Optimizer,
    learning_rate: f64,
    gradients: Gradients,
    gradient_scale: Option<f64>,
    place: Place,
}

impl<B: AutodiffBackend> ModuleMapper<B> for Step<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.place.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.place.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let mut gradients = self.gradients.remove::<B::InnerBackend, D>(param.id);
        if gradients.is_empty() {
            return param;
        }
        if let Some(scale) = self.gradient_scale {
            gradients = gradients.into_iter().map(|gradient| gradient.mul_scalar(scale)).collect();
        }
        let decay = self.optimizer.config.weight_decay;
        let decay = if decay != 0.0 && self.place.decays(&self.optimizer.decay, D) { decay } else { 0.0 };
        let (id, weight, mapper) = param.consume();
        let weight = self.optimizer.update(id, self.learning_rate, decay, weight.inner(), gradients);
        // The new tensor must be a leaf of the next graph; anything else would silently stop training.
        Param::from_mapped_value(id, Tensor::from_inner(weight).require_grad(), mapper)
    }
}

/// Euclidean norm of all gradients of a module taken together.
pub fn global_norm<B: AutodiffBackend, M: Module<B>>(module: &M, gradients: &GradientsParams) -> f64 {
    struct Squares<'a> {
        gradients: &'a GradientsParams,
        sum: f64,
    }
    impl<B: AutodiffBackend> ModuleVisitor<B> for Squares<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
            if let Some(gradient) = self.gradients.get::<B::InnerBackend, D>(param.id) {
                self.sum += gradient.square().sum().into_scalar().elem::<f64>();
            }
        }
    }
    let mut squares = Squares { gradients, sum: 0.0 };
    module.visit(&mut squares);
    squares.sum.sqrt()
}
