use super::*;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Int;

use burn_autodiff::Autodiff;
use burn_flex::Flex;
use burn_mlp::{CrossEntropy, DropoutLayers as _, Key, Mlp, MlpConfig};

use crate::values;

type Inner = Flex;
type Train = Autodiff<Flex>;
type Device = burn::tensor::Device<Flex>;

const EXAMPLES: usize = 101;
const STEP: u64 = 3;

fn learner(batch_norm: bool) -> Learner<Mlp<Train>, CrossEntropy> {
    let config = MlpConfig::new(40, [30, 30], 5).with_dropout([0.2, 0.5]).with_batch_norm(batch_norm);
    let network = config.init(&Device::default()).unwrap();
    Learner::new(network, Optimizer::default(), CrossEntropy::default(), Placement::HOST)
}

fn batch(range: Range<usize>) -> (Tensor<Train, 2>, Tensor<Train, 1, Int>) {
    let device = Device::default();
    let pixels: Vec<f32> = Key::new(1, *b"pixels\0\0").uniforms().map(|u| u as f32).take(EXAMPLES * 40).collect();
    let images =
        Tensor::from_data(TensorData::new(pixels, [EXAMPLES, 40]), &device).narrow(0, range.start, range.len());
    let targets: Vec<i32> = range.map(|index| (index % 5) as i32).collect();
    (images, Tensor::from_data(&targets[..], &device))
}

/// Loss, logits and gradients, one after the other.
fn numbers(network: &Mlp<Train>, output: StepOutput<Inner>, gradients: &GradientsParams) -> Vec<f32> {
    struct All<'a>(&'a GradientsParams, Vec<f32>);
    impl ModuleVisitor<Train> for All<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Train, D>>) {
            // Running statistics have no gradient.
            self.1.extend(self.0.get::<Inner, D>(param.id).into_iter().flat_map(values));
        }
    }
    let mut all = All(gradients, [values(output.loss), values(output.outputs)].concat());
    network.visit(&mut all);
    all.1
}

/// The largest difference between a step in micro-batches and the same step on the whole batch.
fn difference(learner: &Learner<Mlp<Train>, CrossEntropy>, weights: Option<&[f32]>) -> f32 {
    let (network, device) = (learner.network(), Device::default());
    let (output, gradients) = learner.gradients(STEP, EXAMPLES, batch, weights, &device);
    let in_micro_batches = numbers(network, output, &gradients.sum(network));

    network.seek_dropout(STEP);
    let (images, targets) = batch(0..EXAMPLES);
    let logits = network.forward(images);
    let losses = learner.loss.forward_each(logits.clone(), targets);
    let weights = weights.map_or(vec![1.0; EXAMPLES], <[f32]>::to_vec);
    let loss = (losses * Tensor::from_data(&weights[..], &device)).mean();
    let gradients = GradientsParams::from_grads(loss.backward(), network);
    let whole = numbers(network, StepOutput { loss: loss.inner(), outputs: logits.inner() }, &gradients);
    assert!(in_micro_batches.len() == whole.len() && whole.len() > 40 * 30 + 30 * 30 + 30 * 5);
    in_micro_batches.iter().zip(whole).map(|(part, whole)| (part - whole).abs()).fold(0.0, f32::max)
}

#[test]
fn a_step_in_micro_batches_is_the_step_on_the_whole_batch() {
    let weights: Vec<f32> = (0..EXAMPLES).map(|index| index as f32 / 50.0).collect();
    for weights in [None, Some(&weights[..])] {
        // Rounding in single precision, for logits of up to 3.
        let difference = difference(&learner(false), weights);
        assert!(difference < 2e-6, "{difference}");
    }
}

#[test]
fn batch_normalization_sees_the_whole_batch() {
    let difference = difference(&learner(true), None);
    assert!(difference < 2e-6, "{difference}");
}
