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

    /// Makes the rows of mask number `mask` from row `row` on the next ones of every dropout layer, where there are any.
    fn seek_dropout(&self, mask: u64, row: u64) {
        let _ = (mask, row);
    }

    /// Whether a batch may be trained on in parts: whether each example's logits depend on that example alone.
    fn has_independent_rows(&self) -> bool {
        false
    }
}

impl<B: Backend> Network<B> for Mlp<B> {
    fn logits(&self, images: Tensor<B, 2>) -> Tensor<B, 2> {
        self.forward(images)
    }

    fn seek_dropout(&self, mask: u64, row: u64) {
        self.seek_dropout_row(mask, row);
    }

    fn has_independent_rows(&self) -> bool {
        Self::has_independent_rows(self)
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
