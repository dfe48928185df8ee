//! Optimizers whose weight decay acts on weight matrices only, and whose state can be saved by parameter path.

use burn::module::{AutodiffModule, Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{DType, ElementConversion, Tensor, TensorData};

use crate::config::{OptimizerConfig, OptimizerKind};
use crate::gradients::Gradients;
use crate::{backend, fused};

/// SGD with momentum, Adam or AdamW, with gradient clipping by global norm.
///
/// - SGD: `v ← μv + g + λw`, `w ← w - ηv` (Nesterov: `w ← w - η(g + λw + μv)`)
/// - Adam (Kingma and Ba 2014): `g ← g + λw`; `w ← w - η·m̂/(√v̂ + ε)`
/// - AdamW (Loshchilov and Hutter 2017): `w ← (1 - ηλ)w`, then Adam without penalty
///
/// `λ` applies to parameters of rank 2 and more. As in PyTorch, momentum has no dampening and `ε` stands outside the
/// root; Burn's own optimizers differ in both defaults and decay biases too.
#[derive(Debug, Default)]
pub struct Optimizer {
    config: OptimizerConfig,
    gradient_clip: f64,
    /// Steps taken, for Adam's bias correction.
    pub steps: u64,
    /// Momentum, or Adam's mean of gradients, by parameter.
    pub first_moment: GradientsParams,
    /// Adam's mean of squared gradients, by parameter.
    pub second_moment: GradientsParams,
}

impl Optimizer {
    /// The optimizer at its first step; `gradient_clip` 0 means no limit.
    pub fn new(config: OptimizerConfig, gradient_clip: f64) -> Self {
        Self { config, gradient_clip, ..Default::default() }
    }

    /// Moves the parameters of `module` that have a gradient.
    pub fn step<B: AutodiffBackend, M: AutodiffModule<B>>(
        &mut self,
        learning_rate: f64,
        module: M,
        gradients: impl Into<Gradients>,
    ) -> M {
        self.steps += 1;
        let (gradients, gradient_scale) = self.clip(&module, gradients.into());
        module.map(&mut Step { optimizer: self, learning_rate, gradients, gradient_scale })
    }

    /// The gradients, and what they are multiplied by to keep their global norm within the limit.
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
        // A norm that is not a number scales nothing: the loss reports it.
        (sum.into(), (norm > self.gradient_clip).then(|| self.gradient_clip / norm))
    }

    /// Moves a parameter by the sum of `gradients`.
    fn update<B: Backend, const D: usize>(
        &mut self,
        id: ParamId,
        learning_rate: f64,
        weight: Tensor<B, D>,
        gradients: Vec<Tensor<B, D>>,
    ) -> Tensor<B, D> {
        let decay = if D >= 2 { self.config.weight_decay } else { 0.0 };
        if !backend::ASYNCHRONOUS && weight.dtype() == DType::F32 {
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

    /// The same update in one pass over the parameter's memory; see [`fused`](crate::fused).
    fn update_on_host<B: Backend, const D: usize>(
        &mut self,
        id: ParamId,
        learning_rate: f64,
        decay: f64,
        weight: Tensor<B, D>,
        gradients: Vec<Tensor<B, D>>,
    ) -> Tensor<B, D> {
        // Where nothing else holds a tensor, taking its data and making a tensor of it again copies nothing.
        let (device, shape) = (weight.device(), weight.shape());
        let mut weight = weight.into_data();
        let gradients: Vec<TensorData> = gradients.into_iter().map(Tensor::into_data).collect();
        let gradients: Vec<&[f32]> = gradients.iter().map(const_floats).collect();
        let moments = |moments: &mut GradientsParams| match moments.remove::<B, D>(id) {
            Some(moments) => moments.into_data(),
            None => TensorData::zeros::<f32, _>(shape.clone()),
        };
        let config = self.config;
        match config.kind {
            OptimizerKind::Sgd if config.momentum == 0.0 => {
                let step = fused::Sgd { learning_rate, decay };
                fused::apply(step, &gradients, [floats(&mut weight)]);
            }
            OptimizerKind::Sgd => {
                let mut velocity = moments(&mut self.first_moment);
                let (momentum, nesterov) = (config.momentum, config.nesterov);
                let step = fused::Momentum { momentum, nesterov, learning_rate, decay };
                fused::apply(step, &gradients, [floats(&mut weight), floats(&mut velocity)]);
                self.first_moment.register(id, Tensor::<B, D>::from_data(velocity, &device));
            }
            OptimizerKind::Adam | OptimizerKind::Adamw => {
                let mut mean = moments(&mut self.first_moment);
                let mut square = moments(&mut self.second_moment);
                let decoupled = config.kind == OptimizerKind::Adamw;
                let step = fused::Adam::new(&config, learning_rate, decay, decoupled, self.steps);
                fused::apply(step, &gradients, [floats(&mut weight), floats(&mut mean), floats(&mut square)]);
                self.first_moment.register(id, Tensor::<B, D>::from_data(mean, &device));
                self.second_moment.register(id, Tensor::<B, D>::from_data(square, &device));
            }
        }
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

struct Step<'a> {
    optimizer: &'a mut Optimizer,
    learning_rate: f64,
    gradients: Gradients,
    gradient_scale: Option<f64>,
}

impl<B: AutodiffBackend> ModuleMapper<B> for Step<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let mut gradients = self.gradients.remove::<B::InnerBackend, D>(param.id);
        if gradients.is_empty() {
            return param;
        }
        if let Some(scale) = self.gradient_scale {
            gradients = gradients.into_iter().map(|gradient| gradient.mul_scalar(scale)).collect();
        }
        let (id, weight, mapper) = param.consume();
        let weight = self.optimizer.update(id, self.learning_rate, weight.inner(), gradients);
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

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{Linear, LinearConfig};
    use burn_autodiff::Autodiff;

    type Inner = crate::backend::Inner;
    type B = Autodiff<Inner>;

    /// `y = w·x + b` from `w = 1`, `b = 1`; the loss is `(w + b)² + w`, so that w and b have different gradients.
    fn after_steps(config: OptimizerConfig, gradient_clip: f64, steps: usize) -> (f64, f64) {
        let device = Default::default();
        let mut linear: Linear<B> = LinearConfig::new(1, 1).init(&device);
        linear.weight = linear.weight.map(|_| Tensor::ones([1, 1], &device).require_grad());
        linear.bias = linear.bias.map(|bias| bias.map(|_| Tensor::ones([1], &device).require_grad()));
        let mut optimizer = Optimizer::new(config, gradient_clip);
        for _ in 0..steps {
            let y = linear.forward(Tensor::<B, 2>::ones([1, 1], &device));
            let loss = y.square().sum() + linear.weight.val().sum();
            let gradients = GradientsParams::from_grads(loss.backward(), &linear);
            linear = optimizer.step(0.1, linear, gradients);
        }
        let read = |value: f32| f64::from(value);
        (
            read(linear.weight.val().into_scalar().elem()),
            read(linear.bias.as_ref().map(|bias| bias.val().into_scalar().elem()).unwrap_or_default()),
        )
    }

    fn assert_close(found: (f64, f64), expected: (f64, f64)) {
        let error = (found.0 - expected.0).abs().max((found.1 - expected.1).abs());
        assert!(error < 2e-6, "{found:?} is not {expected:?}");
    }

    // import torch
    // def run(make, clip=None):
    //     w = torch.nn.Parameter(torch.ones(1)); b = torch.nn.Parameter(torch.ones(1)); opt = make(w, b)
    //     for _ in range(3):
    //         opt.zero_grad(); ((w + b) ** 2 + w).sum().backward()
    //         if clip: torch.nn.utils.clip_grad_norm_([w, b], clip)
    //         opt.step()
    //     return w.item(), b.item()
    // groups = lambda w, b: [dict(params=[w], weight_decay=0.1), dict(params=[b], weight_decay=0.)]
    // for each optimizer: run(lambda w, b: torch.optim.SGD(groups(w, b), lr=.1, ...))
    #[test]
    fn sgd_matches_pytorch() {
        let config = OptimizerConfig { weight_decay: 0.1, ..Default::default() };
        assert_close(after_steps(config, 0.0, 3), (-0.044391000, 0.272180000));
    }

    #[test]
    fn momentum_matches_pytorch() {
        let config = OptimizerConfig { weight_decay: 0.1, momentum: 0.9, ..Default::default() };
        assert_close(after_steps(config, 0.0, 3), (-1.038711000, -0.444220000));
    }

    #[test]
    fn nesterov_momentum_matches_pytorch() {
        let config = OptimizerConfig { weight_decay: 0.1, momentum: 0.9, nesterov: true, ..Default::default() };
        assert_close(after_steps(config, 0.0, 3), (-1.021967769, -0.194675380));
    }

    #[test]
    fn adam_matches_pytorch() {
        let config = OptimizerConfig { kind: OptimizerKind::Adam, weight_decay: 0.1, ..Default::default() };
        assert_close(after_steps(config, 0.0, 3), (0.701162978, 0.701586726));
    }

    #[test]
    fn adamw_matches_pytorch() {
        let config = OptimizerConfig { kind: OptimizerKind::Adamw, weight_decay: 0.1, ..Default::default() };
        assert_close(after_steps(config, 0.0, 3), (0.674518679, 0.701700126));
    }

    #[test]
    fn clipped_sgd_matches_pytorch() {
        let config = OptimizerConfig::default();
        assert_close(after_steps(config, 0.5, 3), (0.882532308, 0.906720131));
    }

    #[test]
    fn parameters_without_a_gradient_stay() {
        let device = Default::default();
        let linear: Linear<B> = LinearConfig::new(2, 2).init(&device);
        let before = linear.weight.to_data();
        let config = OptimizerConfig { weight_decay: 0.5, ..Default::default() };
        let after = Optimizer::new(config, 0.0).step::<B, _>(0.1, linear, GradientsParams::new());
        assert_eq!(after.weight.to_data(), before);
    }
}
