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
fn a_bound_is_on_the_mean_and_not_a_number_satisfies_none() {
    assert!(Bound::AtLeast(2.0).holds(&[1.0, 3.0]));
    assert!(!Bound::AtMost(1.9).holds(&[1.0, 3.0]));
    assert!(Bound::Between(2.0, 2.0).holds(&[1.0, 3.0]));
    for bound in [
        Bound::AtLeast(0.0),
        Bound::AtMost(0.0),
        Bound::EachAtMost(0.0),
        Bound::Between(-1.0, 1.0),
        Bound::Positive,
        Bound::PositiveByErrors(0.0),
    ] {
        assert!(!bound.holds(&[f64::NAN, 0.0]), "{bound}");
        assert!(!bound.holds(&[]), "{bound}");
    }
}

#[test]
fn a_difference_counts_in_its_own_standard_errors() {
    // Mean 2, deviation 1, standard error 1/√3: 3.46 errors above 0.
    let claim = Claim::paired("a", &[2.0, 3.0, 4.0], &[1.0, 1.0, 1.0], Bound::PositiveByErrors(3.4));
    assert_eq!((claim.mean, claim.deviation, claim.holds), (2.0, 1.0, true));
    assert!(!Bound::PositiveByErrors(3.5).holds(&claim.values));
    assert_eq!(claim.measurement(), "2.0 ± 1.0 (3 seeds)");
    // t = 3.4641 with 2 degrees of freedom: 0.0742 in both tails.
    let tested = Claim::paired("a", &[2.0, 3.0, 4.0], &[1.0, 1.0, 1.0], Bound::Positive);
    assert!(tested.holds && (tested.p_value.unwrap() - 0.037_09).abs() < 1e-4);
    assert!(!Bound::Positive.holds(&[-1.0, -2.0, -3.0]));
    assert!(!Bound::Positive.holds(&[3.0]), "one value has no spread to test against");
}

#[test]
fn the_worst_value_counts_where_each_must_hold() {
    assert!(Bound::AtMost(2.0).holds(&[1.0, 3.0]));
    assert!(!Bound::EachAtMost(2.0).holds(&[1.0, 3.0]));
    assert_eq!(Bound::Between(1.0, 1.0).to_string(), "= 1");
}

#[test]
fn claims_come_back_from_json() {
    for values in [vec![0.25], vec![0.1, 0.3], vec![f64::NAN, 1.0]] {
        let claim = Claim::measured("a", values, Bound::AtMost(1.0));
        let back: Claim = serde_json::from_str(&serde_json::to_string(&claim).unwrap()).unwrap();
        assert_eq!(format!("{back:?}"), format!("{claim:?}"));
    }
}
