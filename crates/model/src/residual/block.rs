//! Residual blocks: the original and the pre-activation order of operations.

use burn::module::{Module, Param};
use burn::nn::conv::Conv2d;
use burn::nn::{BatchNorm, BatchNormConfig, PaddingConfig2d};
use burn::tensor::{Tensor, backend::Backend};
use serde::{Deserialize, Serialize};

use super::ResidualError;
use crate::activation::relu;
use crate::batch_norm::batch_norm;
use crate::{DropoutLayers, LayerInit};

/// Configuration of [`ResidualBlockV1`] and [`ResidualBlockV2`].
///
/// # Examples
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_flex::Flex;
/// use burn_mlp::ResidualBlockConfig;
///
/// let device = Default::default();
/// let images = Tensor::<Flex, 4>::zeros([32, 16, 28, 28], &device);
/// let block = ResidualBlockConfig::new(16, 16).init_v2::<Flex>(&device)?;
/// assert_eq!(block.forward(images.clone()).dims(), [32, 16, 28, 28]);
///
/// let halving = ResidualBlockConfig::new(16, 32).with_stride(2).init_v2::<Flex>(&device)?;
/// assert_eq!(halving.forward(images).dims(), [32, 32, 14, 14]);
/// # Ok::<(), burn_mlp::ResidualError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResidualBlockConfig {
    /// Number of input channels, at least 1.
    pub channels_in: usize,
    /// Number of output channels, at least 1.
    pub channels_out: usize,
    /// Stride of the first convolution and of the shortcut, at least 1; 2 halves height and width.
    #[serde(default = "one")]
    pub stride: usize,
    /// Initial values of the convolutions.
    #[serde(default)]
    pub init: LayerInit,
    /// Seed of the initial values.
    #[serde(default)]
    pub seed: u64,
}

pub(super) const fn one() -> usize {
    1
}

impl ResidualBlockConfig {
    /// A block with stride 1 and Xavier weights.
    pub fn new(channels_in: usize, channels_out: usize) -> Self {
        Self { channels_in, channels_out, stride: 1, init: LayerInit::default(), seed: 0 }
    }

    /// Sets the stride of the first convolution and of the shortcut.
    pub const fn with_stride(mut self, stride: usize) -> Self {
        self.stride = stride;
        self
    }

    /// Sets the initial values of the convolutions.
    pub const fn with_init(mut self, init: LayerInit) -> Self {
        self.init = init;
        self
    }

    /// Sets the seed of the initial values.
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Creates the block in its original order on `device`. Its parameters are drawn immediately.
    ///
    /// # Errors
    ///
    /// [`ResidualError`] for zero channels or a stride of zero.
    pub fn init_v1<B: Backend>(&self, device: &B::Device) -> Result<ResidualBlockV1<B>, ResidualError> {
        self.check()?;
        let (channels_in, channels_out) = (self.channels_in, self.channels_out);
        let block = ResidualBlockV1 {
            conv1: convolution([channels_in, channels_out], 3, self.stride, device),
            norm1: norm(channels_out, device),
            conv2: convolution([channels_out, channels_out], 3, 1, device),
            norm2: norm(channels_out, device),
            shortcut: self.shortcut(device),
        };
        Ok(self.init.apply_numbered(block, self.seed))
    }

    /// Creates the pre-activation block on `device`. Its parameters are drawn immediately.
    ///
    /// # Errors
    ///
    /// [`ResidualError`] for zero channels or a stride of zero.
    pub fn init_v2<B: Backend>(&self, device: &B::Device) -> Result<ResidualBlockV2<B>, ResidualError> {
        self.check()?;
        let (channels_in, channels_out) = (self.channels_in, self.channels_out);
        let block = ResidualBlockV2 {
            norm1: norm(channels_in, device),
            conv1: convolution([channels_in, channels_out], 3, self.stride, device),
            norm2: norm(channels_out, device),
            conv2: convolution([channels_out, channels_out], 3, 1, device),
            shortcut: self.shortcut(device),
        };
        Ok(self.init.apply_numbered(block, self.seed))
    }

    pub(super) fn check(&self) -> Result<(), ResidualError> {
        let Self { channels_in, channels_out, stride, .. } = *self;
        if channels_in == 0 || channels_out == 0 {
            return Err(ResidualError::NoChannels { channels_in, channels_out });
        }
        if stride == 0 {
            return Err(ResidualError::NoStride);
        }
        Ok(())
    }

    fn shortcut<B: Backend>(&self, device: &B::Device) -> Option<Conv2d<B>> {
        let changes_shape = self.channels_in != self.channels_out || self.stride != 1;
        changes_shape.then(|| convolution([self.channels_in, self.channels_out], 1, self.stride, device))
    }
}

/// A square convolution with zero weights and no bias. At stride 1 it keeps height and width.
pub(super) fn convolution<B: Backend>(
    [channels_in, channels_out]: [usize; 2],
    kernel: usize,
    stride: usize,
    device: &B::Device,
) -> Conv2d<B> {
    let padding = kernel / 2;
    Conv2d {
        weight: Param::from_tensor(Tensor::zeros([channels_out, channels_in, kernel, kernel], device)),
        bias: None,
        stride: [stride; 2],
        kernel_size: [kernel; 2],
        dilation: [1; 2],
        groups: 1,
        padding: PaddingConfig2d::Explicit(padding, padding, padding, padding),
    }
}

