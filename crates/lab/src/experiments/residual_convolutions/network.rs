//! Convolutional networks that differ in how their blocks are arranged.
//!
//! A convolution is computed as the product of its weights with every position's 3×3 neighbors: with few channels that takes
//! a third of the time of Burn's convolution. Batches are matrices with one row for each position of each image.

use std::f64::consts::SQRT_2;

use burn::module::{Module, Param};
use burn::nn::{BatchNorm, BatchNormConfig, Linear};
use burn::tensor::activation::{relu, tanh};
use burn::tensor::module::avg_pool2d;
use burn::tensor::{Int, Tensor, TensorData, backend::Backend};
use burn_mlp::{Dropout, DropoutConfig, DropoutLayers, FanMode, Init, LayerInit, Probability, batch_norm};
use burn_mlp_train::Network;

/// How a block arranges its branch `F` of two convolutions, and what it adds to it.
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
    /// Probability of dropout behind the branch of a block.
    pub dropout: Probability,
    /// Side of the images before they are pooled.
    pub side: usize,
    /// Side of the squares of pixels that are averaged to one; it divides `side`.
    pub pool: usize,
}

impl Design {
    /// The network before training. All arrangements have the same parameters, and with one seed the same values.
    pub fn init<B: Backend>(&self, classes: usize, seed: u64, device: &B::Device) -> Convolutional<B> {
        let (channels, positions) = (self.channels, (self.side / self.pool).pow(2));
        let norm = || BatchNormConfig::new(channels).init(device);
        let block = |_| Block {
            conv1: linear(9 * channels, channels, false, device),
            norm1: norm(),
            conv2: linear(9 * channels, channels, false, device),
            norm2: norm(),
            dropout: DropoutConfig::new(self.dropout).init(),
        };
        let mut network = Convolutional {
            stem: linear(9, channels, true, device),
            blocks: (0..self.blocks).map(block).collect(),
            norm: norm(),
            output: linear(positions * channels, classes, true, device),
            design: *self,
        };
        network.seed_dropout(seed);
        let init = Init::KaimingNormal { gain: SQRT_2, mode: FanMode::FanIn };
        LayerInit::weight(init).apply(network, seed)
    }
}

/// A linear map of zeros.
fn linear<B: Backend>(d_input: usize, d_output: usize, bias: bool, device: &B::Device) -> Linear<B> {
    Linear {
        weight: Param::from_tensor(Tensor::zeros([d_input, d_output], device)),
        bias: bias.then(|| Param::from_tensor(Tensor::zeros([d_output], device))),
    }
}

/// A convolution with ReLU, the blocks, batch normalization, and a linear map from all positions to logits.
#[derive(Module, Debug, DropoutLayers)]
pub struct Convolutional<B: Backend> {
    stem: Linear<B>,
    blocks: Vec<Block<B>>,
    norm: BatchNorm<B>,
    output: Linear<B>,
    #[module(skip)]
    #[dropout(skip)]
    design: Design,
}

/// Two convolutions with batch normalization; where their activations are is up to the network.
#[derive(Module, Debug, DropoutLayers)]
struct Block<B: Backend> {
    conv1: Linear<B>,
    norm1: BatchNorm<B>,
    conv2: Linear<B>,
    norm2: BatchNorm<B>,
    dropout: Dropout<B>,
}

impl<B: Backend> Convolutional<B> {
    /// Logits of a batch.
    ///
    /// # Shapes
    ///
    /// - `images`: `[batch, side·side]`
    /// - output: `[batch, classes]`
    pub fn forward(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        let (batch, Design { side, pool, channels, arrangement, .. }) = (images.dims()[0], self.design);
        let pooled = side / pool;
        let images = images.reshape([batch, 1, side, side]);
        let pixels =
            avg_pool2d(images, [pool; 2], [pool; 2], [0; 2], true, false).reshape([batch * pooled * pooled, 1]);
        let neighbors = Neighbors::new(batch, pooled, &pixels.device());
        let x = relu(neighbors.convolve(&self.stem, pixels));
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x, &neighbors, arrangement));
        self.output.forward(batch_norm(&self.norm, x).reshape([batch, pooled * pooled * channels]))
    }
}

impl<B: Backend> Block<B> {
    fn forward(&self, x: Tensor<B, 2>, neighbors: &Neighbors<B>, arrangement: Arrangement) -> Tensor<B, 2> {
        match arrangement {
            Arrangement::Plain => relu(self.original(x, neighbors)),
            Arrangement::Original => relu(x.clone() + self.original(x, neighbors)),
            Arrangement::PreActivation => x.clone() + self.pre_activation(x, neighbors),
            Arrangement::NonlinearShortcut => tanh(x.clone()) + self.pre_activation(x, neighbors),
        }
    }

    fn original(&self, x: Tensor<B, 2>, neighbors: &Neighbors<B>) -> Tensor<B, 2> {
        let hidden = relu(batch_norm(&self.norm1, neighbors.convolve(&self.conv1, x)));
        self.dropout.forward(batch_norm(&self.norm2, neighbors.convolve(&self.conv2, hidden)))
    }

