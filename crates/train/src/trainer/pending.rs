//! State of a run that a checkpoint does not hold.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use burn::tensor::backend::Backend;

use crate::learner::StepOutput;

/// A step whose loss and outputs have not been read from the device yet.
pub(super) struct Unread<B: Backend> {
    pub(super) output: StepOutput<B>,
    pub(super) examples: usize,
    /// Their classes, if their targets are classes.
    pub(super) classes: Option<Vec<usize>>,
    pub(super) learning_rate: f64,
}

/// Where checkpoints are written, and the program version and settings they record.
pub(super) struct Checkpoints {
    pub(super) folder: PathBuf,
    pub(super) every_steps: usize,
    /// Least time between two checkpoints, but for one that is asked for by stopping.
    pub(super) interval: Duration,
    /// When the latest one was written, or the run began.
    pub(super) since: Instant,
    pub(super) program: String,
    pub(super) settings: BTreeMap<String, String>,
    /// Whether the run resumes from the latest checkpoint by itself when it begins.
    pub(super) automatic: bool,
}
