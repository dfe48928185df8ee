//! Errors of [`MlpConfig`](crate::MlpConfig).

/// An invalid [`MlpConfig`](crate::MlpConfig), reported by [`MlpConfig::init`](crate::MlpConfig::init).
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
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
    /// A dropout probability of a hidden layer is outside `[0, 1]`.
    #[error("expected a dropout probability in [0, 1] for hidden layer {layer} (counted from 0), found {found}")]
    Dropout {
        /// Index of the layer.
        layer: usize,
        /// The number given.
        found: f64,
    },
    /// The dropout probability of the input is outside `[0, 1]`.
    #[error("expected a dropout probability in [0, 1] for the input, found {found}")]
    InputDropout {
        /// The number given.
        found: f64,
    },
}
