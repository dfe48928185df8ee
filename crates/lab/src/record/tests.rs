use super::*;
use crate::finding::Bound;

fn record(claims: Vec<Claim>, data: &str) -> Record {
    let made = Made { version: "1".into(), backend: "flex".into(), data: data.into(), quick: false };
    let finding = Finding { claims, ..Default::default() };
    Record::new(made, vec![Recorded { name: "a".into(), question: "b?".into(), finding }])
}

fn difference() -> Claim {
    // p = 0.0036
    Claim::measured("a difference", [2.0, 2.1, 2.5, 1.9], Bound::Positive)
}

#[test]
fn the_more_differences_the_more_each_must_show() {
    let verdicts = |count: usize| -> Vec<Verdict> {
        record(vec![difference(); count], "full data").claims().map(|claim| claim.verdict).collect()
    };
    let p = difference().p_value.unwrap();
    let enough = (0.05 / p) as usize;
    assert!(enough > 1, "{p}");
    assert_eq!(verdicts(enough), vec![Verdict::Supported; enough]);
    assert_eq!(verdicts(enough + 1), vec![Verdict::Undecided; enough + 1]);
}

#[test]
fn the_sample_refutes_nothing_but_checks() {
    let claims = || {
        vec![
            Claim::measured("far", [1.0, 1.1, 1.2], Bound::AtLeast(5.0)),
            Claim::measured("near", [1.0, 1.1, 1.2], Bound::AtLeast(0.0)),
            Claim::measured("check", [1.0], Bound::Equal(2.0)),
        ]
    };
    let score = |data: &str| record(claims(), data).score();
    assert_eq!(score("full data"), Score { verdicts: [1, 1, 0], checks: 1, failed: 1 });
    assert_eq!(score("embedded sample"), Score { verdicts: [1, 0, 1], checks: 1, failed: 1 });
    assert!(!score("embedded sample").is_clean());
    assert_eq!(score("full data").to_string(), "1 claims supported, 1 refuted, 0 undecided; 0 of 1 checks hold");
}

#[test]
fn the_hash_is_of_what_is_claimed_and_not_of_what_was_measured() {
    let hash = |values: [f64; 2], bound| record(vec![Claim::measured("a", values, bound)], "full data").thresholds;
    let first = hash([1.0, 2.0], Bound::AtLeast(0.0));
    assert_eq!(first, hash([3.0, 4.0], Bound::AtLeast(0.0)));
    assert_ne!(first, hash([1.0, 2.0], Bound::AtLeast(0.1)));
}

#[test]
fn a_record_comes_back_with_the_same_verdicts() {
    let first = record(vec![difference(); 20], "full data");
    let text = serde_json::to_string(&first).unwrap();
    let Record { made, experiments, .. } = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&Record::new(made, experiments)).unwrap(), text);
}

#[test]
fn claims_and_checks_are_tables_of_their_own() {
    let claims = vec![difference(), Claim::measured("a | b", [0.0], Bound::EachAtMost(0.0))];
    let text = record(claims, "full data").markdown();
    let (claims, checks) = text.split_once("\nChecks ").unwrap();
    assert!(claims.contains("| `a` | a difference | 2.12 ± 0.26 (4 seeds) |"), "{claims}");
    assert!(checks.contains("| `a` | a \\| b | 0 | each ≤ 0 | holds |"), "{checks}");
}
