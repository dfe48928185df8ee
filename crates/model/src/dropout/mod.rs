//! Dropout.

mod bits;
mod config;
mod impls;
mod layers;
mod module;
mod position;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use burn::tensor::{Bool, DType, Tensor, TensorData, backend::Backend};

pub use self::config::{DropoutConfig, DropoutMode};
pub use self::layers::{DropoutLayers, ModulePath};
use self::position::Counters;
pub use self::position::DropoutPosition;
use crate::mask::{scale, scaled_mask};
use crate::{Key, Probability};

/// Dropout (Srivastava et al. 2014): zeroes each element with probability `p` and scales the others by `1/(1-p)`.
///
/// `h' = 0` with probability `p`, else `h/(1-p)`. Since `E[h'] = h`, inference needs no correction.
///
/// Every call draws a new mask on the host. The mask is a function of the layer's seed and its [position](Self::position):
/// the training step that [`seek`](Self::seek) has set last, and the number of calls since. The same seed therefore
/// produces the same masks on every backend and platform. A loop that calls `seek` before each step draws the masks of
/// that step, however often it was interrupted, and also where a layer is called several times in one forward pass. A
/// loop that never calls it simply counts the calls.
///
/// The layer is a Burn module without parameters: declare it as a field `dropout: Dropout<B>`. Its position is in the
/// module's record, so that Burn's `Learner` goes on with the masks where a checkpoint left off. Files of tensors do not
/// hold it.
///
/// A clone starts where the original stands and counts for itself. Threads that share one layer would race for its
/// calls: give each a clone, and [seek](Self::seek_row) it to the rows that the thread computes.
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
/// let dropout = DropoutConfig::new(Probability::of(0.5)).with_seed(1).init();
/// let x = Tensor::<Flex, 1>::from_floats([1.0, 2.0, 3.0, 4.0], &Default::default());
///
/// // Without autodiff a layer in `Training` mode is the identity.
/// assert_eq!(dropout.forward(x.clone()).to_data(), x.to_data());
///
/// // In Monte-Carlo mode it is active on any backend: each element is either zeroed or doubled.
/// let sample = dropout.with_mode(DropoutMode::MonteCarlo).forward(x);
/// assert!(sample.to_data().to_vec::<f32>().unwrap().iter().all(|v| [0.0, 2.0, 4.0, 6.0, 8.0].contains(v)));
/// ```
#[derive(Clone)]
pub struct Dropout<B: Backend> {
    prob: Probability,
    mode: DropoutMode,
    key: Key,
    counters: Counters,
    backend: PhantomData<B>,
}

impl<B: Backend> Dropout<B> {
    /// A layer whose masks come from the streams named by `key`. The step of a mask is added to the minor counter, the
    /// number of its block to the major one.
    pub(crate) fn with_key(prob: Probability, key: Key) -> Self {
        Self { prob, mode: DropoutMode::Training, key, counters: Counters::default(), backend: PhantomData }
    }

    /// The probability of zeroing an element.
    pub const fn prob(&self) -> Probability {
        self.prob
    }

    /// When the layer is active.
    pub const fn mode(&self) -> DropoutMode {
        self.mode
    }

    /// The seed of the masks. Without a seed in [`DropoutConfig`], the number of the layer in the process.
    pub const fn seed(&self) -> u64 {
        self.key.seed()
    }

    /// Sets the mode. The position stays.
    pub const fn set_mode(&mut self, mode: DropoutMode) {
        self.mode = mode;
    }

    /// The layer in another mode. The position stays.
    #[must_use]
    pub fn with_mode(mut self, mode: DropoutMode) -> Self {
        self.mode = mode;
        self
    }

    /// Names the masks after a seed and a path. The position stays.
    pub(crate) fn set_key(&mut self, seed: u64, path: &str) {
        self.key = Key::of_path(seed, *b"dropout\0", path);
    }

    /// Where the layer is in its masks. Read it and [set](Self::set_position) it to go on after a break.
    ///
    /// # Examples
    ///
    /// ```
    /// use burn::tensor::Tensor;
    /// use burn_flex::Flex;
    /// use burn_mlp::{DropoutConfig, DropoutMode, DropoutPosition, Probability};
    ///
    /// let config = DropoutConfig::new(Probability::of(0.5)).with_seed(1).with_mode(DropoutMode::MonteCarlo);
    /// let (dropout, x) = (config.init(), Tensor::<Flex, 1>::ones([32], &Default::default()));
    /// dropout.forward(x.clone());
    /// let position = dropout.position();
    /// assert_eq!(position, DropoutPosition { step: 0, call: 1, row: 0 });
    ///
    /// let later = config.init();
    /// later.set_position(position);
    /// assert_eq!(later.forward(x.clone()).to_data(), dropout.forward(x).to_data());
    /// ```
    pub fn position(&self) -> DropoutPosition {
        self.counters.get()
    }

