//! Cross-entropy of logits, with its gradient `p - y`, where `p` is the softmax and `y` the one-hot target.

use alloc::vec::Vec;

use burn::tensor::ops::FloatTensor;
use burn::tensor::{Tensor, TensorPrimitive};
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::checkpoint::strategy::NoCheckpointing;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};
use burn_flex::{Flex, FlexTensor};

use super::layer::{dims, tensor, values};
use crate::log_softmax::log_probabilities;

/// The loss of each example.
pub(super) fn tracked(logits: FloatTensor<Autodiff<Flex>>, targets: Vec<usize>) -> FloatTensor<Autodiff<Flex>> {
    let [examples, classes] = dims(&logits.primitive);
    let log_probabilities = log_probabilities(wrap(logits.primitive)).into_primitive().tensor();
    let of_target = |(row, &target): (&[f32], &usize)| -row[target];
    let losses: Vec<f32> = values(&log_probabilities).chunks_exact(classes).zip(&targets).map(of_target).collect();
    let losses = tensor(losses, [examples]);
    match CrossEntropy.prepare::<NoCheckpointing>([logits.node.clone()]).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(State { log_probabilities, targets }, losses),
        OpsKind::UnTracked(prepared) => prepared.finish(losses),
    }
}

#[derive(Debug)]
struct CrossEntropy;

/// What the backward pass needs from the forward pass.
#[derive(Clone, Debug)]
struct State {
    log_probabilities: FlexTensor,
    targets: Vec<usize>,
}

impl Backward<Flex, 1> for CrossEntropy {
    type State = State;

    fn backward(self, ops: Ops<State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let State { log_probabilities, targets } = ops.state;
        let of_losses = gradients.consume::<Flex>(&ops.node);
        let [Some(logits)] = ops.parents else { return };
        let shape = dims(&log_probabilities);
        let probabilities = wrap(log_probabilities).exp().into_data();
        let mut gradient = probabilities.into_vec::<f32>().expect("single precision");
        for ((row, &target), &of_loss) in gradient.chunks_exact_mut(shape[1]).zip(&targets).zip(&*values(&of_losses)) {
            row.iter_mut().for_each(|probability| *probability *= of_loss);
            row[target] -= of_loss;
        }
        gradients.register::<Flex>(logits.id, tensor(gradient, shape));
    }
}

fn wrap(primitive: FlexTensor) -> Tensor<Flex, 2> {
    Tensor::from_primitive(TensorPrimitive::Float(primitive))
}
