//! How good a classifier is, from plain slices of labels, probabilities and figures. No Burn type is involved.

mod calibration;
mod confusion;
mod error;
mod paired;
mod temperature;

pub use calibration::{Calibration, CalibrationBin, top_label};
pub use confusion::ConfusionMatrix;
pub use error::MetricsError;
pub use paired::{PairedDifference, mean_and_deviation};
pub use temperature::Temperature;
