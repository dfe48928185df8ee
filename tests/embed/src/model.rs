//! The model: features scaled to unit size, then a multilayer perceptron.

use burn::module::Module;
use burn::tensor::{Tensor, TensorData, backend::Backend};
use burn_mlp::{Activation, Mlp, MlpConfig, Probability};

use crate::leaves::{FEATURES, Leaves, TREES};

/// Mean and standard deviation of each feature.
pub struct Scale {
    mean: [f32; FEATURES],
    std: [f32; FEATURES],
}

impl Scale {
    /// Those of some leaves.
    pub fn of(leaves: &Leaves) -> Self {
        let n = leaves.len() as f32;
        let column = |feature: usize| leaves.rows().iter().map(move |row| row[feature]);
        let mean = std::array::from_fn(|feature| column(feature).sum::<f32>() / n);
        let square = |feature: usize| column(feature).map(|x: f32| (x - mean[feature]).powi(2)).sum::<f32>() / n;
        Self { mean, std: std::array::from_fn(|feature| square(feature).sqrt()) }
    }
}

/// Scaling and network in one module.
#[derive(Module, Debug)]
pub struct LeafModel<B: Backend> {
    // Constants: neither trained nor recorded.
    mean: Tensor<B, 2>,
    std: Tensor<B, 2>,
    mlp: Mlp<B>,
}

impl<B: Backend> LeafModel<B> {
    /// An untrained model.
    pub fn new(scale: Scale, seed: u64, device: &B::Device) -> Result<Self, crate::Error> {
        let row = |values: [f32; FEATURES]| Tensor::from_data(TensorData::from([values]), device);
        let mlp = MlpConfig::new(FEATURES, [32], TREES.len())
            .with_activation(Activation::Silu)
            .with_dropout([Probability::new(0.1)?])
            .with_seed(seed)
            .init(device)?;
        Ok(Self { mean: row(scale.mean), std: row(scale.std), mlp })
    }

    /// Logits `[batch, trees]` of features `[batch, FEATURES]`.
    pub fn forward(&self, features: Tensor<B, 2>) -> Tensor<B, 2> {
        self.mlp.forward((features - self.mean.clone()) / self.std.clone())
    }

    /// The most likely tree of each leaf.
    pub fn predict(&self, features: Tensor<B, 2>) -> Vec<u8> {
        self.forward(features).argmax(1).into_data().iter::<u8>().collect()
    }
}
