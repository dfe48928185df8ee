//! How long measurements take.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Mean seconds of the measurements in the record.
const FILE: &str = include_str!("../../seconds.toml");

static SECONDS: LazyLock<BTreeMap<String, f64>> =
    LazyLock::new(|| toml::from_str(FILE).expect("a test writes the file of seconds"));

/// Seconds of an experiment that the record lacks.
const UNKNOWN: f64 = 60.0;
/// Seconds of any measurement in the short form.
const QUICK: f64 = 1.0;

/// Seconds that a measurement of an experiment takes.
pub(super) fn seconds(experiment: &str, quick: bool) -> f64 {
    if quick { QUICK } else { SECONDS.get(experiment).copied().unwrap_or(UNKNOWN) }
}
