//! Going on with a run: what may change on the way, and the record of what did.

use std::fmt;

use anyhow::{Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::backend;
use crate::checkpoint::Checkpoint;
use crate::config::Config;
use crate::record::{CHECKPOINT, ENVIRONMENT, Environment, METRICS, RunDirectory, read_config, read_json};
use crate::settings::{Settings, SettingsError, entries};

/// The settings that can change while a run goes on, a trailing dot standing for all keys below.
///
/// All others are what its checkpoint was made with: the network, its input and the meaning of its moments, or which
/// examples were seen, held out and still to come.
const CHANGEABLE: [&str; 18] = [
    // The same data, by its hash, from another place.
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

/// A change on the way of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The setting, or `version`, `backend`, `device` or `threads`.
    pub key: String,
    /// Value before.
    pub from: String,
    /// Value from then on.
    pub to: String,
    /// Epochs finished at that point.
    pub epoch: usize,
    /// Steps finished at that point.
    pub step: u64,
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, from, to, epoch, step } = self;
        write!(formatter, "{key} = {to} instead of {from} after {epoch} epochs and {step} steps")
    }
}

/// Everything that is known before a run goes on.
pub struct Continuation {
    /// The settings from here on.
    pub config: Config,
    /// Where it goes on; at the beginning where it was stopped before its first checkpoint.
    pub checkpoint: Option<Checkpoint>,
    /// The record of the run, with the changes made here.
    pub environment: Environment,
    /// Whether there are any.
    pub changed: bool,
    /// What is out of the ordinary.
    pub warnings: Vec<String>,
}

/// Works out how `run` goes on with the settings in `assignments` changed. Nothing is written, but that a damaged
/// checkpoint is set aside.
///
/// # Errors
///
/// [`SettingsError`] for a setting that does not hold, cannot change, or was changed in the run's files without being
/// named in `assignments`. Or if there is no whole checkpoint, or a file of the run is damaged.
pub fn continuation(run: &RunDirectory, assignments: &[String], device: &str) -> Result<Continuation> {
    let mut environment: Environment = read_json(run.path(), ENVIRONMENT)?;
    let mut settings = read_config(run.path())?;
    let written: Config = settings.resolve()?;
    for assignment in assignments {
        settings.set(assignment)?;
    }
    let config: Config = settings.resolve()?;

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
    /// The differences between the settings of `checkpoint` and `config`, all of them allowed and announced.
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
            // A setting that is newer than the checkpoint had its default.
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
            changes.push(Change { key, from: expected, to: found, epoch: 0, step: 0 });
        }
        Ok(changes)
    }

    /// The same where nothing depends on the settings yet: all changes are allowed, but only those named are made.
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

/// What the bits of the result depend on beside the settings, where it is not what it was.
fn identity_changes(environment: &Environment, device: &str) -> Vec<Change> {
    let now = [
        ("version", &environment.version, env!("CARGO_PKG_VERSION").to_owned()),
        ("backend", &environment.backend, backend::NAME.to_owned()),
        ("device", &environment.device, device.to_owned()),
        ("threads", &environment.threads.to_string(), backend::threads().to_string()),
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
            "validation.metric",
            "a.key.of.tomorrow",
        ] {
            assert!(!is_changeable(key), "{key}");
        }
        assert!(is_changeable("training.epochs") && is_changeable("schedule.kind"));
    }

    #[test]
    fn a_change_says_what_it_was_and_when() {
        let change = Change { key: "training.epochs".into(), from: "3".into(), to: "5".into(), epoch: 2, step: 12 };
        assert_eq!(change.to_string(), "training.epochs = 5 instead of 3 after 2 epochs and 12 steps");
    }
}
