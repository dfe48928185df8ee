//! The gradient that a block passes to its input when its own branch returns zero: that of the shortcut, which is one.

use anyhow::Result;
use burn::tensor::{Tensor, TensorData};
use burn_mlp::{Init, Key, LayerInit, ResidualBlockConfig};
use burn_mlp_train::values;
use serde::{Deserialize, Serialize};

use crate::Platform;
use crate::finding::{Bound, Claim, Finding};
use crate::platform::Device;

/// Largest differences of the gradient from 1.
#[derive(Debug, Serialize, Deserialize)]
pub struct Deviations {
    /// Of the block of He et al. 2015.
    original: f64,
    /// Of the block of He et al. 2016.
    pre_activation: f64,
}

impl Deviations {
    /// Those at inputs drawn with `seed`.
    ///
    /// # Errors
    ///
    /// If the shape of the blocks is impossible.
    pub fn measure<P: Platform>(seed: u64, device: &Device<P>) -> Result<Self> {
        let config = ResidualBlockConfig::new(4, 4).with_init(LayerInit::weight(Init::Zeros));
        let (v1, v2) = (config.init_v1::<P::Train>(device)?, config.init_v2::<P::Train>(device)?);
        Ok(Self {
            original: deviation::<P>(|x| v1.forward(x), seed, device),
            pre_activation: deviation::<P>(|x| v2.forward(x), seed, device),
        })
    }
}

fn deviation<P: Platform>(
    block: impl Fn(Tensor<P::Train, 4>) -> Tensor<P::Train, 4>,
    seed: u64,
    device: &Device<P>,
) -> f64 {
    let normals = Key::new(seed, *b"shortcut").normals().take(2 * 4 * 6 * 6);
    // Positive, so that the ReLU behind the addition of the first version lets it through.
    let inputs: Vec<f32> = normals.map(|normal| 0.1 + normal.abs() as f32).collect();
    let x = Tensor::<P::Train, 4>::from_data(TensorData::new(inputs, [2, 4, 6, 6]), device).require_grad();
    let gradients = block(x.clone()).sum().backward();
    let gradient = x.grad(&gradients).map(values).unwrap_or_default();
    gradient.into_iter().map(|value| f64::from((value - 1.0).abs())).fold(0.0, f64::max)
}

/// Adds how far the gradients are from 1.
pub fn add(measurements: &[&Deviations], finding: &mut Finding) {
    type Metric = fn(&Deviations) -> f64;
    let blocks: [(&str, Metric); 2] = [
        ("Original block", |deviations| deviations.original),
        ("Pre-activation block", |deviations| deviations.pre_activation),
    ];
    for (name, deviation) in blocks {
        let deviations: Vec<f64> = measurements.iter().map(|deviations| deviation(deviations)).collect();
        finding.claim(Claim::check(
            format!("{name} with a branch of zeros: largest difference of the gradient from 1"),
            deviations,
            Bound::EachAtMost(1e-6),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::test::TestPlatform;

    #[test]
    fn identity_shortcuts_pass_the_gradient() {
        let of_seed = |seed| Deviations::measure::<TestPlatform>(seed, &Default::default()).unwrap();
        let mut finding = Finding::default();
        add(&[&of_seed(1), &of_seed(2)], &mut finding);
        assert_eq!(finding.claims.len(), 2);
        assert!(finding.claims.iter().all(Claim::holds), "{:?}", finding.claims);
    }
}
