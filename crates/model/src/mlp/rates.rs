//! Dropout probabilities of the hidden layers.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::MlpError;
use crate::Probability;

/// Dropout probabilities of the hidden layers of an [`Mlp`](crate::Mlp): one number for all of them, or one for each. They
/// are checked by [`MlpConfig::init`](crate::MlpConfig::init).
///
/// # Examples
///
/// ```
/// use burn_flex::Flex;
/// use burn_mlp::{MlpConfig, MlpError};
///
/// let config = MlpConfig::new(784, [256, 256], 10);
/// assert!(config.clone().with_dropout(0.5).init::<Flex>(&Default::default()).is_ok());
/// assert!(config.clone().with_dropout([0.2, 0.5]).init::<Flex>(&Default::default()).is_ok());
/// let error = config.with_dropout([0.2, 1.5]).init::<Flex>(&Default::default()).unwrap_err();
/// assert_eq!(error, MlpError::Dropout { layer: 1, found: 1.5 });
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a probability for all hidden layers, or a list of one for each")]
#[non_exhaustive]
pub enum DropoutRates {
    /// The same for every hidden layer.
    All(f64),
    /// One for each hidden layer; empty for no dropout.
    Each(Vec<f64>),
}

impl Default for DropoutRates {
    /// No dropout.
    fn default() -> Self {
        Self::Each(Vec::new())
    }
}

impl DropoutRates {
    /// The probabilities of `layers` hidden layers.
    pub(super) fn probabilities(&self, layers: usize) -> Result<Vec<Probability>, MlpError> {
        let rates = match self {
            Self::All(rate) => alloc::vec![*rate; layers],
            Self::Each(rates) if rates.is_empty() => alloc::vec![0.0; layers],
            Self::Each(rates) => rates.clone(),
        };
        if rates.len() != layers {
            return Err(MlpError::DropoutCount { found: rates.len(), layers });
        }
        let check = |(layer, &rate)| Probability::new(rate).map_err(|_| MlpError::Dropout { layer, found: rate });
        rates.iter().enumerate().map(check).collect()
    }
}

impl From<f64> for DropoutRates {
    fn from(rate: f64) -> Self {
        Self::All(rate)
    }
}

impl From<Probability> for DropoutRates {
    fn from(rate: Probability) -> Self {
        Self::All(rate.get())
    }
}

impl<T: Into<f64>, const N: usize> From<[T; N]> for DropoutRates {
    fn from(rates: [T; N]) -> Self {
        Self::Each(rates.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<f64>> From<Vec<T>> for DropoutRates {
    fn from(rates: Vec<T>) -> Self {
        Self::Each(rates.into_iter().map(Into::into).collect())
    }
}
