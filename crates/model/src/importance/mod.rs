//! Weights that let examples of one distribution stand for another, from plain slices. No Burn type is involved.

mod density;
mod error;
mod label_shift;
mod maximization;
mod singular;

pub use density::{clip_weights, density_ratio, effective_sample_size, normalize_weights};
pub use error::ImportanceError;
pub use label_shift::{LabelShift, ShiftMethod};
