//! Looks at the last hidden layer of a network in training.

use burn::module::AutodiffModule;
use burn::tensor::Tensor;
use burn_fashion_mnist::{Images, Normalization};
use burn_mlp::{Mlp, batch_norm};
use burn_mlp_train::{Callback, StepView, values};

use super::drift::{Moments, percentile};
use super::measurement::Look;
use crate::Platform;
use crate::platform::{Device, Inner};

/// The percentiles that Ioffe and Szegedy draw.
const PERCENTILES: [f64; 3] = [0.15, 0.5, 0.85];

/// What is seen every few steps over the same images. The network is the one that predicts, with running statistics: the
/// first look comes after some steps, when these are no longer the initial ones.
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
        let (last, below) = network.hidden.split_last()?;
        let inputs = below.iter().fold(self.images.clone(), |x, layer| layer.forward(x));
        let mapped = last.linear.forward(inputs.clone());
        let seen = last.norm.as_ref().map_or_else(|| mapped.clone(), |norm| batch_norm(norm, mapped.clone()));
        let mut first_unit = values(seen.clone().narrow(1, 0, 1));
        let moments = |x: Tensor<Inner<P>, 2>| {
            let units = x.dims()[1];
            Moments::of(&values(x), units)
        };
        Some(Look {
            inputs: moments(inputs),
            mapped: moments(mapped),
            seen: moments(seen),
            percentiles: PERCENTILES.map(|part| percentile(&mut first_unit, part)),
        })
    }
}

impl<P: Platform> Callback<Mlp<P::Train>> for Looks<P> {
    fn after_step(&mut self, step: &StepView<'_, Mlp<P::Train>>) {
        if (step.step + 1).is_multiple_of(self.every) {
            let look = self.look(&step.network.valid());
            self.seen.extend(look);
        }
    }
}
