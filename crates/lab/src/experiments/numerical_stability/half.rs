//! The same gradients in 32 and in 16 bits.

use anyhow::Result;
use burn::module::AutodiffModule as _;
use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};
use burn_mlp_train::values;
use mlp_settings::config::{Config, InitConfig, InitKind, ModelConfig};
use mlp_splits::permutation;
use serde::{Deserialize, Serialize};

use super::precision::to_half;
use super::settings::NumericalStability;
use crate::finding::{Claim, Finding, Table, figure, spread};
use crate::platform::Inner;
use crate::scratch::cross_entropy::cross_entropy_gradient;
use crate::scratch::mlp::ScratchMlp;
use crate::{Lab, Platform};

/// Images in the batch.
const IMAGES: usize = 64;

/// What 16 bits make of the gradient of the first hidden layer, with each kind of weights.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct Halves {
    kinds: Vec<Half>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Half {
    /// Largest element in 32 bits.
    largest: f64,
    /// Share of the elements that are not 0 in 32 bits and are in 16.
    zero: f64,
    /// Share of the elements that are not 0 in 32 bits and are no numbers in 16.
    broken: f64,
    /// Norm of the difference over that in 32 bits; none where something is no number.
    difference: Option<f64>,
}

impl Halves {
    /// Of the networks that start with `seed`, over the first images of its training run.
    pub fn measure<P: Platform>(settings: &NumericalStability, lab: &Lab<P>, seed: u64) -> Result<Self> {
        lab.tell(format!("gradients in 16 bits: seed {seed}"));
        let config = settings.config(seed);
        let train = &lab.data().train;
        let order = permutation(train.len(), seed, 0);
        let first = &order[..IMAGES.min(order.len())];
        let batch = train.batch::<Inner<P>>(first, config.data.normalization(), lab.device());
        let of_kind = |(_, init): (String, InitConfig)| -> Result<Half> {
            let hidden = vec![settings.experiment.width; settings.experiment.depth];
            let model = ModelConfig { hidden, dropout: Vec::new(), init, ..config.model.clone() };
            let mlp = lab.mlp(&Config { model, ..config.clone() })?.valid();
            let weights: Vec<_> = ScratchMlp::from_mlp(&mlp)?.layers.into_iter().map(|layer| layer.weight).collect();
            let gradient = |round: fn(Tensor<Inner<P>, 2>) -> Tensor<Inner<P>, 2>| {
                values(first_gradient(&weights, batch.images.clone(), batch.targets.clone(), round))
            };
            Ok(Half::of(&gradient(|tensor| tensor), &gradient(to_half)))
        };
        Ok(Self { kinds: kinds(settings).into_iter().map(of_kind).collect::<Result<_>>()? })
    }
}

/// Kinds of weights: gradients that vanish, that explode, and that keep their size.
fn kinds(settings: &NumericalStability) -> [(String, InitConfig); 3] {
    let std = settings.model.init.std;
    let normal = |std| InitConfig { kind: InitKind::Normal, std, ..InitConfig::default() };
    let he = InitConfig { kind: InitKind::KaimingNormal, gain: 2.0_f64.sqrt(), ..InitConfig::default() };
    [(format!("N(0, {std}²)"), normal(std)), ("N(0, 1)".into(), normal(1.0)), ("He".into(), he)]
}

/// The gradient of the mean cross-entropy by the first weights of a ReLU network without biases. `round` is applied to
/// weights, inputs, and what each layer gives in either direction, as units that sum in 32 bits and store in 16 do.
fn first_gradient<B: Backend>(
    weights: &[Tensor<B, 2>],
    images: Tensor<B, 2>,
    targets: Tensor<B, 1, Int>,
    round: fn(Tensor<B, 2>) -> Tensor<B, 2>,
) -> Tensor<B, 2> {
    let weights: Vec<Tensor<B, 2>> = weights.iter().cloned().map(round).collect();
    let images = round(images);
    let mut linear: Vec<Tensor<B, 2>> = Vec::with_capacity(weights.len());
    let mut h = images.clone();
    for weight in &weights {
        let z = round(h.matmul(weight.clone()));
        h = z.clone().mask_fill(z.clone().lower_equal_elem(0.0), 0.0);
        linear.push(z);
    }
    let logits = linear.pop().expect("at least one layer");
    let mut delta = round(cross_entropy_gradient(logits, targets));
    // What is no number is not at or below 0, and stays.
    for (weight, z) in weights[1..].iter().zip(linear).rev() {
        delta = round(delta.matmul(weight.clone().transpose())).mask_fill(z.lower_equal_elem(0.0), 0.0);
    }
    round(images.transpose().matmul(delta))
}

impl Half {
    /// Compares a gradient in 32 bits with the same in 16.
    fn of(single: &[f32], half: &[f32]) -> Self {
        let pairs = || single.iter().zip(half).filter(|(single, _)| **single != 0.0);
        let share = |of: &dyn Fn(f32) -> bool| {
            pairs().filter(|(_, half)| of(**half)).count() as f64 / pairs().count().max(1) as f64
        };
        let norm = |values: &mut dyn Iterator<Item = f32>| values.map(|x| f64::from(x).powi(2)).sum::<f64>().sqrt();
        let difference = norm(&mut single.iter().zip(half).map(|(single, half)| half - single));
        let difference = difference / norm(&mut single.iter().copied());
        Self {
            largest: single.iter().fold(0.0_f64, |largest, &x| largest.max(f64::from(x).abs())),
            zero: share(&|half| half == 0.0),
            broken: share(&|half| !half.is_finite()),
            difference: difference.is_finite().then_some(difference),
        }
    }
}

