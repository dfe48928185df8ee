//! What an experiment finds: claims with the measured figures, tables and pictures.

use std::fmt;

use mlp_metrics::{PairedDifference, mean_and_deviation};
use serde::{Deserialize, Deserializer, Serialize};

use mlp_plot::{Picture, Svg};

/// The result of one experiment.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Finding {
    /// What was asserted beforehand, and whether it is borne out.
    pub claims: Vec<Claim>,
    /// Figures beside the claims.
    pub tables: Vec<Table>,
    /// Names and captions of the pictures.
    pub figures: Vec<Figure>,
    /// The pictures themselves, which are files of their own beside the JSON.
    #[serde(skip)]
    pub drawings: Vec<Svg>,
    /// What a reader has to know to read the figures right.
    pub notes: Vec<String>,
}

impl Finding {
    /// Adds a claim.
    pub fn claim(&mut self, claim: Claim) -> &mut Self {
        self.claims.push(claim);
        self
    }

    /// Adds a table.
    pub fn table(&mut self, table: Table) -> &mut Self {
        self.tables.push(table);
        self
    }

    /// Adds a picture, written as `<name>.svg`.
    pub fn picture(&mut self, name: &str, caption: &str, picture: &impl Picture) -> &mut Self {
        self.figures.push(Figure { name: name.into(), caption: caption.into() });
        self.drawings.push(picture.draw());
        self
    }

    /// Adds a note.
    pub fn note(&mut self, note: impl Into<String>) -> &mut Self {
        self.notes.push(note.into());
        self
    }

    /// Whether every claim holds.
    pub fn holds(&self) -> bool {
        self.claims.iter().all(|claim| claim.holds)
    }
}

/// A sentence with a threshold that was set before measuring, and what was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// What is claimed; names the quantity and its unit.
    pub sentence: String,
    /// One value for each seed, or a single one where nothing is random.
    #[serde(deserialize_with = "numbers")]
    pub values: Vec<f64>,
    /// Mean of the values.
    #[serde(deserialize_with = "number")]
    pub mean: f64,
    /// Standard deviation of the values (divisor n - 1); 0 for a single value.
    #[serde(deserialize_with = "number")]
    pub deviation: f64,
    /// What the values must be.
    pub bound: Bound,
    /// Whether they are.
    pub holds: bool,
    /// p-value of the one-sided t-test behind [`Bound::Positive`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// The figure a text prints for the same quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub printed: Option<String>,
}

impl Claim {
    /// A claim about a quantity measured once for each seed, or once where nothing is random.
    pub fn measured(sentence: impl Into<String>, values: impl Into<Vec<f64>>, bound: Bound) -> Self {
        let values = values.into();
        let (mean, deviation) = mean_and_deviation(&values);
        let deviation = if values.len() == 1 { 0.0 } else { deviation };
        let holds = bound.holds(&values);
        let p_value = matches!(bound, Bound::Positive).then(|| p_positive(&values)).flatten();
        Self { sentence: sentence.into(), values, mean, deviation, bound, holds, p_value, printed: None }
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

    /// The measured figure with its spread: `0.8608 ± 0.0013 (3 seeds)`.
    pub fn measurement(&self) -> String {
        match self.values.len() {
            0 | 1 => figure(self.mean),
            seeds => format!("{} ({seeds} seeds)", spread(&self.values)),
        }
    }

    /// The measured figure with its spread, and the p-value where there is a test.
    pub fn measurement_with_p(&self) -> String {
        match self.p_value {
            Some(p) if p < 1e-4 => format!("{}, p < 0.0001", self.measurement()),
            Some(p) => {
                let digits = if p < 0.01 { 4 } else { 2 };
                format!("{}, p = {p:.digits$}", self.measurement())
            }
            None => self.measurement(),
        }
    }

    /// `holds` or `does not hold`.
    pub fn verdict(&self) -> &'static str {
        if self.holds { "holds" } else { "does not hold" }
    }
}

