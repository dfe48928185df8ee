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
//! | how sure a set of sampled predictions is | [`Uncertainty`] |
//! | random numbers that resume and repeat | [`Key`] |
//!
//! Training is what Burn means by it: a module on an autodiff backend trains, its `valid()` predicts. Everything
//! random is drawn on the host from named streams ([`Key`]), so that one seed gives the same weights and masks on
//! every backend, platform and thread count.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod activation;
mod batch_norm;
mod dropout;
mod init;
mod loss;
mod mask;
mod mlp;
mod probability;
mod random;
mod uncertainty;

pub use activation::{Activation, ActivationLayer};
pub use dropout::{Dropout, DropoutConfig, DropoutMode};
pub use init::{FanMode, Fans, Init, LayerInit};
pub use loss::CrossEntropy;
pub use mlp::{HiddenLayer, LayerSummary, Mlp, MlpConfig, MlpError};
pub use probability::{Probability, ProbabilityError};
pub use random::Key;
pub use uncertainty::Uncertainty;

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
