//! A residual network for small images.

use alloc::vec::Vec;

use burn::module::{Module, Param};
use burn::nn::conv::Conv2d;
use burn::nn::{BatchNorm, Linear};
use burn::tensor::{Tensor, backend::Backend};
use serde::{Deserialize, Serialize};

use super::block::{convolution, norm, one};
use super::{ResidualBlockConfig, ResidualBlockV2, ResidualError};
use crate::activation::relu;
use crate::batch_norm::batch_norm;
use crate::{DropoutLayers, FanMode, Init, LayerInit};

/// Output channels and stride of the first convolution or of one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResidualStage {
    /// Number of output channels, at least 1.
    pub channels: usize,
    /// Stride of its first convolution, at least 1; 2 halves height and width.
    #[serde(default = "one")]
    pub stride: usize,
}

/// Configuration of [`ResidualNetwork`].
///
/// # Examples
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_flex::Flex;
/// use burn_mlp::ResidualNetworkConfig;
///
/// let device = Default::default();
/// let network = ResidualNetworkConfig::new([1, 28, 28], 10).with_seed(42).init::<Flex>(&device)?;
/// // Flattened images and images are equivalent.
/// assert_eq!(network.forward(Tensor::<Flex, 2>::zeros([32, 784], &device)).dims(), [32, 10]);
/// assert_eq!(network.forward(Tensor::<Flex, 4>::zeros([32, 1, 28, 28], &device)).dims(), [32, 10]);
/// # Ok::<(), burn_mlp::ResidualError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResidualNetworkConfig {
    /// Number of channels of the images, at least 1.
    pub channels: usize,
    /// Number of rows of the images, at least 1.
    pub height: usize,
    /// Number of columns of the images, at least 1.
    pub width: usize,
    /// Number of outputs (logits), at least 1.
    pub d_output: usize,
    /// The first convolution.
    pub stem: ResidualStage,
    /// The blocks, starting at the input; empty for none.
    pub blocks: Vec<ResidualStage>,
    /// Initial values of the convolutions.
    #[serde(default)]
    pub init: LayerInit,
    /// Initial values of the output layer.
    #[serde(default = "he_normal")]
    pub output_init: LayerInit,
    /// Seed of the initial values.
    #[serde(default)]
    pub seed: u64,
}

fn he_normal() -> LayerInit {
    LayerInit::weight(Init::KaimingNormal { gain: core::f64::consts::SQRT_2, mode: FanMode::FanIn })
}

impl ResidualNetworkConfig {
    /// A network for images of `[channels, height, width]`: a convolution to 16 channels, blocks to 16 and 32, Xavier
    /// weights in the convolutions and He-normal ones in the output layer.
    ///
    /// The first convolution and the second block have stride 2, which takes 1.65 million multiplications per 28×28
    /// image. The chapter's network has stride 1 everywhere ([`with_strides`](Self::with_strides) `([1, 1, 1])`), which
    /// takes 15.2 million.
    pub fn new([channels, height, width]: [usize; 3], d_output: usize) -> Self {
        Self {
            channels,
            height,
            width,
            d_output,
            stem: ResidualStage { channels: 16, stride: 2 },
            blocks: [(16, 1), (32, 2)].map(|(channels, stride)| ResidualStage { channels, stride }).into(),
            init: LayerInit::default(),
            output_init: he_normal(),
            seed: 0,
        }
    }

    /// Sets the strides of the first convolution and of the first two blocks.
    pub fn with_strides(mut self, [stem, blocks @ ..]: [usize; 3]) -> Self {
        self.stem.stride = stem;
        for (block, stride) in self.blocks.iter_mut().zip(blocks) {
            block.stride = stride;
        }
        self
    }

    /// Sets the first convolution.
    pub fn with_stem(mut self, stem: ResidualStage) -> Self {
        self.stem = stem;
        self
    }

    /// Sets the blocks.
    pub fn with_blocks(mut self, blocks: impl Into<Vec<ResidualStage>>) -> Self {
        self.blocks = blocks.into();
        self
    }

    /// Sets the initial values of the convolutions.
    pub fn with_init(mut self, init: LayerInit) -> Self {
        self.init = init;
        self
    }

