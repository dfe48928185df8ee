//! Networks that compute the same function: affine layers and their product, and a network whose units change places.

use anyhow::Result;
use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Int, Tensor, TensorData, backend::Backend};
use burn_mlp::{Activation, Key, Mlp};
use burn_mlp_train::values;
use mlp_splits::permutation;
use serde::{Deserialize, Serialize};

use super::fit::config;
use super::settings::{HiddenLayers, IdentityParameters};
use crate::finding::{Bound, Claim, Finding, Table, spread};
use crate::platform::Inner;
use crate::{Lab, Platform};

/// Rounding of 32-bit floats in sums of some hundred terms, beside the largest of the results.
const ROUNDING: f64 = 1e-5;

/// Largest differences between outputs, as parts of the largest output.
#[derive(Serialize, Deserialize)]
pub(super) struct Identities {
    /// Between affine layers one after the other, and the one affine map that is their product.
    collapsed: f64,
    /// Between a network and the same with the units of its first hidden layer in another order, for each activation.
    permuted: Vec<f64>,
    /// The same, where the layer above still expects the old order.
    half_permuted: Vec<f64>,
}

impl HiddenLayers {
    pub(super) fn measure_identities<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Identities> {
        let IdentityParameters { d_input, hidden, examples } = &self.experiment.identities;
        let network = |activation: Activation| {
            config(*d_input, hidden, 10, seed).with_activation(activation).init::<Inner<P>>(lab.device())
        };
        let inputs = Key::new(seed, *b"identity").normals().map(|normal| normal as f32).take(examples * d_input);
        let x = Tensor::from_data(TensorData::new(inputs.collect::<Vec<f32>>(), [*examples, *d_input]), lab.device());
        let order = permutation(hidden[0], seed, 0);
        let (mut permuted, mut half_permuted) = (Vec::new(), Vec::new());
        for activation in Activation::ALL {
            let network = network(activation)?;
            let y = network.forward(x.clone());
            let change = |above| difference(permute(network.clone(), &order, above).forward(x.clone()), y.clone());
            permuted.push(change(true));
            half_permuted.push(change(false));
        }
        let layers = layers(network(Activation::Relu)?);
        let one_by_one = layers.iter().fold(x.clone(), |x, layer| layer.forward(x));
        let collapsed = layers.into_iter().reduce(product).map_or(one_by_one.clone(), |layer| layer.forward(x));
        Ok(Identities { collapsed: difference(collapsed, one_by_one), permuted, half_permuted })
    }
}

pub(super) fn conclude(finding: &mut Finding, layers: usize, measurements: &[&Identities]) {
    let values =
        |metric: fn(&Identities) -> f64| -> Vec<f64> { measurements.iter().map(|measured| metric(measured)).collect() };
    let largest = |of: fn(&Identities) -> &Vec<f64>, index: usize| -> Vec<f64> {
        measurements.iter().map(|measured| of(measured)[index]).collect()
    };
    finding
        .claim(Claim::check(
            format!("{layers} affine layers and their product: largest difference, as a part of the largest output"),
            values(|measured| measured.collapsed),
            Bound::EachAtMost(ROUNDING),
        ))
        .claim(Claim::check(
            "Hidden units in another order: largest difference, as a part of the largest output, for any activation",
            values(|measured| measured.permuted.iter().copied().fold(0.0, f64::max)),
            Bound::EachAtMost(ROUNDING),
        ))
        .claim(Claim::measured(
            "The same where the layer above keeps the old order: smallest over the activations",
            values(|measured| measured.half_permuted.iter().copied().fold(f64::INFINITY, f64::min)),
        ));
    let mut table = Table::new(
        "Hidden units in another order: largest difference, as a part of the largest output",
        &["activation", "both layers reordered", "the lower one alone"],
    );
    for (index, activation) in Activation::ALL.into_iter().enumerate() {
        table = table.row([
            activation.name().to_owned(),
            spread(&largest(|measured| &measured.permuted, index)),
            spread(&largest(|measured| &measured.half_permuted, index)),
        ]);
    }
    finding.table(table).note(
        "Units in another order hold the same numbers, but the layer above adds them up in that order: outputs agree to \
         rounding, not to the bit.",
    );
}

