//! [`Dropout`] and Xavier weights in a convolutional module of one's own, which tells upright bars from lying ones.
//!
//! ```text
//! cargo run -p burn-mlp --example own_module
//! ```

use burn::module::{AutodiffModule, Module};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::optim::{GradientsParams, Optimizer, SgdConfig};
use burn::tensor::{ElementConversion, Int, Tensor, TensorData, activation::relu, backend::Backend};
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use burn_mlp::{CrossEntropy, Dropout, DropoutConfig, DropoutLayers, Init, Key, LayerInit, Probability};

type B = Autodiff<Flex>;

const SIDE: usize = 8;
const CHANNELS: usize = 4;

#[derive(Module, Debug, DropoutLayers)]
struct BarNet<B: Backend> {
    convolution: Conv2d<B>,
    dropout: Dropout<B>,
    output: Linear<B>,
}

impl<B: Backend> BarNet<B> {
    fn new(device: &B::Device) -> Self {
        let padding = PaddingConfig2d::Same;
        let net = Self {
            convolution: Conv2dConfig::new([1, CHANNELS], [3, 3]).with_padding(padding).init(device),
            dropout: DropoutConfig::new(Probability::of(0.25)).with_seed(7).init(),
            output: LinearConfig::new(CHANNELS, 2).init(device),
        };
        // Reaches both layers, and would reach any that are nested deeper.
        LayerInit::weight(Init::XavierNormal { gain: 1.0 }).apply(net, 42)
    }

    /// Logits `[batch, 2]` of images `[batch, 1, SIDE, SIDE]`.
    fn forward(&self, images: Tensor<B, 4>) -> Tensor<B, 2> {
        let maps = relu(self.convolution.forward(images));
        // The mean over each map, [batch, CHANNELS]: where the bar is does not matter.
        let features = maps.flatten::<3>(2, 3).mean_dim(2).squeeze_dim::<2>(2);
        self.output.forward(self.dropout.forward(features))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Default::default();
    let (images, bars) = bars::<B>(256, 1, &device);
    let mut net = BarNet::<B>::new(&device);
    let mut optimizer = SgdConfig::new().init::<B, BarNet<B>>();
    for step in 1..=200 {
        // The masks of this step, also in a run that was interrupted.
        net.seek_dropout(step);
        let loss = CrossEntropy::default().forward(net.forward(images.clone()), bars.clone());
        if step % 50 == 0 {
            println!("step {step}: loss {:.4}", loss.clone().into_scalar());
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &net);
        net = optimizer.step(1.0, net, gradients);
    }

    let (images, bars) = self::bars::<Flex>(256, 2, &device);
    let predicted = net.valid().forward(images).argmax(1).squeeze_dim(1);
    let right: i64 = predicted.equal(bars).int().sum().into_scalar().elem();
    println!("{right} of 256 new bars right");
    assert!(right > 240, "it should have learned the bars");
    Ok(())
}

/// Images with one bright row (0) or column (1) in noise, `[n, 1, SIDE, SIDE]`, and which it is, `[n]`.
fn bars<B: Backend>(n: usize, seed: u64, device: &B::Device) -> (Tensor<B, 4>, Tensor<B, 1, Int>) {
    let mut uniforms = Key::new(seed, *b"bars\0\0\0\0").uniforms();
    let mut draw = || uniforms.next().unwrap_or_default();
    let (mut pixels, mut bars) = (Vec::new(), Vec::new());
    for index in 0..n {
        let (upright, place) = (index % 2 == 1, (draw() * SIDE as f64) as usize);
        for pixel in 0..SIDE * SIDE {
            let line = if upright { pixel % SIDE } else { pixel / SIDE };
            pixels.push((0.5 * draw() + if line == place { 0.5 } else { 0.0 }) as f32);
        }
        bars.push(i32::from(upright));
    }
    (
        Tensor::from_data(TensorData::new(pixels, [n, 1, SIDE, SIDE]), device),
        Tensor::from_data(TensorData::new(bars, [n]), device),
    )
}
