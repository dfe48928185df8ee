//! Settings of `model-selection`.

use burn_mlp::Probability;
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
    /// Probabilities of zeroing a hidden unit, ascending.
    pub dropouts: Vec<Probability>,
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
        let dropouts: Vec<f64> = self.dropouts.iter().map(|prob| prob.get()).collect();
        let ascending = !dropouts.is_empty() && dropouts.is_sorted_by(|a, b| a < b);
        Invalid::unless(ascending, "experiment.dropouts", dropouts, "one or more, ascending")
    }

    fn validate_run(&self, run: &Config) -> Result<(), Invalid> {
        let hidden = &run.model.hidden;
        Invalid::unless(!hidden.is_empty(), "model.hidden", hidden, "a hidden layer, whose width is chosen")?;
        let dropout = &run.model.dropout;
        Invalid::unless(dropout.is_empty(), "model.dropout", dropout, "[]: experiment.dropouts has the candidates'")
    }
}
