//! Predictive uncertainty, from several predictions for the same example.

use serde::{Deserialize, Serialize};

use crate::{MetricsError, Values, checks};

/// Predictive uncertainty of one example, from class distributions sampled by Monte-Carlo dropout or an ensemble (Gal
/// and Ghahramani 2016). Entropies are in nats.
///
/// The entropy of the mean is the sum of two terms (Houlsby et al. 2011): the mean entropy of the samples, which
/// measures the ambiguity of the data (aleatoric uncertainty), and their mutual information, which measures what the
/// model does not know (epistemic uncertainty).
///
/// # Examples
///
/// Two samples that are certain of different classes: all uncertainty is epistemic.
///
/// ```
/// use mlp_metrics::Uncertainty;
///
/// let uncertainty = Uncertainty::from_samples(&[[1.0, 0.0], [0.0, 1.0]])?;
/// assert_eq!(uncertainty.mean, [0.5, 0.5]);
/// assert_eq!(uncertainty.predictive_entropy, 2.0_f64.ln());
/// assert_eq!(uncertainty.mutual_information, 2.0_f64.ln());
/// # Ok::<(), mlp_metrics::MetricsError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Uncertainty {
    /// Mean probability of each class.
    pub mean: Vec<f64>,
    /// Entropy of [`mean`](Self::mean), in nats: from 0 to `ln C`.
    pub predictive_entropy: f64,
    /// Predictive entropy minus the mean entropy of the samples, in nats, at least 0.
    pub mutual_information: f64,
}

impl Uncertainty {
    /// Summarizes sampled class distributions. Each sample has one probability per class.
    ///
    /// # Errors
    ///
    /// If there is no sample, or a sample is empty, has another length than the first, has a probability that is
    /// negative or not finite, or does not sum to 1 within 10⁻³.
    pub fn from_samples<S: Values>(samples: impl IntoIterator<Item = S>) -> Result<Self, MetricsError> {
        let mut count = 0;
        let mut mean: Vec<f64> = Vec::new();
        let mut sample_entropy = 0.0;
        for sample in samples {
            let sample = sample.values();
            if count == 0 {
                mean = vec![0.0; sample.len()];
            } else if mean.len() != sample.len() {
                return Err(MetricsError::Ragged { index: count, expected: mean.len(), found: sample.len() });
            }
            checks::distribution("sample", count, &sample)?;
            for (mean, &probability) in mean.iter_mut().zip(sample.iter()) {
                *mean += probability;
            }
            sample_entropy += entropy(&sample);
            count += 1;
        }
        checks::not_empty("sample", count)?;
        let samples = count as f64;
        for mean in &mut mean {
            *mean /= samples;
        }
        let predictive_entropy = entropy(&mean);
        Ok(Self {
            mutual_information: (predictive_entropy - sample_entropy / samples).max(0.0),
            predictive_entropy,
            mean,
        })
    }
}

/// `-Σ p·ln p` with `0·ln 0 = 0`.
fn entropy(probabilities: &[f64]) -> f64 {
    probabilities.iter().filter(|&&p| p > 0.0).map(|&p| -p * libm::log(p)).sum()
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn samples_that_agree_carry_no_information_about_the_model() {
        let ambiguous = Uncertainty::from_samples(&[[0.25; 4], [0.25; 4]]).unwrap();
        assert!((ambiguous.predictive_entropy - libm::log(4.0)).abs() < 1e-12);
        assert!(ambiguous.mutual_information < 1e-12);
        let sure = Uncertainty::from_samples(&[[1.0, 0.0], [1.0, 0.0]]).unwrap();
        assert_eq!((sure.predictive_entropy, sure.mutual_information), (0.0, 0.0));
    }

    #[test]
    fn a_hand_computed_case() {
        // Mean (0.75, 0.25): 0.5623351; mean entropy (0.6931472 + 0)/2 = 0.3465736.
        let found = Uncertainty::from_samples(&[[0.5, 0.5], [1.0, 0.0]]).unwrap();
        assert!((found.predictive_entropy - 0.562_335_1).abs() < 1e-6);
        assert!((found.mutual_information - 0.215_761_6).abs() < 1e-6);
    }

    #[test]
    fn single_precision_gives_the_same_as_its_exact_conversion() {
        let samples = [[0.1_f32, 0.9], [0.7, 0.3]];
        let converted = samples.map(|sample| sample.map(f64::from));
        assert_eq!(Uncertainty::from_samples(&samples), Uncertainty::from_samples(&converted));
    }

    #[test]
    fn it_is_serialized_and_read_back() {
        let uncertainty = Uncertainty::from_samples(&[[0.1, 0.9], [0.7, 0.3]]).unwrap();
        let json = serde_json::to_string(&uncertainty).unwrap();
        assert_eq!(serde_json::from_str::<Uncertainty>(&json).unwrap(), uncertainty);
    }

    #[test]
    fn what_is_no_set_of_samples_is_refused() {
        let refused = |samples: &[&[f32]]| Uncertainty::from_samples(samples).unwrap_err().to_string();
        assert_eq!(refused(&[]), "expected at least one sample, found none");
        assert_eq!(refused(&[&[1.0], &[0.5, 0.5]]), "sample 1 has 2 probabilities; expected 1, as many as sample 0");
        let negative = "the probability of class 1 in sample 1 is -0.5; expected a finite number, at least 0";
        assert_eq!(refused(&[&[0.5, 0.5], &[1.5, -0.5]]), negative);
        assert!(refused(&[&[f32::NAN, 0.5]]).starts_with("the probability of class 0 in sample 0 is NaN;"));
        assert!(refused(&[&[0.5, f32::INFINITY]]).starts_with("the probability of class 1 in sample 0 is inf;"));
        assert_eq!(refused(&[&[0.5, 0.25]]), "the probabilities of sample 0 sum to 0.75; expected 1");
        assert_eq!(refused(&[&[]]), "expected at least one class, found none");
        assert!(Uncertainty::from_samples(&[[0.5, 0.4995]]).is_ok(), "rounded to four digits");
    }
}
