//! What measured values say about a bound.

use mlp_metrics::{PairedDifference, mean_and_deviation, mean_interval, sample_size, smallest_detectable};
use serde::Serialize;

use super::bound::{Bound, Verdict};
use super::text::{figure, spread};

/// Confidence of the intervals that verdicts rest on.
pub const CONFIDENCE: f64 = 0.95;
/// Share of repetitions in which the smallest detectable difference would be found.
pub const POWER: f64 = 0.8;

/// Values, one for each seed, and what follows from them for a bound.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// What the values say.
    pub verdict: Verdict,
    /// One value for each seed, or a single one where nothing is random.
    pub values: Vec<f64>,
    /// Number of values.
    pub seeds: usize,
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
    /// How many seeds would show, with [`POWER`], on which side of the bound the mean lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seeds_needed: Option<u64>,
    /// p-value of the t-test that a difference is not 0, for [`Bound::Positive`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// The same, adjusted for all differences of the record (Holm 1979).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adjusted_p: Option<f64>,
}

impl Outcome {
    /// What `values` say about `bound`, taken by themselves.
    pub fn new(values: Vec<f64>, bound: Bound) -> Self {
        let (mean, deviation) = mean_and_deviation(&values);
        let deviation = if values.len() == 1 { 0.0 } else { deviation };
        let interval = match values[..] {
            _ if bound.is_check() => None,
            [value] if bound != Bound::Positive => Some([value; 2]),
            _ => mean_interval(&values, CONFIDENCE).ok(),
        };
        let spread = interval.filter(|_| values.len() > 1);
        let p_value = (bound == Bound::Positive)
            .then(|| PairedDifference::new(&values, &vec![0.0; values.len()]).ok())
            .flatten()
            .map(|difference| difference.p_value);
        let mut outcome = Self {
            verdict: Verdict::Undecided,
            seeds: values.len(),
            smallest_detectable: spread.and_then(|_| smallest_detectable(&values, CONFIDENCE, POWER).ok()),
            seeds_needed: spread
                .and_then(|_| sample_size(deviation, bound.distance(mean)?, CONFIDENCE, POWER).ok())
                .flatten(),
            adjusted_p: None,
            values,
            mean,
            deviation,
            interval,
            p_value,
        };
        outcome.judge(bound, p_value);
        outcome
    }

    /// Sets the p-value that counts for a difference, and the verdict that follows.
    pub(super) fn judge(&mut self, bound: Bound, adjusted_p: Option<f64>) {
        self.adjusted_p = adjusted_p;
        self.verdict = match self.interval {
            None => bound.of_each(&self.values),
            Some(interval) => bound.of_interval(interval),
        };
        if bound == Bound::Positive && adjusted_p.is_none_or(|p| p > 1.0 - CONFIDENCE) {
            self.verdict = Verdict::Undecided;
        }
    }

    /// The measured figure with its spread: `0.8608 ± 0.0013 (3 seeds)`.
    pub fn measurement(&self) -> String {
        match self.seeds {
            0 | 1 => figure(self.mean),
            seeds => format!("{} ({seeds} seeds)", spread(&self.values)),
        }
    }

    /// The confidence interval, and for a difference the adjusted p-value; empty if there is no spread.
    pub fn certainty(&self) -> String {
        let interval = match self.interval {
            Some([low, high]) if self.seeds > 1 => format!("{} to {}", figure(low), figure(high)),
            _ => String::new(),
        };
        match self.adjusted_p {
            Some(p) if p < 1e-4 => format!("{interval}; p < 0.0001"),
            Some(p) => format!("{interval}; p = {p:.*}", if p < 0.01 { 4 } else { 2 }),
            None => interval,
        }
    }

    /// What a verdict lacks: the smallest detectable distance, and the seeds that would decide.
    pub fn missing(&self) -> Option<String> {
        let smallest = self.smallest_detectable.filter(|_| self.verdict == Verdict::Undecided)?;
        let shown = format!("{} seeds show {}", self.seeds, figure(smallest));
        Some(match self.seeds_needed {
            Some(needed) => format!("{shown}, {needed} seeds would decide"),
            None => shown,
        })
    }
}
