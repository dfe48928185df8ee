use super::*;

#[test]
fn figures_have_four_significant_digits() {
    for (value, text) in [
        (0.0, "0"),
        (0.860_77, "0.8608"),
        (12.0, "12"),
        (12.345_6, "12.35"),
        (123_456.7, "123457"),
        (-0.25, "-0.25"),
        (0.000_123_4, "1.23e-4"),
        (2.5e7, "2.50e7"),
        (f64::NAN, "NaN"),
    ] {
        assert_eq!(figure(value), text);
    }
}

#[test]
fn a_spread_ends_with_the_second_digit_of_the_deviation() {
    for (values, text) in [
        (&[0.858_1, 0.860_4, 0.862_2][..], "0.8602 ± 0.0021"),
        (&[120.0, 150.0], "135 ± 21"),
        (&[0.5, 0.5], "0.5 ± 0"),
        (&[1e-9, 3e-9], "2.00e-9 ± 1.41e-9"),
        (&[0.25], "0.25"),
    ] {
        assert_eq!(spread(values), text);
    }
}

#[test]
fn an_interval_inside_supports_one_outside_refutes_and_any_other_decides_nothing() {
    use Verdict::{Refuted, Supported, Undecided};
    // Mean 2, interval -0.48 to 4.48.
    let verdict = |bound| Claim::measured("a", [1.0, 2.0, 3.0]).bound(bound).outcome.verdict;
    for (bound, expected) in [
        (Bound::AtLeast(-0.5), Supported),
        (Bound::AtLeast(-0.4), Undecided),
        (Bound::AtLeast(4.4), Undecided),
        (Bound::AtLeast(4.5), Refuted),
        (Bound::AtMost(4.5), Supported),
        (Bound::AtMost(0.0), Undecided),
        (Bound::AtMost(-0.5), Refuted),
        (Bound::Between(-1.0, 5.0), Supported),
        (Bound::Between(0.0, 4.0), Undecided),
        (Bound::Between(5.0, 6.0), Refuted),
        (Bound::Positive, Undecided),
    ] {
        assert_eq!(verdict(bound), expected, "{bound}");
    }
}

#[test]
fn a_difference_needs_its_test_too() {
    // t = 3.4641 with 2 degrees of freedom: 0.0742 in both tails.
    let claim = Claim::difference("a", &[2.0, 3.0, 4.0], &[1.0, 1.0, 1.0]);
    assert!((claim.outcome.p_value.unwrap() - 0.074_18).abs() < 1e-5);
    assert_eq!((claim.outcome.mean, claim.outcome.deviation, claim.outcome.verdict), (2.0, 1.0, Verdict::Undecided));
    let mut claim = Claim::measured("a", [2.0, 2.1, 2.2, 2.1]).bound(Bound::Positive);
    assert_eq!(claim.outcome.verdict, Verdict::Supported);
    claim.judge([Some(0.06), None]);
    assert_eq!(claim.outcome.verdict, Verdict::Undecided);
    assert_eq!(Claim::measured("a", [-2.0, -2.1, -2.2, -2.1]).bound(Bound::Positive).outcome.verdict, Verdict::Refuted);
    assert_eq!(
        Claim::measured("a", [3.0]).bound(Bound::Positive).outcome.verdict,
        Verdict::Undecided,
        "one value has no spread"
    );
    // Equal differences: three equal signs have a probability of 1/4.
    assert_eq!(Claim::measured("a", [0.1; 3]).bound(Bound::Positive).outcome.verdict, Verdict::Undecided);
}

#[test]
fn one_value_stands_for_itself_where_nothing_is_random() {
    let claim = |bound| Claim::measured("a", [0.25]).bound(bound);
    assert_eq!(claim(Bound::AtMost(0.25)).outcome.verdict, Verdict::Supported);
    assert_eq!(claim(Bound::AtMost(0.2)).outcome.verdict, Verdict::Refuted);
    assert_eq!(claim(Bound::AtMost(0.2)).outcome.certainty(), "");
}

#[test]
fn a_check_is_on_each_value_and_not_a_number_decides_nothing() {
    let verdict = |values: &[f64], bound| Claim::measured("a", values).bound(bound).outcome.verdict;
    assert_eq!(verdict(&[1.0, 3.0], Bound::EachAtMost(3.0)), Verdict::Supported);
    assert_eq!(verdict(&[1.0, 3.0], Bound::EachAtMost(2.0)), Verdict::Refuted);
    assert_eq!(verdict(&[1.0, 1.0], Bound::Equal(1.0)), Verdict::Supported);
    assert_eq!(verdict(&[1.0, 1.5], Bound::Equal(1.0)), Verdict::Refuted);
    let bounds = [Bound::AtLeast(0.0), Bound::AtMost(0.0), Bound::Between(-1.0, 1.0), Bound::Positive];
    for bound in bounds.into_iter().chain([Bound::EachAtMost(0.0), Bound::Equal(0.0)]) {
        assert_eq!(verdict(&[f64::NAN, 0.0], bound), Verdict::Undecided, "{bound}");
        assert_eq!(verdict(&[], bound), Verdict::Undecided, "{bound}");
    }
}

#[test]
fn what_is_undecided_says_what_so_many_seeds_would_show() {
    let claim = Claim::measured("a", [1.0, 2.0, 3.0]).bound(Bound::AtLeast(0.0));
    assert_eq!(claim.outcome.missing().unwrap(), "3 seeds show 3.097, 5 seeds would decide");
    assert_eq!(claim.outcome.certainty(), "-0.4841 to 4.484");
    assert_eq!(Claim::measured("a", [1.0, 1.1, 1.2]).bound(Bound::AtLeast(0.0)).outcome.missing(), None);
}

#[test]
fn claims_come_back_from_json() {
    for values in [vec![0.25], vec![0.1, 0.3], vec![f64::NAN, 1.0]] {
        let claim = Claim::measured("a", values).bound(Bound::AtMost(1.0));
        let back: Claim = serde_json::from_str(&serde_json::to_string(&claim).unwrap()).unwrap();
        assert_eq!(format!("{back:?}"), format!("{claim:?}"));
    }
}
