//! Settings of the experiment.

use burn_mlp::Probability;
use burn_mlp_train::range;
use mlp_settings::Invalid;
use mlp_settings::config::{Config, OptimizerConfig, OptimizerKind, TrainingConfig};
use serde::{Deserialize, Serialize};

use crate::recipe::{Parameters, Recipe};

/// Settings of `when-dropout-pays`: the main job, and how each design departs from it.
pub type WhenDropoutPays = Recipe<WhenDropoutPaysParameters>;

/// Settings of the experiment itself: the `[experiment]` section of its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhenDropoutPaysParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// The recipe of the designs on few images, which are seen many times.
    pub many_passes: ManyPasses,
    /// Labels of which a part is random.
    pub label_noise: LabelNoise,
    /// More and fewer images, equally many steps.
    pub amount: Amount,
    /// The main job, longer and shorter.
    pub length: Length,
    /// Networks of different width.
    pub width: Width,
    /// One probability for all hidden layers.
    pub rate: Rate,
    /// Passes with dropout on against one pass without.
    pub averaging: Averaging,
}

/// The recipe of the designs on few images, which are seen many times: what can be learned by heart is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManyPasses {
    /// Examples in a step.
    #[serde(deserialize_with = "range::at_least_one")]
    pub batch_size: usize,
    /// Peak learning rate.
    #[serde(deserialize_with = "range::positive")]
    pub learning_rate: f64,
    /// Momentum.
    #[serde(deserialize_with = "range::below_one")]
    pub momentum: f64,
}

/// Labels of which a part is random, and the network that learns them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelNoise {
    /// Training images, a stratified subset; 0 for all.
    pub images: usize,
    /// Part of the labels that are drawn uniformly from the classes.
    #[serde(deserialize_with = "range::fraction")]
    pub share: f64,
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
    /// Dropout of each hidden layer.
    pub dropout: Vec<Probability>,
    /// Dropout of the pixels.
    pub input_dropout: Probability,
    /// Epochs.
    #[serde(deserialize_with = "range::at_least_one")]
    pub epochs: usize,
}

/// More and fewer images, equally many steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// Numbers of training images, ascending; each divides the number of examples that all steps see.
    pub images: Vec<usize>,
    /// Steps of every run.
    #[serde(deserialize_with = "range::at_least_one")]
    pub steps: usize,
}

/// The main job, longer and shorter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Length {
    /// Numbers of epochs, ascending.
    pub epochs: Vec<usize>,
}

/// Networks of different width.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Width {
    /// Units of each hidden layer, ascending.
    pub units: Vec<usize>,
    /// Dropout of each hidden layer; as many layers as probabilities.
    pub dropout: Vec<Probability>,
    /// Training images, a stratified subset; 0 for all.
    pub images: usize,
    /// Epochs.
    #[serde(deserialize_with = "range::at_least_one")]
    pub epochs: usize,
}

/// One probability for all hidden layers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Probabilities, ascending, the first of them 0.
    pub probabilities: Vec<Probability>,
    /// The range, both ends among the probabilities, over which accuracy is said to be flat.
    pub flat: [Probability; 2],
    /// Training images, a stratified subset; 0 for all.
    pub images: usize,
    /// Epochs.
    #[serde(deserialize_with = "range::at_least_one")]
    pub epochs: usize,
}

/// Passes with dropout on against one pass without.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Averaging {
    /// Numbers of passes that are averaged, ascending, the first of them 1.
    pub passes: Vec<usize>,
    /// The number, one of them, at which averaging is said to be as good as weight scaling.
    pub compared: usize,
}

impl Parameters for WhenDropoutPaysParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        let Self { many_passes, label_noise, amount, length, width, rate, averaging, .. } = self;
        for (key, numbers) in [
            ("experiment.amount.images", &amount.images),
            ("experiment.length.epochs", &length.epochs),
            ("experiment.width.units", &width.units),
            ("experiment.averaging.passes", &averaging.passes),
        ] {
            Invalid::unless(ascending(numbers, 1), key, numbers, "at least two numbers of at least 1, ascending")?;
        }
        let (batch, images) = (many_passes.batch_size, &amount.images);
        let seen = amount.steps.saturating_mul(batch);
        let even = images.iter().all(|images| seen.is_multiple_of(*images) && images.is_multiple_of(batch));
        let expected = format!("multiples of the batch size that divide steps times batch size, {seen}");
        Invalid::unless(even, "experiment.amount.images", images, &expected)?;
        let fits = label_noise.dropout.len() == label_noise.hidden.len();
        let expected = "a probability for each hidden layer";
        Invalid::unless(fits, "experiment.label_noise.dropout", &label_noise.dropout, expected)?;
        Invalid::unless(!width.dropout.is_empty(), "experiment.width.dropout", &width.dropout, "at least one layer")?;
        let (probabilities, flat) = (&rate.probabilities, rate.flat);
        let from_zero =
            probabilities.first() == Some(&Probability::ZERO) && ascending(probabilities, Probability::ZERO);
        Invalid::unless(from_zero, "experiment.rate.probabilities", probabilities, "0 and more, ascending")?;
        let among = flat.iter().all(|probability| probabilities.contains(probability)) && flat[0] < flat[1];
        Invalid::unless(among, "experiment.rate.flat", flat, "two of experiment.rate.probabilities, ascending")?;
        let (passes, compared) = (&averaging.passes, averaging.compared);
        Invalid::unless(passes[0] == 1, "experiment.averaging.passes", passes, "1 and more, ascending")?;
        let among = passes.contains(&compared);
        Invalid::unless(among, "experiment.averaging.compared", compared, "one of experiment.averaging.passes")
    }

    fn validate_run(&self, run: &Config) -> Result<(), Invalid> {
        let dropout = &run.model.dropout;
        Invalid::unless(!dropout.is_empty(), "model.dropout", dropout, "a probability for each hidden layer")
    }
}

impl WhenDropoutPays {
    /// The main job with the recipe of the designs on few images.
    pub(super) fn many_passes(&self, seed: u64, epochs: usize) -> Config {
        let &ManyPasses { batch_size, learning_rate, momentum } = &self.experiment.many_passes;
        let mut config = self.config(seed);
        config.optimizer = OptimizerConfig { kind: OptimizerKind::Sgd, momentum, ..config.optimizer };
        config.training = TrainingConfig { epochs, batch_size, learning_rate, ..config.training };
        config
    }
}

/// Whether there are two values or more, the first at least `least`, each above the one before.
fn ascending<T: PartialOrd + Copy>(values: &[T], least: T) -> bool {
    values.len() > 1 && values[0] >= least && values.is_sorted_by(|one, next| one < next)
}
