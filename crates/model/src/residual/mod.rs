//! Residual blocks for images, a small network made of them, and a fully connected network for studying depth.

mod block;
mod deep_mlp;
mod network;
#[cfg(test)]
mod tests;

pub use block::{ResidualBlockConfig, ResidualBlockV1, ResidualBlockV2};
pub use deep_mlp::{DeepMlp, DeepMlpConfig};
pub use network::{ResidualNetwork, ResidualNetworkConfig, ResidualStage};

/// An invalid configuration of a residual block or network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResidualError {
    /// Images without channels, rows or columns.
    #[error("expected images of at least one channel, row and column, found {channels} x {height} x {width}")]
    NoPixels {
        /// Number of channels given.
        channels: usize,
        /// Number of rows given.
        height: usize,
        /// Number of columns given.
        width: usize,
    },
    /// A convolution without input or output channels.
    #[error("expected at least one channel on both sides, found {channels_in} in and {channels_out} out")]
    NoChannels {
        /// Number of input channels given.
        channels_in: usize,
        /// Number of output channels given.
        channels_out: usize,
    },
    /// A stride of zero.
    #[error("expected a stride of at least 1, found 0")]
    NoStride,
    /// `d_output` is zero.
    #[error("expected at least one output, found 0")]
    NoOutputs,
}
