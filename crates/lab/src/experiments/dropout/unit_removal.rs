//! How much a trained network suffers when hidden units are taken from it: units that rely on particular others
//! (co-adapted ones) miss them.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Tensor, TensorData, backend::Backend};
use burn_mlp::{Key, Mlp};

/// `mlp` without a random fraction of its hidden units: each is removed with probability `fraction`, by setting its weights
/// and bias to zero. The same seed removes the same units from networks of one shape.
pub(super) fn without_units<B: Backend>(mut mlp: Mlp<B>, fraction: f64, seed: u64) -> Mlp<B> {
    for (index, layer) in mlp.hidden.iter_mut().enumerate() {
        let [_, d_output] = layer.linear.weight.dims();
        let uniforms = Key::new(seed, *b"removal\0").at(index as u64, 0).uniforms();
        let kept: Vec<f32> = uniforms.take(d_output).map(|u| f32::from(u >= fraction)).collect();
        layer.linear = masked(layer.linear.clone(), &kept);
    }
    mlp
}

fn masked<B: Backend>(mut linear: Linear<B>, kept: &[f32]) -> Linear<B> {
    let mask = Tensor::<B, 1>::from_data(TensorData::from(kept), &linear.devices()[0]);
    linear.weight = Param::from_tensor(linear.weight.val() * mask.clone().unsqueeze());
    linear.bias = linear.bias.map(|bias| Param::from_tensor(bias.val() * mask));
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

    fn alive(fraction: f64) -> usize {
        let mlp = MlpConfig::new(3, [1000], 2).init::<TestBackend>(&Default::default()).unwrap();
        let mlp = without_units(mlp, fraction, 5);
        let h = values(mlp.hidden[0].linear.forward(Tensor::<TestBackend, 2>::ones([1, 3], &Default::default())));
        h.into_iter().filter(|&h| h != 0.0).count()
    }

    #[test]
    fn the_fraction_asked_for_is_removed() {
        assert_eq!(alive(0.0), 1000);
        assert_eq!(alive(1.0), 0);
        // 1000 draws with probability 0.25: standard deviation 13.7; six of them.
        assert!(alive(0.25).abs_diff(750) < 83);
    }
}