/// What a claim's values must be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// A mean of at least this.
    AtLeast(f64),
    /// A mean of at most this.
    AtMost(f64),
    /// Each value at most this: for errors, of which the worst counts.
    EachAtMost(f64),
    /// A mean between these, both included.
    Between(f64, f64),
    /// A mean above 0 by a one-sided t-test at the level [`LEVEL`]: for differences of two variants, seed by seed.
    Positive,
    /// A mean above 0 by more than this many of its standard errors.
    PositiveByErrors(f64),
}

/// Level of the tests behind [`Bound::Positive`]: of twenty such claims that are false, one is expected to hold.
pub const LEVEL: f64 = 0.05;

impl Bound {
    /// Whether `values` satisfy it; NaN and no values satisfy nothing.
    pub fn holds(self, values: &[f64]) -> bool {
        let (mean, deviation) = mean_and_deviation(values);
        match self {
            Self::AtLeast(low) => mean >= low,
            Self::AtMost(high) => mean <= high,
            Self::EachAtMost(high) => !values.is_empty() && values.iter().all(|&value| value <= high),
            Self::Between(low, high) => (low..=high).contains(&mean),
            Self::Positive => p_positive(values).is_some_and(|p| p < LEVEL),
            Self::PositiveByErrors(errors) => mean > errors * deviation / (values.len() as f64).sqrt() && mean > 0.0,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::AtLeast(low) => write!(formatter, "≥ {}", figure(low)),
            Self::AtMost(high) => write!(formatter, "≤ {}", figure(high)),
            Self::EachAtMost(high) => write!(formatter, "each ≤ {}", figure(high)),
            Self::Between(low, high) if low == high => write!(formatter, "= {}", figure(low)),
            Self::Between(low, high) => write!(formatter, "{} to {}", figure(low), figure(high)),
            Self::Positive => write!(formatter, "> 0, p < {LEVEL}"),
            Self::PositiveByErrors(errors) => write!(formatter, "> 0 by {} standard errors", figure(errors)),
        }
    }
}

/// p-value of the one-sided t-test that the mean is above 0. `None` for fewer than two values.
fn p_positive(values: &[f64]) -> Option<f64> {
    let difference = PairedDifference::new(values, &vec![0.0; values.len()]).ok()?;
    let tail = difference.p_value / 2.0;
    Some(if difference.mean > 0.0 { tail } else { 1.0 - tail })
}

/// JSON has no NaN: what was one is written as `null`.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

fn numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    let values = Vec::<Option<f64>>::deserialize(deserializer)?;
    Ok(values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect())
}

/// A table of figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// Names of the columns.
    pub header: Vec<String>,
    /// Rows, each as long as the header.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub fn new(title: impl Into<String>, header: &[&str]) -> Self {
        Self { title: title.into(), header: header.iter().map(|&name| name.to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    ///
    /// # Panics
    ///
    /// If it is not as long as the header.
    #[must_use]
    pub fn row<S: Into<String>>(mut self, cells: impl IntoIterator<Item = S>) -> Self {
        let row: Vec<String> = cells.into_iter().map(Into::into).collect();
        assert_eq!(row.len(), self.header.len(), "a cell for each column");
        self.rows.push(row);
        self
    }
}

/// A picture of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Stem of its file.
    pub name: String,
    /// What it shows.
    pub caption: String,
}

/// A number with four significant digits where it has a fraction; small and large ones in scientific notation.
pub fn figure(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    if !(1e-3..1e6).contains(&magnitude) {
        return format!("{value:.2e}");
    }
    let decimals = (3 - magnitude.log10().floor() as i32).max(0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Mean and standard deviation as `0.8608 ± 0.0013`: two digits of the deviation, the mean as far as those.
pub fn spread(values: &[f64]) -> String {
    let (mean, deviation) = mean_and_deviation(values);
    if values.len() < 2 {
        return figure(mean);
    }
    let plain = |value: f64| (1e-4..1e6).contains(&value.abs());
    if !plain(deviation) || mean != 0.0 && !plain(mean) {
        return format!("{} ± {}", figure(mean), figure(deviation));
    }
    let decimals = (1 - deviation.log10().floor() as i32).max(0) as usize;
    format!("{mean:.decimals$} ± {deviation:.decimals$}")
}

#[cfg(test)]
mod tests;
