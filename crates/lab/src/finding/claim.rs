//! A claim with its measured figures.

use serde::{Deserialize, Deserializer, Serialize};

use super::bound::{Bound, Verdict};
use super::outcome::Outcome;

/// A sentence with a bound, where both come from, and what was measured. What follows from values and bound is computed
/// anew when a claim is read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Claim {
    /// What is claimed; names the quantity and its unit.
    pub sentence: String,
    /// What the values must be.
    pub bound: Bound,
    /// Who says so: a text or book by section, a paper by table.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The number that the source prints for the same quantity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What was measured, and what follows.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The same, measured again with other seeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rerun: Option<Outcome>,
}

impl Claim {
    /// A claim about a quantity measured once for each seed, or once where nothing is random. Its bound stands in the
    /// file of thresholds.
    pub fn measured(sentence: impl Into<String>, values: impl Into<Vec<f64>>) -> Self {
        Self::new(sentence.into(), values.into(), Bound::Unset)
    }

    /// A claim about the difference `first - second` of two variants that share everything else, seed by seed. Its bound
    /// stands in the file of thresholds.
    ///
    /// # Panics
    ///
    /// If the variants have different numbers of seeds.
    pub fn paired(sentence: impl Into<String>, first: &[f64], second: &[f64]) -> Self {
        assert_eq!(first.len(), second.len(), "a pair for each seed");
        let differences: Vec<f64> = first.iter().zip(second).map(|(first, second)| first - second).collect();
        Self::measured(sentence, differences)
    }

    /// A claim that the difference `first - second` of two variants is above 0.
    ///
    /// # Panics
    ///
    /// If the variants have different numbers of seeds.
    pub fn difference(sentence: impl Into<String>, first: &[f64], second: &[f64]) -> Self {
        Self::paired(sentence, first, second).bound(Bound::Positive)
    }

    /// A check: each value follows from mathematics or from what the program promises.
    pub fn check(sentence: impl Into<String>, values: impl Into<Vec<f64>>, bound: Bound) -> Self {
        debug_assert!(bound.is_check(), "what is found by experiment is a claim");
        Self::new(sentence.into(), values.into(), bound)
    }

    fn new(sentence: String, values: Vec<f64>, bound: Bound) -> Self {
        let outcome = Outcome::new(values, bound);
        Self { sentence, bound, source: String::new(), reference: None, outcome, rerun: None }
    }

    /// Sets the bound: one that is computed from the settings.
    #[must_use]
    pub fn bound(mut self, bound: Bound) -> Self {
        self.bound = bound;
        self.outcome = Outcome::new(self.outcome.values, bound);
        self
    }

    /// Adds what was measured with other seeds.
    pub(crate) fn measured_again(&mut self, values: Vec<f64>) {
        self.rerun = Some(Outcome::new(values, self.bound));
    }

    /// Whether each outcome supports it.
    pub fn holds(&self) -> bool {
        std::iter::once(&self.outcome).chain(&self.rerun).all(|outcome| outcome.verdict == Verdict::Supported)
    }

    /// The outcome and, where there is one, that of the rerun.
    fn outcomes(&mut self) -> impl Iterator<Item = &mut Outcome> {
        std::iter::once(&mut self.outcome).chain(&mut self.rerun)
    }

    /// Sets the p-values that count for a difference, of the outcome and of its rerun.
    pub(crate) fn judge(&mut self, adjusted_p: [Option<f64>; 2]) {
        let bound = self.bound;
        self.outcomes().zip(adjusted_p).for_each(|(outcome, p)| outcome.judge(bound, p));
    }

    /// Takes back that the claim is refuted, by data that is not what it is about.
    pub(crate) fn excuse(&mut self) {
        if !self.bound.is_check() {
            let refuted = |outcome: &&mut Outcome| outcome.verdict == Verdict::Refuted;
            self.outcomes().filter(refuted).for_each(|outcome| outcome.verdict = Verdict::Undecided);
        }
    }
}

impl<'de> Deserialize<'de> for Claim {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Values {
            // JSON has no NaN: what was one is written as `null`.
            values: Vec<Option<f64>>,
        }
        impl Values {
            fn numbers(self) -> Vec<f64> {
                self.values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect()
            }
        }
        #[derive(Deserialize)]
        struct Stored {
            sentence: String,
            bound: Bound,
            #[serde(default)]
            source: String,
            reference: Option<String>,
            #[serde(flatten)]
            outcome: Values,
            rerun: Option<Values>,
        }
        let Stored { sentence, bound, source, reference, outcome, rerun } = Stored::deserialize(deserializer)?;
        let mut claim = Self { source, reference, ..Self::new(sentence, outcome.numbers(), bound) };
        if let Some(rerun) = rerun {
            claim.measured_again(rerun.numbers());
        }
        Ok(claim)
    }
}
