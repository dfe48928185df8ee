//! What every experiment works with: the data, the device, and a place to say how far it is.

use std::cell::OnceCell;

use anyhow::Result;
use burn_fashion_mnist::{FashionMnist, Images, Normalization, stratified_subset};
use burn_mlp::Mlp;

use crate::backend::{self, Chosen, Device, Inner, Train};
use crate::config::Config;
use crate::dataset;
use crate::evaluate::{Predictions, evaluate, predict_split};
use crate::network::Network;

/// The room experiments are made in.
pub struct Lab {
    source: String,
    chosen: Chosen,
    data: OnceCell<FashionMnist>,
    quiet: bool,
}

impl Lab {
    /// A lab whose data comes from `source`: `auto`, `sample`, or a folder.
    ///
    /// # Errors
    ///
    /// If there is no device.
    pub fn new(source: impl Into<String>, quiet: bool) -> Result<Self> {
        Ok(Self { source: source.into(), chosen: backend::choose()?, data: OnceCell::new(), quiet })
    }

    /// The data set, loaded on first use.
    ///
    /// # Errors
    ///
    /// If it is not there or does not hold what it should.
    pub fn data(&self) -> Result<&FashionMnist> {
        match self.data.get() {
            Some(data) => Ok(data),
            None => {
                let data = dataset::load(&self.source, true)?;
                Ok(self.data.get_or_init(|| data))
            }
        }
    }

    /// The device.
    pub fn device(&self) -> &Device {
        &self.chosen.device
    }

    /// A stratified part of the training images, or all of them where `size` is 0 or not smaller.
    ///
    /// # Errors
    ///
    /// If there is no data.
    pub fn train_subset(&self, size: usize, seed: u64) -> Result<Images> {
        let train = &self.data()?.train;
        if size == 0 || size >= train.len() {
            return Ok(train.clone());
        }
        Ok(train.select(&stratified_subset(train.labels(), size, seed)?))
    }

    /// The network of `config` before training, for the images of this lab.
    ///
    /// # Errors
    ///
    /// If there is no data, or the shape is impossible.
    pub fn mlp(&self, config: &Config) -> Result<Mlp<Train>> {
        let data = self.data()?;
        let (d_input, classes) = (data.train.d_input(), data.class_names().len());
        config.model.check_size(d_input, classes)?;
        Ok(config.model.mlp(d_input, classes, config.training.seed).init(self.device())?)
    }

    /// What a network predicts for images.
    pub fn predict<N: Network<Inner>>(&self, network: &N, images: &Images) -> Predictions {
        predict_split(network, images, Normalization::default(), self.device())
    }

    /// Part of the images that a network predicts right.
    pub fn accuracy<N: Network<Inner>>(&self, network: &N, images: &Images) -> f64 {
        evaluate(network, images, Normalization::default(), self.device()).accuracy
    }

    /// Says on stderr what is being done.
    pub fn tell(&self, what: impl AsRef<str>) {
        if !self.quiet {
            eprintln!("  {}", what.as_ref());
        }
    }
}
