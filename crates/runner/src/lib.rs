//! Trains and examines multilayer perceptrons on Fashion-MNIST.
//!
//! Data flows one way: `dataset` → [`batches`] → [`train`] → [`evaluate`] → [`record`] → [`report`] (a [`page`] of
//! [`plot`]s). In a step of training a [`learner`] gets [`gradients`] from the [`shards`] of a batch, and moves the
//! weights by [`optimizer`] and [`schedule`]. [`settings`] layers files, environment and flags into a [`config`];
//! [`commands`] has one module for each command of the [`cli`]; [`backend`] alone names a concrete backend.
//! [`experiments`] ask questions in a [`lab`] and answer with a [`finding`]. Models leave and arrive through
//! [`weights`], [`state_dict`] and [`mod@onnx`].
#![recursion_limit = "256"]
#![forbid(unsafe_code)]

pub mod ablation;
pub mod backend;
pub mod batches;
pub mod checkpoint;
pub mod claims;
pub mod cli;
pub mod commands;
pub mod config;
pub mod curves;
pub mod dataset;
pub mod evaluate;
pub mod experiments;
pub mod files;
pub mod finding;
pub mod fit;
pub mod fused;
pub mod gradients;
pub mod image_input;
pub mod index;
pub mod interrupt;
pub mod lab;
pub mod learner;
pub mod network;
pub mod onnx;
pub mod optimizer;
pub mod page;
pub mod parameters;
pub mod plot;
pub mod progress;
pub mod recipe;
pub mod record;
pub mod report;
pub mod resume;
pub mod run;
pub mod run_directory;
pub mod schedule;
pub mod settings;
pub mod shards;
pub mod state_dict;
pub mod tensor_file;
pub mod train;
pub mod weights;
