//! Dropout.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};

use burn::tensor::{Bool, Tensor, TensorData, backend::Backend};
use serde::{Deserialize, Serialize};

use crate::mask::scaled_mask;
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
/// use burn_mlp::{DropoutConfig, Probability};
///
/// let dropout = DropoutConfig::new(Probability::new(0.5)?).with_seed(7).init();
/// assert_eq!(dropout.prob().get(), 0.5);
/// # Ok::<(), burn_mlp::ProbabilityError>(())
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
    /// When the layer is active.
    #[serde(default)]
    pub mode: DropoutMode,
}

impl DropoutConfig {
    /// Dropout with probability `prob`, active in training only.
    pub const fn new(prob: Probability) -> Self {
        Self { prob, seed: None, mode: DropoutMode::Training }
    }

    /// Sets the seed of the masks. Layers with the same seed draw the same mask at the same call number.
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets when the layer is active.
    pub const fn with_mode(mut self, mode: DropoutMode) -> Self {
        self.mode = mode;
        self
    }

    /// Creates the layer, positioned at mask 0.
    pub fn init(&self) -> Dropout {
        static LAYERS: AtomicU64 = AtomicU64::new(0);
        let key = match self.seed {
            Some(seed) => Key::new(seed, *b"dropout\0"),
            None => Key::new(LAYERS.fetch_add(1, Ordering::Relaxed), *b"dropout?"),
        };
        Dropout::with_key(self.prob, key).with_mode(self.mode)
    }
}

/// Dropout (Srivastava et al. 2014): zeroes each element with probability `p` and scales the others by `1/(1-p)`.
///
/// `h' = 0` with probability `p`, else `h/(1-p)`. Since `E[h'] = h`, inference needs no correction.
///
/// Every call draws a new mask on the host. The mask is determined by the layer's seed and the number of masks drawn
/// before, so the same seed produces the same masks on every backend and platform. A clone continues with the same
/// masks as the original. [`seek`](Self::seek) jumps to any mask, so that a resumed run repeats an uninterrupted one.
///
/// The layer holds no tensor: place it in a module as a field marked `#[module(skip)]`. It is not saved in a module's
/// record.
///
/// Unlike `burn::nn::Dropout`, it is exact at `p = 1` (zeros, not NaN), can be left on at inference
/// ([`DropoutMode::MonteCarlo`]), ignores the backend's process-wide generator, and costs one multiplication per
/// element in each direction.
///
/// # Examples
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_flex::Flex;
/// use burn_mlp::{DropoutConfig, DropoutMode, Probability};
///
/// let dropout = DropoutConfig::new(Probability::new(0.5)?).with_seed(1).init();
/// let x = Tensor::<Flex, 1>::from_floats([1.0, 2.0, 3.0, 4.0], &Default::default());
///
/// // Without autodiff a layer in `Training` mode is the identity.
/// assert_eq!(dropout.forward(x.clone()).to_data(), x.to_data());
///
/// // In Monte-Carlo mode it is active on any backend: each element is either zeroed or doubled.
/// let sample = dropout.with_mode(DropoutMode::MonteCarlo).forward(x);
/// assert!(sample.to_data().to_vec::<f32>().unwrap().iter().all(|v| [0.0, 2.0, 4.0, 6.0, 8.0].contains(v)));
/// # Ok::<(), burn_mlp::ProbabilityError>(())
/// ```
#[derive(Debug)]
pub struct Dropout {
    prob: Probability,
    mode: DropoutMode,
    key: Key,
    masks_drawn: AtomicU64,
    /// Row of the next mask at which the next call starts.
    first_row: AtomicU64,
}

impl Clone for Dropout {
    fn clone(&self) -> Self {
        Self {
            prob: self.prob,
            mode: self.mode,
            key: self.key,
            masks_drawn: AtomicU64::new(self.masks_drawn.load(Ordering::Relaxed)),
            first_row: AtomicU64::new(self.first_row.load(Ordering::Relaxed)),
        }
    }
}

impl Dropout {
    /// A layer whose masks come from the streams named by `key`. Mask `n` adds `n` to the minor counter of `key`. The
    /// low half of the major counter numbers the blocks of a mask.
    pub(crate) const fn with_key(prob: Probability, key: Key) -> Self {
        let (masks_drawn, first_row) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { prob, mode: DropoutMode::Training, key, masks_drawn, first_row }
    }

