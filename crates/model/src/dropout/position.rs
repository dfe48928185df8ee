//! How far a dropout layer has come in its masks.

use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};

use burn::record::{PrecisionSettings, Record};
use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

/// How far a [`Dropout`](crate::Dropout) layer has come in its masks: the next call uses the mask of this step and call,
/// starting at this row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropoutPosition {
    /// The training step that was set last, 0 at first.
    pub step: u64,
    /// Number of masks drawn since then.
    pub call: u64,
    /// First row of the mask that is used, counted along the first dimension of the input.
    pub row: u64,
}

impl fmt::Display for DropoutPosition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "step {}, call {}, row {}", self.step, self.call, self.row)
    }
}

/// A position is its own record.
impl<B: Backend> Record<B> for DropoutPosition {
    type Item<S: PrecisionSettings> = Self;

    fn into_item<S: PrecisionSettings>(self) -> Self {
        self
    }

    fn from_item<S: PrecisionSettings>(item: Self, _device: &B::Device) -> Self {
        item
    }
}

/// A position that a forward pass advances through a shared reference.
#[derive(Debug, Default)]
pub(super) struct Counters {
    step: AtomicU64,
    call: AtomicU64,
    row: AtomicU64,
}

impl Counters {
    pub(super) fn get(&self) -> DropoutPosition {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        DropoutPosition { step: load(&self.step), call: load(&self.call), row: load(&self.row) }
    }

    pub(super) fn set(&self, position: DropoutPosition) {
        let DropoutPosition { step, call, row } = position;
        for (counter, value) in [(&self.step, step), (&self.call, call), (&self.row, row)] {
            counter.store(value, Ordering::Relaxed);
        }
    }

    /// The position of a call, which is thereby counted.
    pub(super) fn take(&self) -> DropoutPosition {
        let call = self.call.fetch_add(1, Ordering::Relaxed);
        DropoutPosition { call, ..self.get() }
    }
}

impl Clone for Counters {
    fn clone(&self) -> Self {
        let counters = Self::default();
        counters.set(self.get());
        counters
    }
}
