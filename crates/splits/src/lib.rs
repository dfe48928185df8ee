//! Orders, splits, folds and subsets of examples, drawn reproducibly, for any labels. No tensor library is involved:
//! examples are indices, and what they stand for is up to you.
//!
//! | for | take |
//! | --- | --- |
//! | the order of the examples in an epoch | [`permutation`] |
//! | a part held out, in proportion to the classes | [`stratified_split`] |
//! | the same without classes, as in regression | [`split`] |
//! | cross-validation, in proportion to the classes | [`stratified_k_fold`] |
//! | the same without classes | [`k_fold`] |
//! | fewer examples, in proportion to the classes | [`stratified_subset`] |
//! | the examples of each class | [`by_class`] |
//! | random numbers of your own | [`random`] |
//!
//! ```
//! use mlp_splits::{permutation, stratified_split};
//!
//! // Labels are integers of any type, and need not be consecutive.
//! let labels = [10, 10, 10, 10, 0, 700_000, 700_000, 0];
//! let (train, test) = stratified_split(&labels, 0.5, /* seed */ 42)?;
//! assert_eq!((train.len(), test.len()), (4, 4));
//!
//! for epoch in 0..3 {
//!     for batch in permutation(train.len(), 42, epoch).chunks(2) {
//!         // Positions in `train`, which holds positions in `labels`.
//!         let labels: Vec<i32> = batch.iter().map(|&at| labels[train[at as usize] as usize]).collect();
//!         assert_eq!(labels.len(), 2);
//!     }
//! }
//! # Ok::<(), mlp_splits::SplitError>(())
//! ```
//!
//! All is drawn from ChaCha with 8 rounds, keyed by the seed and by what is drawn. The same arguments therefore give the
//! same result on every platform and for every number of threads; streams for different uses are independent, even under
//! one seed.
#![forbid(unsafe_code)]

mod classes;
mod error;
mod k_fold;
mod order;
pub mod random;
mod split;

pub use classes::{Label, by_class};
pub use error::SplitError;
pub use k_fold::{Fold, k_fold, stratified_k_fold};
pub use order::permutation;
pub use split::{split, stratified_split, stratified_subset};

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
