//! ONNX files: multilayer perceptrons out and in.
//!
//! What is written runs in any runtime of opset 17 with batches of any size. What is read is the same family of graphs,
//! as this program and `torch.onnx.export` write it: one chain of linear maps, batch normalizations and activations.

mod export;
mod import;
mod messages;
mod reader;
mod tensor;

pub use self::export::export;
pub use self::import::import;
