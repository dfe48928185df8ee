//! Configuration of a dropout layer.

use core::sync::atomic::{AtomicU64, Ordering};

use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

use super::Dropout;
use crate::{Key, Probability};

/// When a [`Dropout`] layer is active.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DropoutMode {
    /// On autodiff backends only, like `burn::nn::Dropout`: a model is in training exactly when its backend is
    /// `Autodiff`, and `valid()` switches to evaluation.
    #[default]
    Training,
    /// On every backend. Predictions become random samples (Monte-Carlo dropout), whose spread estimates the model's
    /// uncertainty.
    MonteCarlo,
    /// Never, not even on autodiff backends.
    Off,
}

/// Configuration of [`Dropout`].
///
/// # Examples
///
/// ```
/// use burn_flex::Flex;
/// use burn_mlp::{DropoutConfig, Probability};
///
/// let dropout = DropoutConfig::new(Probability::of(0.5)).with_seed(7).init::<Flex>();
/// assert_eq!(dropout.prob().get(), 0.5);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DropoutConfig {
    /// Probability of zeroing an element.
    pub prob: Probability,
    /// Seed of the masks. With `None`, layers are numbered in order of construction within the process, so that no two
    /// share their masks.
    #[serde(default)]
    pub seed: Option<u64>,
    /// Number of the layer among those with the same seed.
    #[serde(default)]
    pub stream: u32,
    /// When the layer is active.
    #[serde(default)]
    pub mode: DropoutMode,
}

impl DropoutConfig {
    /// Dropout with probability `prob`, active in training only.
    pub const fn new(prob: Probability) -> Self {
        Self { prob, seed: None, stream: 0, mode: DropoutMode::Training }
    }

    /// Sets the seed of the masks. Layers with the same seed and the same [stream](Self::with_stream) draw the same
    /// masks. The layers inside [`Mlp`](crate::Mlp) have streams of their own under every seed.
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets the number of the layer among those with the same seed: give each a number of its own, or let
    /// [`seed_dropout`](crate::DropoutLayers::seed_dropout) name all layers of a module by their paths.
    pub const fn with_stream(mut self, stream: u32) -> Self {
        self.stream = stream;
        self
    }

    /// Sets when the layer is active.
    pub const fn with_mode(mut self, mode: DropoutMode) -> Self {
        self.mode = mode;
        self
    }

    /// Creates the layer, before its first call.
    pub fn init<B: Backend>(&self) -> Dropout<B> {
        static LAYERS: AtomicU64 = AtomicU64::new(0);
        let key = match self.seed {
            Some(seed) => Key::new(seed, *b"layer\0\0\0"),
            None => Key::new(LAYERS.fetch_add(1, Ordering::Relaxed), *b"dropout?"),
        };
        Dropout::with_key(self.prob, key.at(u64::from(self.stream) << 32, 0)).with_mode(self.mode)
    }
}
