//! Trains and examines multilayer perceptrons on Fashion-MNIST.
//!
//! Data flows one way: `dataset` → [`batches`] → [`train`] (with [`schedule`] and [`optimizer`]) → [`evaluate`] →
//! [`record`]. [`settings`] layers files, environment and flags into a [`config`]; [`commands`] has one module for
//! each command of the [`cli`]; [`backend`] alone names a concrete backend.
#![recursion_limit = "256"]

pub mod backend;
pub mod batches;
pub mod checkpoint;
pub mod cli;
pub mod commands;
pub mod config;
pub mod dataset;
pub mod evaluate;
pub mod fused;
pub mod image_input;
pub mod interrupt;
pub mod optimizer;
pub mod parameters;
pub mod progress;
pub mod record;
pub mod run;
pub mod schedule;
pub mod settings;
pub mod train;
pub mod weights;
