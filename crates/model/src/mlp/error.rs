//! Errors of [`MlpConfig`](crate::MlpConfig).

/// An invalid [`MlpConfig`](crate::MlpConfig), reported by [`MlpConfig::init`](crate::MlpConfig::init).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MlpError {
    /// `d_input` is zero.
    #[error("expected at least one input feature, found 0")]
    NoInputs,
    /// `d_output` is zero.
    #[error("expected at least one output, found 0")]
    NoOutputs,
    /// A hidden layer has no units.
    #[error("expected at least one unit in hidden layer {layer} (counted from 0), found 0")]
    NoUnits {
        /// Index of the layer.
        layer: usize,
    },
    /// The number of dropout probabilities is neither zero nor the number of hidden layers.
    #[error("expected one dropout probability for each of the {layers} hidden layers (or none), found {found}")]
    DropoutCount {
        /// Number of probabilities given.
        found: usize,
        /// Number of hidden layers.
        layers: usize,
    },
}
