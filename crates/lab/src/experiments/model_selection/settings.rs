//! Settings of `model-selection`.

use burn_mlp_train::range;
use mlp_settings::Invalid;
use mlp_settings::config::Config;
use serde::{Deserialize, Serialize};

use crate::recipe::{Parameters, Recipe};

/// Settings of `model-selection`.
pub type ModelSelection = Recipe<ModelSelectionParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSelectionParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Folds the images are divided into, at least 2.
    pub folds: usize,
    /// Images to train and validate on, a stratified subset of the training set.
    pub train_examples: usize,
    /// Further images of the training set that judge the choice, or as many as there are.
    pub reference_examples: usize,
    /// Units of each hidden layer, ascending; `model.hidden` says how many layers there are.
    pub widths: Vec<usize>,
    /// Weight decays λ, ascending.
    pub weight_decays: Vec<f64>,
    /// Share of the labels, of training, further and test images alike, that are replaced by random ones: mistakes that
    /// a network can learn by heart.
    #[serde(deserialize_with = "range::fraction")]
    pub label_noise: f64,
}

impl Parameters for ModelSelectionParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        let (folds, examples) = (self.folds, self.train_examples);
        Invalid::unless(folds >= 2, "experiment.folds", folds, "at least 2")?;
        Invalid::unless(examples >= folds, "experiment.train_examples", examples, "at least one image for each fold")?;
        let reference = self.reference_examples;
        Invalid::unless(reference > 0, "experiment.reference_examples", reference, "at least 1")?;
        let widths = &self.widths;
        let ascending = widths.len() >= 2 && widths[0] > 0 && widths.is_sorted_by(|a, b| a < b);
        Invalid::unless(ascending, "experiment.widths", widths, "two or more, ascending, each at least 1")?;
        let decays = &self.weight_decays;
        let allowed = decays.iter().all(|&decay| decay >= 0.0 && decay.is_finite());
        let inside = decays.len() >= 3 && allowed && decays.is_sorted_by(|a, b| a < b);
        Invalid::unless(inside, "experiment.weight_decays", decays, "three or more, ascending, each at least 0")
    }

    fn validate_run(&self, run: &Config) -> Result<(), Invalid> {
        let hidden = &run.model.hidden;
        Invalid::unless(!hidden.is_empty(), "model.hidden", hidden, "a hidden layer, whose width is chosen")?;
        let decay = run.optimizer.weight_decay;
        let expected = "0: experiment.weight_decays has the candidates'";
        Invalid::unless(decay == 0.0, "optimizer.weight_decay", decay, expected)
    }
}
