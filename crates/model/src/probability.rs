//! A number that is guaranteed to lie in `[0, 1]`.

use core::fmt;

use serde::{Deserialize, Serialize};

/// A probability: a finite number in `[0, 1]`.
///
/// The range is checked on construction and deserialization, so code that receives a `Probability` needs no check. It
/// serializes as a plain number.
///
/// # Examples
///
/// ```
/// use burn_mlp::Probability;
///
/// assert_eq!(Probability::of(0.2).get(), 0.2);
/// assert_eq!(Probability::new(0.2)?.get(), 0.2);
/// assert!(Probability::new(1.5).is_err());
/// assert!(Probability::new(f64::NAN).is_err());
/// # Ok::<(), burn_mlp::ProbabilityError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Probability(f64);

impl Probability {
    /// Probability 0.
    pub const ZERO: Self = Self(0.0);
    /// Probability 1.
    pub const ONE: Self = Self(1.0);

    /// Checks that `value` lies in `[0, 1]`.
    ///
    /// # Errors
    ///
    /// [`ProbabilityError`] if `value` is outside `[0, 1]` or NaN.
    pub const fn new(value: f64) -> Result<Self, ProbabilityError> {
        if value >= 0.0 && value <= 1.0 {
            // -0.0 passes the comparison; adding zero makes it +0.0.
            Ok(Self(value + 0.0))
        } else {
            Err(ProbabilityError { found: value })
        }
    }

    /// A probability known when the program is written: in a `const`, a wrong one does not compile.
    ///
    /// # Panics
    ///
    /// If `value` is outside `[0, 1]` or NaN.
    ///
    /// # Examples
    ///
    /// ```
    /// use burn_mlp::Probability;
    ///
    /// const HALF: Probability = Probability::of(0.5);
    /// assert_eq!(HALF.get(), 0.5);
    /// ```
    ///
    /// ```compile_fail
    /// # use burn_mlp::Probability;
    /// const TOO_LARGE: Probability = Probability::of(1.5);
    /// # let _ = TOO_LARGE;
    /// ```
    #[track_caller]
    pub const fn of(value: f64) -> Self {
        match Self::new(value) {
            Ok(probability) => probability,
            Err(_) => panic!("expected a probability in [0, 1]"),
        }
    }

    /// The number, in `[0, 1]`.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Probability {
    type Error = ProbabilityError;

    fn try_from(value: f64) -> Result<Self, Self::Error> {
        Self::new(value)
    }
}

impl From<Probability> for f64 {
    fn from(probability: Probability) -> Self {
        probability.0
    }
}

impl fmt::Display for Probability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

/// A number outside `[0, 1]` where a probability was expected.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("expected a probability in [0, 1], found {found}")]
pub struct ProbabilityError {
    /// The number that was given.
    pub found: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_probabilities_and_their_neighbours_are_not() {
        assert_eq!(Probability::new(0.0), Ok(Probability::ZERO));
        assert_eq!(Probability::new(1.0), Ok(Probability::ONE));
        assert!(Probability::new(0.0_f64.next_down()).is_err());
        assert!(Probability::new(1.0_f64.next_up()).is_err());
        assert!(Probability::new(f64::INFINITY).is_err());
    }

    #[test]
    fn minus_zero_becomes_zero() {
        assert!(Probability::new(-0.0).unwrap().get().is_sign_positive());
    }

    #[test]
    fn deserializing_checks_the_range_and_reports_the_value() {
        assert_eq!(serde_json::from_str::<Probability>("0.5").unwrap().get(), 0.5);
        let error = serde_json::from_str::<Probability>("1.5").unwrap_err();
        assert!(std::format!("{error}").contains("found 1.5"), "{error}");
    }
}
