//! Dropout.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};

use burn::tensor::{Bool, Tensor, TensorData, backend::Backend};
use serde::{Deserialize, Serialize};

use crate::mask::scaled_mask;
use crate::{Key, Probability};

/// When a [`Dropout`] layer drops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DropoutMode {
    /// On autodiff backends only, as `burn::nn::Dropout` does: a model is in training exactly when its backend is
    /// `Autodiff`, and `valid()` ends training.
    #[default]
    Training,
    /// On every backend. Predictions become samples (Monte-Carlo dropout); their spread is the model's uncertainty.
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
    /// Seed of the masks. `None` numbers the layers of a process in order of construction, so that no two share
    /// their masks.
    #[serde(default)]
    pub seed: Option<u64>,
    /// When the layer drops.
    #[serde(default)]
    pub mode: DropoutMode,
}

impl DropoutConfig {
    /// A layer that zeroes elements with probability `prob` during training.
    pub const fn new(prob: Probability) -> Self {
        Self { prob, seed: None, mode: DropoutMode::Training }
    }

    /// Sets the seed of the masks: layers with the same seed and call count draw the same mask.
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets when the layer drops.
    pub const fn with_mode(mut self, mode: DropoutMode) -> Self {
        self.mode = mode;
        self
    }

    /// The layer, at its first mask.
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
/// `h' = 0` with probability `p`, else `h/(1-p)`, so that `E[h'] = h` and inference needs no correction.
///
/// Every call draws a new mask, named by the layer's seed and the number of masks drawn before, from a portable
/// generator on the host: the same seed gives the same masks on every backend and platform. A clone continues with
/// the same masks as the original would. [`seek`](Self::seek) jumps to any mask, which makes a resumed run repeat
/// an uninterrupted one.
///
/// The layer holds no tensor: place it in a module as a plain field. It is not part of a module's record.
///
/// Unlike `burn::nn::Dropout`, it is exact at `p = 1` (zeros, not NaN), can be left on at inference
/// ([`DropoutMode::MonteCarlo`]), ignores the backend's process-wide generator, and costs one product in each
/// direction.
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
/// // In Monte-Carlo mode it drops on any backend: here the third element is dropped and the others are doubled.
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
    /// Row of the next mask that the next input's first row gets.
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
    /// A layer whose masks come from the streams named by `key`: mask `n` from `key` with its minor counter
    /// `n` higher. The low half of the major counter counts the blocks of a mask.
    pub(crate) const fn with_key(prob: Probability, key: Key) -> Self {
        let (masks_drawn, first_row) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { prob, mode: DropoutMode::Training, key, masks_drawn, first_row }
    }

    /// The probability of zeroing an element.
    pub const fn prob(&self) -> Probability {
        self.prob
    }

    /// When the layer drops.
    pub const fn mode(&self) -> DropoutMode {
        self.mode
    }

    /// The layer with another mode, at the same mask.
    pub const fn with_mode(mut self, mode: DropoutMode) -> Self {
        self.mode = mode;
        self
    }

    /// Makes mask number `mask`, counted from 0, the next one.
    pub fn seek(&self, mask: u64) {
        self.seek_row(mask, 0);
    }

