//! What is said about one image: by several passes with dropout on, or by the single pass with dropout off.

use burn_fashion_mnist::Images;
use burn_mlp::Mlp;
use mlp_metrics::{MetricsError, top_label};

use super::settings::Uncertainty;
use crate::platform::Inner;
use crate::{Lab, Platform};

/// What the passes over one image say.
pub(super) struct Prediction {
    pub(super) right: bool,
    pub(super) class: usize,
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
            right: class == usize::from(label),
            class,
            entropy: sampled.predictive_entropy,
            mutual_information: sampled.mutual_information,
            agreement: agreeing as f64 / passes.len() as f64,
        })
    }
}

/// What is said about the same images in both ways.
pub(super) struct Predictions {
    /// By passes with dropout on.
    pub(super) passes: Vec<Prediction>,
    /// By the single pass with dropout off.
    pub(super) single: Vec<Prediction>,
}

impl Uncertainty {
    /// What is said about each image.
    pub(super) fn predict<P: Platform>(
        &self,
        lab: &Lab<P>,
        network: &Mlp<Inner<P>>,
        images: &Images,
    ) -> Result<Predictions, MetricsError> {
        let (samples, single) = (lab.sample(network, images, self.experiment.samples), lab.predict(network, images));
        let passes = samples.iter().zip(images.labels()).map(|(passes, &label)| Prediction::new(passes, label));
        let single = single.rows().zip(images.labels()).map(|(row, &label)| Prediction::new(&[row.to_vec()], label));
        Ok(Predictions { passes: passes.collect::<Result<_, _>>()?, single: single.collect::<Result<_, _>>()? })
    }
}

/// The entropy of each prediction.
pub(super) fn entropies(predictions: &[Prediction]) -> Vec<f64> {
    predictions.iter().map(|prediction| prediction.entropy).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_that_agree_are_counted() {
        let passes = [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]].map(Vec::from);
        let prediction = Prediction::new(&passes, 0).unwrap();
        assert_eq!((prediction.class, prediction.right), (0, true));
        assert!((prediction.agreement - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_single_pass_agrees_with_itself_and_has_its_own_entropy() {
        let prediction = Prediction::new(&[vec![0.5, 0.5]], 1).unwrap();
        assert_eq!((prediction.class, prediction.right, prediction.agreement), (0, false, 1.0));
        assert!((prediction.entropy - 2.0_f64.ln()).abs() < 1e-12);
        assert!(prediction.mutual_information.abs() < 1e-12);
    }
}
