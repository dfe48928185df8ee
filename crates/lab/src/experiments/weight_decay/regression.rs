//! Linear regression by minibatch gradient descent: from scratch, and by modules and an optimizer.

use burn::module::Param;
use burn::nn::Linear;
use burn::nn::loss::{MseLoss, Reduction};
use burn::optim::GradientsParams;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Tensor, TensorData};
use burn_fashion_mnist::LinearData;
use burn_mlp::Key;
use burn_mlp_train::{Optimizer, OptimizerConfig, OptimizerKind, Placement, values};
use mlp_splits::permutation;

use crate::Platform;
use crate::platform::{Device, Inner};
use crate::scratch::weight_decay::{LinearRegression, Penalty};

type InputsAndTargets<B> = (Tensor<B, 2>, Tensor<B, 2>);

/// Where a regression starts and which steps it takes. Runs of the same one differ in penalty and optimizer alone.
pub(super) struct Regression<'a, P: Platform> {
    pub(super) train: LinearData,
    pub(super) test: LinearData,
    pub(super) batch_size: usize,
    pub(super) learning_rate: f64,
    pub(super) epochs: usize,
    /// Seed of the initial weights.
    pub(super) seed: u64,
    /// Seed of the order in which examples are batched.
    pub(super) order: u64,
    pub(super) device: &'a Device<P>,
    pub(super) placement: Placement,
}

/// What a run ends with.
pub(super) struct Outcome {
    pub(super) weight: Vec<f64>,
    pub(super) bias: f64,
    /// Mean of `½(y - ŷ)²` over the training and the test examples after each epoch, without penalty.
    pub(super) losses: Vec<[f64; 2]>,
}

/// Where λ acts in a step.
#[derive(Clone, Copy, Debug)]
pub(super) enum Acts {
    /// As the term `λ/2·‖w‖²` of the loss.
    InLoss,
    /// As the weight decay of the optimizer.
    InOptimizer,
    /// As `ηλw`, taken off the weight beside the optimizer's step.
    OnWeight,
}

/// A model between two steps.
trait Descent<B: Backend> {
    fn step(self, x: Tensor<B, 2>, y: Tensor<B, 2>, learning_rate: f64) -> Self;

    fn model(&self) -> LinearRegression<B>;
}

impl<P: Platform> Regression<'_, P> {
    /// Everything by hand, the penalty in the loss.
    pub(super) fn scratch(&self, penalty: Penalty) -> Outcome {
        self.run(Scratch { model: LinearRegression::new(self.initial()), penalty })
    }

    /// By modules, autodiff and an optimizer.
    pub(super) fn concise(&self, kind: OptimizerKind, acts: Acts, penalty: f64) -> Outcome {
        let weight = Param::from_tensor(Tensor::<P::Train, 2>::from_inner(self.initial()));
        let linear = Linear { weight, bias: Some(Param::from_tensor(Tensor::zeros([1], self.device))) };
        let weight_decay = if matches!(acts, Acts::InOptimizer) { penalty } else { 0.0 };
        let optimizer = Optimizer::new(OptimizerConfig { kind, weight_decay, ..Default::default() }, 0.0)
            .with_one_pass(self.placement.one_pass);
        self.run(Concise { linear, optimizer, acts, penalty })
    }

    fn d_input(&self) -> usize {
        self.train.features.len() / self.train.targets.len()
    }

    /// Standard normal weights.
    fn initial(&self) -> Tensor<Inner<P>, 2> {
        let normals = Key::new(self.seed, *b"linear\0\0").normals();
        let weight: Vec<f32> = normals.take(self.d_input()).map(|normal| normal as f32).collect();
        Tensor::from_data(TensorData::new(weight, [self.d_input(), 1]), self.device)
    }

    fn run<D: Descent<Inner<P>>>(&self, mut descent: D) -> Outcome {
        let whole = |data: &LinearData| self.tensors(data.features.clone(), data.targets.clone());
        let (train, test) = (whole(&self.train), whole(&self.test));
        let mut losses = Vec::with_capacity(self.epochs);
        for epoch in 0..self.epochs {
            for indices in permutation(self.train.targets.len(), self.order, epoch as u64).chunks(self.batch_size) {
                let (x, y) = self.batch(indices);
                descent = descent.step(x, y, self.learning_rate);
            }
            let model = descent.model();
            losses.push([&train, &test].map(|(x, y)| f64::from(values(model.loss(x.clone(), y.clone()))[0])));
        }
        let LinearRegression { weight, bias } = descent.model();
        Outcome {
            weight: values(weight).into_iter().map(f64::from).collect(),
            bias: f64::from(values(bias)[0]),
            losses,
        }
    }

    fn batch(&self, indices: &[u32]) -> InputsAndTargets<Inner<P>> {
        let d = self.d_input();
        let row = |&index: &u32| &self.train.features[index as usize * d..][..d];
        let features = indices.iter().flat_map(row).copied().collect();
        let targets = indices.iter().map(|&index| self.train.targets[index as usize]).collect();
        self.tensors(features, targets)
    }

    fn tensors(&self, features: Vec<f32>, targets: Vec<f32>) -> InputsAndTargets<Inner<P>> {
        let (n, d) = (targets.len(), features.len() / targets.len());
        let x = Tensor::from_data(TensorData::new(features, [n, d]), self.device);
        (x, Tensor::from_data(TensorData::new(targets, [n, 1]), self.device))
    }
}

