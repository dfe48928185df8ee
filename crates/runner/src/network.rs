//! What the loop and the evaluation ask of a network.

use burn::module::Module;
use burn::tensor::{Tensor, backend::Backend};
use burn_mlp::{DeepMlp, Mlp, ResidualNetwork};

/// A classifier of flattened images.
pub trait Network<B: Backend>: Module<B> {
    /// Logits of a batch.
    ///
    /// # Shapes
    ///
    /// - `images`: `[batch, d_input]`
    /// - output: `[batch, classes]`
    fn logits(&self, images: Tensor<B, 2>) -> Tensor<B, 2>;

    /// Makes mask number `mask` the next one of every dropout layer, where there are any.
    fn seek_dropout(&self, mask: u64) {
        let _ = mask;
    }
}

impl<B: Backend> Network<B> for Mlp<B> {
    fn logits(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        self.forward(images)
    }

    fn seek_dropout(&self, mask: u64) {
        Self::seek_dropout(self, mask);
    }
}

impl<B: Backend> Network<B> for DeepMlp<B> {
    fn logits(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        self.forward(images)
    }
}

impl<B: Backend> Network<B> for ResidualNetwork<B> {
    fn logits(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        self.forward(images)
    }
}
