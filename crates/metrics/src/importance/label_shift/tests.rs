use std::string::ToString;

use proptest::prelude::*;

use super::*;

/// `P(predicted | actual)` is 0.8, 0.4 in the first row and 0.2, 0.6 in the second.
fn source() -> ConfusionMatrix {
    ConfusionMatrix::from_labels(&[0, 0, 0, 0, 1, 0, 0, 1, 1, 1_u8], &[0, 0, 0, 0, 0, 1, 1, 1, 1, 1_u8], 2).unwrap()
}

fn diagnosis(shift: &LabelShift) -> (f64, f64) {
    match shift.method {
        ShiftMethod::ConfusionMatrix { condition_number, clipped } => (condition_number, clipped),
        method => panic!("{method:?}"),
    }
}

#[test]
fn a_hand_computed_case() {
    // 0.8·p + 0.4·(1 - p) = 0.5 for p = 0.25; the condition number is np.linalg.cond([[.8, .4], [.2, .6]]).
    let shift = LabelShift::from_confusion(&source(), &[0_u8, 1]).unwrap();
    assert!((shift.target[0] - 0.25).abs() < 1e-15 && (shift.weights[1] - 1.5).abs() < 1e-15, "{shift:?}");
    let (condition_number, clipped) = diagnosis(&shift);
    assert!((condition_number - 2.618_033_988_749_895).abs() < 1e-12, "{condition_number}");
    assert_eq!(clipped, 0.0);
}

#[test]
fn a_negative_share_is_clipped_and_told() {
    // 0.8·p + 0.4·(1 - p) = 0 for p = -1.
    let shift = LabelShift::from_confusion(&source(), &[1_u8; 7]).unwrap();
    assert_eq!((&shift.target[..], &shift.weights[..]), (&[0.0, 1.0][..], &[0.0, 2.0][..]));
    assert!((diagnosis(&shift).1 - 1.0).abs() < 1e-12, "{shift:?}");
}

#[test]
fn a_class_that_is_never_predicted_makes_the_matrix_singular() {
    let source = ConfusionMatrix::from_labels(&[0_u8, 0, 1], &[0_u8, 2, 1], 3).unwrap();
    let error = LabelShift::from_confusion(&source, &[0_u8]).unwrap_err();
    assert_eq!(error, ImportanceError::NearSingular { condition_number: f64::INFINITY, limit: 100.0 });
    assert_eq!(error.to_string(), "the condition number of the confusion matrix is inf; expected at most 100");
}

#[test]
fn the_limit_of_the_condition_number_is_the_callers() {
    let within = |limit| LabelShift::from_confusion_within(&source(), &[0_u8, 1], limit);
    assert!(within(2.619).is_ok());
    assert!(matches!(within(2.617), Err(ImportanceError::NearSingular { .. })));
    assert!(within(f64::NAN).is_err());
}

#[test]
fn it_is_serialized_and_read_back() {
    let shift = LabelShift::from_confusion(&source(), &[0, 1]).unwrap();
    let json = serde_json::to_string(&shift).unwrap();
    assert_eq!(serde_json::from_str::<LabelShift>(&json).unwrap(), shift);
}

#[test]
fn what_gives_no_estimate_is_refused() {
    let refused = |predictions: &[u8]| LabelShift::from_confusion(&source(), predictions).unwrap_err().to_string();
    assert_eq!(refused(&[]), "expected at least one target prediction, found none");
    assert_eq!(refused(&[0, 2]), "prediction 1 is 2; expected 0 to 1 (2 classes)");
    let source = ConfusionMatrix::from_labels(&[0_u8, 1], &[0_u8, 0], 2).unwrap();
    let error = LabelShift::from_confusion(&source, &[0_u8]).unwrap_err();
    assert_eq!(error, ImportanceError::MissingClass { class: 1 });
}

#[test]
fn an_impossible_row_becomes_the_prior() {
    let shift = LabelShift::from_confusion(&source(), &[1_u8]).unwrap();
    assert_eq!(shift.target, [0.0, 1.0]);
    assert_eq!(shift.adjust(&[1.0, 0.0, 0.5, 0.5]).unwrap(), [0.0, 1.0, 0.0, 1.0]);
}

#[test]
fn what_are_no_distributions_is_not_adjusted() {
    let shift = LabelShift::from_confusion(&source(), &[1_u8]).unwrap();
    let refused = |rows: &[f32]| shift.adjust(rows).unwrap_err().to_string();
    assert_eq!(refused(&[0.0; 3]), "expected rows of 2 probabilities, found 3 in all");
    assert!(refused(&[0.5, 0.5, 0.5, f32::NAN]).starts_with("the probability of class 1 in example 1 is NaN;"));
    assert_eq!(refused(&[0.5, 0.25]), "the probabilities of example 0 sum to 0.75; expected 1");
}

proptest! {
    /// The target repeats all source examples of class `y` `repeats[y]` times: label shift without sampling error, so
    /// the estimate has to be exact.
    #[test]
    fn a_shift_without_sampling_error_is_found(
        wrong in proptest::collection::vec(0_usize..4, 16),
        repeats in proptest::collection::vec(0_usize..5, 4),
    ) {
        prop_assume!(repeats.iter().any(|&repeats| repeats > 0));
        let (mut predicted, mut actual, mut target) = (Vec::new(), Vec::new(), Vec::new());
        for (pair, &wrong) in wrong.iter().enumerate() {
            let (row, column) = (pair / 4, pair % 4);
            let count = wrong + if row == column { 20 } else { 0 };
            predicted.extend(core::iter::repeat_n(row, count));
            actual.extend(core::iter::repeat_n(column, count));
            target.extend(core::iter::repeat_n(row, count * repeats[column]));
        }
        let source = ConfusionMatrix::from_labels(&predicted, &actual, 4).unwrap();
        let shift = LabelShift::from_confusion(&source, &target).unwrap();
        for (class, &prior) in source.actual_share().iter().enumerate() {
            let share = prior * (actual.len() * repeats[class]) as f64 / target.len() as f64;
            prop_assert!((shift.target[class] - share).abs() < 1e-12);
            prop_assert!((shift.weights[class] - share / prior).abs() < 1e-11);
        }
        prop_assert!(diagnosis(&shift).1 < 1e-12);
    }
}