struct Scratch<B: Backend> {
    model: LinearRegression<B>,
    penalty: Penalty,
}

impl<B: Backend> Descent<B> for Scratch<B> {
    fn step(mut self, x: Tensor<B, 2>, y: Tensor<B, 2>, learning_rate: f64) -> Self {
        self.model.step(x, y, self.penalty, learning_rate);
        self
    }

    fn model(&self) -> LinearRegression<B> {
        self.model.clone()
    }
}

struct Concise<B: AutodiffBackend> {
    linear: Linear<B>,
    optimizer: Optimizer,
    acts: Acts,
    penalty: f64,
}

impl<B: AutodiffBackend> Descent<B::InnerBackend> for Concise<B> {
    fn step(mut self, x: Tensor<B::InnerBackend, 2>, y: Tensor<B::InnerBackend, 2>, learning_rate: f64) -> Self {
        let weight = self.linear.weight.val();
        let predicted = self.linear.forward(Tensor::from_inner(x));
        let mut loss = MseLoss::new().forward(predicted, Tensor::from_inner(y), Reduction::Mean).div_scalar(2.0);
        if matches!(self.acts, Acts::InLoss) {
            loss = loss + (weight.clone() * weight.clone()).sum().mul_scalar(self.penalty / 2.0);
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &self.linear);
        let mut linear = self.optimizer.step(learning_rate, self.linear, gradients);
        if matches!(self.acts, Acts::OnWeight) {
            let decay = weight.inner().mul_scalar(learning_rate * self.penalty);
            linear.weight = linear.weight.map(|stepped| Tensor::from_inner(stepped.inner() - decay).require_grad());
        }
        Self { linear, ..self }
    }

    fn model(&self) -> LinearRegression<B::InnerBackend> {
        let bias = self.linear.bias.as_ref().map(|bias| bias.val().inner().unsqueeze());
        let weight = self.linear.weight.val().inner();
        LinearRegression { bias: bias.unwrap_or_else(|| Tensor::zeros([1, 1], &weight.device())), weight }
    }
}

impl Outcome {
    /// `‖w‖`
    pub(super) fn norm(&self) -> f64 {
        norm(self.weight.iter().copied())
    }

    /// Euclidean distance to the weight of `other`, as a fraction of its norm.
    pub(super) fn distance(&self, other: &Self) -> f64 {
        norm(self.weight.iter().zip(&other.weight).map(|(a, b)| a - b)) / other.norm()
    }

    /// Fraction of the weights that are exactly zero.
    pub(super) fn zeros(&self) -> f64 {
        self.weight.iter().filter(|&&weight| weight == 0.0).count() as f64 / self.weight.len() as f64
    }
}

fn norm(vector: impl Iterator<Item = f64>) -> f64 {
    vector.map(|x| x * x).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::test::TestPlatform;

    /// Two examples whose targets are all zero: gradients come from the initial weights alone.
    fn regression(device: &Device<TestPlatform>) -> Regression<'_, TestPlatform> {
        let data = LinearData { features: vec![1.0, 0.0, 0.0, 0.0, 2.0, 0.0], targets: vec![0.0, 0.0] };
        Regression {
            train: data.clone(),
            test: data,
            batch_size: 2,
            learning_rate: 0.25,
            epochs: 1,
            seed: 3,
            order: 3,
            device,
            placement: Placement::HOST,
        }
    }

    #[test]
    fn a_step_takes_the_mean_over_the_batch_and_the_penalty_once() {
        let device = Default::default();
        let before: Vec<f64> = values(regression(&device).initial()).into_iter().map(f64::from).collect();
        let after = regression(&device).scratch(Penalty::L2(2.0));
        // w₁ ← w₁ - ¼(½w₁ + 2w₁), w₂ ← w₂ - ¼(½·4w₂ + 2w₂), w₃ ← w₃ - ¼·2w₃, b ← -¼·½(w₁ + 2w₂).
        let expected = [before[0] * 0.375, before[1] * 0.0, before[2] * 0.5];
        for (found, expected) in after.weight.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
        }
        assert!((after.bias + (before[0] + 2.0 * before[1]) / 8.0).abs() < 1e-6);
    }

    #[test]
    fn modules_take_the_same_steps_wherever_the_penalty_acts() {
        let device = Default::default();
        let regression = Regression { epochs: 20, batch_size: 1, learning_rate: 0.05, ..regression(&device) };
        let scratch = regression.scratch(Penalty::L2(0.5));
        for acts in [Acts::InLoss, Acts::InOptimizer, Acts::OnWeight] {
            let concise = regression.concise(OptimizerKind::Sgd, acts, 0.5);
            assert!(concise.distance(&scratch) < 1e-6, "{acts:?}");
            assert!((concise.bias - scratch.bias).abs() < 1e-6, "{acts:?}");
            assert_eq!(concise.losses.len(), 20);
        }
    }

    #[test]
    fn norm_distance_and_zeros_are_those_of_the_weight() {
        let outcome = |weight: &[f64]| Outcome { weight: weight.to_vec(), bias: 7.0, losses: Vec::new() };
        let (a, b) = (outcome(&[3.0, 0.0, 4.0, -0.0]), outcome(&[3.0, 0.0, 0.0, 0.0]));
        assert_eq!((a.norm(), a.zeros(), a.distance(&b)), (5.0, 0.5, 4.0 / 3.0));
    }
}