    /// Makes the rows of mask number `mask` from row `row` on, both counted from 0, the next ones: those of the first
    /// dimension of the next input. The mask after it starts at its first row again.
    ///
    /// Parts of a batch, one after the other or on several threads, so get the masks of the whole batch.
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
    /// The identity, without drawing a mask, where the [mode](DropoutMode) says so or `p = 0`. The backward pass
    /// multiplies by the same mask.
    ///
    /// # Shapes
    ///
    /// - input, output: `[..]`, the same
    pub fn forward<B: Backend, const D: usize>(&self, input: Tensor<B, D>) -> Tensor<B, D> {
        let device = input.device();
        match self.draw(B::ad_enabled(&device), &input.shape()) {
            Drawn::Nothing => input,
            // Filling instead of multiplying: zero times infinity is not zero.
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

    /// What the layer drops of the next input, on a backend that is in training or not.
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

/// What is dropped of an input.
pub(crate) enum Drawn {
    /// No element.
    Nothing,
    /// Each element.
    Everything,
    /// The elements where the mask is zero; the others are multiplied by its elements.
    Mask(Vec<f32>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::DType;
    use burn_autodiff::Autodiff;
    use burn_flex::Flex;
    use burn_ndarray::NdArray;

    type Train = Autodiff<Flex>;

    fn layer(prob: f64) -> Dropout {
        DropoutConfig::new(Probability::new(prob).unwrap()).with_seed(3).init()
    }

    fn arange<B: Backend>() -> Tensor<B, 2> {
        Tensor::<B, 1, burn::tensor::Int>::arange(0..16, &Default::default()).float().reshape([2, 8])
    }

    fn values<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
        tensor.into_data().convert::<f32>().into_vec().unwrap()
    }

    #[test]
    fn probability_zero_changes_nothing() {
        let x = arange::<Train>();
        assert_eq!(values(layer(0.0).forward(x.clone())), values(x));
    }

    #[test]
    fn probability_one_gives_zeros_even_for_infinities() {
        let x = arange::<Train>() * f32::INFINITY;
        assert_eq!(values(layer(1.0).forward(x)), [0.0; 16]);
    }

    #[test]
    fn probability_one_sends_back_zero_gradients() {
        let x = arange::<Train>().require_grad();
        let gradients = layer(1.0).forward(x.clone()).sum().backward();
        assert_eq!(values(x.grad(&gradients).unwrap()), [0.0; 16]);
    }

    #[test]
    fn every_element_is_zero_or_scaled() {
        let x = values(arange::<Train>());
        let y = values(layer(0.2).forward(arange::<Train>()));
        for (x, y) in x.iter().zip(y) {
            assert!(y == 0.0 || y == x * 1.25, "{x} became {y}");
        }
    }

    #[test]
    fn the_gradient_uses_the_mask_of_the_forward_pass() {
        let x = Tensor::<Train, 2>::ones([64, 64], &Default::default()).require_grad();
        let y = layer(0.5).forward(x.clone());
        let gradients = y.clone().sum().backward();
        // For inputs of one the output is the mask itself.
        assert_eq!(values(x.grad(&gradients).unwrap()), values(y));
    }

    #[test]
    fn training_mode_is_the_identity_without_autodiff() {
        let x = arange::<Flex>();
        assert_eq!(values(layer(0.5).forward(x.clone())), values(x));
    }

    #[test]
    fn monte_carlo_mode_drops_without_autodiff() {
        let y = values(
            layer(0.5).with_mode(DropoutMode::MonteCarlo).forward(Tensor::<Flex, 1>::ones([1000], &Default::default())),
        );
        let zeros = y.iter().filter(|&&v| v == 0.0).count();
        // Binomial(1000, 1/2): outside 500 ± 100 with probability 3·10⁻¹⁰.
        assert!((400..600).contains(&zeros), "{zeros}");
    }

    #[test]
    fn off_is_the_identity_on_an_autodiff_backend() {
        let x = arange::<Train>();
        let y = layer(0.5).with_mode(DropoutMode::Off).forward(x.clone());
        assert_eq!(values(y), values(x));
    }

    #[test]
    fn masks_are_the_same_on_all_backends() {
        let flex = values(layer(0.5).forward(arange::<Train>()));
        let ndarray = values(layer(0.5).forward(arange::<Autodiff<NdArray>>()));
        let double = values(layer(0.5).forward(arange::<Autodiff<NdArray<f64>>>()));
        assert_eq!(flex, ndarray);
        assert_eq!(flex, double);
    }

    #[test]
    fn the_mask_takes_the_type_of_the_input_whatever_the_devices_default() {
        for dtype in [DType::F32, DType::F64] {
            let x = Tensor::<Flex, 1>::ones([64], (&Default::default(), dtype));
            let y = layer(0.5).with_mode(DropoutMode::MonteCarlo).forward(x);
            assert_eq!(y.dtype(), dtype);
            assert!(values(y).iter().all(|&y| y == 0.0 || y == 2.0));
        }
    }

    #[test]
    fn each_call_draws_a_new_mask_and_seek_returns_to_an_old_one() {
        let dropout = layer(0.5);
        let draw = || values(dropout.forward(Tensor::<Train, 1>::ones([64], &Default::default())));
        let (first, second) = (draw(), draw());
        assert_ne!(first, second);
        dropout.seek(0);
        assert_eq!(draw(), first);
    }

    #[test]
    fn rows_of_a_mask_do_not_depend_on_how_many_are_drawn_and_the_next_mask_starts_at_its_first() {
        let (dropout, device) = (layer(0.2), Default::default());
        // Wider than a round of the generators and than a block of a mask.
        for width in [5, 784, 20_000] {
            let ones = |rows| Tensor::<Train, 2>::ones([rows, width], &device);
            dropout.seek(0);
            let masks = [(); 2].map(|()| dropout.forward(ones(7)));
            dropout.seek_row(0, 4);
            assert_eq!(values(dropout.forward(ones(3))), values(masks[0].clone().narrow(0, 4, 3)), "width {width}");
            assert_eq!(values(dropout.forward(ones(7))), values(masks[1].clone()), "width {width}");
        }
    }

    #[test]
    fn a_clone_continues_as_the_original_would() {
        let dropout = layer(0.5);
        let ones = || Tensor::<Train, 1>::ones([64], &Default::default());
        let _ = dropout.forward(ones());
        let clone = dropout.clone();
        assert_eq!(values(clone.forward(ones())), values(dropout.forward(ones())));
    }

    #[test]
    fn layers_without_a_seed_differ() {
        let config = DropoutConfig::new(Probability::new(0.5).unwrap());
        let draw = |dropout: Dropout| values(dropout.forward(Tensor::<Train, 1>::ones([64], &Default::default())));
        assert_ne!(draw(config.init()), draw(config.init()));
    }
}