    fn pre_activation(&self, x: Tensor<B, 2>, neighbors: &Neighbors<B>) -> Tensor<B, 2> {
        let hidden = neighbors.convolve(&self.conv1, relu(batch_norm(&self.norm1, x)));
        self.dropout.forward(neighbors.convolve(&self.conv2, relu(batch_norm(&self.norm2, hidden))))
    }
}

/// The 3×3 neighbors of every position of a batch of images.
struct Neighbors<B: Backend> {
    /// Nine rows for each position; outside of an image the row behind the last.
    rows: Tensor<B, 1, Int>,
}

impl<B: Backend> Neighbors<B> {
    fn new(batch: usize, side: usize, device: &B::Device) -> Self {
        let outside = (batch * side * side) as i32;
        let row = |image: usize, row: Option<usize>, column: Option<usize>| match (row, column) {
            (Some(row), Some(column)) if row < side && column < side => ((image * side + row) * side + column) as i32,
            _ => outside,
        };
        let mut rows = Vec::with_capacity(9 * batch * side * side);
        for position in 0..batch * side * side {
            let (image, middle, column) = (position / (side * side), position / side % side, position % side);
            for neighbor in 0..9 {
                rows.push(row(image, (middle + neighbor / 3).checked_sub(1), (column + neighbor % 3).checked_sub(1)));
            }
        }
        let count = rows.len();
        Self { rows: Tensor::from_data(TensorData::new(rows, [count]), device) }
    }

    /// A 3×3 convolution with zeros around the images; row `9·k + channel` of the weights is that of neighbor `k`.
    fn convolve(&self, weights: &Linear<B>, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let ([rows, channels], device) = (x.dims(), x.device());
        let framed = Tensor::cat(vec![x, Tensor::zeros([1, channels], &device)], 0);
        weights.forward(framed.select(0, self.rows.clone()).reshape([rows, 9 * channels]))
    }
}

impl<B: Backend> Network<B> for Convolutional<B> {
    fn outputs(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        self.forward(images)
    }
}

#[cfg(test)]
mod tests {
    use burn_autodiff::Autodiff;
    use burn_flex::Flex;
    use burn_mlp::{Key, ResidualBlockConfig};
    use burn_mlp_train::values;

    use super::*;

    type TestBackend = Autodiff<Flex>;

    fn network(arrangement: Arrangement) -> Convolutional<TestBackend> {
        let design = Design { arrangement, blocks: 2, channels: 3, dropout: Probability::ZERO, side: 8, pool: 2 };
        design.init(4, 5, &Default::default())
    }

    fn normals<const D: usize>(shape: [usize; D]) -> Tensor<TestBackend, D> {
        let normals = Key::new(1, *b"normals\0").normals().map(|normal| normal as f32).take(shape.iter().product());
        Tensor::from_data(TensorData::new(normals.collect::<Vec<f32>>(), shape), &Default::default())
    }

    /// The weights as those of a convolution: `[channels_out, channels_in, 3, 3]`.
    fn kernel(linear: &Linear<TestBackend>) -> Param<Tensor<TestBackend, 4>> {
        let [rows, channels_out] = linear.weight.dims();
        let weights = linear.weight.val().reshape([3, 3, rows / 9, channels_out]).permute([3, 2, 0, 1]);
        Param::from_tensor(Tensor::from_inner(weights.inner()))
    }

    #[test]
    fn blocks_are_those_of_the_library() {
        let device = Default::default();
        let x = normals([2, 3, 4, 4]);
        let rows = x.clone().permute([0, 2, 3, 1]).reshape([32, 3]);
        let ours = |arrangement| {
            let block = &network(arrangement).blocks[0];
            let y = block.forward(rows.clone(), &Neighbors::new(2, 4, &device), arrangement);
            (values(y.reshape([2, 4, 4, 3]).permute([0, 3, 1, 2])), kernel(&block.conv1), kernel(&block.conv2))
        };
        let config = ResidualBlockConfig::new(3, 3);
        let (mut v1, mut v2) = (config.init_v1::<TestBackend>(&device).unwrap(), config.init_v2(&device).unwrap());
        let close = |ours: &[f32], theirs: &[f32]| {
            assert!(ours.iter().zip(theirs).all(|(ours, theirs)| (ours - theirs).abs() < 1e-4), "{ours:?} {theirs:?}");
        };
        let (original, conv1, conv2) = ours(Arrangement::Original);
        (v1.conv1.weight, v1.conv2.weight) = (conv1, conv2);
        close(&original, &values(v1.forward(x.clone())));
        let (pre_activation, conv1, conv2) = ours(Arrangement::PreActivation);
        (v2.conv1.weight, v2.conv2.weight) = (conv1, conv2);
        close(&pre_activation, &values(v2.forward(x)));
    }

    #[test]
    fn arrangements_share_parameters_and_differ_in_outputs() {
        let all =
            [Arrangement::Plain, Arrangement::Original, Arrangement::PreActivation, Arrangement::NonlinearShortcut];
        let of = |arrangement| {
            let network = network(arrangement);
            let weights = values(network.blocks[1].conv2.weight.val());
            (weights, network.num_params(), values(network.forward(normals([5, 64]))))
        };
        let [plain, others @ ..] = all.map(of);
        for other in &others {
            assert_eq!((&other.0, other.1), (&plain.0, plain.1));
            assert_ne!(other.2, plain.2);
        }
        assert_ne!(others[1].2, others[2].2);
    }
}
