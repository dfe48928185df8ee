//! A finished run, opened to predict with its model.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use burn_fashion_mnist::FashionMnist;
use burn_mlp::Mlp;

use crate::backend::{Chosen, Inner, choose};
use crate::config::Config;
use crate::dataset;
use crate::record::{self, ENVIRONMENT, Environment, ImagesInfo};
use crate::weights;

/// A run's model with what it was trained on.
pub struct Run {
    /// Its configuration.
    pub config: Config,
    /// Shape and classes of its images.
    pub images: ImagesInfo,
    /// Its model.
    pub mlp: Mlp<Inner>,
    /// Device of the model.
    pub chosen: Chosen,
}

impl Run {
    /// Opens the run in `path`.
    ///
    /// # Errors
    ///
    /// If there is no such run, or it has no model yet.
    pub fn open(path: &Path) -> Result<Self> {
        let config: Config = record::read_config(path)?.resolve()?;
        let environment: Environment = record::read_json(path, ENVIRONMENT)?;
        let file = path.join(weights::FILE);
        ensure!(file.is_file(), "{}: no model; is the run finished?", file.display());
        let images = environment.images;
        let d_input = images.height.checked_mul(images.width).context("environment.json: images too large")?;
        let classes = images.class_names.len();
        config.model.check_size(d_input, classes)?;
        let chosen = choose()?;
        let model = config.model.mlp(d_input, classes, config.training.seed);
        let mlp = weights::load(model.init(&chosen.device)?, &file)?;
        Ok(Self { config, images, mlp, chosen })
    }

    /// The data from `source`, or from the run's own source.
    ///
    /// # Errors
    ///
    /// If it is not there, or its images or classes are not those of the model.
    pub fn data(&self, source: Option<&str>) -> Result<FashionMnist> {
        let data = dataset::load(source.unwrap_or(&self.config.data.source), self.config.data.verify)?;
        let expected = (self.images.height, self.images.width, self.images.class_names.len());
        let found = (data.test.height(), data.test.width(), data.class_names().len());
        ensure!(
            expected == found,
            "expected images of {} x {} pixels in {} classes, as the model was trained on; found {} x {} in {}",
            expected.0,
            expected.1,
            expected.2,
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
    /// If the run knows no such class.
    pub fn class_name(&self, class: usize) -> Result<&str> {
        self.images.class_names.get(class).map(String::as_str).with_context(|| format!("class {class} has no name"))
    }
}
