use std::string::ToString;

use proptest::prelude::*;

use super::*;

#[test]
fn rows_are_predictions_and_columns_are_labels() {
    // Class 0 is always predicted as 2, and class 2 never as 0.
    let matrix = ConfusionMatrix::from_labels(&[2_u8, 2, 2, 1], &[0_usize, 0, 2, 1], 4).unwrap();
    assert_eq!((matrix.count(2, 0), matrix.count(0, 2)), (2, 0));
    assert_eq!((matrix.fraction(2, 0), matrix.fraction(2, 2), matrix.fraction(0, 2)), (1.0, 1.0, 0.0));
    assert_eq!((matrix.accuracy(), matrix.total(), matrix.classes()), (0.5, 4, 4));
}

#[test]
fn agrees_with_an_independent_computation() {
    // import numpy as np
    // p, a = np.array([0, 2, 1, 0, 0, 1, 2, 2, 1, 0]), np.array([0, 1, 2, 0, 1, 1, 2, 2, 1, 2])
    // for k in range(3):
    //     tp = ((p == k) & (a == k)).sum(); n, m = (p == k).sum(), (a == k).sum()
    //     print(tp / n, tp / m, 2 * tp / (n + m))
    let predicted = [0, 2, 1, 0, 0, 1, 2, 2, 1, 0_u8];
    let actual = [0, 1, 2, 0, 1, 1, 2, 2, 1, 2_u8];
    let matrix = ConfusionMatrix::from_labels(&predicted, &actual, 3).unwrap();
    let expected = [
        (0.5, 1.0, 0.666_666_666_666_666_6),
        (0.666_666_666_666_666_6, 0.5, 0.571_428_571_428_571_4),
        (0.666_666_666_666_666_6, 0.5, 0.571_428_571_428_571_4),
    ];
    for (class, (precision, recall, f1)) in expected.into_iter().enumerate() {
        assert!((matrix.precision(class).unwrap() - precision).abs() < 1e-15);
        assert!((matrix.recall(class).unwrap() - recall).abs() < 1e-15);
        assert!((matrix.f1(class).unwrap() - f1).abs() < 1e-15);
    }
}

#[test]
fn what_is_undefined_is_none() {
    // Class 1 is never predicted, class 2 never occurs, and class 3 is neither predicted nor occurs.
    let matrix = ConfusionMatrix::from_labels(&[0_u8, 2], &[0_u8, 1], 4).unwrap();
    assert_eq!((matrix.precision(1), matrix.recall(1), matrix.f1(1)), (None, Some(0.0), Some(0.0)));
    assert_eq!((matrix.precision(2), matrix.recall(2), matrix.f1(2)), (Some(0.0), None, Some(0.0)));
    assert_eq!((matrix.precision(3), matrix.recall(3), matrix.f1(3)), (None, None, None));
    assert_eq!(matrix.fraction(0, 3), 0.0);
}

#[test]
fn what_cannot_be_counted_is_refused() {
    let message = |predicted: &[u8], actual: &[u8], classes| {
        ConfusionMatrix::from_labels(predicted, actual, classes).unwrap_err().to_string()
    };
    assert_eq!(message(&[], &[], 2), "expected at least one example, found none");
    assert_eq!(message(&[0], &[0, 1], 2), "expected 2 predictions, one for each label, found 1");
    assert_eq!(message(&[0, 2], &[0, 0], 2), "prediction 1 is 2; expected 0 to 1 (2 classes)");
    let negative = ConfusionMatrix::from_labels(&[0, 1], &[0, -3], 2).unwrap_err();
    assert_eq!(negative.to_string(), "label 1 is -3; expected 0 to 1 (2 classes)");
    assert_eq!(message(&[0, 1], &[5, 0], 2), "label 0 is 5; expected 0 to 1 (2 classes)");
    assert_eq!(message(&[0], &[0], 0), "expected 1 to 65536 classes, found 0");
    assert_eq!(message(&[0], &[0], 65_537), "expected 1 to 65536 classes, found 65537");
}

#[test]
#[should_panic(expected = "class 2 of 2")]
fn a_class_past_the_end_panics() {
    let _ = ConfusionMatrix::from_labels(&[0_u8], &[0_u8], 2).unwrap().count(0, 2);
}

