//! Predictions of a model for each class and each image of a split.

use anyhow::{Result, ensure};
use burn_fashion_mnist::Images;
use mlp_metrics::{Calibration, ConfusionMatrix};

use mlp_metrics::Predictions;
use mlp_plot::{Bars, Chart, Gallery, Heatmap, Picture, Shown};

/// Number of images in the gallery of predictions.
const SHOWN: usize = 32;
/// Number of images in the gallery of mistakes.
const MISTAKES: usize = 20;
/// Largest number of classes for which the confusion matrix is drawn; a larger one would be illegible.
pub(super) const DRAWN_CLASSES: usize = 40;

/// Predictions compared with the true classes.
pub(super) struct Examination<'a> {
    pub(super) predictions: &'a Predictions,
    images: &'a Images,
    pub(super) names: &'a [String],
    /// Predicted class of each image, and its probability.
    pub(super) predicted: Vec<(usize, f64)>,
    pub(super) confusion: ConfusionMatrix,
    pub(super) calibration: Calibration,
}

impl<'a> Examination<'a> {
    pub fn new(predictions: &'a Predictions, images: &'a Images, names: &'a [String]) -> Result<Self> {
        let finite = predictions.probabilities().iter().all(|probability| probability.is_finite());
        ensure!(finite, "the model predicts numbers that are not finite");
        let predicted = predictions.top();
        let classes: Vec<usize> = predicted.iter().map(|&(class, _)| class).collect();
        let confusion = ConfusionMatrix::from_labels(&classes, images.labels(), names.len())?;
        // Rounding may make a probability slightly larger than 1.
        let confidences: Vec<f64> = predicted.iter().map(|&(_, confidence)| confidence.min(1.0)).collect();
        let right: Vec<bool> =
            classes.iter().zip(images.labels()).map(|(&class, &label)| class == usize::from(label)).collect();
        let calibration = Calibration::new(&confidences, &right, Calibration::DEFAULT_BINS)?;
        Ok(Self { predictions, images, names, predicted, confusion, calibration })
    }

    /// Fraction of the images predicted right.
    pub fn accuracy(&self) -> f64 {
        self.confusion.accuracy()
    }

