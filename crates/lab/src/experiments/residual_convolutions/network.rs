//! Convolutional networks that differ in how their blocks are arranged.

use std::f64::consts::SQRT_2;

use anyhow::Result;
use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::nn::{BatchNorm, Linear};
use burn::tensor::activation::{relu, tanh};
use burn::tensor::module::avg_pool2d;
use burn::tensor::{Tensor, backend::Backend};
use burn_mlp::{
    Dropout, DropoutConfig, DropoutLayers, FanMode, Init, LayerInit, Probability, ResidualBlockV1, ResidualBlockV2,
    ResidualNetworkConfig, ResidualStage, batch_norm,
};
use burn_mlp_train::Network;

/// How a block arranges two convolutions `F`, and what it adds to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrangement {
    /// `relu(F(x))`
    Plain,
    /// `relu(x + F(x))`
    Original,
    /// `x + F(x)`, with the activations inside `F`.
    PreActivation,
    /// `tanh x + F(x)`, with the activations inside `F`.
    NonlinearShortcut,
}

/// What a network is made of.
#[derive(Clone, Copy, Debug)]
pub struct Design {
    /// How its blocks are arranged.
    pub arrangement: Arrangement,
    /// How many there are.
    pub blocks: usize,
    /// Channels of every convolution.
    pub channels: usize,
    /// Probability of dropout behind the last convolution of a block; only before an addition.
    pub dropout: Probability,
    /// Side of the images before they are pooled.
    pub side: usize,
    /// Side of the squares of pixels that are averaged to one.
    pub pool: usize,
}

/// A convolution with ReLU, the blocks, batch normalization, and a linear map from all positions to logits.
#[derive(Module, Debug, DropoutLayers)]
pub struct Convolutional<B: Backend> {
    stem: Conv2d<B>,
    blocks: Blocks<B>,
    norm: BatchNorm<B>,
    output: Linear<B>,
    dropout: Dropout<B>,
    #[module(skip)]
    #[dropout(skip)]
    design: Design,
}

/// The blocks, by where their activations are.
#[derive(Module, Debug, DropoutLayers)]
pub enum Blocks<B: Backend> {
    /// Behind the convolutions.
    Original(Vec<ResidualBlockV1<B>>),
    /// Before them.
    PreActivation(Vec<ResidualBlockV2<B>>),
}

impl Design {
    /// The network before training. All arrangements have the same parameters, and with one seed the same values.
    ///
    /// # Errors
    ///
    /// If nothing is left of the images, or there are no channels.
    pub fn init<B: Backend>(&self, classes: usize, seed: u64, device: &B::Device) -> Result<Convolutional<B>> {
        let (side, stage) = (self.side / self.pool, ResidualStage { channels: self.channels, stride: 1 });
        let network = ResidualNetworkConfig::new([1, side, side], classes)
            .with_stem(stage)
            .with_blocks(vec![stage; self.blocks])
            .with_init(LayerInit::weight(Init::KaimingNormal { gain: SQRT_2, mode: FanMode::FanIn }))
            .with_seed(seed)
            .init::<B>(device)?;
        let blocks = match self.arrangement {
            Arrangement::Plain | Arrangement::Original => {
                Blocks::Original(network.blocks.into_iter().map(original).collect())
            }
            Arrangement::PreActivation | Arrangement::NonlinearShortcut => Blocks::PreActivation(network.blocks),
        };
        let dropout = DropoutConfig::new(self.dropout).with_seed(seed).init();
        let (stem, norm, output) = (network.stem, network.norm, network.output);
        Ok(Convolutional { stem, blocks, norm, output, dropout, design: *self })
    }
}

/// The same layers in the original order.
fn original<B: Backend>(block: ResidualBlockV2<B>) -> ResidualBlockV1<B> {
    let ResidualBlockV2 { norm1, conv1, norm2, conv2, shortcut } = block;
    ResidualBlockV1 { conv1, norm1, conv2, norm2, shortcut }
}

