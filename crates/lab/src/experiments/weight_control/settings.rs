//! Settings of `weight-control`.

use mlp_settings::Invalid;
use mlp_settings::config::{Config, OptimizerKind};
use serde::{Deserialize, Serialize};

use crate::recipe::{Parameters, Recipe};

/// Settings of `weight-control`; the network's dropout is that of the variants with dropout.
pub type WeightControl = Recipe<WeightControlParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightControlParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Training images, a stratified subset of the training set; 0 for all.
    pub train_examples: usize,
    /// Weight decay of the variants that have it.
    pub weight_decay: f64,
    /// Largest norm of the weights into a hidden unit, in the variants that limit it.
    pub max_norm: f64,
}

impl Parameters for WeightControlParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        for (key, value) in [("experiment.weight_decay", self.weight_decay), ("experiment.max_norm", self.max_norm)] {
            Invalid::unless(value > 0.0 && value.is_finite(), key, value, "a finite number greater than 0")?;
        }
        Ok(())
    }

    fn validate_run(&self, run: &Config) -> Result<(), Invalid> {
        let (model, optimizer) = (&run.model, &run.optimizer);
        let dropout: Vec<f64> = model.dropout.iter().map(|prob| prob.get()).collect();
        let drops = dropout.iter().any(|&prob| prob > 0.0);
        Invalid::unless(drops, "model.dropout", dropout, "a probability greater than 0 for the variants with dropout")?;
        Invalid::unless(
            !model.batch_norm,
            "model.batch_norm",
            model.batch_norm,
            "false: it undoes any size of weights",
        )?;
        let sgd = optimizer.kind == OptimizerKind::Sgd;
        Invalid::unless(sgd, "optimizer.kind", optimizer.kind, "sgd: others scale the gradient of a penalty")?;
        let decay = optimizer.weight_decay;
        let expected = "0: experiment.weight_decay is for the variants that have it";
        Invalid::unless(decay == 0.0, "optimizer.weight_decay", decay, expected)
    }
}
