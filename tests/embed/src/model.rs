//! The model: features scaled to unit size, then a multilayer perceptron.

use burn::module::Module;
use burn::tensor::{Tensor, backend::Backend};
use burn_mlp::{Activation, DropoutLayers, Mlp, MlpConfig, Standardize};

use crate::leaves::{FEATURES, Leaves, TREES};

/// Scaling and network in one module.
#[derive(Module, Debug, DropoutLayers)]
pub struct LeafModel<B: Backend> {
    scaling: Standardize<B>,
    mlp: Mlp<B>,
}

impl<B: Backend> LeafModel<B> {
    /// An untrained model, with the scaling of some leaves.
    pub fn new(leaves: &Leaves, seed: u64, device: &B::Device) -> Result<Self, crate::Error> {
        let config = MlpConfig::new(FEATURES, [32], TREES.len()).with_activation(Activation::Silu).with_dropout(0.1);
        let scaling = Standardize::fit(leaves.rows().as_flattened(), FEATURES, device)?;
        Ok(Self { scaling, mlp: config.with_seed(seed).init(device)? })
    }

    /// Logits `[batch, trees]` of features `[batch, FEATURES]`.
    pub fn forward(&self, features: Tensor<B, 2>) -> Tensor<B, 2> {
        self.mlp.forward(self.scaling.forward(features))
    }

    /// The most likely tree of each leaf.
    pub fn predict(&self, features: Tensor<B, 2>) -> Vec<u8> {
        self.forward(features).argmax(1).into_data().iter::<u8>().collect()
    }
}
