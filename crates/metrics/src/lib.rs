//! Accuracy, calibration and uncertainty of classifiers, and tests of whether one beats another, from plain slices. No
//! tensor library is involved: the numbers may come from Burn, from another framework or from a file.
//!
//! | for | take |
//! | --- | --- |
//! | what a model predicts for a whole split | [`Predictions`] |
//! | which classes are confused | [`ConfusionMatrix`] |
//! | whether confidence is earned, and making it so | [`Calibration`], [`Temperature`] |
//! | how sure a set of sampled predictions is | [`Uncertainty`] |
//! | whether one variant beats another over equal seeds | [`PairedDifference`] |
//! | weights when the data in use differs from the training data | [`LabelShift`], [`density_ratio`] |
#![forbid(unsafe_code)]

mod calibration;
mod confusion;
mod error;
mod importance;
mod paired;
mod predictions;
mod temperature;
mod uncertainty;

pub use calibration::{Calibration, CalibrationBin, top_label};
pub use confusion::ConfusionMatrix;
pub use error::MetricsError;
pub use importance::{
    ImportanceError, LabelShift, ShiftMethod, clip_weights, density_ratio, effective_sample_size, normalize_weights,
};
pub use paired::{PairedDifference, mean_and_deviation};
pub use predictions::Predictions;
pub use temperature::Temperature;
pub use uncertainty::Uncertainty;

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
