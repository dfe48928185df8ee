//! Training for any Burn module that classifies: a training loop with callbacks, optimizers whose weight decay leaves
//! out biases, learning-rate schedules, steps in micro-batches, evaluation, and checkpoints that resume to the bit.
//!
//! | for | use |
//! | --- | --- |
//! | a whole run | [`Trainer`], [`TrainerConfig`] |
//! | your module | [`Classifier`] |
//! | your data | [`Examples`], or [`Rows`] for a table of numbers |
//! | code that runs between steps and epochs | [`Callback`] |
//! | keeping the best epoch, and stopping early | [`EarlyStopping`] |
//! | stopping and resuming | [`Trainer::with_checkpoints`], [`Checkpoint`] |
//! | one step in a loop of your own | [`Learner`], [`Optimizer`], [`Schedule`] |
//! | loss, accuracy and predictions over a split | [`evaluate`](evaluate()), [`predict`] |
//! | where and how a batch is computed | [`Placement`] |
//!
//! All randomness is a function of the seed, the epoch and the step. A run with the same module, examples,
//! configuration, backend and program therefore gives the same bits, whether it was interrupted or not. The module must
//! draw its dropout masks the same way: [`burn_mlp::Dropout`] does, `burn::nn::Dropout` does not.
#![forbid(unsafe_code)]

pub mod checkpoint;
mod evaluate;
mod examples;
mod gradients;
mod learner;
mod log;
mod loss;
mod micro_batches;
mod network;
mod optimizer;
pub mod parameters;
mod placement;
pub mod range;
mod schedule;
mod table;
mod trainer;

pub use checkpoint::Checkpoint;
pub use evaluate::{
    Evaluation, count_correct, evaluate, evaluate_with, monte_carlo, monte_carlo_samples, outputs, predict,
    probabilities, values,
};
pub use examples::Examples;
pub use gradients::Gradients;
pub use learner::{Learner, StepOutput};
pub use log::{EpochMetrics, MetricsLog, parse_metrics};
pub use loss::{Loss, MeanSquaredError, Targets};
pub use network::Network;
pub use optimizer::{Optimizer, OptimizerConfig, OptimizerKind, Parameter, global_norm};
pub use placement::Placement;
pub use schedule::{Schedule, ScheduleConfig, ScheduleKind};
pub use table::{Classes, Numbers, Rows, Table, TableBatch, TableError, Target};
pub use trainer::{Callback, EarlyStopping, StepView, TrainError, Trained, Trainer, TrainerConfig, Watched};

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
