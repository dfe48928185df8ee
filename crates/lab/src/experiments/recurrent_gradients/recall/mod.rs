//! Networks trained to remember the first symbol of a sequence.

mod conclusions;
mod measurement;
mod network;
mod settings;
mod task;
mod training;

pub(super) use conclusions::add;
pub(super) use measurement::Recall;
pub use settings::RecallParameters;
