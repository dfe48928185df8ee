//! Export and import of multilayer perceptrons as ONNX files.
//!
//! Exported files run in any runtime of opset 17, with batches of any size. Imported graphs must be a single chain of
//! linear maps, batch normalizations and activations, with what exporters put around it: constants in any form and
//! place, flattening of the input by any computation of a shape, and the head of a classifier after the logits.

mod constant;
mod export;
mod fold;
mod import;
mod messages;
mod reader;
mod tensor;

pub use self::export::export;
pub use self::import::import;
