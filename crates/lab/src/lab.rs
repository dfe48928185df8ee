//! What every experiment works with: the data, the device, and a place to say how far it is.

use std::io::{Write as _, stderr};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use burn_fashion_mnist::{FashionMnist, Images, Normalization};
use burn_mlp::Mlp;
use burn_mlp_train::{Network, Placement, evaluate, monte_carlo_samples, predict};
use mlp_metrics::Predictions;
use mlp_settings::config::Config;
use mlp_splits::stratified_subset;

use crate::images::ImageExamples;
use crate::platform::{Device, Inner, Platform};

/// The room experiments are made in.
pub struct Lab<P: Platform> {
    data: FashionMnist,
    device: Device<P>,
    placement: Placement,
    quiet: bool,
    stop: fn() -> bool,
    work: Mutex<Option<Work>>,
}

/// Where the trainings of a measurement are saved that take long.
struct Work {
    folder: PathBuf,
    begun: usize,
}

/// Someone asked to stop. What is measured is stored, and long trainings are saved.
#[derive(Debug, thiserror::Error)]
#[error("stopped")]
pub struct Stopped;

impl<P: Platform> Lab<P> {
    /// A lab with this data, on this device.
    pub fn new(data: FashionMnist, device: Device<P>, placement: Placement, quiet: bool) -> Self {
        Self { data, device, placement, quiet, stop: || false, work: Mutex::new(None) }
    }

    /// Asks `stop` after each step of a training whether to stop.
    #[must_use]
    pub fn with_stop(mut self, stop: fn() -> bool) -> Self {
        self.stop = stop;
        self
    }

    /// Whether someone asked to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        (self.stop)()
    }

    /// Makes a measurement whose long trainings are saved in `folder`, and go on from there when it is made again. The
    /// folder is removed once the measurement is made.
    ///
    /// # Errors
    ///
    /// As `measure`; [`Stopped`] if a training was asked to stop.
    pub fn measure_in<T>(&self, folder: &Path, measure: impl FnOnce() -> Result<T>) -> Result<T> {
        let set = |work| *self.work.lock().unwrap_or_else(PoisonError::into_inner) = work;
        set(Some(Work { folder: folder.to_owned(), begun: 0 }));
        let measured = measure();
        set(None);
        if measured.is_ok() {
            // What is left there costs space and nothing else.
            let _ = std::fs::remove_dir_all(folder);
        }
        measured
    }

    /// A folder for the next training of the measurement. Trainings come in the same order each time.
    pub(crate) fn next_training(&self) -> Option<PathBuf> {
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let work = work.as_mut()?;
        work.begun += 1;
        Some(work.folder.join(work.begun.to_string()))
    }

    /// The data set.
    pub fn data(&self) -> &FashionMnist {
        &self.data
    }

    /// The device.
    pub fn device(&self) -> &Device<P> {
        &self.device
    }

    /// How the device is made use of.
    pub fn placement(&self) -> Placement {
        self.placement
    }

    /// A stratified subset of the training images, or all of them where `size` is 0 or not smaller.
    ///
    /// # Errors
    ///
    /// If there are more classes than `size`.
    pub fn train_subset(&self, size: usize, seed: u64) -> Result<Images> {
        let train = &self.data.train;
        if size == 0 || size >= train.len() {
            return Ok(train.clone());
        }
        Ok(train.select(&stratified_subset(train.labels(), size, seed)?))
    }

    /// The network of `config` before training, for the images of this lab.
    ///
    /// # Errors
    ///
    /// If the shape is impossible.
    pub fn mlp(&self, config: &Config) -> Result<Mlp<P::Train>> {
        let (d_input, classes) = (self.data.train.d_input(), self.data.class_names().len());
        config.model.build(d_input, classes, config.training.seed, &self.device)
    }

    /// What a network predicts for images.
    pub fn predict<N: Network<Inner<P>>>(&self, network: &N, images: &Images) -> Predictions {
        predict(network, &examples::<P>(images), &self.device)
    }

    /// What a network predicts for each image in each of some passes with dropout on: `[images][passes][classes]`.
    pub fn sample<N: Network<Inner<P>>>(&self, network: &N, images: &Images, passes: usize) -> Vec<Vec<Vec<f32>>> {
        monte_carlo_samples(network, &examples::<P>(images), passes, &self.device)
    }

    /// Fraction of the images that a network predicts right.
    pub fn accuracy<N: Network<Inner<P>>>(&self, network: &N, images: &Images) -> f64 {
        evaluate(network, &examples::<P>(images), &self.device).accuracy
    }

    /// Says on stderr what is being done.
    pub fn tell(&self, what: impl AsRef<str>) {
        if !self.quiet {
            // A reader that has gone does not end the experiment.
            let _ = writeln!(stderr(), "  {}", what.as_ref());
        }
    }
}

fn examples<P: Platform>(images: &Images) -> ImageExamples<Inner<P>> {
    ImageExamples::new(images.clone(), Normalization::default())
}
