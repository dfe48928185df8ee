//! Which parameters decay.

use std::fmt;
use std::sync::Arc;

/// A parameter, as a predicate over parameters sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameter<'a> {
    /// Its path inside the module, such as `hidden.0.linear.weight`.
    pub path: &'a str,
    /// The type that holds it, such as `Linear` or `Embedding`; `Vec` or `Array` in a list.
    pub layer: &'a str,
    /// Its number of dimensions.
    pub rank: usize,
}

/// Chooses the parameters that weight decay applies to.
#[derive(Clone)]
pub(super) struct Decay(Arc<dyn Fn(Parameter<'_>) -> bool + Send + Sync>);

impl Decay {
    pub(super) fn new(applies: impl Fn(Parameter<'_>) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(applies))
    }

    pub(super) fn applies(&self, parameter: Parameter<'_>) -> bool {
        (self.0)(parameter)
    }
}

impl Default for Decay {
    /// Weight matrices and convolutions: neither biases, nor the parameters of normalizations, nor embeddings.
    fn default() -> Self {
        Self::new(|parameter| parameter.rank >= 2 && parameter.layer != "Embedding")
    }
}

impl fmt::Debug for Decay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Decay(..)")
    }
}
