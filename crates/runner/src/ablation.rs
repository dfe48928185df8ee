//! Variants of a training run that differ in one thing, each repeated with the same seeds.

use anyhow::Result;
use burn::module::AutodiffModule;
use burn_mlp::Mlp;

use crate::backend::Train;
use crate::config::Config;
use crate::finding::{Table, spread};
use crate::fit::{EpochFigures, Fit, Fitted};
use crate::lab::Lab;
use crate::plot::{Gallery, Shown};

/// One variant, run once for each seed. Variants with the same seeds share initial weights, batches and, where they
/// have the same dropout, masks: differences between them can be taken seed by seed.
pub struct Arm<M> {
    /// Its name.
    pub name: String,
    /// Its runs, in the order of the seeds.
    pub runs: Vec<Fitted<M>>,
}

impl Arm<Mlp<Train>> {
    /// Trains a perceptron on all training images with each seed.
    ///
    /// # Errors
    ///
    /// If there is no data, or the loss is no longer finite.
    pub fn train(lab: &Lab, name: &str, seeds: &[u64], config: impl Fn(u64) -> Config) -> Result<Self> {
        let data = lab.data()?;
        let mut runs = Vec::with_capacity(seeds.len());
        for (index, &seed) in seeds.iter().enumerate() {
            lab.tell(format!("{name}: run {} of {}", index + 1, seeds.len()));
            let config = config(seed);
            runs.push(Fit::new(&config, &data.train, &data.test).run(lab, lab.mlp(&config)?)?);
        }
        Ok(Self { name: name.to_owned(), runs })
    }

    /// The first test images with their true names and those that the first run predicts.
    ///
    /// # Errors
    ///
    /// If there is no data.
    pub fn predictions(&self, lab: &Lab) -> Result<Gallery> {
        const SHOWN: u32 = 15;
        let data = lab.data()?;
        let some = data.test.select(&(0..SHOWN.min(data.test.len() as u32)).collect::<Vec<u32>>());
        let predicted = lab.predict(&self.runs[0].network.valid(), &some).classes();
        let names = data.class_names();
        let mut gallery = Gallery::new("Predictions", some.height(), some.width());
        for (index, (&label, class)) in some.labels().iter().zip(predicted).enumerate() {
            let Some(image) = some.image(index) else { continue };
            gallery = gallery.with(Shown::prediction(image, &names[usize::from(label)], &names[class]));
        }
        Ok(gallery)
    }
}

/// What a text prints for some epochs.
#[derive(Clone, Copy)]
pub struct Printed<'a> {
    /// The first of these epochs, counted from 1.
    pub first_epoch: usize,
    /// Training losses.
    pub losses: &'a [f64],
    /// Accuracies on the test images.
    pub accuracies: &'a [f64],
}

impl Printed<'_> {
    /// A figure of an epoch, counted from 1; `-` where none is printed.
    fn figure(&self, figures: &[f64], epoch: usize) -> String {
        let printed = epoch.checked_sub(self.first_epoch).and_then(|index| figures.get(index));
        printed.map_or("-".to_owned(), f64::to_string)
    }

    /// Figures over epochs, for a chart.
    pub fn curve(&self, figures: &[f64]) -> Vec<(f64, f64)> {
        (self.first_epoch..).map(|epoch| epoch as f64).zip(figures.iter().copied()).collect()
    }
}

impl<M> Arm<M> {
    /// Loss and accuracy epoch by epoch, beside what a text prints.
    pub fn epoch_table(&self, title: &str, printed: Printed<'_>) -> Table {
        let header = ["epoch", "training loss", "a text prints", "training accuracy", "test accuracy", "a text prints"];
        let epochs = self.runs.iter().map(|run| run.epochs.len()).min().unwrap_or_default();
        (0..epochs).fold(Table::new(title, &header), |table, index| {
            let measured = |figure: fn(&EpochFigures) -> f64| spread(&self.values(|run| figure(&run.epochs[index])));
            table.row([
                (index + 1).to_string(),
                measured(|epoch| epoch.train_loss),
                printed.figure(printed.losses, index + 1),
                measured(|epoch| epoch.train_accuracy),
                measured(|epoch| epoch.test_accuracy),
                printed.figure(printed.accuracies, index + 1),
            ])
        })
    }

    /// A figure of each run.
    pub fn values(&self, figure: impl Fn(&Fitted<M>) -> f64) -> Vec<f64> {
        self.runs.iter().map(figure).collect()
    }

    /// A figure over epochs, as its mean over the runs.
    pub fn mean_curve(&self, figure: impl Fn(&EpochFigures) -> f64) -> Vec<(f64, f64)> {
        let runs = self.runs.len() as f64;
        let mean = |(epoch, values): (f64, Vec<f64>)| (epoch, values.iter().sum::<f64>() / runs);
        self.by_epoch(figure).map(mean).collect()
    }

    /// Smallest and largest value of a figure over epochs: `(epoch, low, high)`.
    pub fn band(&self, figure: impl Fn(&EpochFigures) -> f64) -> Vec<(f64, f64, f64)> {
        let extremes = |(epoch, values): (f64, Vec<f64>)| {
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            (epoch, low, high)
        };
        self.by_epoch(figure).map(extremes).collect()
    }

    fn by_epoch(&self, figure: impl Fn(&EpochFigures) -> f64) -> impl Iterator<Item = (f64, Vec<f64>)> {
        let epochs = self.runs.iter().map(|run| run.epochs.len()).min().unwrap_or_default();
        (0..epochs).map(move |epoch| {
            let values = self.runs.iter().map(|run| figure(&run.epochs[epoch])).collect();
            ((epoch + 1) as f64, values)
        })
    }
}
