use proptest::prelude::*;

use super::*;

#[test]
fn probabilities_are_those_whose_likelihood_was_minimized() {
    let logits = [2.0, -1.0, 0.5, 0.1, 3.0, -2.0, 1.5, 1.0, 0.0, -1.0, 0.25, 4.0, 2.5, 2.0, -0.5];
    let labels = [0_u8, 1, 1, 2, 1];
    let temperature = Temperature::fit(&logits, &labels, 3).unwrap();
    let probabilities = temperature.probabilities(&logits);
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
    let logits = [2.0, -1.0, 0.5, 0.1, 3.0, -2.0, 1.5, 1.0, 0.0, -1.0, 0.25, 4.0, 2.5, 2.0, -0.5];
    let temperature = Temperature::fit(&logits, &[0_u8, 1, 1, 2, 1], 3).unwrap();
    assert!((temperature.value - 0.854_100_046_373_436).abs() < 1e-10, "{temperature:?}");
    assert!((temperature.nll_before - 0.487_954_965_817_499_65).abs() < 1e-12, "{temperature:?}");
    assert!((temperature.nll_after - 0.483_132_926_529_155_3).abs() < 1e-12, "{temperature:?}");
}

#[test]
fn logits_of_any_scale_are_fitted() {
    // Three of four labels have the larger logit, so T = difference / ln 3.
    for difference in [1e-40_f32, 1e-10, 1.0, 1e10, 1e38] {
        let logits = [difference, 0.0].repeat(4);
        let temperature = Temperature::fit(&logits, &[0_usize, 1, 0, 0], 2).unwrap();
        let expected = f64::from(difference) / libm::log(3.0);
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
    assert_eq!(refused(&[], &[], 2), MetricsError::Empty);
    assert!(matches!(refused(&[], &[0], 0), MetricsError::Count { found: 0, .. }));
    assert!(matches!(refused(&[1.0; 3], &[0, 1], 2), MetricsError::Length { expected: 4, found: 3, .. }));
    assert!(matches!(refused(&[1.0; 2], &[2], 2), MetricsError::Label { index: 0, found: 2, .. }));
    assert!(matches!(refused(&[1.0, f32::NAN], &[0], 2), MetricsError::Logit { index: 1, .. }));
    assert!(matches!(refused(&[f32::INFINITY, 1.0], &[0], 2), MetricsError::Logit { index: 0, .. }));
}

#[test]
#[should_panic(expected = "3 logits are not rows of 2 classes")]
fn part_of_a_row_panics() {
    let temperature = Temperature { value: 1.0, nll_before: 0.0, nll_after: 0.0, classes: 2 };
    let _ = temperature.probabilities(&[0.0; 3]);
}

proptest! {
    #[test]
    fn no_neighboring_temperature_is_better(
        logits in proptest::collection::vec(-5.0_f32..5.0, 60),
        labels in proptest::collection::vec(0_u8..3, 20),
    ) {
        let rows = Rows::new(&logits, &labels, 3).unwrap();
        match Temperature::fit(&logits, &labels, 3) {
            Ok(found) => {
                for factor in [0.5, 0.99, 1.01, 2.0] {
                    prop_assert!(rows.at(factor / found.value).value >= found.nll_after - 1e-14);
                }
                prop_assert!(found.nll_after <= found.nll_before);
                let probabilities = found.probabilities(&logits);
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
        logits in proptest::collection::vec(-5.0_f32..5.0, 12),
        labels in proptest::collection::vec(0_u8..3, 4),
        s in 0.1..3.0_f64,
    ) {
        let rows = Rows::new(&logits, &labels, 3).unwrap();
        let (below, here, above) = (rows.at(s - 1e-4), rows.at(s), rows.at(s + 1e-4));
        prop_assert!(((above.value - below.value) / 2e-4 - here.slope).abs() < 1e-5);
        prop_assert!(((above.slope - below.slope) / 2e-4 - here.curvature).abs() < 1e-4);
    }
}
