//! Multilayer perceptrons for [Burn](burn), with dropout, initialization and batch normalization that are exact and
//! reproducible.
//!
//! ```
//! use burn::tensor::Tensor;
//! use burn_autodiff::Autodiff;
//! use burn_flex::Flex;
//! use burn_mlp::{CrossEntropy, MlpConfig};
//!
//! type B = Autodiff<Flex>; // any Burn 0.21 backend
//! let device = Default::default();
//! let mlp = MlpConfig::new(784, [256, 256], 10).with_dropout([0.2, 0.5]).init::<B>(&device)?;
//! let logits = mlp.forward(Tensor::<B, 2>::zeros([32, 784], &device));
//! let loss = CrossEntropy::default().forward(logits, Tensor::zeros([32], &device));
//! let gradients = loss.backward();
//! # let _ = gradients;
//! # Ok::<(), burn_mlp::MlpError>(())
//! ```
//!
//! | for | take |
//! | --- | --- |
//! | a network of any depth and width | [`MlpConfig`], [`Mlp`] |
//! | dropout in your own module, also at inference | [`DropoutConfig`], [`Dropout`], [`DropoutMode`] |
//! | all dropout layers of a module at once | [`DropoutLayers`](trait@DropoutLayers), to derive |
//! | Xavier, Kaiming and other initial weights in any module | [`LayerInit`], [`Init`] |
//! | ids for optimizers' records beside weights from files | [`with_path_ids`] |
//! | feature scaling that is saved with the module | [`Standardize`] |
//! | batch normalization in a module of your own | [`batch_norm`] |
//! | activation functions chosen by a configuration | [`Activation`] |
//! | the loss, with label smoothing and class weights | [`CrossEntropy`] |
//! | residual blocks, and a network of them | [`ResidualBlockConfig`], [`ResidualNetworkConfig`] |
//! | a deep network with or without shortcuts | [`DeepMlpConfig`] |
//! | recurrent networks whose gradients through time can be read | [`RnnConfig`], [`LstmConfig`] |
//! | random numbers that resume and repeat | [`Key`] |
//!
//! The crate `mlp-metrics` measures accuracy, calibration and uncertainty from plain slices. The crate `burn-mlp-train`
//! has a training loop whose resumed runs are bit-for-bit identical to uninterrupted ones.
//!
//! # Names that Burn has too
//!
//! [`Dropout`], [`DropoutConfig`], [`Lstm`], [`LstmConfig`] and [`LstmState`] exist in `burn::nn` as well. Import them by
//! name: a named import wins over `use burn::nn::*`. A field `Dropout<B>` cannot become Burn's by mistake, because that
//! has no parameter `B`.
//!
//! Training mode follows Burn's convention: a module on an autodiff backend is in training, and its `valid()` is in
//! evaluation. All random numbers are drawn on the host from named streams ([`Key`]), so one seed produces the same
//! weights and masks on every backend, platform and thread count.
#![no_std]
#![cfg_attr(not(any(feature = "flex", feature = "ndarray")), forbid(unsafe_code))]

extern crate alloc;
// The derive macro names this crate as its users do.
extern crate self as burn_mlp;
#[cfg(test)]
extern crate std;

mod activation;
mod batch_norm;
mod dropout;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod fused;
mod init;
mod layer_init;
#[cfg(feature = "train")]
mod learner;
mod log_softmax;
mod loss;
mod mask;
mod mlp;
mod param_ids;
mod probability;
mod random;
mod recurrent;
#[cfg(test)]
mod reference;
mod residual;
mod standardize;

pub use activation::{Activation, ActivationLayer, UnknownActivation};
pub use batch_norm::batch_norm;
/// Derives [`DropoutLayers`](trait@DropoutLayers) for a module.
pub use burn_mlp_derive::DropoutLayers;
pub use dropout::{Dropout, DropoutConfig, DropoutLayers, DropoutMode, DropoutPosition, ModulePath};
pub use init::{FanMode, Fans, Init};
pub use layer_init::LayerInit;
#[cfg(feature = "train")]
pub use learner::ClassificationBatch;
pub use loss::CrossEntropy;
pub use mlp::{DropoutRates, HiddenLayer, LayerSummary, Mlp, MlpConfig, MlpError, Summary};
pub use param_ids::with_path_ids;
pub use probability::{Probability, ProbabilityError};
pub use random::Key;
pub use recurrent::{Lstm, LstmConfig, LstmState, Recurrence, RecurrentError, Rnn, RnnConfig};
pub use residual::{
    DeepMlp, DeepMlpConfig, ResidualBlockConfig, ResidualBlockV1, ResidualBlockV2, ResidualError, ResidualNetwork,
    ResidualNetworkConfig, ResidualStage,
};

pub use standardize::{Standardize, StandardizeError};

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
