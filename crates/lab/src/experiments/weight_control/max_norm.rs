//! Training with a limit on the norm of the weights into each hidden unit (Srebro and Shraibman 2005).

use std::convert::Infallible;

use anyhow::Result;
use burn::module::AutodiffModule as _;
use burn::tensor::{Tensor, backend::AutodiffBackend};
use burn_fashion_mnist::Images;
use burn_mlp::Mlp;
use burn_mlp_train::{Examples as _, Learner, Optimizer, Schedule};
use mlp_settings::config::Config;

use crate::images::ImageExamples;
use crate::platform::Inner;
use crate::{Lab, Platform};

/// Trains `network` on `images`; with `limit`, the weights into each hidden unit are shortened to this norm after every
/// step in which they became longer.
pub(super) fn train<P: Platform>(
    lab: &Lab<P>,
    config: &Config,
    network: Mlp<P::Train>,
    images: &Images,
    limit: Option<f64>,
) -> Result<Mlp<Inner<P>>> {
    let (device, training) = (lab.device(), &config.training);
    let examples = ImageExamples::<P::Train>::new(images.clone(), config.data.normalization());
    let optimizer = Optimizer::new(config.optimizer, training.gradient_clip);
    let mut learner = Learner::new(network, optimizer, config.loss(), lab.placement());
    let steps = images.len().div_ceil(training.batch_size) as u64;
    let schedule = Schedule::new(config.schedule, training.learning_rate, steps, training.epochs);
    let mut step = 0;
    for epoch in 0..training.epochs as u64 {
        for indices in examples.order(training.seed, epoch).chunks(training.batch_size) {
            let (pixels, classes) = (examples.features(indices, device), examples.targets(indices, device));
            learner.step(step, schedule.learning_rate(step), pixels, classes);
            if let Some(limit) = limit {
                learner.replace(|network| Ok::<_, Infallible>(limited(network, limit)))?;
            }
            step += 1;
        }
    }
    Ok(learner.into_network().valid())
}

/// The network with the weights into each hidden unit shortened to a norm of at most `limit`.
fn limited<B: AutodiffBackend>(mut mlp: Mlp<B>, limit: f64) -> Mlp<B> {
    for layer in &mut mlp.hidden {
        layer.linear.weight = layer.linear.weight.clone().map(|weight| {
            let weight = weight.inner();
            let norms = weight.clone().square().sum_dim(0).sqrt();
            // A norm of 0 has an infinite factor before it is limited to 1.
            let factors = norms.recip().mul_scalar(limit).clamp_max(1.0);
            Tensor::from_inner(weight * factors).require_grad()
        });
    }
    mlp
}

#[cfg(test)]
mod tests {
    use burn_mlp::MlpConfig;
    use burn_mlp_train::parameters::collect;
    use burn_mlp_train::values;

    use super::*;
    use crate::platform::test::TestPlatform;

    #[test]
    fn weights_are_shortened_where_they_are_too_long_and_else_left_to_the_bit() {
        let mlp = MlpConfig::new(20, [30], 2).init::<<TestPlatform as Platform>::Train>(&Default::default()).unwrap();
        let norms =
            |mlp: &Mlp<_>| -> Vec<f32> { values(mlp.valid().hidden[0].linear.weight.val().square().sum_dim(0).sqrt()) };
        let before = norms(&mlp);
        let mut sorted = before.clone();
        sorted.sort_by(f32::total_cmp);
        let limit = f64::from(sorted[15]);
        for (before, after) in before.iter().zip(norms(&limited(mlp.clone(), limit))) {
            assert!((after - before.min(sorted[15])).abs() < 1e-5, "{before} became {after}");
        }
        assert_eq!(collect(&limited(mlp.clone(), 1e6).valid()), collect(&mlp.valid()));
    }
}
