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

/// Where a walk through a module is: names of the fields on the way to the current parameter, and the types that hold
/// them.
#[derive(Default)]
pub(super) struct Place(Vec<(String, String)>);

impl Place {
    pub(super) fn enter(&mut self, name: &str, container: &str) {
        self.0.push((name.to_owned(), container.to_owned()));
    }

    pub(super) fn exit(&mut self) {
        self.0.pop();
    }

    /// Whether `decay` applies to the current parameter.
    pub(super) fn decays(&self, decay: &Decay, rank: usize) -> bool {
        let names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        let container = self.0.last().map_or("", |(_, container)| container.as_str());
        let layer = container.rsplit(':').next().unwrap_or_default();
        (decay.0)(Parameter { path: &names.join("."), layer, rank })
    }
}

/// Chooses the parameters that weight decay applies to.
#[derive(Clone)]
pub(super) struct Decay(Arc<dyn Fn(Parameter<'_>) -> bool + Send + Sync>);

impl Decay {
    pub(super) fn new(applies: impl Fn(Parameter<'_>) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(applies))
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