/// The linear maps of a network, without what is between them.
fn layers<B: Backend>(network: Mlp<B>) -> Vec<Linear<B>> {
    network.hidden.into_iter().map(|layer| layer.linear).chain([network.output]).collect()
}

/// The affine map that does what `lower` and then `upper` do: weight `W₁W₂`, bias `b₁W₂ + b₂`.
fn product<B: Backend>(lower: Linear<B>, upper: Linear<B>) -> Linear<B> {
    let bias = match (&lower.bias, &upper.bias) {
        (Some(bias), _) => Some(Param::from_tensor(upper.forward(bias.val().unsqueeze::<2>()).squeeze_dim(0))),
        (None, bias) => bias.clone(),
    };
    Linear { weight: Param::from_tensor(lower.weight.val().matmul(upper.weight.val())), bias }
}

/// `network` with the units of its first hidden layer in another order: its columns there, and `above` says whether also
/// the rows of the next layer.
fn permute<B: Backend>(mut network: Mlp<B>, order: &[u32], above: bool) -> Mlp<B> {
    let device = network.output.weight.device();
    let order: Vec<i32> = order.iter().map(|&unit| unit as i32).collect();
    let order = Tensor::<B, 1, Int>::from_data(TensorData::from(&order[..]), &device);
    let reordered = |weight: &Param<Tensor<B, 2>>, dim| Param::from_tensor(weight.val().select(dim, order.clone()));
    let first = &mut network.hidden[0].linear;
    first.weight = reordered(&first.weight, 1);
    first.bias = first.bias.as_ref().map(|bias| Param::from_tensor(bias.val().select(0, order.clone())));
    if above {
        let next = match network.hidden.get_mut(1) {
            Some(layer) => &mut layer.linear,
            None => &mut network.output,
        };
        next.weight = reordered(&next.weight, 0);
    }
    network
}

/// Largest difference between outputs, as a part of the largest output.
fn difference<B: Backend>(one: Tensor<B, 2>, other: Tensor<B, 2>) -> f64 {
    let largest = |tensor: Tensor<B, 2>| f64::from(values(tensor.abs().max())[0]);
    largest(one - other.clone()) / largest(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::test::TestPlatform;

    type TestBackend = Inner<TestPlatform>;

    fn linear(weight: [[f32; 2]; 2], bias: [f32; 2]) -> Linear<TestBackend> {
        let weight = Param::from_tensor(Tensor::from_floats(weight, &Default::default()));
        Linear { weight, bias: Some(Param::from_tensor(Tensor::from_floats(bias, &Default::default()))) }
    }

    #[test]
    fn the_product_of_two_affine_maps_is_their_composition() {
        let both = product(linear([[1.0, 2.0], [3.0, 4.0]], [5.0, 6.0]), linear([[0.0, 1.0], [2.0, 0.0]], [7.0, 8.0]));
        assert_eq!(values(both.weight.val()), [4.0, 1.0, 8.0, 3.0]);
        assert_eq!(values(both.bias.unwrap().val()), [19.0, 13.0]);
    }

    #[test]
    fn units_that_change_places_need_the_layer_above_to_follow() {
        for hidden in [&[2][..], &[2, 3]] {
            let network = config(3, hidden, 2, 7).init::<TestBackend>(&Default::default()).unwrap();
            let x = Tensor::<TestBackend, 2>::from_floats([[1.0, -2.0, 3.0]], &Default::default());
            let outputs = |network: Mlp<TestBackend>| network.forward(x.clone());
            let change =
                |above| difference(outputs(permute(network.clone(), &[1, 0], above)), outputs(network.clone()));
            assert!(change(true) < 1e-6 && change(false) > 1e-3, "{hidden:?}");
        }
    }
}