pub(super) fn norm<B: Backend>(channels: usize, device: &B::Device) -> BatchNorm<B> {
    let norm = BatchNormConfig::new(channels).init(device);
    // Burn 0.21 creates parameters on first use; counting them forces that now.
    let _ = norm.num_params();
    norm
}

/// `x` itself, or its 1×1 convolution if the block changes the shape.
fn shortcut<B: Backend>(convolution: &Option<Conv2d<B>>, x: Tensor<B, 4>) -> Tensor<B, 4> {
    match convolution {
        Some(convolution) => convolution.forward(x),
        None => x,
    }
}

/// The residual block in its original order (He et al. 2015): `y = relu(h(x) + F(x))` with
/// `F = norm ∘ conv ∘ relu ∘ norm ∘ conv` and 3×3 convolutions.
///
/// The shortcut `h` is the identity, or a 1×1 convolution if the number of channels or the size changes. Its output is
/// not normalized, unlike in the authors' networks. The last ReLU is on the shortcut's path: the gradient reaches `x`
/// unchanged only where the output is positive.
///
/// No convolution has a bias: the following normalization would subtract it, and its `β` acts as a bias. The shortcut
/// shares the `β` of `norm2`.
///
/// Batch normalization is in training mode exactly when the backend is an autodiff one. Evaluate with `block.valid()`.
#[derive(Module, Debug, DropoutLayers)]
pub struct ResidualBlockV1<B: Backend> {
    /// First convolution, with the block's stride; weight `[channels_out, channels_in, 3, 3]`.
    pub conv1: Conv2d<B>,
    /// Normalization of the first convolution's output.
    pub norm1: BatchNorm<B>,
    /// Second convolution; weight `[channels_out, channels_out, 3, 3]`.
    pub conv2: Conv2d<B>,
    /// Normalization of the second convolution's output.
    pub norm2: BatchNorm<B>,
    /// Convolution of the shortcut; weight `[channels_out, channels_in, 1, 1]`. `None` where the shape stays.
    pub shortcut: Option<Conv2d<B>>,
}

impl<B: Backend> ResidualBlockV1<B> {
    /// Applies the block.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, channels_in, height, width]`
    /// - output: `[batch, channels_out, ⌈height/stride⌉, ⌈width/stride⌉]`
    ///
    /// # Panics
    ///
    /// If `x` has another number of channels than `channels_in`.
    pub fn forward(&self, x: Tensor<B, 4>) -> Tensor<B, 4> {
        let hidden = relu(batch_norm(&self.norm1, self.conv1.forward(x.clone())));
        let residual = batch_norm(&self.norm2, self.conv2.forward(hidden));
        relu(shortcut(&self.shortcut, x) + residual)
    }
}

/// The pre-activation residual block (He et al. 2016): `y = h(x) + F(x)` with
/// `F = conv ∘ relu ∘ norm ∘ conv ∘ relu ∘ norm` and 3×3 convolutions.
///
/// The shortcut `h` is the identity, or a 1×1 convolution of `x` where the number of channels or the size changes (the
/// authors apply theirs after the first normalization). Nothing else lies on its path, so `dy/dx = 1 + dF/dx`: through
/// any number of blocks the gradient of the output reaches the input, whatever the weights.
///
/// No convolution has a bias: normalizations follow that take a constant away again.
///
/// Batch normalization is in training mode exactly when the backend is an autodiff one. Evaluate with `block.valid()`.
///
/// # Examples
///
/// With zeros in the last convolution the block is the identity:
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_flex::Flex;
/// use burn_mlp::{Init, LayerInit, ResidualBlockConfig};
///
/// let device = Default::default();
/// let config = ResidualBlockConfig::new(1, 1).with_init(LayerInit::weight(Init::Zeros));
/// let x = Tensor::<Flex, 4>::from_floats([[[[1.0, -2.0], [3.0, -4.0]]]], &device);
/// assert_eq!(config.init_v2::<Flex>(&device)?.forward(x.clone()).to_data(), x.to_data());
/// // The original order ends in a ReLU.
/// let y = config.init_v1::<Flex>(&device)?.forward(x);
/// assert_eq!(y.to_data().to_vec::<f32>().unwrap(), [1.0, 0.0, 3.0, 0.0]);
/// # Ok::<(), burn_mlp::ResidualError>(())
/// ```
#[derive(Module, Debug, DropoutLayers)]
pub struct ResidualBlockV2<B: Backend> {
    /// Normalization of the input.
    pub norm1: BatchNorm<B>,
    /// First convolution, with the block's stride; weight `[channels_out, channels_in, 3, 3]`.
    pub conv1: Conv2d<B>,
    /// Normalization of the first convolution's output.
    pub norm2: BatchNorm<B>,
    /// Second convolution; weight `[channels_out, channels_out, 3, 3]`.
    pub conv2: Conv2d<B>,
    /// Convolution of the shortcut; weight `[channels_out, channels_in, 1, 1]`. `None` where the shape stays.
    pub shortcut: Option<Conv2d<B>>,
}

impl<B: Backend> ResidualBlockV2<B> {
    /// Applies the block.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, channels_in, height, width]`
    /// - output: `[batch, channels_out, ⌈height/stride⌉, ⌈width/stride⌉]`
    ///
    /// # Panics
    ///
    /// If `x` has another number of channels than `channels_in`.
    pub fn forward(&self, x: Tensor<B, 4>) -> Tensor<B, 4> {
        let hidden = self.conv1.forward(relu(batch_norm(&self.norm1, x.clone())));
        let residual = self.conv2.forward(relu(batch_norm(&self.norm2, hidden)));
        shortcut(&self.shortcut, x) + residual
    }
}
