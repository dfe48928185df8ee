//! The parts of the library once more, from bare tensors, to be read: own parameters, own activation, own loss, own
//! random masks, own optimizer, and gradients by hand.
//!
//! | file | counterpart | by hand |
//! | --- | --- | --- |
//! | [`mlp`] | [`Mlp`](burn_mlp::Mlp) | ReLU, masks, backpropagation, SGD |
//! | [`cross_entropy`] | [`CrossEntropy`](burn_mlp::CrossEntropy) | log-sum-exp, softmax, the gradient |
//! | [`dropout`] | [`Dropout`](burn_mlp::Dropout) | masks from uniform numbers, inverted and vanilla scaling |
//! | [`weight_decay`] | a linear layer and weight decay | ridge, lasso, their gradient steps |
//! | [`backprop`] | autodiff | every intermediate and every gradient of one hidden layer |
//! | [`derivative`] | autodiff | activation functions in closed form, any function by differences |
//! | [`memory`] | | what training has to keep and prediction does not |
//!
//! Nothing here needs an autodiff backend, and nothing is tuned for speed. Each file is tested against its counterpart, step
//! by step.

pub mod backprop;
pub mod cross_entropy;
pub mod derivative;
pub mod dropout;
pub mod memory;
pub mod mlp;
#[cfg(test)]
mod reference;
pub mod weight_decay;
