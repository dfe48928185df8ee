//! One sub-network for a whole mini-batch: the hidden units that a step drops are the same for all of its examples.

use anyhow::Result;
use burn::module::{AutodiffModule as _, Module};
use burn::tensor::{Tensor, backend::Backend};
use burn_mlp::{DropoutLayers, Mlp};
use burn_mlp_train::parameters::collect;
use burn_mlp_train::{Examples as _, Learner, Network, Optimizer, values};
use mlp_settings::config::Config;
use serde::{Deserialize, Serialize};

use crate::images::ImageExamples;
use crate::{Lab, Platform};

/// A perceptron whose masks have one row, for all examples of a batch.
#[derive(Module, Debug, DropoutLayers)]
pub(super) struct SubNetworkMlp<B: Backend> {
    pub(super) mlp: Mlp<B>,
}

impl<B: Backend> Network<B> for SubNetworkMlp<B> {
    fn outputs(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        let hidden = self.mlp.hidden.iter().fold(images, |x, layer| {
            let h = layer.activation.forward(layer.linear.forward(x));
            let [_, units] = h.dims();
            let ones = Tensor::ones([1, units], &h.device());
            h * layer.dropout.forward(ones)
        });
        self.mlp.output.forward(hidden)
    }
}

/// What some steps change.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Changed {
    /// Weights and biases into dropped units and weights out of them, whose bits changed in the step.
    pub(super) of_dropped: u64,
    /// Fraction of the others that changed.
    pub(super) of_kept: f64,
}

/// Looks at the first `steps` steps of a training run, each on the next batch of the training images.
pub(super) fn changed<P: Platform>(lab: &Lab<P>, config: &Config, steps: usize) -> Result<Changed> {
    let (train, device) = (&lab.data().train, lab.device());
    let examples = ImageExamples::<P::Train>::new(train.clone(), config.data.normalization());
    let optimizer = Optimizer::new(config.optimizer, config.training.gradient_clip);
    let network = SubNetworkMlp { mlp: lab.mlp(config)? };
    let mut learner = Learner::new(network, optimizer, config.loss(), lab.placement());
    let (mut of_dropped, mut kept, mut changed_kept) = (0, 0, 0);
    for (step, start) in (0..train.len()).step_by(config.training.batch_size).take(steps).enumerate() {
        let indices: Vec<u32> =
            (start..train.len().min(start + config.training.batch_size)).map(|i| i as u32).collect();
        let before = learner.network().valid();
        let dropped = dropped_units(learner.network(), step as u64);
        let (images, classes) = (examples.features(&indices, device), examples.targets(&indices, device));
        learner.step(step as u64, config.training.learning_rate, images, classes);
        for (was_dropped, has_changed) in parameters(&before, &learner.network().valid(), &dropped) {
            of_dropped += u64::from(was_dropped && has_changed);
            kept += u64::from(!was_dropped);
            changed_kept += u64::from(!was_dropped && has_changed);
        }
    }
    Ok(Changed { of_dropped, of_kept: changed_kept as f64 / kept as f64 })
}

/// Which hidden units of each layer a step drops.
fn dropped_units<B: Backend>(network: &SubNetworkMlp<B>, step: u64) -> Vec<Vec<bool>> {
    let of_layer = |layer: &burn_mlp::HiddenLayer<B>| {
        let (dropout, [_, units]) = (layer.dropout.clone(), layer.linear.weight.dims());
        dropout.seek(step);
        let mask = dropout.forward(Tensor::<B, 2>::ones([1, units], &layer.linear.weight.device()));
        values(mask).into_iter().map(|factor| factor == 0.0).collect()
    };
    network.mlp.hidden.iter().map(of_layer).collect()
}

/// For each weight and bias whether it belongs to a dropped unit, on either side, and whether it changed.
fn parameters<B: Backend>(
    before: &SubNetworkMlp<B>,
    after: &SubNetworkMlp<B>,
    dropped: &[Vec<bool>],
) -> Vec<(bool, bool)> {
    let layers = dropped.len();
    let layer_of = |path: &str| path.split('.').nth(2).and_then(|index| index.parse().ok()).unwrap_or(layers);
    let (before, after) = (collect(before), collect(after));
    let mut all = Vec::new();
    for ((path, before), after) in before.iter().zip(after.values()) {
        // `mlp.hidden.<layer>.linear.weight` and `mlp.output.weight`, `[inputs, outputs]`; biases have outputs alone.
        let layer: usize = layer_of(path);
        let is_dropped = |layer: Option<&Vec<bool>>, unit: usize| layer.is_some_and(|units| units[unit]);
        let outputs = before.shape[before.shape.len() - 1];
        let below = (before.shape.len() == 2).then(|| layer.checked_sub(1)).flatten().map(|below| &dropped[below]);
        for (index, (before, after)) in before.iter::<f32>().zip(after.iter::<f32>()).enumerate() {
            let was_dropped = is_dropped(dropped.get(layer), index % outputs) || is_dropped(below, index / outputs);
            all.push((was_dropped, before.to_bits() != after.to_bits()));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use burn::tensor::Int;
    use burn_mlp::{CrossEntropy, MlpConfig};
    use burn_mlp_train::Placement;

    use super::*;
    use crate::platform::test::TestPlatform;

    type Train = <TestPlatform as Platform>::Train;

    #[test]
    fn a_step_leaves_parameters_of_dropped_units_as_they_were_and_changes_others() {
        let device = Default::default();
        let mlp = MlpConfig::new(5, [8, 6], 3).with_dropout([0.5, 0.5]).with_seed(1).init::<Train>(&device).unwrap();
        let optimizer = Optimizer::default();
        let mut learner = Learner::new(SubNetworkMlp { mlp }, optimizer, CrossEntropy::default(), Placement::HOST);
        let (before, dropped) = (learner.network().valid(), dropped_units(learner.network(), 3));
        assert!(dropped.iter().all(|units| units.contains(&true) && units.contains(&false)), "{dropped:?}");
        let images = Tensor::<Train, 2>::ones([4, 5], &device);
        learner.step(3, 0.5, images.clone(), Tensor::<Train, 1, Int>::zeros([4], &device));
        let after = learner.network().valid();
        let all = parameters(&before, &after, &dropped);
        assert_eq!(all.len(), after.num_params());
        assert!(all.iter().all(|&(was_dropped, has_changed)| !was_dropped || !has_changed));
        assert!(all.iter().any(|&(_, has_changed)| has_changed));
        // Without autodiff nothing is dropped.
        let pixels = Tensor::ones([4, 5], &device);
        assert_eq!(values(after.outputs(pixels.clone())), values(after.mlp.forward(pixels)));
    }
}
