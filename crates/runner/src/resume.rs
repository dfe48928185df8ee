//! Resuming a run: which settings may change, and the record of those that did.

use anyhow::{Result, bail, ensure};

use crate::backend;
use crate::dataset::lasting;
use crate::record::{CHECKPOINT, Change, ENVIRONMENT, Environment, METRICS, read_config, read_json};
use crate::run_directory::RunDirectory;
use crate::threads;
use burn_mlp_train::Checkpoint;
use mlp_settings::config::Config;
use mlp_settings::{Settings, SettingsError, entries};

/// The settings that may change when a run is resumed. A trailing dot stands for all keys below.
///
/// The checkpoint depends on all others. They determine the network, its input and the meaning of the moments, or which
/// examples have been seen, are held out and are still to come.
const CHANGEABLE: [&str; 18] = [
    // The data may be read from another place: its hash is checked.
    "data.source",
    "data.verify",
    "model.dropout",
    "model.input_dropout",
    "optimizer.momentum",
    "optimizer.nesterov",
    "optimizer.weight_decay",
    "optimizer.beta1",
    "optimizer.beta2",
    "optimizer.epsilon",
    "schedule.",
    "training.epochs",
    "training.learning_rate",
    "training.label_smoothing",
    "training.gradient_clip",
    "training.checkpoint_steps",
    "validation.patience",
    "validation.restore_best",
];

/// Everything needed to resume a run.
pub struct Continuation {
    /// The settings of the resumed run.
    pub config: Config,
    /// The checkpoint to resume from; `None` if the run was stopped before its first checkpoint and starts over.
    pub checkpoint: Option<Checkpoint>,
    /// The record of the run, with the new changes.
    pub environment: Environment,
    /// Whether there are new changes.
    pub changed: bool,
    /// Warnings for the user.
    pub warnings: Vec<String>,
}

/// Determines how `run` resumes with the settings in `assignments` changed. Writes nothing, except that a damaged
/// checkpoint is renamed.
///
/// # Errors
///
/// [`SettingsError`] for a setting that is invalid, cannot change, or was changed in the run's files without being
/// named in `assignments`. Or if there is no intact checkpoint, or a file of the run is damaged.
pub fn continuation(run: &RunDirectory, assignments: &[String], device: &str) -> Result<Continuation> {
    let mut environment: Environment = read_json(run.path(), ENVIRONMENT)?;
    let mut settings = read_config(run.path())?;
    let written: Config = settings.resolve()?;
    for assignment in assignments {
        settings.set(assignment)?;
    }
    let mut config: Config = settings.resolve()?;
    if config.data.source != written.data.source {
        config.data.source = lasting(&config.data.source)?;
    }

    let mut warnings = Vec::new();
    let folder = run.file(CHECKPOINT);
    let checkpoint = match Checkpoint::load(&folder)? {
        Some((checkpoint, warning)) => {
            warnings.extend(warning);
            Some(checkpoint)
        }
        None => {
            let begun = run.file(METRICS).exists();
            ensure!(!begun, "{}: no checkpoint, though the run has finished epochs", folder.display());
            warnings.push("the run was stopped before its first checkpoint: starting at the beginning".into());
            None
        }
    };
    let settings = Proposed { settings: &settings, assignments, recorded: &environment.changes };
    let mut changes = match &checkpoint {
        Some(checkpoint) => settings.changes(checkpoint, &config)?,
        None => settings.named_changes(&written, &config),
    };
    let identity = identity_changes(&environment, device);
    for change in &identity {
        warnings.push(format!(
            "the {} was {}, now {}: from here on the last digits may differ from those of an undisturbed run",
            change.key, change.from, change.to
        ));
    }
    changes.extend(identity);
    if let Some(checkpoint) = &checkpoint {
        for change in &mut changes {
            (change.epoch, change.step) = (checkpoint.state.epoch, checkpoint.state.step);
        }
    }
    changes.retain(|change| last_recorded(&environment.changes, &change.key).is_none_or(|last| last.to != change.to));
    let changed = !changes.is_empty();
    environment.changes.extend(changes);
    Ok(Continuation { config, checkpoint, environment, changed, warnings })
}

struct Proposed<'a> {
    settings: &'a Settings,
    assignments: &'a [String],
    recorded: &'a [Change],
}

