//! A finished run, opened for prediction.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use burn_fashion_mnist::{FashionMnist, Images, Source};
use burn_mlp::Mlp;
use mlp_lab::images::ImageExamples;

use crate::backend::{Chosen, Inner, choose};
use crate::dataset;
use crate::formats::weights;
use crate::record::{self, ENVIRONMENT, Environment, ImagesInfo};
use mlp_settings::config::Config;

/// The model of a run, with its configuration and the shape of its data.
pub struct Run {
    /// Its directory.
    path: PathBuf,
    /// Configuration of the run.
    pub config: Config,
    /// Shape and classes of the images.
    pub images: ImagesInfo,
    /// The model.
    pub mlp: Mlp<Inner>,
    /// Device of the model.
    pub chosen: Chosen,
}

impl Run {
    /// Opens the run in `path`.
    ///
    /// # Errors
    ///
    /// If there is no such run, it has no model yet, or a file of it is damaged.
    pub fn open(path: &Path) -> Result<Self> {
        let config: Config = record::read_config(path)?.resolve()?;
        let environment: Environment = record::read_json(path, ENVIRONMENT)?;
        let file = path.join(weights::FILE);
        ensure!(file.is_file(), "{}: no model; is the run finished?", file.display());
        let images = environment.images;
        let d_input = images.height.checked_mul(images.width).context("environment.json: images too large")?;
        let classes = images.class_names.len();
        let chosen = choose()?;
        let mlp = config.model.build(d_input, classes, config.training.seed, &chosen.device)?;
        let mlp = weights::load(mlp, &file)?;
        Ok(Self { path: path.to_owned(), config, images, mlp, chosen })
    }

    /// `images` as the model's input.
    pub fn examples(&self, images: &Images) -> ImageExamples<Inner> {
        ImageExamples::new(images.clone(), self.config.data.normalization())
    }

    /// The data from `source`, or by default from the run's own source.
    ///
    /// # Errors
    ///
    /// If it is not found, its images have another size than those of the model, or it has more classes.
    pub fn data(&self, source: Option<&Source>) -> Result<FashionMnist> {
        let data = match source {
            Some(source) => dataset::load(source, self.config.data.verify)?,
            None => dataset::of_run(&self.path, &self.config.data, "give --data DIR")?,
        };
        let (height, width, classes) = (self.images.height, self.images.width, self.images.class_names.len());
        let found = (data.test.height(), data.test.width(), data.class_names().len());
        // A part of the data may lack images of the last classes.
        ensure!(
            (height, width) == (found.0, found.1) && found.2 <= classes,
            "expected images of {height} x {width} pixels in at most {classes} classes, as the model was trained on; \
             found {} x {} in {}",
            found.0,
            found.1,
            found.2
        );
        Ok(data)
    }

    /// Name of a class.
    ///
    /// # Errors
    ///
    /// If the run has no such class.
    pub fn class_name(&self, class: usize) -> Result<&str> {
        self.images.class_names.get(class).map(String::as_str).with_context(|| format!("class {class} has no name"))
    }
}
