//! Predictive uncertainty, from several predictions for the same example.

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
/// let uncertainty = Uncertainty::from_samples([[1.0, 0.0], [0.0, 1.0]]).unwrap();
/// assert_eq!(uncertainty.mean, [0.5, 0.5]);
/// assert_eq!(uncertainty.predictive_entropy, 2.0_f64.ln());
/// assert_eq!(uncertainty.mutual_information, 2.0_f64.ln());
/// ```
#[derive(Clone, Debug, PartialEq)]
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
    /// `None` if there are no samples, or their lengths differ.
    pub fn from_samples<S: AsRef<[f32]>>(samples: impl IntoIterator<Item = S>) -> Option<Self> {
        let mut count = 0;
        let mut mean: Vec<f64> = Vec::new();
        let mut sample_entropy = 0.0;
        for sample in samples {
            let sample = sample.as_ref();
            if count == 0 {
                mean = vec![0.0; sample.len()];
            } else if mean.len() != sample.len() {
                return None;
            }
            for (mean, &probability) in mean.iter_mut().zip(sample) {
                *mean += f64::from(probability);
            }
            sample_entropy += entropy(sample.iter().map(|&p| f64::from(p)));
            count += 1;
        }
        if count == 0 {
            return None;
        }
        for mean in &mut mean {
            *mean /= f64::from(count);
        }
        let predictive_entropy = entropy(mean.iter().copied());
        Some(Self {
            mutual_information: (predictive_entropy - sample_entropy / f64::from(count)).max(0.0),
            predictive_entropy,
            mean,
        })
    }
}

/// `-Σ p·ln p` with `0·ln 0 = 0`.
fn entropy(probabilities: impl Iterator<Item = f64>) -> f64 {
    let terms = probabilities.filter(|&p| p > 0.0).map(|p| -p * libm::log(p));
    terms.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_that_agree_carry_no_information_about_the_model() {
        let ambiguous = Uncertainty::from_samples([[0.25; 4], [0.25; 4]]).unwrap();
        assert!((ambiguous.predictive_entropy - libm::log(4.0)).abs() < 1e-12);
        assert!(ambiguous.mutual_information < 1e-12);
        let sure = Uncertainty::from_samples([[1.0, 0.0], [1.0, 0.0]]).unwrap();
        assert_eq!((sure.predictive_entropy, sure.mutual_information), (0.0, 0.0));
    }

    #[test]
    fn a_hand_computed_case() {
        // Mean (0.75, 0.25): 0.5623351; mean entropy (0.6931472 + 0)/2 = 0.3465736.
        let found = Uncertainty::from_samples([[0.5, 0.5], [1.0, 0.0]]).unwrap();
        assert!((found.predictive_entropy - 0.562_335_1).abs() < 1e-6);
        assert!((found.mutual_information - 0.215_761_6).abs() < 1e-6);
    }

    #[test]
    fn no_samples_or_ragged_ones_give_nothing() {
        assert!(Uncertainty::from_samples(Vec::<Vec<f32>>::new()).is_none());
        assert!(Uncertainty::from_samples([&[1.0][..], &[0.5, 0.5][..]]).is_none());
    }
}
