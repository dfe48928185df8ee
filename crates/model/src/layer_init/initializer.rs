//! Walks through a module and draws the parameters of its layers.

use alloc::string::String;
use alloc::vec::Vec;

use burn::module::{ModuleMapper, Param};
use burn::tensor::{Bool, Int, Tensor, TensorData, backend::Backend};

use crate::{Fans, Init, Key};

/// What names the random stream of a parameter.
#[derive(Clone, Copy)]
pub(super) enum Streams {
    /// Its path.
    Paths,
    /// The number of its layer, counted from 1.
    Numbers,
}

/// Layout of a layer's weight, which determines its fans.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// `[input, output]`
    Linear,
    /// `[rows, width]`
    Embedding,
    /// `[output, input/groups, kernel..]`
    Convolution,
    /// `[input, output/groups, kernel..]`
    Transposed,
}

impl Layout {
    /// Layout and rank of the weight of the layer type `container`, as reported by Burn's `Module` derive.
    fn of(container: &str) -> Option<(Self, usize)> {
        Some(match container.strip_prefix("Struct:")? {
            "Linear" => (Self::Linear, 2),
            "Embedding" => (Self::Embedding, 2),
            "Conv1d" => (Self::Convolution, 3),
            "Conv2d" | "DeformConv2d" => (Self::Convolution, 4),
            "Conv3d" => (Self::Convolution, 5),
            "ConvTranspose1d" => (Self::Transposed, 3),
            "ConvTranspose2d" => (Self::Transposed, 4),
            "ConvTranspose3d" => (Self::Transposed, 5),
            _ => return None,
        })
    }

    pub(super) fn fans(self, dims: &[usize]) -> Fans {
        let kernel: usize = dims[2..].iter().product();
        let (inputs, outputs) = match self {
            Self::Linear | Self::Transposed => (dims[0], dims[1]),
            Self::Convolution | Self::Embedding => (dims[1], dims[0]),
        };
        Fans { fan_in: inputs * kernel, fan_out: outputs * kernel }
    }
}

/// What parameters are drawn from.
#[derive(Clone, Copy)]
pub(super) struct Distributions {
    pub(super) weight: Init,
    pub(super) bias: Init,
    pub(super) embedding: Option<Init>,
}

pub(super) struct Initializer {
    init: Distributions,
    seed: u64,
    streams: Streams,
    /// Name and kind of each field on the path from the module's root to the current parameter.
    path: Vec<(String, Field)>,
    layers: u64,
    /// Fans of the layer whose weight was visited last. Its bias is visited next.
    fans: Option<Fans>,
}

#[derive(Clone, Copy)]
enum Field {
    /// The weight of a layer, with its rank.
    Weight(Layout, usize),
    Bias,
    Other,
}

impl Initializer {
    pub(super) fn new(init: Distributions, seed: u64, streams: Streams) -> Self {
        Self { init, seed, streams, path: Vec::new(), layers: 0, fans: None }
    }

    /// Distribution, fans and purpose of the current parameter, if it is to be drawn.
    fn drawn<const D: usize>(&mut self, dims: &[usize]) -> Option<(Init, Fans, [u8; 8])> {
        let (_, field) = self.path.last()?;
        match *field {
            Field::Weight(layout, rank) => {
                let init = if layout == Layout::Embedding { self.init.embedding } else { Some(self.init.weight) };
                let init = init.filter(|_| rank == D);
                self.fans = init.map(|_| layout.fans(dims));
                self.layers += u64::from(init.is_some());
                Some((init?, self.fans?, *b"weights\0"))
            }
            Field::Bias if D == 1 => Some((self.init.bias, self.fans?, *b"biases\0\0")),
            Field::Bias | Field::Other => None,
        }
    }

    fn key(&self, purpose: [u8; 8]) -> Key {
        match self.streams {
            Streams::Numbers => Key::new(self.seed, purpose).at(self.layers, 0),
            Streams::Paths => {
                let names: Vec<&str> = self.path.iter().map(|(name, _)| name.as_str()).collect();
                Key::of_path(self.seed, purpose, &names.join("."))
            }
        }
    }
}

impl<B: Backend> ModuleMapper<B> for Initializer {
    fn enter_module(&mut self, name: &str, container: &str) {
        let field = match (name, Layout::of(container)) {
            ("weight", Some((layout, rank))) => Field::Weight(layout, rank),
            ("bias", Some(_)) => Field::Bias,
            _ => Field::Other,
        };
        self.path.push((name.into(), field));
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let dims = param.lazy_shape();
        let Some((init, fans, purpose)) = self.drawn::<D>(dims.as_slice()) else {
            // Draws it if it has not been drawn yet.
            let _ = param.val();
            return param;
        };
        let values = init.sample(dims.num_elements(), fans, self.key(purpose));
        let (id, old, mapper) = param.consume();
        // Built from data: the result of tensor operations would not be a leaf of the autodiff graph, and would
        // silently not be trained.
        let new =
            Tensor::from_data(TensorData::new(values, dims), &old.device()).set_require_grad(old.is_require_grad());
        Param::from_mapped_value(id, new, mapper)
    }

    fn map_int<const D: usize>(&mut self, param: Param<Tensor<B, D, Int>>) -> Param<Tensor<B, D, Int>> {
        let _ = param.val();
        param
    }

    fn map_bool<const D: usize>(&mut self, param: Param<Tensor<B, D, Bool>>) -> Param<Tensor<B, D, Bool>> {
        let _ = param.val();
        param
    }
}
