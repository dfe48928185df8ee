use proptest::prelude::*;

use super::*;

#[test]
fn probabilities_are_those_whose_likelihood_was_minimized() {
    let logits = [2.0, -1.0, 0.5, 0.1, 3.0, -2.0, 1.5, 1.0, 0.0, -1.0, 0.25, 4.0, 2.5, 2.0, -0.5];
    let labels = [0_u8, 1, 1, 2, 1];
    let temperature = Temperature::fit(&logits, &labels, 3).unwrap();
    let probabilities = temperature.probabilities(&logits).unwrap();
    let of_label = probabilities.chunks_exact(3).zip(labels).map(|(row, label)| row[usize::from(label)]);
    let nll = -of_label.map(libm::log).sum::<f64>() / labels.len() as f64;
    assert!((nll - temperature.nll_after).abs() < 1e-14, "{nll} is not {}", temperature.nll_after);
}

#[test]
fn agrees_with_an_independent_minimization() {
    // from mpmath import *; import numpy as np; mp.dps = 40
    // z = np.float32([2, -1, .5, .1, 3, -2, 1.5, 1, 0, -1, .25, 4, 2.5, 2, -.5]).reshape(5, 3); y = [0, 1, 1, 2, 1]
    // rows = [([mpf(float(v)) for v in row], label) for row, label in zip(z, y)]
    // f = lambda s: sum(log(sum(exp(s * v) for v in r)) - s * r[k] for r, k in rows) / 5
    // s = findroot(lambda s: diff(f, s), 1); print(1 / s, f(1), f(s))
    let logits = [2.0_f32, -1.0, 0.5, 0.1, 3.0, -2.0, 1.5, 1.0, 0.0, -1.0, 0.25, 4.0, 2.5, 2.0, -0.5];
    let temperature = Temperature::fit(&logits, &[0_u8, 1, 1, 2, 1], 3).unwrap();
    assert!((temperature.value - 0.854_100_046_373_436).abs() < 1e-10, "{temperature:?}");
    assert!((temperature.nll_before - 0.487_954_965_817_499_65).abs() < 1e-12, "{temperature:?}");
    assert!((temperature.nll_after - 0.483_132_926_529_155_3).abs() < 1e-12, "{temperature:?}");
}

#[test]
fn logits_of_any_scale_are_fitted() {
    // Three of four labels have the larger logit, so T = difference / ln 3.
    for difference in [1e-290, 1e-40, 1e-10, 1.0, 1e10, 1e38, 1e100] {
        let logits = [difference, 0.0].repeat(4);
        let temperature = Temperature::fit(&logits, &[0_usize, 1, 0, 0], 2).unwrap();
        let expected = difference / libm::log(3.0);
        assert!((temperature.value / expected - 1.0).abs() < 1e-10, "{difference}: {temperature:?}");
    }
}

#[test]
fn where_no_temperature_is_best_there_is_none() {
    let fit = |logits: &[f32], labels: &[u8]| Temperature::fit(logits, labels, 2);
    assert_eq!(fit(&[1.0, 0.0, 0.0, 2.0], &[0, 1]), Err(MetricsError::Separable));
    assert_eq!(fit(&[1.0, 1.0, 0.0, 2.0], &[0, 1]), Err(MetricsError::Separable));
    assert_eq!(fit(&[1.0, 0.0, 0.0, 2.0], &[1, 0]), Err(MetricsError::Uninformative));
    assert_eq!(fit(&[1.0, 0.0, 1.0, 0.0], &[1, 0]), Err(MetricsError::Uninformative));
    assert_eq!(fit(&[3.0, 3.0], &[1]), Err(MetricsError::Uninformative));
}

#[test]
fn what_is_no_set_of_logits_is_refused() {
    let refused = |logits: &[f32], labels: &[u8], classes| Temperature::fit(logits, labels, classes).unwrap_err();
    assert_eq!(refused(&[], &[], 2), MetricsError::Empty { name: "example" });
    assert_eq!(refused(&[], &[0], 0), MetricsError::Empty { name: "class" });
    assert!(matches!(refused(&[1.0; 3], &[0, 1], 2), MetricsError::Length { expected: 4, found: 3, .. }));
    assert!(matches!(refused(&[1.0; 2], &[2], 2), MetricsError::Label { index: 0, found: 2, .. }));
    assert!(matches!(refused(&[1.0, f32::NAN], &[0], 2), MetricsError::Value { name: "logit", index: 1, .. }));
    assert!(matches!(refused(&[f32::INFINITY, 1.0], &[0], 2), MetricsError::Value { index: 0, .. }));
    let huge = Temperature::fit(&[0.0, -1e101], &[0], 2).unwrap_err().to_string();
    assert!(huge.ends_with("expected a finite number from -1e100 to 1e100"), "{huge}");
}

