use super::*;
use crate::finding::Bound;

fn record(claims: Vec<Claim>, data: &str) -> Record {
    let made = Made {
        version: "1".into(),
        backend: "flex".into(),
        data: data.into(),
        data_sha256: "d".into(),
        quick: false,
        days: Vec::new(),
        commits: Vec::new(),
        processors: Vec::new(),
    };
    let finding = Finding { claims, ..Default::default() };
    let (name, question) = ("a".into(), "b?".into());
    Record::new(made, vec![Recorded { name, question, seeds: vec![0], rerun_seeds: Vec::new(), finding }])
}

fn difference() -> Claim {
    // p = 0.0036
    Claim::difference("a difference", &[2.0, 2.1, 2.5, 1.9], &[0.0; 4])
}

#[test]
fn the_more_differences_the_more_each_must_show() {
    let verdicts = |count: usize| -> Vec<Verdict> {
        record(vec![difference(); count], "full data").claims().map(|claim| claim.outcome.verdict).collect()
    };
    let p = difference().outcome.p_value.unwrap();
    let enough = (0.05 / p) as usize;
    assert!(enough > 1, "{p}");
    assert_eq!(verdicts(enough), vec![Verdict::Supported; enough]);
    assert_eq!(verdicts(enough + 1), vec![Verdict::Undecided; enough + 1]);
}

#[test]
fn the_sample_refutes_nothing_but_checks() {
    let claims = || {
        vec![
            Claim::measured("far", [1.0, 1.1, 1.2]).bound(Bound::AtLeast(5.0)),
            Claim::measured("near", [1.0, 1.1, 1.2]).bound(Bound::AtLeast(0.0)),
            Claim::check("check", [1.0], Bound::Equal(2.0)),
        ]
    };
    let score = |data: &str| record(claims(), data).score();
    assert_eq!(score("full data"), Score { verdicts: [1, 1, 0], checks: 1, failed: 1, ..Score::default() });
    assert_eq!(score("embedded sample"), Score { verdicts: [1, 0, 1], checks: 1, failed: 1, ..Score::default() });
    assert!(!score("embedded sample").is_clean());
    assert_eq!(score("full data").to_string(), "1 claims supported, 1 refuted, 0 undecided; 0 of 1 checks hold");
}

#[test]
fn a_rerun_is_judged_by_itself_and_counted() {
    let mut same = Claim::measured("a", [1.0, 1.1, 1.2]).bound(Bound::AtLeast(0.0));
    same.measured_again(vec![1.0, 1.2, 1.1]);
    let mut other = same.clone();
    other.measured_again(vec![-1.0, 1.0, 3.0]);
    let record = record(vec![same, other], "full data");
    let rerun: Vec<Verdict> = record.claims().map(|claim| claim.rerun.as_ref().unwrap().verdict).collect();
    assert_eq!(rerun, [Verdict::Supported, Verdict::Undecided]);
    let score = record.score();
    assert_eq!((score.rerun, score.same), (2, 1));
    assert!(score.to_string().ends_with("with other seeds 1 of 2 claims have the same verdict"), "{score}");
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
    let claims = vec![difference(), Claim::check("a | b", [0.0], Bound::EachAtMost(0.0))];
    let text = record(claims, "full data").markdown();
    let (claims, checks) = text.split_once("\nChecks ").unwrap();
    assert!(claims.contains("| `a` | a difference | 2.12 ± 0.26 (4 seeds) |"), "{claims}");
    assert!(checks.contains("| `a` | a \\| b | 0 | each ≤ 0 | holds |"), "{checks}");
}
