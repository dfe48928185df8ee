//! The file of thresholds: what claims must be for the settings in `configs/`, and who says so.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::finding::{Bound, Finding};

const FILE: &str = include_str!("../thresholds.toml");

static SECTIONS: LazyLock<BTreeMap<String, Section>> =
    LazyLock::new(|| toml::from_str(FILE).expect("a test reads the file of thresholds"));

/// The thresholds of an experiment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    /// Where claims come from that do not say otherwise.
    source: String,
    /// By the sentences of the claims.
    #[serde(default)]
    claims: BTreeMap<String, Threshold>,
}

/// What one claim must be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Threshold {
    at_least: Option<f64>,
    at_most: Option<f64>,
    between: Option<[f64; 2]>,
    reference: Option<String>,
    source: Option<String>,
}

impl Threshold {
    /// Its bound. None where the code computes it, and only source or reference value are given.
    fn bound(&self) -> Option<Bound> {
        match (self.at_least, self.at_most, self.between) {
            (Some(least), None, None) => Some(Bound::AtLeast(least)),
            (None, Some(most), None) => Some(Bound::AtMost(most)),
            (None, None, Some([least, most])) => Some(Bound::Between(least, most)),
            _ => None,
        }
    }
}

/// Gives the claims of an experiment their sources and, if its settings are the `standard` ones, the bounds and reference
/// values that stand in the file. With other settings a claim whose bound is not computed has none.
pub(crate) fn apply(experiment: &str, finding: &mut Finding, standard: bool) {
    let Some(section) = SECTIONS.get(experiment) else { return };
    for claim in &mut finding.claims {
        let threshold = section.claims.get(&claim.sentence);
        claim.source = threshold.and_then(|threshold| threshold.source.as_ref()).unwrap_or(&section.source).clone();
        let Some(threshold) = threshold.filter(|_| standard) else { continue };
        claim.reference.clone_from(&threshold.reference);
        if let Some(bound) = threshold.bound().filter(|_| claim.bound == Bound::Unset) {
            *claim = claim.clone().bound(bound);
        }
    }
}

/// SHA-256 of the file.
pub(crate) fn sha256() -> String {
    format!("{:x}", Sha256::digest(FILE))
}

/// The sentences that an experiment has thresholds for.
pub fn sentences(experiment: &str) -> impl Iterator<Item = &'static str> {
    SECTIONS.get(experiment).into_iter().flat_map(|section| section.claims.keys().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Claim;

    #[test]
    fn a_line_has_one_bound_or_says_why_it_is_there() {
        for (name, section) in &*SECTIONS {
            for (sentence, line) in &section.claims {
                let bounds = [line.at_least.is_some(), line.at_most.is_some(), line.between.is_some()];
                let count = bounds.into_iter().filter(|&given| given).count();
                let speaks = line.reference.is_some() || line.source.is_some();
                assert!(count == 1 || count == 0 && speaks, "{name}: {sentence}");
                assert!(line.between.is_none_or(|[least, most]| least < most), "{name}: {sentence}");
            }
        }
    }

    #[test]
    fn other_settings_have_no_thresholds() {
        let finding = |standard| {
            let mut finding = Finding::default();
            finding.claim(Claim::measured("Training loss of the last epoch", [0.38, 0.381, 0.382]));
            apply("mlp", &mut finding, standard);
            finding.claims.remove(0)
        };
        let [standard, other] = [finding(true), finding(false)];
        assert!(standard.bound != Bound::Unset && standard.reference.is_some());
        assert_eq!((other.bound, other.reference.as_deref()), (Bound::Unset, None));
        assert_eq!(standard.source, other.source);
    }
}