    /// The pictures by file name.
    pub fn pictures(&self) -> Vec<(&'static str, Box<dyn Picture>)> {
        let mut pictures: Vec<(&'static str, Box<dyn Picture>)> = Vec::new();
        if self.names.len() <= DRAWN_CLASSES {
            pictures.push(("confusion.svg", Box::new(self.confusion_picture())));
            pictures.push(("classes.svg", Box::new(self.class_picture())));
        }
        pictures.push(("reliability.svg", Box::new(self.reliability_picture())));
        pictures.push(("confidence.svg", Box::new(self.confidence_picture())));
        pictures.push(("gallery.svg", Box::new(self.gallery())));
        pictures.push(("mistakes.svg", Box::new(self.mistake_gallery())));
        pictures
    }

    fn confusion_picture(&self) -> Heatmap {
        let classes = || 0..self.names.len();
        let rows = |of: fn(&ConfusionMatrix, usize, usize) -> f64| {
            classes().map(move |predicted| classes().map(move |actual| of(&self.confusion, predicted, actual)))
        };
        Heatmap::new("Confusion matrix", rows(|confusion, row, column| confusion.count(row, column) as f64))
            .rows("predicted", self.names)
            .columns("true", self.names)
            .shades(rows(ConfusionMatrix::fraction))
            .root()
            .note("Number of test images; color by the square root of the fraction of the true class.")
    }

    fn class_picture(&self) -> Bars {
        let percents = |of: fn(&ConfusionMatrix, usize) -> Option<f64>| {
            (0..self.names.len())
                .map(move |class| of(&self.confusion, class).map_or(f64::NAN, |value| (1000.0 * value).round() / 10.0))
        };
        Bars::new("Precision and recall", self.names)
            .value_label("fraction of the images (%)")
            .value_range(0.0, 100.0)
            .decimals(1)
            .series("precision", percents(ConfusionMatrix::precision))
            .series("recall", percents(ConfusionMatrix::recall))
    }

    fn reliability_picture(&self) -> Chart {
        let bins = || self.calibration.bins().iter().filter(|bin| bin.count > 0);
        Chart::new("Reliability")
            .x_label("confidence: probability of the predicted class")
            .y_label("accuracy")
            .x_range(0.0, 1.0)
            .y_range(0.0, 1.0)
            .columns("accuracy in the bin", bins().map(|bin| (bin.lower, bin.upper, bin.accuracy)))
            .markers("at its mean confidence", bins().map(|bin| (bin.confidence, bin.accuracy)))
            .guide("perfect calibration", [(0.0, 0.0), (1.0, 1.0)])
    }

    fn confidence_picture(&self) -> Chart {
        let bins = self.calibration.bins().iter();
        Chart::new("Confidence of the predictions")
            .x_label("confidence: probability of the predicted class")
            .y_label("images")
            .x_range(0.0, 1.0)
            .columns("", bins.map(|bin| (bin.lower, bin.upper, bin.count as f64)))
    }

    fn gallery(&self) -> Gallery {
        let (height, width) = (self.images.height(), self.images.width());
        let indices = 0..self.images.len().min(SHOWN);
        indices.fold(Gallery::new("Predictions for the first test images", height, width), |gallery, index| {
            let caption = vec![self.name(self.predicted[index].0), format!("true: {}", self.name(self.label(index)))];
            gallery.with(self.shown(index, caption))
        })
    }

    fn mistake_gallery(&self) -> Gallery {
        let (height, width) = (self.images.height(), self.images.width());
        self.worst().into_iter().fold(Gallery::new("Worst mistakes", height, width), |gallery, index| {
            let (class, confidence) = self.predicted[index];
            let caption = vec![
                self.name(class),
                format!("at {:.1} %", 100.0 * confidence),
                format!("true: {}", self.name(self.label(index))),
                format!("test:{index}"),
            ];
            gallery.with(self.shown(index, caption))
        })
    }

    fn shown(&self, index: usize, caption: Vec<String>) -> Shown {
        let pixels = self.images.image(index).unwrap_or_default().to_vec();
        Shown { pixels, caption, right: Some(self.predicted[index].0 == self.label(index)) }
    }

    /// Indices of the mistakes with the highest loss, in decreasing order.
    pub fn worst(&self) -> Vec<usize> {
        let wrong = |&index: &usize| self.predicted[index].0 != self.label(index);
        let mut worst: Vec<usize> = (0..self.predicted.len()).filter(wrong).collect();
        let losses = self.predictions.losses();
        worst.sort_by(|&a, &b| losses[b].total_cmp(&losses[a]));
        worst.truncate(MISTAKES);
        worst
    }

    pub fn label(&self, index: usize) -> usize {
        usize::from(self.images.labels()[index])
    }

    pub fn name(&self, class: usize) -> String {
        self.names.get(class).cloned().unwrap_or_else(|| class.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four images of one pixel in three classes, predicted as 0, 1, 1 and 0.
    fn examples() -> (Predictions, Images) {
        let probabilities =
            vec![0.8, 0.1, 0.1, /**/ 0.3, 0.6, 0.1, /**/ 0.04, 0.95, 0.01, /**/ 0.5, 0.2, 0.3];
        let labels = vec![0, 0, 2, 2];
        let losses = [0.8_f32, 0.3, 0.01, 0.3].map(|probability| -probability.ln()).to_vec();
        let logits = probabilities.iter().map(|probability: &f32| probability.ln()).collect();
        (Predictions::new(logits, probabilities, losses, 3), Images::new(vec![0, 1, 2, 3], labels, 1, 1, 3).unwrap())
    }

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|class| format!("class {class}")).collect()
    }

    #[test]
    fn mistakes_come_with_the_highest_loss_first() {
        let ((predictions, images), names) = (examples(), names(3));
        let examination = Examination::new(&predictions, &images, &names).unwrap();
        assert_eq!(examination.accuracy(), 0.25);
        // The true class of image 2 has probability 0.01. Those of 1 and 3 have 0.3 each, so they keep their order.
        assert_eq!(examination.worst(), [2, 1, 3]);
    }

    #[test]
    fn the_matrix_has_predictions_in_rows_and_truth_in_columns() {
        let ((predictions, images), names) = (examples(), names(3));
        let svg = Examination::new(&predictions, &images, &names).unwrap().confusion_picture().svg();
        let cells = svg.lines().filter(|line| line.starts_with("<text class=\"small middle"));
        let counts: Vec<&str> = cells.filter_map(|cell| cell.split('>').nth(1)?.split('<').next()).collect();
        let counts = counts.iter().filter(|count| count.parse::<u32>().is_ok()).copied().collect::<Vec<_>>();
        assert_eq!(counts, ["1", "0", "1", "1", "0", "1", "0", "0", "0"]);
    }

    #[test]
    fn too_many_classes_are_not_drawn_as_a_matrix() {
        let ((predictions, images), names) = (examples(), names(3));
        let pictures = Examination::new(&predictions, &images, &names).unwrap().pictures();
        assert!(pictures.iter().any(|(name, _)| *name == "confusion.svg"));
        let row = |label: usize| (0..41).map(move |class| if class == label { 1.0 } else { 0.0 });
        let many = Predictions::new(row(7).collect(), row(7).collect(), vec![0.0], 41);
        let (image, names) = (Images::new(vec![0], vec![7], 1, 1, 41).unwrap(), self::names(41));
        let pictures = Examination::new(&many, &image, &names).unwrap().pictures();
        assert!(pictures.iter().all(|(name, _)| *name != "confusion.svg"));
        assert!(pictures.iter().any(|(name, _)| *name == "gallery.svg"));
    }

    #[test]
    fn a_model_that_predicts_nan_is_refused() {
        let (images, names) = (Images::new(vec![0], vec![1], 1, 1, 2).unwrap(), names(2));
        let predictions = Predictions::new(vec![f32::NAN; 2], vec![f32::NAN; 2], vec![f32::NAN], 2);
        let error = Examination::new(&predictions, &images, &names).err().unwrap().to_string();
        assert!(error.contains("not finite"), "{error}");
    }
}