#[test]
fn what_no_temperature_scales_is_refused() {
    let temperature = Temperature { value: 1.0, nll_before: 0.0, nll_after: 0.0, classes: 2 };
    let refused = |temperature: Temperature, logits: &[f32]| temperature.probabilities(logits).unwrap_err().to_string();
    assert_eq!(refused(temperature, &[0.0; 3]), "expected rows of 2 logits, found 3 in all");
    assert_eq!(refused(temperature, &[0.0, f32::NAN]), "logit 1 is NaN; expected a finite number");
    let without_classes = Temperature { classes: 0, ..temperature };
    assert_eq!(refused(without_classes, &[0.0]), "expected at least one class, found none");
    let frozen = Temperature { value: 0.0, ..temperature };
    assert_eq!(refused(frozen, &[0.0, 1.0]), "the temperature is 0; expected a finite number above 0");
    assert_eq!(temperature.probabilities(&[-1e308, 1e308]), Ok(vec![0.0, 1.0]));
}

#[test]
fn single_precision_gives_the_same_as_its_exact_conversion() {
    let logits = [0.3_f32, 0.1, -0.7, 1.1, 0.2, 0.9, 0.8, 0.7];
    let labels = [0_u8, 1, 0, 0];
    let fitted = Temperature::fit(&logits, &labels, 2);
    assert!(fitted.is_ok());
    assert_eq!(fitted, Temperature::fit(&logits.map(f64::from), &labels.map(i64::from), 2));
}

#[test]
fn it_is_serialized_and_read_back() {
    let temperature = Temperature::fit(&[4.0, 0.0].repeat(4), &[0, 0, 0, 1], 2).unwrap();
    let json = serde_json::to_string(&temperature).unwrap();
    assert_eq!(serde_json::from_str::<Temperature>(&json).unwrap(), temperature);
}

proptest! {
    #[test]
    fn no_neighboring_temperature_is_better(
        logits in proptest::collection::vec(-5.0..5.0_f64, 60),
        labels in proptest::collection::vec(0_u8..3, 20),
    ) {
        let rows = Rows::new(&logits, &labels, 3).unwrap();
        match Temperature::fit(&logits, &labels, 3) {
            Ok(found) => {
                for factor in [0.5, 0.99, 1.01, 2.0] {
                    prop_assert!(rows.at(factor / found.value).value >= found.nll_after - 1e-14);
                }
                prop_assert!(found.nll_after <= found.nll_before);
                let probabilities = found.probabilities(&logits).unwrap();
                for (row, z) in probabilities.chunks(3).zip(logits.chunks(3)) {
                    prop_assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                    prop_assert!((0..3).all(|i| (0..3).all(|j| z[i] >= z[j] || row[i] <= row[j])));
                }
            }
            // The negative log-likelihood never increases towards an infinite temperature.
            Err(MetricsError::Uninformative) => {
                prop_assert!(rows.at(0.0).value <= rows.at(0.01).value && rows.at(0.01).value <= rows.at(1.0).value);
            }
            Err(error) => prop_assert_eq!(error, MetricsError::Separable),
        }
    }

    #[test]
    fn the_derivatives_are_those_of_the_likelihood(
        logits in proptest::collection::vec(-5.0..5.0_f64, 12),
        labels in proptest::collection::vec(0_u8..3, 4),
        s in 0.1..3.0_f64,
    ) {
        let rows = Rows::new(&logits, &labels, 3).unwrap();
        let (below, here, above) = (rows.at(s - 1e-4), rows.at(s), rows.at(s + 1e-4));
        prop_assert!(((above.value - below.value) / 2e-4 - here.slope).abs() < 1e-5);
        prop_assert!(((above.slope - below.slope) / 2e-4 - here.curvature).abs() < 1e-4);
    }
}
