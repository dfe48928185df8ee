//! Networks compared each at its own best learning rate: one rate for all favors those that it suits.

use anyhow::{Context as _, Result};
use mlp_settings::Invalid;
use mlp_settings::config::{Config, TrainingConfig};
use serde::{Deserialize, Serialize};

use crate::finding::{figure, spread};
use crate::training::{History, Trained};

/// Epochs over which a training loss is averaged: single ones swing.
const LAST: usize = 3;
/// Most points of a curve that is kept.
const POINTS: usize = 20;

/// Training runs of one network that differ in the learning rate. The one with the lowest training loss counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tuned {
    /// Training loss over the last epochs at each rate.
    losses: Vec<f64>,
    /// What that of the best run lost in its last fifth: near 0 on a plateau.
    late_fall: f64,
    /// Training loss of the best run over epochs, thinned out.
    curve: Vec<(f64, f64)>,
}

impl Tuned {
    /// Trains at the learning rate of `config` times each of `factors`, and returns the best run beside what is kept.
    ///
    /// # Errors
    ///
    /// If there are no factors, or training diverges.
    pub fn best<M>(
        config: &Config,
        factors: &[f64],
        train: impl Fn(&Config) -> Result<Trained<M>>,
    ) -> Result<(Self, Trained<M>)> {
        let (mut losses, mut best) = (Vec::new(), None::<(f64, Trained<M>)>);
        for factor in factors {
            let learning_rate = factor * config.training.learning_rate;
            let training = TrainingConfig { learning_rate, ..config.training };
            let trained = train(&Config { training, ..config.clone() })?;
            let loss = trained.history.mean_of_last(LAST, |epoch| epoch.train_loss);
            losses.push(loss);
            if best.as_ref().is_none_or(|(lowest, _)| loss < *lowest) {
                best = Some((loss, trained));
            }
        }
        let (loss, trained) = best.context("no learning rates")?;
        let (late_fall, curve) = (late_loss(&trained.history) - loss, thinned(&trained.history));
        Ok((Self { losses, late_fall, curve }, trained))
    }

    /// Training loss over the last epochs at the best rate.
    pub fn loss(&self) -> f64 {
        self.losses.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// Training loss over the last epochs at the highest rate.
    pub fn loss_at_highest(&self) -> f64 {
        self.losses.last().copied().unwrap_or(f64::NAN)
    }

    /// What the training loss of the best run lost in the last fifth of its epochs.
    pub fn late_fall(&self) -> f64 {
        self.late_fall
    }

    /// Training loss of the best run over epochs, a part of them.
    pub fn curve(&self) -> Vec<(f64, f64)> {
        self.curve.clone()
    }
}

/// Checks the factors of the learning rate.
///
/// # Errors
///
/// [`Invalid`] if there are none, one is not positive, or they do not ascend.
pub fn validate_factors(key: &'static str, factors: &[f64]) -> Result<(), Invalid> {
    let positive = factors.iter().all(|factor| *factor > 0.0 && factor.is_finite());
    let ascending = !factors.is_empty() && factors.is_sorted_by(|a, b| a < b);
    Invalid::unless(positive && ascending, key, factors, "finite numbers greater than 0, ascending")
}

/// Names of the columns of [`cells`]: the training loss at each learning rate, and what it lost in the last fifth.
pub fn columns(learning_rate: f64, factors: &[f64]) -> Vec<String> {
    let at = |factor: &f64| format!("training loss at {}", figure(factor * learning_rate));
    factors.iter().map(at).chain(["fall in the last fifth, at the best".to_owned()]).collect()
}

/// The training losses of one network over seeds, for a row of a table.
pub fn cells(runs: &[&Tuned]) -> Vec<String> {
    let rates = runs.first().map_or(0, |run| run.losses.len());
    let at = |rate: usize| spread(&runs.iter().map(|run| run.losses[rate]).collect::<Vec<f64>>());
    let falls: Vec<f64> = runs.iter().map(|run| run.late_fall).collect();
    (0..rates).map(at).chain([spread(&falls)]).collect()
}

/// Training loss after four fifths of the epochs, averaged like that of the end.
fn late_loss(history: &History) -> f64 {
    let epochs = &history.epochs;
    let early = History { epochs: epochs[..(4 * epochs.len()).div_ceil(5)].to_vec() };
    early.mean_of_last(LAST, |epoch| epoch.train_loss)
}

/// The training loss at equal distances that end at the last epoch, with four digits.
fn thinned(history: &History) -> Vec<(f64, f64)> {
    let epochs = history.epochs.len();
    let every = epochs.div_ceil(POINTS).max(1);
    let kept = history.epochs.iter().filter(|epoch| (epochs - epoch.epoch).is_multiple_of(every));
    kept.map(|epoch| (epoch.epoch as f64, four_digits(epoch.train_loss))).collect()
}

/// What a curve needs: measurements are to be small.
fn four_digits(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::Epoch;

    fn history(losses: impl IntoIterator<Item = f64>) -> History {
        let epoch = |(index, train_loss)| Epoch {
            epoch: index + 1,
            train_loss,
            train_accuracy: 0.5,
            test_loss: 0.0,
            test_accuracy: 0.0,
        };
        History { epochs: losses.into_iter().enumerate().map(epoch).collect() }
    }

    #[test]
    fn the_rate_with_the_lowest_loss_counts() {
        let mut config = Config::default();
        config.training.learning_rate = 0.1;
        let train = |config: &Config| {
            let loss = (10.0 * config.training.learning_rate - 2.0).abs();
            Ok(Trained { network: config.training.learning_rate, history: history([2.0, loss, loss, loss]) })
        };
        let (tuned, best) = Tuned::best(&config, &[1.0, 2.0, 4.0], train).unwrap();
        assert_eq!((tuned.loss(), tuned.loss_at_highest(), best.network), (0.0, 2.0, 0.2));
        assert_eq!(tuned.losses, [1.0, 0.0, 2.0]);
        assert!(Tuned::best(&config, &[], train).is_err());
    }

    #[test]
    fn curves_end_at_the_last_epoch_and_plateaus_do_not_fall() {
        let falling = history((0..101).map(|epoch| 100.0 - f64::from(epoch)));
        let curve = thinned(&falling);
        assert!(curve.len() <= POINTS && curve.last() == Some(&(101.0, 0.0)), "{curve:?}");
        assert_eq!(late_loss(&falling) - falling.mean_of_last(LAST, |epoch| epoch.train_loss), 20.0);
        let flat = history([3.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(late_loss(&flat), 1.0);
    }
}
