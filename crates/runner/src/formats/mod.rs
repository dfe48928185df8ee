//! File formats of other programs: export and import of models, and reading of images.

pub mod image;
pub mod onnx;
pub mod state_dict;
pub mod weights;
