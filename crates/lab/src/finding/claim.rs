//! A claim with its measured figures.

use mlp_metrics::{PairedDifference, mean_and_deviation, mean_interval, smallest_detectable};
use serde::{Deserialize, Deserializer, Serialize};

use super::bound::{Bound, Verdict};
use super::text::{figure, spread};

/// Confidence of the intervals that verdicts rest on.
pub const CONFIDENCE: f64 = 0.95;
/// Share of repetitions in which the smallest detectable difference would be found.
pub const POWER: f64 = 0.8;

/// A sentence with a bound, and what was measured. All but sentence, values, bound and reference value follow from
/// these, and are computed anew when a claim is read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Claim {
    /// What is claimed; names the quantity and its unit.
    pub sentence: String,
    /// What the values must be.
    pub bound: Bound,
    /// What the values say.
    pub verdict: Verdict,
    /// One value for each seed, or a single one where nothing is random.
    pub values: Vec<f64>,
    /// Mean of the values.
    pub mean: f64,
    /// Standard deviation of the values (divisor n - 1); 0 for a single value.
    pub deviation: f64,
    /// The confidence interval of the mean, at [`CONFIDENCE`]. For a single value that value, since nothing is random.
    /// None for a check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// The smallest distance from the bound that so many values, with their spread, would have shown with [`POWER`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smallest_detectable: Option<f64>,
    /// p-value of the t-test that a difference is not 0, for [`Bound::Positive`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// The same, adjusted for all differences of the record (Holm 1979).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adjusted_p: Option<f64>,
    /// The figure a text prints for the same quantity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub printed: Option<String>,
}

impl Claim {
    /// A claim about a quantity measured once for each seed, or once where nothing is random.
    pub fn measured(sentence: impl Into<String>, values: impl Into<Vec<f64>>, bound: Bound) -> Self {
        let values = values.into();
        let (mean, deviation) = mean_and_deviation(&values);
        let interval = match values[..] {
            _ if bound.is_check() => None,
            [value] if bound != Bound::Positive => Some([value; 2]),
            _ => mean_interval(&values, CONFIDENCE).ok(),
        };
        let p_value = (bound == Bound::Positive)
            .then(|| PairedDifference::new(&values, &vec![0.0; values.len()]).ok())
            .flatten()
            .map(|difference| difference.p_value);
        let mut claim = Self {
            deviation: if values.len() == 1 { 0.0 } else { deviation },
            smallest_detectable: interval.and_then(|_| smallest_detectable(&values, CONFIDENCE, POWER).ok()),
            verdict: Verdict::Undecided,
            adjusted_p: None,
            printed: None,
            sentence: sentence.into(),
            values,
            mean,
            bound,
            interval,
            p_value,
        };
        claim.judge(p_value);
        claim
    }

    /// A claim about the difference `first - second` of two variants that share everything else, seed by seed.
    ///
    /// # Panics
    ///
    /// If the variants have different numbers of seeds.
    pub fn paired(sentence: impl Into<String>, first: &[f64], second: &[f64], bound: Bound) -> Self {
        assert_eq!(first.len(), second.len(), "a pair for each seed");
        let differences: Vec<f64> = first.iter().zip(second).map(|(first, second)| first - second).collect();
        Self::measured(sentence, differences, bound)
    }

    /// Says what a text prints for the same quantity.
    #[must_use]
    pub fn printed(mut self, figure: impl Into<String>) -> Self {
        self.printed = Some(figure.into());
        self
    }

    /// Sets the p-value that counts for a difference, and the verdict that follows.
    pub(crate) fn judge(&mut self, adjusted_p: Option<f64>) {
        self.adjusted_p = adjusted_p;
        self.verdict = match self.interval {
            None => self.bound.of_each(&self.values),
            Some(interval) => self.bound.of_interval(interval),
        };
        if self.bound == Bound::Positive && adjusted_p.is_none_or(|p| p > 1.0 - CONFIDENCE) {
            self.verdict = Verdict::Undecided;
        }
    }

    /// Takes back that the claim is refuted, by data that is not what it is about.
    pub(crate) fn excuse(&mut self) {
        if self.verdict == Verdict::Refuted && !self.bound.is_check() {
            self.verdict = Verdict::Undecided;
        }
    }

    /// The measured figure with its spread: `0.8608 ± 0.0013 (3 seeds)`.
    pub fn measurement(&self) -> String {
        match self.values.len() {
            0 | 1 => figure(self.mean),
            seeds => format!("{} ({seeds} seeds)", spread(&self.values)),
        }
    }

    /// The confidence interval, and for a difference the adjusted p-value; empty if there is no spread.
    pub fn certainty(&self) -> String {
        let interval = match self.interval {
            Some([low, high]) if self.values.len() > 1 => format!("{} to {}", figure(low), figure(high)),
            _ => String::new(),
        };
        match self.adjusted_p {
            Some(p) if p < 1e-4 => format!("{interval}; p < 0.0001"),
            Some(p) => format!("{interval}; p = {p:.*}", if p < 0.01 { 4 } else { 2 }),
            None => interval,
        }
    }

    /// The smallest detectable distance, where it matters: if the claim is undecided.
    pub fn missing(&self) -> Option<String> {
        let smallest = self.smallest_detectable.filter(|_| self.verdict == Verdict::Undecided)?;
        Some(format!("{} seeds show {}", self.values.len(), figure(smallest)))
    }
}

impl<'de> Deserialize<'de> for Claim {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Stored {
            sentence: String,
            // JSON has no NaN: what was one is written as `null`.
            values: Vec<Option<f64>>,
            bound: Bound,
            #[serde(default)]
            printed: Option<String>,
        }
        let Stored { sentence, values, bound, printed } = Stored::deserialize(deserializer)?;
        let values: Vec<f64> = values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect();
        Ok(Self { printed, ..Self::measured(sentence, values, bound) })
    }
}
