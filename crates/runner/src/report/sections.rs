//! Sections of the report on single classes and images.

use mlp_metrics::ConfusionMatrix;

use super::examination::{DRAWN_CLASSES, Examination};
use super::percent;
use crate::progress::thousands;
use mlp_lab::page::{Section, Table};
use mlp_plot::Picture;

/// Number of pairs of classes in the table of confusions.
const CONFUSIONS: usize = 10;

/// Pictures by file name.
type Pictures = [(&'static str, Box<dyn Picture>)];

impl Examination<'_> {
    /// Which classes the model confuses.
    pub fn classes(&self, pictures: &Pictures) -> Section {
        let mut section = Section::new("Classes");
        let captions = [
            ("confusion.svg", "Each column is a true class, and shows how its test images are predicted."),
            ("classes.svg", "Precision: of the images predicted as a class. Recall: of the images of a class."),
        ];
        if self.names.len() > DRAWN_CLASSES {
            section.paragraph(format!("{} classes are too many to draw their matrix.", self.names.len()));
        } else {
            section.pictures(&figures(pictures, captions));
        }
        section.table(&self.confusions()).table(&self.class_table());
        section
    }

    /// The most frequent pairs of true and predicted class.
    fn confusions(&self) -> Table {
        let classes = || 0..self.names.len();
        let mut pairs: Vec<(u64, usize, usize)> = classes()
            .flat_map(|actual| classes().map(move |predicted| (predicted, actual)))
            .filter(|(predicted, actual)| predicted != actual)
            .map(|(predicted, actual)| (self.confusion.count(predicted, actual), predicted, actual))
            .filter(|&(count, ..)| count > 0)
            .collect();
        pairs.sort_by_key(|&(count, predicted, actual)| (std::cmp::Reverse(count), actual, predicted));
        let table = Table::new(["true class", "predicted as", "images", "of the true class"]);
        pairs.into_iter().take(CONFUSIONS).fold(table.caption("Most frequent confusions"), |table, pair| {
            let (count, predicted, actual) = pair;
            let fraction = percent(self.confusion.fraction(predicted, actual));
            table.row([self.name(actual), self.name(predicted), thousands(count), fraction])
        })
    }

    fn class_table(&self) -> Table {
        let columns: [fn(&ConfusionMatrix, usize) -> Option<f64>; 3] =
            [ConfusionMatrix::precision, ConfusionMatrix::recall, ConfusionMatrix::f1];
        let write = |fraction: Option<f64>| fraction.map_or("–".to_owned(), percent);
        let table = Table::new(["class", "precision", "recall", "F1", "test images"]);
        let table = (0..self.names.len()).fold(table, |table, class| {
            let metrics = columns.map(|of| write(of(&self.confusion, class)));
            let support = (0..self.names.len()).map(|predicted| self.confusion.count(predicted, class)).sum();
            table.row([self.name(class)].into_iter().chain(metrics).chain([thousands(support)]))
        });
        let means = columns.map(|of| {
            let parts: Vec<f64> = (0..self.names.len()).filter_map(|class| of(&self.confusion, class)).collect();
            write((!parts.is_empty()).then(|| parts.iter().sum::<f64>() / parts.len() as f64))
        });
        let total = thousands(self.confusion.total());
        table.row(["mean over classes".to_owned()].into_iter().chain(means).chain([total])).caption(
            "F1 is the harmonic mean of precision and recall. A class marked – was never predicted or has no images.",
        )
    }

    /// Whether the confidence of the model agrees with its accuracy.
    pub fn calibration(&self, pictures: &Pictures) -> Section {
        let mut section = Section::new("Calibration");
        let confidence: f64 = self.predicted.iter().map(|&(_, confidence)| confidence).sum();
        section.paragraph(format!(
            "Expected calibration error {} with {} bins of equal width, maximum calibration error {}. Mean confidence \
             {}, accuracy {}.",
            percent(self.calibration.expected_error()),
            self.calibration.bins().len(),
            percent(self.calibration.maximum_error()),
            percent(confidence / self.predicted.len() as f64),
            percent(self.accuracy()),
        ));
        let captions = [
            ("reliability.svg", "Columns below the line: the model is overconfident."),
            ("confidence.svg", "Number of test images in each bin."),
        ];
        section.pictures(&figures(pictures, captions));
        section
    }

    /// The first images with their predictions.
    pub fn predictions(&self, pictures: &Pictures) -> Section {
        let mut section = Section::new("Predictions");
        if let Some((picture, file)) = picture(pictures, "gallery.svg") {
            let caption = "Bold: the predicted class. A check mark means right; a cross and a dashed frame mean wrong.";
            section.picture(picture, caption, Some(file));
        }
        section
    }

    /// The wrong predictions with the highest loss.
    pub fn mistakes(&self, pictures: &Pictures) -> Section {
        let mut section = Section::new("Worst mistakes");
        let worst = self.worst();
        if worst.is_empty() {
            section.paragraph("Every test image is predicted right.");
            return section;
        }
        if let Some((picture, file)) = picture(pictures, "mistakes.svg") {
            section.picture(picture, "The wrong predictions with the highest loss.", Some(file));
        }
        let head = ["test image", "true class", "its probability", "predicted as", "with probability", "loss"];
        let table = worst.into_iter().fold(Table::new(head), |table, index| {
            let (class, confidence) = self.predicted[index];
            let actual = self.label(index);
            let probability = f64::from(self.predictions.probabilities()[index * self.names.len() + actual]);
            table.row([
                index.to_string(),
                self.name(actual),
                percent(probability),
                self.name(class),
                percent(confidence),
                format!("{:.3}", self.predictions.losses()[index]),
            ])
        });
        section.table(&table).paragraph("To predict a single one of them: runner predict RUN test:INDEX.");
        section
    }
}

/// The pictures with the given file names, each with its caption and its file.
fn figures<'p, const N: usize>(
    pictures: &'p Pictures,
    captions: [(&'static str, &'p str); N],
) -> Vec<(&'p dyn Picture, &'p str, Option<&'p str>)> {
    let figure = |(name, caption): (&str, &'p str)| {
        picture(pictures, name).map(|(picture, file)| (picture, caption, Some(file)))
    };
    captions.into_iter().filter_map(figure).collect()
}

/// The picture with the given file name.
fn picture<'p>(pictures: &'p Pictures, name: &str) -> Option<(&'p dyn Picture, &'p str)> {
    pictures.iter().find(|(found, _)| *found == name).map(|(name, picture)| (&**picture as &dyn Picture, *name))
}