impl Proposed<'_> {
    /// The differences between the settings of `checkpoint` and `config`. Fails if one is not allowed, or was made in
    /// the run's files instead of with `--set`, or fewer epochs are left than the run has begun.
    fn changes(&self, checkpoint: &Checkpoint, config: &Config) -> Result<Vec<Change>> {
        let (defaults, proposed) = (entries(&Config::default()), entries(config));
        if let Some(key) = checkpoint.settings.keys().find(|key| !proposed.contains_key(*key)) {
            bail!(
                "the checkpoint, of version {}, has the setting `{key}`, which this program lacks",
                checkpoint.program
            );
        }
        let mut changes = Vec::new();
        for (key, found) in proposed {
            // A setting that did not exist when the checkpoint was written had its default.
            let expected = checkpoint.settings.get(&key).unwrap_or(&defaults[&key]).clone();
            if found == expected {
                continue;
            }
            let origin = self.settings.origin(&key);
            if !is_changeable(&key) {
                return Err(SettingsError::Fixed { origin, key, found, expected }.into());
            }
            let recorded = last_recorded(self.recorded, &key).is_some_and(|change| change.to == found);
            if !recorded && !self.names(&key) {
                return Err(SettingsError::Unnamed { origin, key, found, expected }.into());
            }
            let begun = checkpoint.state.begun_epochs();
            if key == "training.epochs" && config.training.epochs < begun {
                let expected = format!("at least {begun}, the epochs that the run has begun");
                return Err(SettingsError::Range { origin, key, found, expected }.into());
            }
            changes.push(Change { key, from: expected, to: found, epoch: 0, step: 0 });
        }
        Ok(changes)
    }

    /// The differences between the settings in the run's files and `config`. For a run without a checkpoint: nothing
    /// depends on its settings yet, so all of them may change.
    fn named_changes(&self, written: &Config, config: &Config) -> Vec<Change> {
        let (written, proposed) = (entries(written), entries(config));
        let differing = proposed.into_iter().filter(|(key, found)| written.get(key) != Some(found));
        differing.map(|(key, to)| Change { from: written[&key].clone(), key, to, epoch: 0, step: 0 }).collect()
    }

    fn names(&self, key: &str) -> bool {
        let mut named = self.assignments.iter().filter_map(|assignment| assignment.split_once('='));
        named.any(|(name, _)| name.trim() == key)
    }
}

fn is_changeable(key: &str) -> bool {
    CHANGEABLE.iter().any(|&entry| if entry.ends_with('.') { key.starts_with(entry) } else { key == entry })
}

fn last_recorded<'a>(changes: &'a [Change], key: &str) -> Option<&'a Change> {
    changes.iter().rev().find(|change| change.key == key)
}

/// Changes of version, backend, device and threads: the result depends on them to the last bit.
fn identity_changes(environment: &Environment, device: &str) -> Vec<Change> {
    let now = [
        ("version", &environment.version, env!("CARGO_PKG_VERSION").to_owned()),
        ("backend", &environment.backend, backend::NAME.to_owned()),
        ("device", &environment.device, device.to_owned()),
        ("threads", &environment.threads.to_string(), threads::count().to_string()),
    ];
    now.into_iter()
        .filter_map(|(key, started, to)| {
            let from = last_recorded(&environment.changes, key).map_or(started, |change| &change.to).clone();
            (from != to).then(|| Change { key: key.to_owned(), from, to, epoch: 0, step: 0 })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_of_the_list_is_a_key() {
        let keys = entries(&Config::default());
        for entry in CHANGEABLE {
            let names = |key: &String| if entry.ends_with('.') { key.starts_with(entry) } else { key == entry };
            assert!(keys.keys().any(names), "{entry}");
        }
    }

    #[test]
    fn what_tensors_and_examples_depend_on_is_fixed() {
        for key in [
            "data.mean",
            "model.hidden",
            "model.activation",
            "model.batch_norm",
            "model.init.kind",
            "optimizer.kind",
            "training.seed",
            "training.batch_size",
            "validation.fraction",
            "validation.folds",
            "validation.fold",
            "validation.metric",
            "a.key.of.tomorrow",
        ] {
            assert!(!is_changeable(key), "{key}");
        }
        assert!(is_changeable("training.epochs") && is_changeable("schedule.kind"));
    }
}
