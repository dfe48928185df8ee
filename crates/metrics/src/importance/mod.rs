//! Importance weights: they let a sample of one distribution represent another.

mod density;
mod error;
mod label_shift;
mod maximization;
mod singular;

pub use density::{clip_weights, density_ratio, effective_sample_size, normalize_weights};
pub use error::ImportanceError;
pub use label_shift::{LabelShift, ShiftMethod};
