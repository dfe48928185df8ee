//! Export and import of multilayer perceptrons as ONNX files.
//!
//! Exported files run in any runtime of opset 17, with batches of any size. Imported graphs must be a single chain of
//! linear maps, batch normalizations and activations, as this program and `torch.onnx.export` write it.

mod export;
mod import;
mod messages;
mod reader;
mod tensor;

pub use self::export::export;
pub use self::import::import;
