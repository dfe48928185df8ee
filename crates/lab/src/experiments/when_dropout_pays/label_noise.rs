//! A part of the labels is random: a network without dropout learns them by heart.

use anyhow::Result;
use burn::module::AutodiffModule;
use burn_fashion_mnist::{Images, shift};
use burn_mlp::Key;
use mlp_plot::Chart;
use mlp_settings::config::Config;
use serde::{Deserialize, Serialize};

use super::arms::without_dropout;
use super::gains::signed_interval;
use super::settings::{LabelNoise, WhenDropoutPays};
use crate::curves::over_seeds;
use crate::finding::{Claim, Finding, Table, figure, spread};
use crate::training::Training;
use crate::{Lab, Platform};

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub(super) struct NoiseMeasurement {
    with: Learned,
    without: Learned,
}

/// What one network has learned.
#[derive(Serialize, Deserialize)]
struct Learned {
    /// Test accuracy after each epoch.
    accuracy: Vec<f64>,
    /// Accuracy on the labels trained on after the last epoch, dropout off.
    fit: f64,
}

impl WhenDropoutPays {
    pub(super) fn measure_label_noise<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<NoiseMeasurement> {
        let LabelNoise { images, share, .. } = self.experiment.label_noise;
        let train = with_noise(&lab.train_subset(images, seed)?, share, seed)?;
        let with = self.label_noise_config(seed);
        Ok(NoiseMeasurement { with: learn(lab, &with, &train)?, without: learn(lab, &without_dropout(&with), &train)? })
    }

    fn label_noise_config(&self, seed: u64) -> Config {
        let LabelNoise { hidden, dropout, input_dropout, epochs, .. } = &self.experiment.label_noise;
        let mut config = self.many_passes(seed, *epochs);
        config.model.hidden.clone_from(hidden);
        config.model.dropout.clone_from(dropout);
        config.model.input_dropout = *input_dropout;
        config
    }

    pub(super) fn conclude_label_noise(&self, finding: &mut Finding, measurements: &[&NoiseMeasurement]) {
        let with = |metric: fn(&Learned) -> f64| each(measurements.iter().map(|measured| &measured.with), metric);
        let without = |metric: fn(&Learned) -> f64| each(measurements.iter().map(|measured| &measured.without), metric);
        let name = self.label_noise_name();
        finding
            .claim(Claim::paired(
                format!("{name}: test accuracy with dropout minus without, percentage points"),
                &with(Learned::last),
                &without(Learned::last),
            ))
            .claim(Claim::difference(
                format!("{name}: accuracy on the labels trained on, without dropout minus with"),
                &without(|learned| learned.fit),
                &with(|learned| learned.fit),
            ))
            .claim(Claim::difference(
                format!("{name}: test accuracy lost from the best epoch to the last, without dropout minus with"),
                &without(|learned| learned.best() - learned.last()),
                &with(|learned| learned.best() - learned.last()),
            ))
            .table(table(&name, &[("without dropout", &without), ("with dropout", &with)]))
            .picture(
                "label-noise",
                "Test accuracy over epochs, median and range over seeds",
                &picture(&name, measurements),
            )
            .note(format!(
                "{name}: of the {} points that dropout gains at the end, {} are left where both networks stop at the epoch \
                 that the test images prefer. The rest is what a validation set and early stopping bring as well.",
                signed_interval(&differences(&with(Learned::last), &without(Learned::last))),
                signed_interval(&differences(&with(Learned::best), &without(Learned::best)))
            ));
    }

    fn label_noise_name(&self) -> String {
        let LabelNoise { images, share, .. } = &self.experiment.label_noise;
        format!("{} % of the labels of {images} images random", figure(100.0 * share))
    }
}

impl Learned {
    /// Test accuracy after the last epoch, in percent.
    fn last(&self) -> f64 {
        100.0 * self.accuracy.last().copied().unwrap_or(f64::NAN)
    }

    /// The best test accuracy after any epoch, in percent.
    fn best(&self) -> f64 {
        100.0 * self.accuracy.iter().copied().fold(f64::NAN, f64::max)
    }
}

fn each<'a>(learned: impl Iterator<Item = &'a Learned>, metric: fn(&Learned) -> f64) -> Vec<f64> {
    learned.map(metric).collect()
}

fn differences(first: &[f64], second: &[f64]) -> Vec<f64> {
    first.iter().zip(second).map(|(first, second)| first - second).collect()
}

/// A network by its name, and its metrics over the seeds.
type Named<'a> = (&'a str, &'a dyn Fn(fn(&Learned) -> f64) -> Vec<f64>);

fn table(title: &str, networks: &[Named<'_>]) -> Table {
    let header = ["network", "test accuracy, %", "of the best epoch, %", "accuracy on the labels trained on"];
    networks.iter().fold(Table::new(title, &header), |table, (name, of)| {
        let cells = [of(Learned::last), of(Learned::best), of(|learned| learned.fit)];
        table.row([(*name).to_owned()].into_iter().chain(cells.map(|values| spread(&values))))
    })
}

fn picture(title: &str, measurements: &[&NoiseMeasurement]) -> Chart {
    let curves = |of: fn(&NoiseMeasurement) -> &Learned| -> Vec<Vec<(f64, f64)>> {
        let curve = |learned: &Learned| (1..).map(f64::from).zip(learned.accuracy.iter().copied()).collect();
        measurements.iter().map(|measured| curve(of(measured))).collect()
    };
    let chart = Chart::new(title).x_label("epoch").y_label("test accuracy");
    let chart = over_seeds(chart, "without dropout", &curves(|measured| &measured.without));
    over_seeds(chart, "with dropout", &curves(|measured| &measured.with))
}

fn learn<P: Platform>(lab: &Lab<P>, config: &Config, train: &Images) -> Result<Learned> {
    let trained = Training::new(config, train, &lab.data().test).run(lab, lab.mlp(config)?)?;
    Ok(Learned {
        accuracy: trained.history.epochs.iter().map(|epoch| epoch.test_accuracy).collect(),
        fit: lab.accuracy(&trained.network.valid(), train),
    })
}

/// The same images; each label is, with probability `share`, drawn uniformly from the classes.
fn with_noise(images: &Images, share: f64, seed: u64) -> Result<Images> {
    let random = shift::random_labels(images, seed);
    let chosen = Key::new(seed, *b"lbl nois").at(0, 0).uniforms().map(|uniform| uniform < share);
    let labels = images.labels().iter().zip(random.labels()).zip(chosen);
    let labels = labels.map(|((&label, &random), chosen)| if chosen { random } else { label }).collect();
    Ok(Images::new(images.pixels().to_vec(), labels, images.height(), images.width(), images.classes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_asked_for_is_random() {
        let images = Images::new(vec![0; 10_000], vec![3; 10_000], 1, 1, 10).unwrap();
        let kept = |share| with_noise(&images, share, 5).unwrap().labels().iter().filter(|&&label| label == 3).count();
        assert_eq!(kept(0.0), 10_000);
        // One random label in ten is the true one: 1 - 0.9 · 0.4 of the labels stay; six standard deviations of 48.
        assert!(kept(0.4).abs_diff(6_400) < 288);
        assert!(kept(1.0).abs_diff(1_000) < 180);
    }
}