    /// Sets the initial values of the output layer.
    pub fn with_output_init(mut self, init: LayerInit) -> Self {
        self.output_init = init;
        self
    }

    /// Sets the seed of the initial values.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Creates the network on `device`. Its parameters are drawn immediately.
    ///
    /// # Errors
    ///
    /// [`ResidualError`] for images without pixels, no outputs, zero channels or a stride of zero.
    pub fn init<B: Backend>(&self, device: &B::Device) -> Result<ResidualNetwork<B>, ResidualError> {
        let Self { channels, height, width, d_output, stem, .. } = *self;
        if channels == 0 || height == 0 || width == 0 {
            return Err(ResidualError::NoPixels { channels, height, width });
        }
        if d_output == 0 {
            return Err(ResidualError::NoOutputs);
        }
        // The first convolution is validated like a block.
        let mut previous = ResidualBlockConfig::new(channels, stem.channels).with_stride(stem.stride);
        previous.check()?;
        let (mut height_out, mut width_out) = (height.div_ceil(stem.stride), width.div_ceil(stem.stride));
        let mut blocks = Vec::with_capacity(self.blocks.len());
        for stage in &self.blocks {
            previous = ResidualBlockConfig::new(previous.channels_out, stage.channels).with_stride(stage.stride);
            blocks.push(previous.init_v2(device)?);
            (height_out, width_out) = (height_out.div_ceil(stage.stride), width_out.div_ceil(stage.stride));
        }
        let features = previous.channels_out * height_out * width_out;
        let network = ResidualNetwork {
            stem: Conv2d {
                bias: Some(Param::from_tensor(Tensor::zeros([stem.channels], device))),
                ..convolution([channels, stem.channels], 3, stem.stride, device)
            },
            blocks,
            norm: norm(previous.channels_out, device),
            output: Linear {
                weight: Param::from_tensor(Tensor::zeros([features, d_output], device)),
                bias: Some(Param::from_tensor(Tensor::zeros([d_output], device))),
            },
            image: [channels, height, width],
        };
        let network = self.init.apply_numbered(network, self.seed);
        // Applied to the whole network: applied to the output layer alone, it would draw from the stream of the first
        // layer.
        let output = self.output_init.apply_numbered(network.clone(), self.seed).output;
        Ok(ResidualNetwork { output, ..network })
    }
}

/// A small residual network for images: a 3×3 convolution with ReLU, pre-activation blocks, batch normalization, and a
/// linear map from all positions to logits.
///
/// Created by [`ResidualNetworkConfig::init`]. As in the chapter, no ReLU follows the last normalization. The authors
/// of the blocks add one, and average over positions.
///
/// Batch normalization is in training mode exactly when the backend is an autodiff one. Evaluate with
/// `network.valid()`.
#[derive(Module, Debug, DropoutLayers)]
pub struct ResidualNetwork<B: Backend> {
    /// First convolution; weight `[channels, image channels, 3, 3]`, bias `[channels]`.
    pub stem: Conv2d<B>,
    /// Residual blocks, starting at the input.
    pub blocks: Vec<ResidualBlockV2<B>>,
    /// Normalization of the last block's output.
    pub norm: BatchNorm<B>,
    /// The map to logits; weight `[features, d_output]`, bias `[d_output]`.
    pub output: Linear<B>,
    #[module(skip)]
    image: [usize; 3],
}

impl<B: Backend> ResidualNetwork<B> {
    /// Logits of a batch of images, flattened or not.
    ///
    /// # Shapes
    ///
    /// - `images`: `[batch, ..]` with `channels·height·width` values each in this order, for example
    ///   `[batch, channels, height, width]` or `[batch, channels·height·width]`
    /// - output: `[batch, d_output]`
    ///
    /// # Panics
    ///
    /// If an image does not have `channels·height·width` values.
    pub fn forward<const D: usize>(&self, images: Tensor<B, D>) -> Tensor<B, 2> {
        let [channels, height, width] = self.image;
        let images = images.clone().reshape([images.dims()[0], channels, height, width]);
        let x = relu(self.stem.forward(images));
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x));
        self.output.forward(batch_norm(&self.norm, x).flatten(1, 3))
    }

    /// Channels, height and width of the images.
    pub const fn image(&self) -> [usize; 3] {
        self.image
    }
}
