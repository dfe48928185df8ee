//! What several passes say about one image, and how far their doubt can be trusted.

use burn_fashion_mnist::Images;
use burn_mlp::Mlp;
use mlp_metrics::{MetricsError, auroc, top_label};

use super::settings::Uncertainty;
use crate::platform::Inner;
use crate::{Lab, Platform};

/// What the passes over one image say.
pub(super) struct Prediction {
    pub(super) class: usize,
    pub(super) right: bool,
    pub(super) entropy: f64,
    pub(super) mutual_information: f64,
    pub(super) agreement: f64,
}

impl Prediction {
    fn new(passes: &[Vec<f32>], label: u8) -> Result<Self, MetricsError> {
        let sampled = mlp_metrics::Uncertainty::from_samples(passes)?;
        let (class, _) = top_label(&sampled.mean);
        let agreeing = passes.iter().filter(|pass| top_label(pass).0 == class).count();
        Ok(Self {
            class,
            right: class == usize::from(label),
            entropy: sampled.predictive_entropy,
            mutual_information: sampled.mutual_information,
            agreement: agreeing as f64 / passes.len() as f64,
        })
    }
}

impl Uncertainty {
    /// What the passes say about each image.
    pub(super) fn predict<P: Platform>(
        &self,
        lab: &Lab<P>,
        network: &Mlp<Inner<P>>,
        images: &Images,
    ) -> Result<Vec<Prediction>, MetricsError> {
        let samples = lab.sample(network, images, self.experiment.samples);
        samples.iter().zip(images.labels()).map(|(passes, &label)| Prediction::new(passes, label)).collect()
    }
}

/// How much a prediction is doubted: a function that rises with doubt.
pub(super) type Doubt = fn(&Prediction) -> f64;

/// Doubt by predictive entropy.
pub(super) const ENTROPY: Doubt = |prediction| prediction.entropy;
/// Doubt by passes that disagree.
pub(super) const DISAGREEMENT: Doubt = |prediction| 1.0 - prediction.agreement;

/// Accuracy of the predictions left when this fraction of them, those that are doubted most, is rejected.
pub(super) fn accuracy_left(predictions: &[Prediction], rejected: f64, doubt: Doubt) -> f64 {
    let mut order: Vec<&Prediction> = predictions.iter().collect();
    order.sort_by(|a, b| doubt(a).total_cmp(&doubt(b)));
    let kept = ((1.0 - rejected) * order.len() as f64).round().max(1.0) as usize;
    order[..kept].iter().filter(|prediction| prediction.right).count() as f64 / kept as f64
}

/// Probability that a wrong prediction has a higher entropy than a right one; ties count half. `None` where all are
/// right, or all are wrong.
pub(super) fn roc_area(predictions: &[Prediction]) -> Option<f64> {
    let (entropies, wrong): (Vec<f64>, Vec<bool>) =
        predictions.iter().map(|prediction| (prediction.entropy, !prediction.right)).unzip();
    auroc(&entropies, &wrong).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prediction(entropy: f64, right: bool) -> Prediction {
        Prediction { class: 0, right, entropy, mutual_information: 0.0, agreement: 1.0 }
    }

    #[test]
    fn rejecting_takes_the_highest_entropy_first() {
        let run = [prediction(0.9, false), prediction(0.1, true), prediction(0.5, true), prediction(0.8, false)];
        assert_eq!(accuracy_left(&run, 0.0, ENTROPY), 0.5);
        assert_eq!(accuracy_left(&run, 0.25, ENTROPY), 2.0 / 3.0);
        assert_eq!(accuracy_left(&run, 0.5, ENTROPY), 1.0);
        assert_eq!(accuracy_left(&run, 0.99, ENTROPY), 1.0);
    }

    #[test]
    fn the_area_is_the_fraction_of_pairs_in_order() {
        let perfect = [prediction(0.9, false), prediction(0.1, true), prediction(0.5, true)];
        assert_eq!(roc_area(&perfect), Some(1.0));
        let half = [prediction(0.5, false), prediction(0.5, true)];
        assert_eq!(roc_area(&half), Some(0.5));
        // Of the pairs (0.4, 0.1) and (0.4, 0.6) one is in order.
        let mixed = [prediction(0.4, false), prediction(0.1, true), prediction(0.6, true)];
        assert_eq!(roc_area(&mixed), Some(0.5));
        assert_eq!(roc_area(&mixed[1..]), None);
    }

    #[test]
    fn passes_that_agree_are_counted() {
        let passes = [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]].map(Vec::from);
        let prediction = Prediction::new(&passes, 0).unwrap();
        assert_eq!((prediction.class, prediction.right), (0, true));
        assert!((prediction.agreement - 2.0 / 3.0).abs() < 1e-12);
    }
}
