//! What the experiment measures.

use serde::{Deserialize, Serialize};

use crate::tuning::Tuned;

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    /// Without shortcuts.
    pub(super) plain_shallow: Tuned,
    pub(super) plain_deep: Tuned,
    pub(super) shortcuts_shallow: Tuned,
    pub(super) shortcuts_deep: Tuned,
    /// The shallow network without shortcuts, from other weights and in other batches.
    pub(super) repeated: Tuned,
}
