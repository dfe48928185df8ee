//! Training for any Burn module: a training loop with callbacks, losses for classes and numbers, optimizers whose weight
//! decay leaves out biases, learning-rate schedules, steps in micro-batches, evaluation, and checkpoints that resume to
//! the bit.
//!
//! | for | use |
//! | --- | --- |
//! | a whole run | [`Trainer`], [`TrainerConfig`] |
//! | your module | [`Network`] |
//! | your data | [`Examples`]; [`Rows`] for a matrix, [`Table`] for numbers and categories |
//! | what is minimized | [`Loss`]: [`CrossEntropy`](burn_mlp::CrossEntropy), [`MeanSquaredError`], a closure |
//! | code that runs between steps and epochs | [`Callback`] |
//! | keeping the best epoch, and stopping early | [`EarlyStopping`] |
//! | stopping and resuming | [`Trainer::fit_or_resume`], [`Checkpoint`] |
//! | one step in a loop of your own | [`Learner`], [`Optimizer`], [`Schedule`] |
//! | loss, accuracy and predictions over a split | [`evaluate`](evaluate()), [`predict`], [`outputs`] |
//! | how sure a network is | [`monte_carlo`] |
//! | where and how a batch is computed | [`Placement`] |
//!
//! All randomness is a function of the seed, the epoch and the step. A run with the same module, examples,
//! configuration, backend and program therefore gives the same bits, whether it was interrupted or not. The dropout
//! layers of a module are moved to each step through [`DropoutLayers`](burn_mlp::DropoutLayers).
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

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Compiles the examples of the page for those who have a module of their own.
#[cfg(doctest)]
#[doc = include_str!("../OWN_MODULE.md")]
struct OwnModule;