/// Adds what 16 bits make of gradients, with each seed.
pub fn add(measured: &[&Halves], settings: &NumericalStability, finding: &mut Finding) {
    let header =
        ["weights", "largest element in 32 bits", "0 in 16 bits only", "no number in 16 bits", "relative difference"];
    let depth = settings.experiment.depth;
    let title = format!("Gradient of the first of {depth} hidden layers, ReLU, in 32 bits and in 16");
    let mut table = Table::new(title, &header);
    let names = kinds(settings).map(|(name, _)| name);
    let of = |kind: usize, metric: fn(&Half) -> f64| -> Vec<f64> {
        measured.iter().map(|halves| metric(&halves.kinds[kind])).collect()
    };
    for (kind, name) in names.iter().enumerate() {
        let differences: Option<Vec<f64>> = measured.iter().map(|halves| halves.kinds[kind].difference).collect();
        let largest = spread(&of(kind, |half| half.largest));
        let shares = [of(kind, |half| half.zero), of(kind, |half| half.broken)].map(|shares| spread(&shares));
        let difference = differences.map_or_else(|| "no number".to_owned(), |differences| spread(&differences));
        table = table.row([name.clone(), largest].into_iter().chain(shares).chain([difference]));
    }
    let [small, large, he] = names;
    let elements = "of the elements of the first layer's gradient that are not 0 in 32 bits, the share";
    finding
        .claim(Claim::measured(format!("{small} weights: {elements} that is 0 in 16"), of(0, |half| half.zero)))
        .claim(Claim::measured(
            format!("{large} weights: {elements} that is no number in 16"),
            of(1, |half| half.broken),
        ))
        .claim(Claim::measured(
            format!("Control: {he} weights: {elements} that is 0 or no number in 16"),
            of(2, |half| half.zero + half.broken),
        ))
        .table(table);
    finding.note(format!(
        "Gradients in 16 bits are computed in 32 and rounded to 16 after each layer, in either direction, as are weights \
         and inputs: matrix units store 16 bits but sum in 32. Sums in 16 bits would lose more. With He weights no element is \
         lost, but some units near 0 are on the other side of it in 16 bits, which is most of the difference. The largest 16-bit float \
         is 65,504, and what is below {} is 0.",
        figure(2.0_f64.powi(-25))
    ));
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, TensorData};
    use burn_flex::Flex;
    use burn_mlp::{Key, MlpConfig};

    use super::*;

    fn normals(minor: u64, shape: [usize; 2]) -> Tensor<Flex, 2> {
        let numbers = Key::new(1, *b"half fl\0").at(0, minor).normals().map(|normal| normal as f32);
        Tensor::from_data(TensorData::new(numbers.take(shape[0] * shape[1]).collect(), shape), &Default::default())
    }

    #[test]
    fn without_rounding_it_is_the_gradient_of_the_network() {
        let mlp = MlpConfig::new(6, [5, 4], 3).init::<Flex>(&Default::default()).unwrap();
        let scratch = ScratchMlp::from_mlp(&mlp).unwrap();
        let (x, targets) = (normals(0, [8, 6]), Tensor::from_ints([0, 1, 2, 0, 1, 2, 0, 1], &Default::default()));
        let forward = scratch.forward(x.clone(), &[]);
        let expected = values(scratch.backward(&forward, targets.clone(), &[])[0].weight.clone());
        let weights: Vec<_> = scratch.layers.into_iter().map(|layer| layer.weight).collect();
        let found = values(first_gradient(&weights, x, targets, |tensor| tensor));
        assert!(found.iter().zip(&expected).all(|(one, other)| (one - other).abs() < 1e-6), "{found:?} {expected:?}");
    }

    /// A product of rounded matrices, rounded, is within a unit in the last place what 16-bit tensors give.
    #[test]
    fn rounding_is_what_tensors_of_16_bits_do() {
        let (x, weight) = (to_half(normals(1, [4, 16])), to_half(normals(2, [16, 8])));
        let rounded = values(to_half(x.clone().matmul(weight.clone())));
        let native = values(x.cast(DType::F16).matmul(weight.cast(DType::F16)));
        let near = |(one, other): (&f32, &f32)| (one - other).abs() <= 2.0_f32.powi(-10) * one.abs().max(1.0);
        assert!(rounded.iter().zip(&native).all(near), "{rounded:?} {native:?}");
    }

    #[test]
    fn elements_that_are_lost_are_counted_among_those_there_were() {
        let half = Half::of(&[0.0, 1e-9, -2.0, 4.0, 8.0], &[0.0, 0.0, -2.0, f32::INFINITY, f32::NAN]);
        assert_eq!(half, Half { largest: 8.0, zero: 0.25, broken: 0.5, difference: None });
        let half = Half::of(&[3.0, 4.0], &[3.0, 3.0]);
        assert_eq!(half.difference, Some(0.2));
    }
}