#[test]
fn mean_f1_agrees_with_scikit_learn_also_where_a_class_is_absent() {
    // from sklearn.metrics import f1_score
    // a, p = [0, 1, 2, 0, 1, 1, 2, 2, 1, 2], [0, 2, 1, 0, 0, 1, 2, 2, 1, 0]
    // print(f1_score(a, p, average="macro"), f1_score(a, p, average="weighted"))
    // a, p = [0, 0, 0, 1, 1, 3], [0, 0, 1, 1, 3, 0]
    // print(f1_score(a, p, average="macro"), f1_score(a, p, average="weighted"))
    let check = |predicted: &[u8], actual: &[u8], classes, mean: f64, weighted: f64| {
        let matrix = ConfusionMatrix::from_labels(predicted, actual, classes).unwrap();
        assert!((matrix.macro_f1() - mean).abs() < 1e-15, "{}", matrix.macro_f1());
        assert!((matrix.weighted_f1() - weighted).abs() < 1e-15, "{}", matrix.weighted_f1());
    };
    let (predicted, actual) = ([0, 2, 1, 0, 0, 1, 2, 2, 1, 0], [0, 1, 2, 0, 1, 1, 2, 2, 1, 2]);
    check(&predicted, &actual, 3, 0.603_174_603_174_603_1, 0.590_476_190_476_190_4);
    // Classes 2 and 4 neither occur nor are predicted.
    check(&[0, 0, 1, 1, 3, 0], &[0, 0, 0, 1, 1, 3], 5, 0.388_888_888_888_888_84, 0.5);
}

#[test]
fn the_matrix_prints_as_aligned_tables() {
    let matrix = ConfusionMatrix::from_labels(&[0, 0, 1, 1, 3, 0], &[0, 0, 0, 1, 1, 3], 4).unwrap();
    let expected = "\
counts; rows: predicted class, columns: actual class
      0 1 2 3 total
    0 2 0 0 1     3
    1 1 1 0 0     2
    2 0 0 0 0     0
    3 0 1 0 0     1
total 3 2 0 1     6

class  precision  recall      F1
    0     0.6667  0.6667  0.6667
    1     0.5000  0.5000  0.5000
    2          -       -       -
    3     0.0000  0.0000  0.0000

accuracy 0.5000 (3 of 6)";
    assert_eq!(matrix.to_string(), expected);
}

#[test]
fn ten_classes_fit_into_eighty_columns() {
    let actual: Vec<usize> = (0..60_000).map(|example| example % 10).collect();
    let text = ConfusionMatrix::from_labels(&actual, &actual, 10).unwrap().to_string();
    let longest = text.lines().map(str::len).max();
    assert_eq!(longest, Some("total".len() + 10 * " 6000".len() + " 60000".len()));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1], "         0    1    2    3    4    5    6    7    8    9 total");
    assert_eq!(lines[11], "    9    0    0    0    0    0    0    0    0    0 6000  6000");
}

#[test]
fn a_matrix_is_serialized_row_by_row() {
    let matrix = ConfusionMatrix::from_labels(&[0, 0, 1], &[0, 1, 1], 2).unwrap();
    assert_eq!(serde_json::to_string(&matrix).unwrap(), r#"{"counts":[1,1,0,1],"classes":2}"#);
}

proptest! {
    #[test]
    fn shares_and_columns_are_distributions(
        pairs in proptest::collection::vec((0_usize..5, 0_usize..5), 1..200),
    ) {
        let (predicted, actual): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
        let matrix = ConfusionMatrix::from_labels(&predicted, &actual, 5).unwrap();
        prop_assert_eq!(matrix.total(), pairs.len() as u64);
        let hits = pairs.iter().filter(|(predicted, actual)| predicted == actual).count();
        prop_assert_eq!(matrix.accuracy(), hits as f64 / pairs.len() as f64);

        let (source, predictions) = (matrix.actual_share(), matrix.predicted_share());
        prop_assert!((source.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        for (predicted, share) in predictions.into_iter().enumerate() {
            // C·p(y) = μ, the reason for the orientation.
            let mixed: f64 = (0..5).map(|actual| matrix.fraction(predicted, actual) * source[actual]).sum();
            prop_assert!((mixed - share).abs() < 1e-12);
        }
    }

    #[test]
    fn exchanging_predictions_and_labels_exchanges_precision_and_recall(
        pairs in proptest::collection::vec((0_u8..4, 0_u8..4), 1..100),
    ) {
        let (predicted, actual): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        let matrix = ConfusionMatrix::from_labels(&predicted, &actual, 4).unwrap();
        let exchanged = ConfusionMatrix::from_labels(&actual, &predicted, 4).unwrap();
        for class in 0..4 {
            prop_assert_eq!(matrix.precision(class), exchanged.recall(class));
            prop_assert_eq!(matrix.f1(class), exchanged.f1(class));
        }
    }
}