impl<B: Backend> Convolutional<B> {
    /// Logits of a batch.
    ///
    /// # Shapes
    ///
    /// - `images`: `[batch, side·side]`
    /// - output: `[batch, classes]`
    pub fn forward(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        let Design { side, pool, .. } = self.design;
        let images = images.clone().reshape([images.dims()[0], 1, side, side]);
        let images = avg_pool2d(images, [pool; 2], [pool; 2], [0; 2], true, false);
        let x = self.blocks(relu(self.stem.forward(images)));
        self.output.forward(batch_norm(&self.norm, x).flatten(1, 3))
    }

    fn blocks(&self, x: Tensor<B, 4>) -> Tensor<B, 4> {
        let arrangement = self.design.arrangement;
        match &self.blocks {
            Blocks::Original(blocks) => blocks.iter().fold(x, |x, block| match arrangement {
                Arrangement::Plain => relu(block.branch(x)),
                _ => block.forward(x),
            }),
            Blocks::PreActivation(blocks) => blocks.iter().fold(x, |x, block| {
                let branch = self.dropout.forward(block.branch(x.clone()));
                let nonlinear = arrangement == Arrangement::NonlinearShortcut;
                branch + if nonlinear { tanh(x) } else { x }
            }),
        }
    }
}

impl<B: Backend> Network<B> for Convolutional<B> {
    fn outputs(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        self.forward(images)
    }
}

#[cfg(test)]
mod tests {
    use burn_flex::Flex;
    use burn_mlp_train::values;

    use super::*;

    fn design(arrangement: Arrangement, blocks: usize) -> Design {
        Design { arrangement, blocks, channels: 2, dropout: Probability::ZERO, side: 6, pool: 2 }
    }

    fn outputs(arrangement: Arrangement, init: LayerInit) -> Vec<f32> {
        let network = design(arrangement, 3).init::<Flex>(4, 5, &Default::default()).unwrap();
        let blocks = match network.blocks {
            Blocks::Original(blocks) => Blocks::Original(init.apply(blocks, 1)),
            Blocks::PreActivation(blocks) => Blocks::PreActivation(init.apply(blocks, 1)),
        };
        let images = Tensor::<Flex, 1, burn::tensor::Int>::arange(0..72, &Default::default()).float() * 0.01;
        values(Convolutional { blocks, ..network }.forward(images.reshape([2, 36])))
    }

    #[test]
    fn blocks_of_zeros_are_their_shortcuts() {
        let of = |arrangement| outputs(arrangement, LayerInit::weight(Init::Zeros));
        // The input of the blocks is behind a ReLU: the one behind an addition changes nothing.
        assert_eq!(of(Arrangement::Original), of(Arrangement::PreActivation));
        assert_ne!(of(Arrangement::NonlinearShortcut), of(Arrangement::PreActivation));
        // Nothing passes a plain block: equal outputs for both images.
        let plain = of(Arrangement::Plain);
        assert_eq!(plain[..4], plain[4..]);
        assert_ne!(of(Arrangement::Original)[..4], of(Arrangement::Original)[4..]);
    }

    #[test]
    fn arrangements_have_the_same_parameters() {
        let parameters = |arrangement| {
            let network = design(arrangement, 2).init::<Flex>(4, 5, &Default::default()).unwrap();
            let (stem, output) = (values(network.stem.weight.val()), values(network.output.weight.val()));
            let first = match &network.blocks {
                Blocks::Original(blocks) => values(blocks[0].conv1.weight.val()),
                Blocks::PreActivation(blocks) => values(blocks[0].conv1.weight.val()),
            };
            (network.num_params(), stem, first, output)
        };
        let plain = parameters(Arrangement::Plain);
        for other in [Arrangement::Original, Arrangement::PreActivation, Arrangement::NonlinearShortcut] {
            assert_eq!(parameters(other), plain, "{other:?}");
        }
    }
}
