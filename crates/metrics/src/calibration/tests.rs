use std::string::ToString;

use proptest::prelude::*;

use super::*;

#[test]
fn zero_and_one_have_a_bin_and_edges_go_up() {
    for bins in [1, 2, 10, 15, 100, 1000] {
        assert_eq!((bin_of(0.0, bins), bin_of(-0.0, bins), bin_of(1.0, bins)), (0, 0, bins - 1));
        assert_eq!(bin_of(1.0_f64.next_down(), bins), bins - 1);
        for bin in 1..bins {
            let edge = edge(bin, bins);
            assert_eq!((bin_of(edge.next_down(), bins), bin_of(edge, bins)), (bin - 1, bin), "{bin} of {bins}");
        }
    }
}

#[test]
fn agrees_with_an_independent_computation() {
    // import numpy as np
    // c = np.array([0.05, 0.31, 0.32, 0.5, 0.55, 0.61, 0.77, 0.78, 0.93, 1.0]); r = np.array([0,1,0,1,0,1,1,0,1,1])
    // b = np.minimum((c * 4).astype(int), 3)
    // e = [(b == i).sum() / 10 * abs(r[b == i].mean() - c[b == i].mean()) for i in range(4)]; sum(e)
    // max(abs(r[b == i].mean() - c[b == i].mean()) for i in range(4))
    let confidences = [0.05, 0.31, 0.32, 0.5, 0.55, 0.61, 0.77, 0.78, 0.93, 1.0];
    let correct = [0, 1, 0, 1, 0, 1, 1, 0, 1, 1].map(|hit| hit == 1);
    let calibration = Calibration::new(&confidences, &correct, 4).unwrap();
    assert_eq!(calibration.bins().iter().map(|bin| bin.count).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!((calibration.expected_error() - 0.124).abs() < 1e-12, "{}", calibration.expected_error());
    assert!((calibration.maximum_error() - 0.185).abs() < 1e-12, "{}", calibration.maximum_error());
}

#[test]
fn empty_bins_do_not_count() {
    let calibration = Calibration::new(&[1.0, 1.0], &[true, true], Calibration::DEFAULT_BINS).unwrap();
    assert_eq!((calibration.expected_error(), calibration.maximum_error()), (0.0, 0.0));
    assert_eq!(calibration.bins().iter().filter(|bin| bin.count == 0).count(), 14);
}

#[test]
fn what_is_no_confidence_is_refused() {
    let message =
        |confidences: &[f64], bins| Calibration::new(confidences, &[true, false], bins).unwrap_err().to_string();
    assert_eq!(message(&[0.5], 15), "expected 2 confidences, one for each outcome, found 1");
    assert_eq!(message(&[0.5, 1.5], 15), "confidence 1 is 1.5; expected a probability in [0, 1]");
    assert_eq!(message(&[-0.1, 0.5], 15), "confidence 0 is -0.1; expected a probability in [0, 1]");
    assert!(message(&[0.5, f64::NAN], 15).starts_with("confidence 1 is NaN"));
    assert!(Calibration::new(&[0.0, 1.0_f64.next_up()], &[true, true], 15).is_err());
    assert_eq!(message(&[0.5, 0.5], 0), "expected 1 to 1048576 bins, found 0");
    assert_eq!(Calibration::new(&[0.0_f32; 0], &[true; 0], 15), Err(MetricsError::Empty { name: "example" }));
    let outcome = Calibration::new(&[0.5], &[2], 15).unwrap_err();
    assert_eq!(outcome.to_string(), "outcome 0 is 2; expected 0 to 1 (2 classes)");
}

#[test]
fn the_first_of_equal_labels_wins_and_nan_is_noticed() {
    assert_eq!(top_label(&[0.5, 0.5]), (0, 0.5));
    let (class, probability) = top_label(&[0.9_f32, f32::NAN, 1.0]);
    assert!(class == 1 && probability.is_nan());
    let (class, probability) = top_label(&[f32::NAN, 1.0]);
    assert!(class == 0 && probability.is_nan());
}

#[test]
fn rows_of_probabilities_are_binned_by_their_largest() {
    // The first of equal probabilities is the prediction; a sum of 1.0004 is rounding.
    let rows = [0.2, 0.8, 0.5, 0.5, 1.0004, 0.0_f32];
    let calibration = Calibration::from_probabilities(&rows, &[1, 1, 0], 2, 4).unwrap();
    assert_eq!(calibration, Calibration::new(&[0.8_f32, 0.5, 1.0], &[true, false, true], 4).unwrap());
    let refused = |rows: &[f64], labels: &[i64], classes, bins| {
        Calibration::from_probabilities(rows, labels, classes, bins).unwrap_err().to_string()
    };
    assert_eq!(refused(&[0.5; 2], &[0], 2, 0), "expected 1 to 1048576 bins, found 0");
    assert_eq!(refused(&[0.5; 2], &[-1], 2, 4), "label 0 is -1; expected 0 to 1 (2 classes)");
    assert_eq!(refused(&[0.5, 0.25], &[0], 2, 4), "the probabilities of example 0 sum to 0.75; expected 1");
    assert!(refused(&[0.5, f64::NAN], &[0], 2, 4).starts_with("the probability of class 1 in example 0 is NaN;"));
    assert_eq!(refused(&[], &[], 2, 4), "expected at least one example, found none");
}

#[test]
fn the_bins_print_as_an_aligned_table() {
    let calibration = Calibration::new(&[0.9, 0.9, 0.6, 0.6], &[1, 0, 1, 0], 3).unwrap();
    let expected = "\
confidence in     count  mean confidence  accuracy
[0.0000, 0.3333)      0                -         -
[0.3333, 0.6667)      2           0.6000    0.5000
[0.6667, 1.0000]      2           0.9000    0.5000
expected calibration error 0.2500, maximum calibration error 0.4000";
    assert_eq!(calibration.to_string(), expected);
}

#[test]
fn bins_are_serialized_and_read_back() {
    let calibration = Calibration::new(&[0.75], &[true], 2).unwrap();
    let json = serde_json::to_value(&calibration).unwrap();
    let bins: Vec<CalibrationBin> = serde_json::from_value(json["bins"].clone()).unwrap();
    assert_eq!(bins, calibration.bins());
}

proptest! {
    #[test]
    fn every_example_lies_in_the_bin_that_counts_it(
        confidences in proptest::collection::vec(0.0..=1.0_f64, 1..50),
        bins in 1_usize..200,
    ) {
        for confidence in confidences {
            let calibration = Calibration::new(&[confidence], &[true], bins).unwrap();
            let filled: Vec<_> = calibration.bins().iter().filter(|bin| bin.count == 1).collect();
            prop_assert_eq!(filled.len(), 1);
            let (lower, upper) = (filled[0].lower, filled[0].upper);
            prop_assert!(lower <= confidence && (confidence < upper || (upper == 1.0 && confidence == 1.0)));
            prop_assert_eq!(calibration.expected_error(), 1.0 - confidence);
        }
    }

    #[test]
    fn the_expected_error_is_between_the_overall_gap_and_the_maximum(
        examples in proptest::collection::vec((0.0..=1.0_f64, any::<bool>()), 1..200),
    ) {
        let (confidences, correct): (Vec<f64>, Vec<bool>) = examples.into_iter().unzip();
        let calibration = Calibration::new(&confidences, &correct, 15).unwrap();
        let n = confidences.len() as f64;
        let hits = correct.iter().filter(|&&correct| correct).count() as f64;
        let gap = (hits / n - confidences.iter().sum::<f64>() / n).abs();
        prop_assert!(calibration.expected_error() >= gap - 1e-12);
        prop_assert!(calibration.expected_error() <= calibration.maximum_error() + 1e-12);
    }
}
