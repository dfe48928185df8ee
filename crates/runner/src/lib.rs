//! Trains multilayer perceptrons on Fashion-MNIST, and runs the laboratory's experiments.
//!
//! The command line is in [`cli`] and [`commands`], the records and report of a training run in [`record`] and
//! [`report`], resuming in [`resume`], and export and import of models in [`formats`]. Only [`backend`] names a
//! concrete backend.
#![recursion_limit = "256"]
#![forbid(unsafe_code)]

pub mod backend;
pub mod cli;
pub mod commands;
mod comparison;
mod dataset;
pub mod formats;
pub mod interrupt;
mod output;
mod progress;
pub mod record;
pub mod report;
pub mod resume;
pub mod run;
mod run_directory;
pub mod sweep;
pub mod threads;
