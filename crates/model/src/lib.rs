//! Multilayer perceptrons for [Burn](burn), with dropout, initialization and batch normalization that behave.
//!
//! ```
//! use burn::tensor::Tensor;
//! use burn_autodiff::Autodiff;
//! use burn_flex::Flex;
//! use burn_mlp::{CrossEntropy, MlpConfig, Probability};
//!
//! type B = Autodiff<Flex>; // any Burn 0.21 backend
//! let device = Default::default();
//! let mlp = MlpConfig::new(784, [256, 256], 10)
//!     .with_dropout([Probability::new(0.2)?, Probability::new(0.5)?])
//!     .init::<B>(&device)?;
//! let logits = mlp.forward(Tensor::zeros([32, 784], &device));
//! let loss = CrossEntropy::default().forward(logits, Tensor::zeros([32], &device));
//! let gradients = loss.backward();
//! # let _ = gradients;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | for | take |
//! | --- | --- |
//! | a network of any depth and width | [`MlpConfig`], [`Mlp`] |
//! | dropout in your own module, also at inference | [`DropoutConfig`], [`Dropout`], [`DropoutMode`] |
//! | Xavier, Kaiming and other initial weights in any module | [`LayerInit`], [`Init`] |
//! | activation functions chosen by a configuration | [`Activation`] |
//! | the loss, with label smoothing | [`CrossEntropy`] |
//! | residual blocks, and a network of them | [`ResidualBlockConfig`], [`ResidualNetworkConfig`] |
//! | a deep network with or without shortcuts | [`DeepMlpConfig`] |
//! | recurrent networks whose gradients through time can be read | [`RnnConfig`], [`LstmConfig`] |
//! | the same from bare tensors, to read | [`scratch`] |
//! | how sure a set of sampled predictions is | [`Uncertainty`] |
//! | which classes are confused | [`ConfusionMatrix`] |
//! | whether confidence is earned, and making it so | [`Calibration`], [`Temperature`] |
//! | whether one variant beats another over equal seeds | [`PairedDifference`] |
//! | weights when the data in use differs from the training data | [`LabelShift`], [`density_ratio`] |
//! | random numbers that resume and repeat | [`Key`] |
//!
//! Training is what Burn means by it: a module on an autodiff backend trains, its `valid()` predicts. Everything
//! random is drawn on the host from named streams ([`Key`]), so that one seed gives the same weights and masks on
//! every backend, platform and thread count.
#![no_std]
#![cfg_attr(not(feature = "flex"), forbid(unsafe_code))]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod activation;
mod batch_norm;
mod dropout;
#[cfg(feature = "flex")]
mod fused;
mod importance;
mod init;
mod layer_init;
#[cfg(feature = "train")]
mod learner;
mod loss;
mod mask;
mod metrics;
mod mlp;
mod probability;
mod random;
mod recurrent;
#[cfg(test)]
mod reference;
mod residual;
pub mod scratch;
mod uncertainty;

pub use activation::{Activation, ActivationLayer};
pub use dropout::{Dropout, DropoutConfig, DropoutMode};
pub use importance::{
    ImportanceError, LabelShift, ShiftMethod, clip_weights, density_ratio, effective_sample_size, normalize_weights,
};
pub use init::{FanMode, Fans, Init};
pub use layer_init::LayerInit;
#[cfg(feature = "train")]
pub use learner::ClassificationBatch;
pub use loss::CrossEntropy;
pub use metrics::{
    Calibration, CalibrationBin, ConfusionMatrix, MetricsError, PairedDifference, Temperature, mean_and_deviation,
    top_label,
};
pub use mlp::{HiddenLayer, LayerSummary, Mlp, MlpConfig, MlpError};
pub use probability::{Probability, ProbabilityError};
pub use random::Key;
pub use recurrent::{Lstm, LstmConfig, LstmState, Recurrence, RecurrentError, Rnn, RnnConfig};
pub use residual::{
    DeepMlp, DeepMlpConfig, ResidualBlockConfig, ResidualBlockV1, ResidualBlockV2, ResidualError, ResidualNetwork,
    ResidualNetworkConfig, ResidualStage,
};
pub use uncertainty::Uncertainty;

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