    /// The probability of zeroing an element.
    pub const fn prob(&self) -> Probability {
        self.prob
    }

    /// When the layer is active.
    pub const fn mode(&self) -> DropoutMode {
        self.mode
    }

    /// Sets the mode, keeping the position in the sequence of masks.
    pub const fn with_mode(mut self, mode: DropoutMode) -> Self {
        self.mode = mode;
        self
    }

    /// Positions the layer at mask `mask`, counted from 0: the next call uses it.
    pub fn seek(&self, mask: u64) {
        self.seek_row(mask, 0);
    }

    /// Positions the layer at row `row` of mask `mask`, both counted from 0. Rows are indices of the first dimension of
    /// the input. Only the next call starts at that row; the one after it uses the next mask from its first row.
    ///
    /// With this, the micro-batches of a batch get the mask of the whole batch, whether they run in sequence or on
    /// several threads.
    ///
    /// # Examples
    ///
    /// ```
    /// use burn::tensor::Tensor;
    /// use burn_flex::Flex;
    /// use burn_mlp::{DropoutConfig, DropoutMode, Probability};
    ///
    /// let dropout = DropoutConfig::new(Probability::new(0.5)?).with_seed(1).with_mode(DropoutMode::MonteCarlo).init();
    /// let x = Tensor::<Flex, 2>::ones([4, 32], &Default::default());
    /// let whole = dropout.forward(x.clone());
    /// dropout.seek_row(0, 3);
    /// let last = dropout.forward(x.slice([3..4]));
    /// assert_eq!(last.to_data(), whole.slice([3..4]).to_data());
    /// # Ok::<(), burn_mlp::ProbabilityError>(())
    /// ```
    pub fn seek_row(&self, mask: u64, row: u64) {
        self.masks_drawn.store(mask, Ordering::Relaxed);
        self.first_row.store(row, Ordering::Relaxed);
    }

    /// Applies dropout to a tensor of any shape.
    ///
    /// The identity, without drawing a mask, when the [mode](DropoutMode) disables dropout or `p = 0`. The backward
    /// pass multiplies by the same mask.
    ///
    /// # Shapes
    ///
    /// - input, output: `[..]`, the same
    pub fn forward<B: Backend, const D: usize>(&self, input: Tensor<B, D>) -> Tensor<B, D> {
        let device = input.device();
        match self.draw(B::ad_enabled(&device), &input.shape()) {
            Drawn::Nothing => input,
            // Fills with zeros; multiplying by zero would turn infinity into NaN.
            Drawn::Everything => {
                let everything = Tensor::<B, D, Bool>::ones(input.shape(), &device);
                input.mask_fill(everything, 0.0)
            }
            Drawn::Mask(mask) => {
                let mask = TensorData::new(mask, input.shape());
                let mask = Tensor::from_data(mask, (&device, input.dtype()));
                input * mask
            }
        }
    }

    /// Draws the mask of the next input of `shape`. `training` says whether the backend is an autodiff one.
    pub(crate) fn draw(&self, training: bool, shape: &[usize]) -> Drawn {
        let active = match self.mode {
            DropoutMode::Training => training,
            DropoutMode::MonteCarlo => true,
            DropoutMode::Off => false,
        };
        if !active || self.prob == Probability::ZERO {
            return Drawn::Nothing;
        }
        let mask = self.masks_drawn.fetch_add(1, Ordering::Relaxed);
        let row = self.first_row.swap(0, Ordering::Relaxed) as usize;
        if self.prob == Probability::ONE {
            return Drawn::Everything;
        }
        let start = row * shape[1..].iter().product::<usize>();
        let elements = start..start + shape.iter().product::<usize>();
        Drawn::Mask(scaled_mask(elements, self.prob, self.key.plus(0, mask)))
    }
}

/// Which elements of an input are dropped.
pub(crate) enum Drawn {
    /// No element.
    Nothing,
    /// Each element.
    Everything,
    /// The elements where the mask is zero. All elements are to be multiplied by the mask.
    Mask(Vec<f32>),
}

#[cfg(test)]
mod tests;
