//! Cross-entropy of logits, with its gradient `p - y`, where `p` is the softmax and `y` the one-hot target.

use alloc::vec::Vec;
use core::marker::PhantomData;

use burn::tensor::ops::FloatTensor;
use burn::tensor::{Tensor, TensorPrimitive};
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::checkpoint::strategy::NoCheckpointing;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};

use super::storage::Storage;
use crate::log_softmax::log_probabilities;

/// The loss of each example.
pub(super) fn tracked<S: Storage>(logits: FloatTensor<Autodiff<S>>, targets: Vec<usize>) -> FloatTensor<Autodiff<S>> {
    let [examples, classes] = S::dims(&logits.primitive);
    let log_probabilities = log_probabilities(wrap::<S>(logits.primitive)).into_primitive().tensor();
    let of_target = |(row, &target): (&[f32], &usize)| -row[target];
    let losses = S::values(&log_probabilities).chunks_exact(classes).zip(&targets).map(of_target).collect();
    let losses = S::tensor(losses, [examples]);
    match CrossEntropy::<S>(PhantomData).prepare::<NoCheckpointing>([logits.node.clone()]).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(State { log_probabilities, targets }, losses),
        OpsKind::UnTracked(prepared) => prepared.finish(losses),
    }
}

#[derive(Debug)]
struct CrossEntropy<S>(PhantomData<S>);

/// What the backward pass needs from the forward pass.
#[derive(Clone, Debug)]
struct State<T> {
    log_probabilities: T,
    targets: Vec<usize>,
}

impl<S: Storage> Backward<S, 1> for CrossEntropy<S> {
    type State = State<FloatTensor<S>>;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let State { log_probabilities, targets } = ops.state;
        let of_losses = gradients.consume::<S>(&ops.node);
        let [Some(logits)] = ops.parents else { return };
        let shape = S::dims(&log_probabilities);
        let probabilities = wrap::<S>(log_probabilities).exp().into_primitive().tensor();
        let mut gradient = S::into_values(probabilities);
        for ((row, &target), &of_loss) in gradient.chunks_exact_mut(shape[1]).zip(&targets).zip(&*S::values(&of_losses))
        {
            row.iter_mut().for_each(|probability| *probability *= of_loss);
            row[target] -= of_loss;
        }
        gradients.register::<S>(logits.id, S::tensor(gradient, shape));
    }
}

fn wrap<S: Storage>(primitive: FloatTensor<S>) -> Tensor<S, 2> {
    Tensor::from_primitive(TensorPrimitive::Float(primitive))
}
