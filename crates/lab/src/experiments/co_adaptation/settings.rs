//! Settings of `co-adaptation`.

use burn_mlp_train::range;
use mlp_settings::Invalid;
use mlp_settings::config::{Config, OptimizerKind};
use serde::{Deserialize, Serialize};

use crate::recipe::{Parameters, Recipe};

/// Settings of `co-adaptation`.
pub type CoAdaptation = Recipe<CoAdaptationParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoAdaptationParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Fractions of the hidden units that are removed after training, each in `[0, 1)`, ascending.
    pub removed: Vec<f64>,
    /// Random choices of units for each fraction.
    #[serde(deserialize_with = "range::some_steps")]
    pub removals: u64,
    /// Test images over which activations are compared.
    #[serde(deserialize_with = "range::at_least_one")]
    pub images: usize,
    /// Steps over which parameters of dropped units are looked at.
    #[serde(deserialize_with = "range::at_least_one")]
    pub watched_steps: usize,
}

impl Parameters for CoAdaptationParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        let removed = &self.removed;
        let allowed = removed.iter().all(|fraction| (0.0..1.0).contains(fraction)) && removed.is_sorted();
        Invalid::unless(
            allowed && !removed.is_empty(),
            "experiment.removed",
            removed,
            "one or more ascending numbers in [0, 1)",
        )
    }

    fn validate_run(&self, run: &Config) -> Result<(), Invalid> {
        let (model, optimizer) = (&run.model, &run.optimizer);
        let layers = model.hidden.len();
        Invalid::unless(layers == 2, "model.hidden", &model.hidden, "two hidden layers, to swap their dropout")?;
        let fits = model.dropout.len() == layers;
        Invalid::unless(fits, "model.dropout", &model.dropout, "a probability for each hidden layer")?;
        Invalid::unless(!model.batch_norm, "model.batch_norm", model.batch_norm, "false: it rescales every unit")?;
        let plain = optimizer.kind == OptimizerKind::Sgd && optimizer.momentum == 0.0 && optimizer.weight_decay == 0.0;
        let expected = "sgd without momentum and weight decay, which move what has no gradient";
        Invalid::unless(plain, "optimizer.kind", optimizer.kind, expected)
    }
}
