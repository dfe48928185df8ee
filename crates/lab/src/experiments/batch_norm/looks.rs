//! Looks at the last hidden layer of a network in training.

use burn::module::AutodiffModule;
use burn::nn::BatchNorm;
use burn::tensor::{Tensor, backend::Backend};
use burn_fashion_mnist::{Images, Normalization};
use burn_mlp::Mlp;
use burn_mlp_train::{Callback, StepView, values};

use super::drift::{Moments, percentile};
use super::measurement::Look;
use crate::Platform;
use crate::platform::{Device, Inner};

/// The percentiles that Ioffe and Szegedy draw.
const PERCENTILES: [f64; 3] = [0.15, 0.5, 0.85];

/// What is seen before the first step and every few steps, over the same images.
pub struct Looks<P: Platform> {
    images: Tensor<Inner<P>, 2>,
    every: u64,
    seen: Vec<Look>,
}

impl<P: Platform> Looks<P> {
    /// Looks over `images` every so many steps.
    pub fn new(images: &Images, every: u64, device: &Device<P>) -> Self {
        let images = images.batch_range(0..images.len(), Normalization::default(), device).images;
        Self { images, every, seen: Vec::new() }
    }

    /// What has been seen.
    pub fn seen(&self) -> &[Look] {
        &self.seen
    }

    fn look(&self, network: &Mlp<Inner<P>>) -> Option<Look> {
        let mut inputs = self.images.clone();
        let mut look = None;
        for layer in &network.hidden {
            let mapped = layer.linear.forward(inputs.clone());
            let seen = layer.norm.as_ref().map_or_else(|| mapped.clone(), |norm| normalized(norm, mapped.clone()));
            let activations = layer.activation.forward(seen.clone());
            let mut first_unit = values(seen.clone().narrow(1, 0, 1));
            look = Some(Look {
                inputs: moments(inputs),
                mapped: moments(mapped),
                seen: moments(seen),
                percentiles: PERCENTILES.map(|part| percentile(&mut first_unit, part)),
            });
            inputs = activations;
        }
        look
    }
}

fn moments<B: Backend>(x: Tensor<B, 2>) -> Moments {
    let units = x.dims()[1];
    Moments::of(&values(x), units)
}

/// `x` normalized over its own rows, as in training. The running statistics, which prediction uses, lag behind the
/// weights, and would drift on their own.
fn normalized<B: Backend>(norm: &BatchNorm<B>, x: Tensor<B, 2>) -> Tensor<B, 2> {
    let centered = x.clone() - x.mean_dim(0);
    let variance = centered.clone().square().mean_dim(0);
    let scale = norm.gamma.val().unsqueeze() * variance.add_scalar(norm.epsilon).powf_scalar(-0.5);
    centered * scale + norm.beta.val().unsqueeze()
}

impl<P: Platform> Callback<Mlp<P::Train>> for Looks<P> {
    fn before_step(&mut self, step: &StepView<'_, Mlp<P::Train>>) {
        if step.step.is_multiple_of(self.every) {
            let look = self.look(&step.network.valid());
            self.seen.extend(look);
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::BatchNormConfig;
    use burn_autodiff::Autodiff;
    use burn_flex::Flex;
    use burn_mlp::batch_norm;

    use super::*;

    #[test]
    fn a_look_normalizes_as_training_does() {
        let device = Default::default();
        let norm = BatchNormConfig::new(2).init::<Autodiff<Flex>>(&device);
        let x = Tensor::<Autodiff<Flex>, 2>::from_floats([[1.0, 2.0], [3.0, -1.0], [4.0, 0.0]], &device);
        let here = values(normalized(&norm.valid(), x.clone().inner()));
        let training = values(batch_norm(&norm, x));
        assert!(here.iter().zip(&training).all(|(here, there)| (here - there).abs() < 1e-5), "{here:?} {training:?}");
    }
}
