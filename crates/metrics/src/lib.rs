//! Accuracy, calibration and uncertainty of classifiers, errors of regressions, and tests of whether one model beats
//! another, from plain slices. No tensor library is involved: the numbers may come from Burn, from another framework or
//! from a file.
//!
//! | for | take |
//! | --- | --- |
//! | what a model predicts for a whole split | [`Predictions`] |
//! | which classes are confused; precision, recall and F1 | [`ConfusionMatrix`] |
//! | how well scores rank | [`auroc`], [`auroc_one_vs_rest`] |
//! | how good probabilities are | [`brier_score`], [`negative_log_likelihood`] |
//! | whether confidence is earned, and making it so | [`Calibration`], [`Temperature`] |
//! | how sure a set of sampled predictions is | [`Uncertainty`] |
//! | how far predicted numbers are from targets | [`root_mean_squared_error`], [`mean_absolute_error`], [`r_squared`] |
//! | whether one variant beats another over equal seeds | [`PairedDifference`] |
//! | what repetitions can show, and p-values of many tests | [`mean_interval`], [`smallest_detectable`], [`sample_size`], [`holm`] |
//! | weights when the data in use differs from the training data | [`LabelShift`], [`density_ratio`] |
//!
//! [`Labels`] are integers of any type and [`Values`] are `f32` or `f64`, in slices, arrays or vectors; with the feature
//! `burn`, tensors too. A number that is not finite or outside its range is an error that tells its index. Only
//! [`Predictions`] and [`top_label`] show what a model puts out as it is, NaN included.
//!
//! Results serialize with serde. Those with public fields can be read back.
#![forbid(unsafe_code)]

mod calibration;
mod checks;
mod confusion;
mod error;
mod importance;
mod inputs;
mod interval;
mod paired;
mod predictions;
mod proper_scores;
mod ranking;
mod regression;
mod temperature;
#[cfg(feature = "burn")]
mod tensors;
mod uncertainty;

pub use calibration::{Calibration, CalibrationBin, top_label};
pub use confusion::ConfusionMatrix;
pub use error::MetricsError;
pub use importance::{
    ImportanceError, LabelShift, ShiftMethod, clip_weights, density_ratio, effective_sample_size, normalize_weights,
};
pub use inputs::{Labels, Values};
pub use interval::{holm, mean_interval, sample_size, smallest_detectable};
pub use paired::{PairedDifference, mean_and_deviation};
pub use predictions::Predictions;
pub use proper_scores::{brier_score, negative_log_likelihood};
pub use ranking::{auroc, auroc_one_vs_rest};
pub use regression::{mean_absolute_error, r_squared, root_mean_squared_error};
pub use temperature::Temperature;
pub use uncertainty::Uncertainty;

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
