//! The test images that the passes are least certain about.

use mlp_plot::{Gallery, Shown};
use serde::{Deserialize, Serialize};

use super::prediction::Prediction;
use crate::{Lab, Platform};

/// The test images with the highest predictive entropy.
#[derive(Serialize, Deserialize)]
pub(super) struct LeastCertain {
    height: usize,
    width: usize,
    images: Vec<DoubtedImage>,
}

#[derive(Serialize, Deserialize)]
struct DoubtedImage {
    pixels: Vec<u8>,
    truth: String,
    predicted: String,
    /// Predictive entropy in nats.
    entropy: f64,
}

impl LeastCertain {
    /// Those of the test images by what is predicted for all of them.
    pub(super) fn of<P: Platform>(lab: &Lab<P>, predictions: &[Prediction]) -> Self {
        const SHOWN: usize = 15;
        let (test, names) = (&lab.data().test, lab.data().class_names());
        let mut order: Vec<usize> = (0..predictions.len()).collect();
        order.sort_by(|&a, &b| predictions[b].entropy.total_cmp(&predictions[a].entropy));
        let doubted = |&index: &usize| {
            let prediction = &predictions[index];
            Some(DoubtedImage {
                pixels: test.image(index)?.to_vec(),
                truth: names[usize::from(test.labels()[index])].clone(),
                predicted: names[prediction.class].clone(),
                entropy: prediction.entropy,
            })
        };
        let images = order.iter().take(SHOWN).filter_map(doubted).collect();
        Self { height: test.height(), width: test.width(), images }
    }

    /// They as a picture.
    pub(super) fn gallery(&self) -> Gallery {
        let gallery = Gallery::new("The least certain test images", self.height, self.width);
        self.images.iter().fold(gallery, |gallery, DoubtedImage { pixels, truth, predicted, entropy }| {
            gallery.with(Shown::prediction(pixels, truth, predicted).line(format!("{entropy:.2} nats")))
        })
    }
}
