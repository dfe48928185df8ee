//! How much a trained network suffers when hidden units are taken from it: units that rely on particular others
//! (co-adapted ones) miss them.

use burn::module::Module as _;
use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Tensor, TensorData, backend::Backend};
use burn_mlp::{Key, Mlp};

/// `mlp` without a random fraction of its hidden units: each is removed with probability `fraction`, below 1, by setting
/// its weights and bias to zero. Those of the others are divided by `1 - fraction`, so that the sums that the next layer
/// sees keep their expectation: with ReLU a unit's output grows as its weights and bias do. The same seed removes the same
/// units from networks of one shape.
pub(super) fn without_units<B: Backend>(mut mlp: Mlp<B>, fraction: f64, seed: u64) -> Mlp<B> {
    for (index, layer) in mlp.hidden.iter_mut().enumerate() {
        let [_, d_output] = layer.linear.weight.dims();
        let uniforms = Key::new(seed, *b"removal\0").at(index as u64, 0).uniforms();
        let factor = |u: f64| if u < fraction { 0.0 } else { (1.0 / (1.0 - fraction)) as f32 };
        let factors: Vec<f32> = uniforms.take(d_output).map(factor).collect();
        layer.linear = scaled(layer.linear.clone(), &factors);
    }
    mlp
}

/// With the weights and bias of each unit multiplied by a factor.
fn scaled<B: Backend>(mut linear: Linear<B>, factors: &[f32]) -> Linear<B> {
    let factors = Tensor::<B, 1>::from_data(TensorData::from(factors), &linear.devices()[0]);
    linear.weight = Param::from_tensor(linear.weight.val() * factors.clone().unsqueeze());
    linear.bias = linear.bias.map(|bias| Param::from_tensor(bias.val() * factors));
    linear
}

#[cfg(test)]
mod tests {
    use burn_mlp::MlpConfig;
    use burn_mlp_train::values;

    use super::*;
    use crate::platform::Inner;
    use crate::platform::test::TestPlatform;

    type TestBackend = Inner<TestPlatform>;

    fn outputs(fraction: f64) -> Vec<f32> {
        let mlp = MlpConfig::new(3, [1000], 2).init::<TestBackend>(&Default::default()).unwrap();
        let mlp = without_units(mlp, fraction, 5);
        values(mlp.hidden[0].linear.forward(Tensor::<TestBackend, 2>::ones([1, 3], &Default::default())))
    }

    #[test]
    fn the_fraction_asked_for_is_removed_and_the_others_make_up_for_it() {
        let (all, some) = (outputs(0.0), outputs(0.25));
        let kept: Vec<(f32, f32)> = all.into_iter().zip(some).filter(|(_, some)| *some != 0.0).collect();
        // 1000 draws with probability 0.25: standard deviation 13.7; six of them.
        assert!(kept.len().abs_diff(750) < 83);
        assert!(kept.iter().all(|(all, some)| (some - all / 0.75).abs() < 1e-5));
    }
}
