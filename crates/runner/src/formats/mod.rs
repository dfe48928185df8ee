//! File formats of other programs: export and import of models, and reading of images.

pub mod image;
mod names;
pub mod onnx;
pub mod recognize;
pub mod state_dict;
pub mod weights;

use burn::tensor::backend::Backend;
use burn_mlp::Mlp;

/// A network with the weights of another program's file.
#[derive(Debug)]
pub struct Imported<B: Backend> {
    /// The network.
    pub mlp: Mlp<B>,
    /// What was left out of the file, or assumed about it, in a sentence each.
    pub notes: Vec<String>,
}
