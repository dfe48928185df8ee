//! The laboratory: the experiments of the multilayer-perceptron chapter, measured seed by seed and concluded over seeds.
//!
//! An [`Experiment`] measures with one seed at a time; a measurement is a function of settings, seed, data and
//! backend, and is stored under a [key](jobs::Job) of all these. What is found follows from stored measurements alone.
//!
//! | for | look at |
//! | --- | --- |
//! | what an experiment is, and the list of all | [`Experiment`], [`registry`] |
//! | data, device and [backends](platform) | [`Lab`], [`Platform`] |
//! | what is to be measured, and what has been | [`jobs`], [`store`] |
//! | claims with their bounds, tables and pictures | [`finding`], [`thresholds`] |
//! | the record of many findings, and its page | [`record`], [`index`], [`page`] |
//! | the chapter's networks from bare tensors | [`scratch`] |
#![recursion_limit = "256"]
#![forbid(unsafe_code)]

mod base64_bytes;
mod curves;
mod experiment;
mod experiments;
pub mod finding;
pub mod images;
pub mod index;
pub mod jobs;
mod lab;
mod least_squares;
pub mod page;
pub mod platform;
mod recipe;
pub mod record;
pub mod scratch;
pub mod store;
#[cfg(test)]
mod texts;
pub mod thresholds;
mod training;
mod tuning;
mod variants;

pub use experiment::{Entry, Experiment, Seeded};
pub use experiments::{find, registry};
pub use lab::{Lab, Stopped};
pub use platform::Platform;
