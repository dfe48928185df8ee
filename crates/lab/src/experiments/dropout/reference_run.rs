//! The run of a source that prints its figures.

use anyhow::Result;
use burn_mlp::Probability;
use mlp_settings::config::{Config, InitKind};

use crate::finding::{Claim, Finding};
use crate::variants::{Reference, Variant};

/// Dropout 0.1 and 0.6, five epochs, N(0, 0.01²); the source divides a mean loss by the batch size again and writes 100.
pub(super) fn config(base: &Config) -> Result<Config> {
    let mut config = Config::default();
    config.model.hidden = vec![256, 256];
    config.model.dropout = vec![Probability::new(0.1)?, Probability::new(0.6)?];
    config.model.init.kind = InitKind::Normal;
    config.model.init.std = 0.01;
    config.training.seed = base.training.seed;
    config.training.epochs = base.training.epochs.min(5);
    config.training.batch_size = 256;
    config.training.learning_rate = 100.0 / 256.0;
    Ok(config)
}

/// What the source prints; its loss is divided by the batch size.
pub(super) const VALUES: Reference = Reference {
    first_epoch: 1,
    losses: &[1.20, 0.61, 0.51, 0.46, 0.44],
    accuracies: &[0.763, 0.773, 0.792, 0.802, 0.831],
};

/// Claims what it prints for the last epoch.
pub(super) fn claim(finding: &mut Finding, run: &Variant<'_>) {
    let loss = run.values(|run| run.last().train_loss);
    let train = run.values(|run| run.last().train_accuracy);
    let test = run.values(|run| run.last().test_accuracy);
    finding
        .claim(Claim::measured("Reference run: training loss of the last epoch", loss))
        .claim(Claim::measured("Reference run: training accuracy of the last epoch", train))
        .claim(Claim::measured("Reference run: test accuracy of the last epoch", test));
}
