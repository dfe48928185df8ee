//! Variances of activations and gradients in linear nets.

use burn::tensor::{Tensor, TensorData};
use burn_mlp::{Fans, Init, Key};
use burn_mlp_train::values;
use serde::{Deserialize, Serialize};

use super::settings::XavierInit;
use super::variance::mean_square;
use crate::Platform;
use crate::platform::{Device, Inner};

/// What is applied to every unit of a linear net: `φ(x) = αx + β`.
#[derive(Clone, Copy)]
pub struct Affine {
    /// α
    pub slope: f64,
    /// β
    pub shift: f64,
}

impl Affine {
    /// `φ(x) = x`
    pub const IDENTITY: Self = Self { slope: 1.0, shift: 0.0 };
}

/// Mean squares in a linear net, from the input to the output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Of the activations, over that of the input.
    pub activations: Vec<f64>,
    /// Of the gradients, over that at the output.
    pub gradients: Vec<f64>,
}

impl Profile {
    /// The mean profile of the nets of one seed; `widths` are their units from the input to the output.
    pub fn of_nets<P: Platform>(
        settings: &XavierInit,
        widths: &[usize],
        init: Init,
        affine: Affine,
        seed: u64,
        device: &Device<P>,
    ) -> Self {
        let of_net = |net: u64| {
            let key = |tensor| Key::new(seed, *b"linears\0").at(net, tensor);
            Self::of_net::<P>(widths, settings.experiment.examples, init, affine, key, device)
        };
        let nets: Vec<Self> = (0..settings.experiment.networks as u64).map(of_net).collect();
        Self::mean(&nets)
    }

    /// `h_l = φ(h_{l-1}·W_l)` from normal inputs upwards, `g_{l-1} = α·g_l·W_lᵀ` from normal gradients downwards; `key`
    /// names the stream of each tensor.
    fn of_net<P: Platform>(
        widths: &[usize],
        examples: usize,
        init: Init,
        Affine { slope, shift }: Affine,
        key: impl Fn(u64) -> Key,
        device: &Device<P>,
    ) -> Self {
        let normal = |width: usize, minor: u64| {
            let normals = key(minor).normals().take(examples * width).map(|normal| normal as f32);
            tensor::<P>(normals.collect(), [examples, width], device)
        };
        let layers = widths.windows(2).enumerate().map(|(layer, pair)| {
            let fans = Fans { fan_in: pair[0], fan_out: pair[1] };
            let weights = init.sample(fans.fan_in * fans.fan_out, fans, key(layer as u64 + 2));
            tensor::<P>(weights, [fans.fan_in, fans.fan_out], device)
        });
        let weights: Vec<Tensor<Inner<P>, 2>> = layers.collect();
        let mut h = normal(widths[0], 0);
        let mut activations = vec![mean_square(&values(h.clone()))];
        for weight in &weights {
            h = h.matmul(weight.clone()).mul_scalar(slope).add_scalar(shift);
            activations.push(mean_square(&values(h.clone())));
        }
        let mut g = normal(widths[widths.len() - 1], 1);
        let mut gradients = vec![mean_square(&values(g.clone()))];
        for weight in weights.into_iter().rev() {
            g = g.matmul(weight.transpose()).mul_scalar(slope);
            gradients.push(mean_square(&values(g.clone())));
        }
        let relative = |squares: Vec<f64>| squares.iter().map(|square| square / squares[0]).collect::<Vec<f64>>();
        let mut gradients = relative(gradients);
        gradients.reverse();
        Self { activations: relative(activations), gradients }
    }

    /// The mean of several.
    fn mean(profiles: &[Self]) -> Self {
        let average = |curve: fn(&Self) -> &Vec<f64>| {
            let sum = |layer: usize| profiles.iter().map(|profile| curve(profile)[layer]).sum::<f64>();
            let layers = profiles.first().map_or(0, |profile| curve(profile).len());
            (0..layers).map(|layer| sum(layer) / profiles.len() as f64).collect()
        };
        Self { activations: average(|profile| &profile.activations), gradients: average(|profile| &profile.gradients) }
    }

    /// Growth of the activations from the input to the output.
    pub fn of_output(&self) -> f64 {
        self.activations[self.activations.len() - 1]
    }

    /// Growth of the gradients from the output to the input.
    pub fn of_input(&self) -> f64 {
        self.gradients[0]
    }
}

fn tensor<P: Platform>(values: Vec<f32>, shape: [usize; 2], device: &Device<P>) -> Tensor<Inner<P>, 2> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Standard error of a mean ratio over all nets, at most; `widths` are those of the layers reached.
pub fn error(settings: &XavierInit, widths: &[usize]) -> f64 {
    let growth: f64 = widths.iter().map(|&width| 1.0 + 2.0 / width as f64).product();
    ((growth - 1.0) / (settings.experiment.networks * settings.experiment.seeds) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::test::TestPlatform;

    fn profile(init: Init) -> Profile {
        affine_profile(init, Affine::IDENTITY)
    }

    fn affine_profile(init: Init, affine: Affine) -> Profile {
        let key = |tensor| Key::new(1, *b"profile\0").at(0, tensor);
        Profile::of_net::<TestPlatform>(&[3, 2, 5], 4, init, affine, key, &Default::default())
    }

    #[test]
    fn a_profile_has_the_input_and_every_layer() {
        let profile = profile(Init::XavierNormal { gain: 1.0 });
        assert_eq!((profile.activations.len(), profile.gradients.len()), (3, 3));
        assert_eq!((profile.activations[0], profile.gradients[2]), (1.0, 1.0));
    }

    #[test]
    fn twice_the_weights_are_four_times_the_variance_in_each_layer() {
        let once = profile(Init::Normal { mean: 0.0, std: 1.0 });
        let twice = profile(Init::Normal { mean: 0.0, std: 2.0 });
        for (layer, factor) in [1.0, 4.0, 16.0].into_iter().enumerate() {
            assert!((twice.activations[layer] / once.activations[layer] - factor).abs() < 1e-5 * factor);
            assert!((twice.gradients[2 - layer] / once.gradients[2 - layer] - factor).abs() < 1e-5 * factor);
        }
    }

    #[test]
    fn a_slope_is_a_factor_on_the_weights_and_a_shift_leaves_gradients_alone() {
        let init = |std| Init::Normal { mean: 0.0, std };
        let sloped = affine_profile(init(1.0), Affine { slope: 2.0, shift: 0.0 });
        let weighted = profile(init(2.0));
        let near = |one: &[f64], other: &[f64]| one.iter().zip(other).all(|(a, b)| (a / b - 1.0).abs() < 1e-5);
        assert!(near(&sloped.activations, &weighted.activations) && near(&sloped.gradients, &weighted.gradients));
        let shifted = affine_profile(init(1.0), Affine { slope: 1.0, shift: 9.0 });
        assert_eq!(shifted.gradients, profile(init(1.0)).gradients);
        assert!(shifted.activations[1] > 10.0 * profile(init(1.0)).activations[1]);
    }

    #[test]
    fn means_are_taken_layer_by_layer() {
        let profile = |x: f64| Profile { activations: vec![1.0, x], gradients: vec![2.0 * x, 1.0] };
        assert_eq!(Profile::mean(&[profile(1.0), profile(3.0)]), profile(2.0));
    }
}
