//! What the figures of a claim must be, and what follows if they are not.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::figure;

/// What a claim's values must be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// A mean of at least this.
    AtLeast(f64),
    /// A mean of at most this.
    AtMost(f64),
    /// A mean between these, both included.
    Between(f64, f64),
    /// A mean above 0: for differences of two variants, seed by seed.
    Positive,
    /// Each value at most this: for errors, of which the worst counts.
    EachAtMost(f64),
    /// Each value exactly this.
    Equal(f64),
    /// None for these settings.
    Unset,
}

/// What the measurements say about a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The whole confidence interval lies where the claim says.
    Supported,
    /// The whole confidence interval lies elsewhere.
    Refuted,
    /// Neither, or the data is not what the claim is about.
    Undecided,
}

impl Verdict {
    /// All verdicts.
    pub const ALL: [Self; 3] = [Self::Supported, Self::Refuted, Self::Undecided];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Refuted => "refuted",
            Self::Undecided => "undecided",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl Bound {
    /// Whether it is a check: each value follows from mathematics or from the program's promises, and none may fail.
    pub const fn is_check(self) -> bool {
        matches!(self, Self::EachAtMost(_) | Self::Equal(_))
    }

    /// The smallest and the largest number within it.
    fn range(self) -> Option<[f64; 2]> {
        match self {
            Self::AtLeast(least) => Some([least, f64::INFINITY]),
            Self::AtMost(most) | Self::EachAtMost(most) => Some([f64::NEG_INFINITY, most]),
            Self::Between(least, most) => Some([least, most]),
            Self::Equal(value) => Some([value, value]),
            Self::Positive => Some([f64::MIN_POSITIVE, f64::INFINITY]),
            Self::Unset => None,
        }
    }

    /// How far a mean is from the nearest end of it.
    pub(super) fn distance(self, mean: f64) -> Option<f64> {
        self.range().map(|[least, most]| (mean - least).abs().min((mean - most).abs()))
    }

    /// The verdict on a mean that lies in `interval`. [`Positive`](Self::Positive) differences also need the p-value of
    /// their test, which depends on the other claims of the record.
    pub(super) fn of_interval(self, [low, high]: [f64; 2]) -> Verdict {
        let Some([least, most]) = self.range() else { return Verdict::Undecided };
        if low >= least && high <= most {
            Verdict::Supported
        } else if high < least || low > most {
            Verdict::Refuted
        } else {
            Verdict::Undecided
        }
    }

    /// The verdict of a check on its values.
    pub(super) fn of_each(self, values: &[f64]) -> Verdict {
        let verdicts = || values.iter().map(|&value| self.of_interval([value; 2]));
        if values.is_empty() || verdicts().any(|verdict| verdict == Verdict::Undecided) {
            Verdict::Undecided
        } else if verdicts().all(|verdict| verdict == Verdict::Supported) {
            Verdict::Supported
        } else {
            Verdict::Refuted
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::AtLeast(low) => write!(formatter, "≥ {}", figure(low)),
            Self::AtMost(high) => write!(formatter, "≤ {}", figure(high)),
            Self::EachAtMost(high) => write!(formatter, "each ≤ {}", figure(high)),
            Self::Equal(value) => write!(formatter, "each = {}", figure(value)),
            Self::Between(low, high) => write!(formatter, "{} to {}", figure(low), figure(high)),
            Self::Positive => formatter.write_str("> 0"),
            Self::Unset => formatter.write_str("none for these settings"),
        }
    }
}