    /// Moves the layer to a position.
    pub fn set_position(&self, position: DropoutPosition) {
        self.counters.set(position);
    }

    /// Moves the layer to the first call of a training step, counted from 0.
    pub fn seek(&self, step: u64) {
        self.seek_row(step, 0);
    }

    /// Moves the layer to the first call of a training step, for a part of the batch that starts at `row`. Rows are
    /// indices of the first dimension of the input. All calls start at that row until the layer is moved again.
    ///
    /// With this, the parts of a batch get the masks of the whole batch, whether they run in sequence or, on clones of
    /// the layer, on several threads.
    ///
    /// # Examples
    ///
    /// ```
    /// use burn::tensor::Tensor;
    /// use burn_flex::Flex;
    /// use burn_mlp::{DropoutConfig, DropoutMode, Probability};
    ///
    /// let config = DropoutConfig::new(Probability::of(0.5)).with_seed(1).with_mode(DropoutMode::MonteCarlo);
    /// let (dropout, x) = (config.init(), Tensor::<Flex, 2>::ones([4, 32], &Default::default()));
    /// let whole = dropout.forward(x.clone());
    /// dropout.seek_row(0, 3);
    /// let last = dropout.forward(x.slice([3..4]));
    /// assert_eq!(last.to_data(), whole.slice([3..4]).to_data());
    /// ```
    pub fn seek_row(&self, step: u64, row: u64) {
        self.set_position(DropoutPosition { step, call: 0, row });
    }

    /// Applies dropout to a tensor of any shape.
    ///
    /// The identity, without drawing a mask, when the [mode](DropoutMode) disables dropout or `p = 0`. The backward
    /// pass multiplies by the same mask.
    ///
    /// # Shapes
    ///
    /// - input, output: `[..]`, the same
    pub fn forward<const D: usize>(&self, input: Tensor<B, D>) -> Tensor<B, D> {
        self.mask(input.dims(), input.dtype(), &input.device()).apply(input)
    }

    /// The mask of the next input, drawn before there is one.
    ///
    /// On a GPU the operations between a mask and its use are then one with those before them.
    pub(crate) fn mask<const D: usize>(&self, shape: [usize; D], dtype: DType, device: &B::Device) -> Mask<B, D> {
        match self.draw(B::ad_enabled(device), &shape) {
            Drawn::Nothing => Mask::Nothing,
            Drawn::Everything => Mask::Dropped { dropped: Tensor::ones(shape, device), scale: 1.0 },
            Drawn::Mask { mask, scale } if bits::is_remote::<B>(device) => {
                Mask::Dropped { dropped: bits::dropped(&mask, shape, device), scale }
            }
            Drawn::Mask { mask, .. } => Mask::Factors(Tensor::from_data(TensorData::new(mask, shape), (device, dtype))),
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
        let DropoutPosition { step, call, row } = self.counters.take();
        let Some(scale) = scale(self.prob) else { return Drawn::Everything };
        let start = row as usize * shape[1..].iter().product::<usize>();
        let elements = start..start + shape.iter().product::<usize>();
        Drawn::Mask { mask: scaled_mask(elements, self.prob, self.key.call(call).plus(0, step)), scale }
    }

    /// The same layer on another backend.
    fn on<Other: Backend>(self) -> Dropout<Other> {
        let Self { prob, mode, key, counters, .. } = self;
        Dropout { prob, mode, key, counters, backend: PhantomData }
    }
}

/// A mask on a device.
pub(crate) enum Mask<B: Backend, const D: usize> {
    /// No element is dropped.
    Nothing,
    /// These elements are filled with zeros, which multiplying by zero would not do to infinity. The others are
    /// multiplied by `scale`.
    Dropped { dropped: Tensor<B, D, Bool>, scale: f32 },
    /// All elements are multiplied by these.
    Factors(Tensor<B, D>),
}

impl<B: Backend, const D: usize> Mask<B, D> {
    pub fn apply(self, input: Tensor<B, D>) -> Tensor<B, D> {
        match self {
            Self::Nothing => input,
            Self::Dropped { dropped, scale } => input.mask_fill(dropped, 0.0).mul_scalar(scale),
            Self::Factors(factors) => input * factors,
        }
    }
}

/// Which elements of an input are dropped.
pub(crate) enum Drawn {
    /// No element.
    Nothing,
    /// Each element.
    Everything,
    /// The elements where the mask is zero; it is `scale` elsewhere. All elements are to be multiplied by the mask.
    Mask { mask: Vec<f32>, scale: f32 },
}

impl<B: Backend> fmt::Display for Dropout<B> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = match self.mode {
            DropoutMode::Training => "",
            DropoutMode::MonteCarlo => ", monte-carlo",
            DropoutMode::Off => ", off",
        };
        write!(formatter, "Dropout({}{mode})", self.prob)
    }
}

impl<B: Backend> fmt::Debug for Dropout<B> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
