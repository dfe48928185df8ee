//! Variants of a training run that differ in one thing, each repeated with the same seeds.

use anyhow::Result;
use burn::module::AutodiffModule;
use burn_mlp::Mlp;
use mlp_plot::{Gallery, Shown};
use mlp_settings::config::Config;
use serde::{Deserialize, Serialize};

use crate::finding::{Table, spread};
use crate::training::{Epoch, History, Trained, Training};
use crate::{Lab, Platform};

/// One variant with its runs, one for each seed. Variants with the same seeds share initial weights, batches and, where
/// they have the same dropout, masks: differences between them can be taken seed by seed.
pub struct Variant<'a> {
    /// Its name.
    pub name: String,
    /// Its runs, in the order of the seeds.
    pub runs: Vec<&'a History>,
}

impl<'a> Variant<'a> {
    /// The variant of that name.
    pub fn new(name: impl Into<String>, runs: impl IntoIterator<Item = &'a History>) -> Self {
        Self { name: name.into(), runs: runs.into_iter().collect() }
    }

    /// Loss and accuracy epoch by epoch, beside reference values.
    pub fn epoch_table(&self, title: &str, reference: Reference<'_>) -> Table {
        const REFERENCE: &str = "reference value";
        let header = ["epoch", "training loss", REFERENCE, "training accuracy", "test accuracy", REFERENCE];
        let epochs = self.runs.iter().map(|run| run.epochs.len()).min().unwrap_or_default();
        (0..epochs).fold(Table::new(title, &header), |table, index| {
            let measured = |metric: fn(&Epoch) -> f64| spread(&self.values(|run| metric(&run.epochs[index])));
            table.row([
                (index + 1).to_string(),
                measured(|epoch| epoch.train_loss),
                reference.metric(reference.losses, index + 1),
                measured(|epoch| epoch.train_accuracy),
                measured(|epoch| epoch.test_accuracy),
                reference.metric(reference.accuracies, index + 1),
            ])
        })
    }

    /// A metric of each run.
    pub fn values(&self, metric: impl Fn(&History) -> f64) -> Vec<f64> {
        self.runs.iter().map(|run| metric(run)).collect()
    }

    /// A metric over epochs, as its mean over the runs.
    pub fn mean_curve(&self, metric: impl Fn(&Epoch) -> f64) -> Vec<(f64, f64)> {
        let runs = self.runs.len() as f64;
        let mean = |(epoch, values): (f64, Vec<f64>)| (epoch, values.iter().sum::<f64>() / runs);
        self.by_epoch(metric).map(mean).collect()
    }

    /// Smallest and largest value of a metric over epochs: `(epoch, low, high)`.
    pub fn band(&self, metric: impl Fn(&Epoch) -> f64) -> Vec<(f64, f64, f64)> {
        let extremes = |(epoch, values): (f64, Vec<f64>)| {
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            (epoch, low, high)
        };
        self.by_epoch(metric).map(extremes).collect()
    }

    fn by_epoch(&self, metric: impl Fn(&Epoch) -> f64) -> impl Iterator<Item = (f64, Vec<f64>)> {
        let epochs = self.runs.iter().map(|run| run.epochs.len()).min().unwrap_or_default();
        (0..epochs).map(move |epoch| {
            let values = self.runs.iter().map(|run| metric(&run.epochs[epoch])).collect();
            ((epoch + 1) as f64, values)
        })
    }
}

/// Trains a perceptron on all training images.
///
/// # Errors
///
/// If the shape is impossible, or the loss is no longer finite.
pub fn train_mlp<P: Platform>(lab: &Lab<P>, name: &str, config: &Config) -> Result<Trained<Mlp<P::Train>>> {
    lab.tell(format!("{name}: seed {}", config.training.seed));
    let data = lab.data();
    Training::new(config, &data.train, &data.test).run(lab, lab.mlp(config)?)
}

/// The first test images with their true names and those that a network predicts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShownPredictions {
    height: usize,
    width: usize,
    images: Vec<ShownPrediction>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ShownPrediction {
    #[serde(with = "crate::base64_bytes")]
    pixels: Vec<u8>,
    truth: String,
    predicted: String,
}

impl ShownPredictions {
    /// What `network` predicts.
    pub fn of<P: Platform>(lab: &Lab<P>, network: &Mlp<P::Train>) -> Self {
        const SHOWN: u32 = 15;
        let data = lab.data();
        let some = data.test.select(&(0..SHOWN.min(data.test.len() as u32)).collect::<Vec<u32>>());
        let predicted = lab.predict(&network.valid(), &some).classes();
        let names = data.class_names();
        let shown = |(index, class): (usize, usize)| ShownPrediction {
            pixels: some.image(index).map(<[u8]>::to_vec).unwrap_or_default(),
            truth: names[usize::from(some.labels()[index])].clone(),
            predicted: names[class].clone(),
        };
        let images = predicted.into_iter().enumerate().map(shown).collect();
        Self { height: some.height(), width: some.width(), images }
    }

    /// They as a picture.
    pub fn gallery(&self) -> Gallery {
        let gallery = Gallery::new("Predictions", self.height, self.width);
        self.images.iter().fold(gallery, |gallery, image| {
            gallery.with(Shown::prediction(&image.pixels, &image.truth, &image.predicted))
        })
    }
}

/// Reference values: what a source prints for some epochs.
#[derive(Clone, Copy)]
pub struct Reference<'a> {
    /// The first of these epochs, counted from 1.
    pub first_epoch: usize,
    /// Training losses.
    pub losses: &'a [f64],
    /// Accuracies on the test images.
    pub accuracies: &'a [f64],
}

impl Reference<'_> {
    /// The value of an epoch, counted from 1; `-` where there is none.
    fn metric(&self, metrics: &[f64], epoch: usize) -> String {
        let value = epoch.checked_sub(self.first_epoch).and_then(|index| metrics.get(index));
        value.map_or("-".to_owned(), f64::to_string)
    }

    /// Values over epochs, for a chart.
    pub fn curve(&self, metrics: &[f64]) -> Vec<(f64, f64)> {
        (self.first_epoch..).map(|epoch| epoch as f64).zip(metrics.iter().copied()).collect()
    }
}
