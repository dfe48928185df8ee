//! A perceptron with vanilla dropout.

use burn::module::Module;
use burn::tensor::{Tensor, backend::Backend};
use burn_mlp::{DropoutLayers, DropoutMode, HiddenLayer, Mlp};
use burn_mlp_train::Network;

/// A perceptron with vanilla dropout.
#[derive(Module, Debug, DropoutLayers)]
pub(super) struct VanillaMlp<B: Backend> {
    pub(super) mlp: Mlp<B>,
    /// Whether it scales at prediction.
    #[module(skip)]
    pub(super) scaled: bool,
}

impl<B: Backend> Network<B> for VanillaMlp<B> {
    fn outputs(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        let x = self.mlp.hidden.iter().fold(images, |x, layer| vanilla_layer(layer, x, self.scaled));
        self.mlp.output.forward(x)
    }

    fn has_independent_rows(&self) -> bool {
        self.mlp.has_independent_rows()
    }
}

/// A layer with vanilla dropout: a mask of ones in training, the product with `1 - p` at prediction where `scaled`.
pub(super) fn vanilla_layer<B: Backend>(layer: &HiddenLayer<B>, x: Tensor<B, 2>, scaled: bool) -> Tensor<B, 2> {
    let keep = 1.0 - layer.dropout.prob().get();
    let h = layer.activation.forward(layer.linear.forward(x));
    let masked = B::ad_enabled(&h.device()) || layer.dropout.mode() == DropoutMode::MonteCarlo;
    // Where it masks, the library's layer holds 1/(1-p): times 1-p it is a mask of ones. Elsewhere it is the identity,
    // and the same product is vanilla's own scaling.
    let h = layer.dropout.forward(h);
    if masked || scaled { h.mul_scalar(keep) } else { h }
}

impl<B: Backend> VanillaMlp<B> {
    /// The network that computes what `mlp` does, in training and at prediction.
    pub(super) fn like(mut mlp: Mlp<B>) -> Self {
        let mut keep = 1.0;
        let scale = |weight: Tensor<B, 2>, keep: f64| weight.mul_scalar(1.0 / keep);
        for layer in &mut mlp.hidden {
            layer.linear.weight = layer.linear.weight.clone().map(|weight| leaf(scale(weight, keep)));
            keep = 1.0 - layer.dropout.prob().get();
        }
        mlp.output.weight = mlp.output.weight.clone().map(|weight| leaf(scale(weight, keep)));
        Self { mlp, scaled: true }
    }
}

/// Without its history: the optimizer moves leaves only.
fn leaf<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Tensor<B, D> {
    let tensor = tensor.detach();
    if B::ad_enabled(&tensor.device()) { tensor.require_grad() } else { tensor }
}
