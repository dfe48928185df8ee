//! Training on tensors.

use anyhow::Result;
use burn::module::AutodiffModule;
use burn::tensor::Tensor;
use burn_mlp::{LayerInit, Mlp, MlpConfig};
use burn_mlp_train::{
    Learner, Loss, Optimizer, OptimizerConfig, OptimizerKind, Schedule, ScheduleConfig, ScheduleKind,
};

use crate::platform::Inner;
use crate::{Lab, Platform};

/// How many steps of Adam are made, at a rate that falls to zero along a cosine.
#[derive(Clone, Copy)]
pub(super) struct Descent {
    pub(super) steps: u64,
    pub(super) learning_rate: f64,
}

/// Networks whose biases are random as well as their weights: with biases of zero all ReLUs of a function of one variable
/// would bend at the same point.
pub(super) fn config(d_input: usize, hidden: &[usize], d_output: usize, seed: u64) -> MlpConfig {
    MlpConfig::new(d_input, hidden, d_output).with_init(LayerInit::torch()).with_seed(seed)
}

impl Descent {
    /// Trains on the batch of each step.
    pub(super) fn fit<P: Platform, Y>(
        self,
        lab: &Lab<P>,
        config: &MlpConfig,
        loss: impl Loss<P::Train, Y>,
        batch: impl Fn(u64) -> (Tensor<P::Train, 2>, Y),
    ) -> Result<Mlp<Inner<P>>> {
        let network = config.init::<P::Train>(lab.device())?;
        let optimizer = Optimizer::new(OptimizerConfig { kind: OptimizerKind::Adam, ..Default::default() }, 0.0);
        let falling = ScheduleConfig { kind: ScheduleKind::Cosine, ..Default::default() };
        let schedule = Schedule::new(falling, self.learning_rate, self.steps, 1);
        let mut learner = Learner::new(network, optimizer, loss, lab.placement());
        for step in 0..self.steps {
            let (x, y) = batch(step);
            learner.step(step, schedule.learning_rate(step), x, y);
        }
        Ok(learner.into_network().valid())
    }
}
