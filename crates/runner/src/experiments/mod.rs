//! The experiments of the chapter, one module each, driven by one file each in `configs/`.
//!
//! To add one: write `configs/<name>.toml` and a module here with its settings type, implement [`Experiment`] for
//! that type, and add a line to [`REGISTRY`].

mod activations;
mod backprop;
mod concept_shift;
mod covariate_shift;
mod dropout;
mod dropout_layer;
mod ensemble;
mod input_noise;
mod label_shift;
mod mlp;
mod model_selection;
mod numerical_stability;
mod random_labels;
mod recurrent_gradients;
mod residual;
mod twins;
mod uncertainty;
mod vanilla_dropout;
mod weight_decay;
mod xavier_init;

use std::path::Path;

use anyhow::Result;

use crate::finding::Finding;
use crate::lab::Lab;
use crate::settings::{Layered, Settings, SettingsError};

/// A question with a way to measure its answer.
pub trait Experiment: Layered {
    /// Its name on the command line and the stem of its file in `configs/`.
    const NAME: &'static str;
    /// What it asks.
    const QUESTION: &'static str;
    /// The text of `configs/<name>.toml`.
    const CONFIG: &'static str;
    /// Assignments that make it short enough to try: smaller, never with fewer than three seeds.
    const QUICK: &'static [&'static str];

    /// Measures.
    ///
    /// # Errors
    ///
    /// If the data is not there, or training diverges where it must not.
    fn run(&self, lab: &Lab) -> Result<Finding>;
}

/// An experiment that can be run by name.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// What it asks.
    pub question: &'static str,
    config: &'static str,
    quick: &'static [&'static str],
    defaults: fn() -> Settings,
    run: fn(&Settings, &Lab) -> Result<Outcome>,
    check: fn(&Settings) -> Result<(), SettingsError>,
}

/// What an experiment found, and with which settings.
pub struct Outcome {
    /// What it found.
    pub finding: Finding,
    /// Its settings as TOML, complete.
    pub config: String,
}

/// Every experiment, in the order of the chapter.
pub const REGISTRY: &[Entry] = &[
    entry::<activations::Activations>(),
    entry::<mlp::OneHiddenLayer>(),
    entry::<dropout_layer::DropoutLayer>(),
    entry::<dropout::Dropout>(),
    entry::<vanilla_dropout::VanillaDropout>(),
    entry::<ensemble::Ensemble>(),
    entry::<uncertainty::Uncertainty>(),
    entry::<input_noise::InputNoise>(),
    entry::<random_labels::RandomLabels>(),
    entry::<weight_decay::WeightDecay>(),
    entry::<model_selection::ModelSelection>(),
    entry::<backprop::Backprop>(),
    entry::<numerical_stability::NumericalStability>(),
    entry::<xavier_init::XavierInit>(),
    entry::<residual::Residual>(),
    entry::<recurrent_gradients::RecurrentGradients>(),
    entry::<covariate_shift::CovariateShift>(),
    entry::<label_shift::LabelShift>(),
    entry::<concept_shift::ConceptShift>(),
];

const fn entry<E: Experiment>() -> Entry {
    Entry {
        name: E::NAME,
        question: E::QUESTION,
        config: E::CONFIG,
        quick: E::QUICK,
        defaults: Settings::defaults::<E>,
        run: run::<E>,
        check: check::<E>,
    }
}

fn run<E: Experiment>(settings: &Settings, lab: &Lab) -> Result<Outcome> {
    let experiment: E = settings.resolve()?;
    Ok(Outcome { finding: experiment.run(lab)?, config: toml::to_string(&experiment)? })
}

fn check<E: Experiment>(settings: &Settings) -> Result<(), SettingsError> {
    settings.resolve::<E>().map(drop)
}

impl Entry {
    /// Its settings: defaults, its file in `configs/`, and with `quick` the assignments that make it short.
    ///
    /// # Errors
    ///
    /// If the file or an assignment does not hold.
    pub fn settings(&self, quick: bool) -> Result<Settings, SettingsError> {
        let mut settings = (self.defaults)();
        settings.layer_text(self.config, Path::new(&format!("configs/{}.toml", self.name)))?;
        if quick {
            for assignment in self.quick {
                settings.set(assignment)?;
            }
        }
        Ok(settings)
    }

    /// Checks settings without running anything.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for the first value that does not hold.
    pub fn check(&self, settings: &Settings) -> Result<(), SettingsError> {
        (self.check)(settings)
    }

    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the settings or the data do not hold, or training diverges where it must not.
    pub fn run(&self, settings: &Settings, lab: &Lab) -> Result<Outcome> {
        (self.run)(settings, lab)
    }
}

/// The experiment of that name.
pub fn find(name: &str) -> Option<&'static Entry> {
    REGISTRY.iter().find(|entry| entry.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_experiment_has_a_name_of_its_own_and_settings_that_hold() {
        let names: BTreeSet<&str> = REGISTRY.iter().map(|entry| entry.name).collect();
        assert_eq!(names.len(), REGISTRY.len());
        for entry in REGISTRY {
            for quick in [false, true] {
                let settings = entry.settings(quick).unwrap_or_else(|error| panic!("{}: {error}", entry.name));
                entry.check(&settings).unwrap_or_else(|error| panic!("{}: {error}", entry.name));
                assert!(settings.has("training.seed"), "{}", entry.name);
                assert!(settings.has("experiment.seeds"), "{}", entry.name);
            }
            assert!(entry.question.ends_with('?'), "{}", entry.name);
        }
    }

    #[test]
    fn settings_without_effect_are_refused() {
        for (name, key, value) in [
            ("dropout", "training.checkpoint_steps", "10"),
            ("residual", "training.checkpoint_steps", "10"),
            ("ensemble", "model.dropout", "[0.5, 0.5]"),
            ("model-selection", "model.dropout", "[0.5]"),
            ("xavier-init", "model.activation", "relu"),
            ("xavier-init", "model.init.kind", "zeros"),
        ] {
            let entry = find(name).unwrap();
            let mut settings = entry.settings(false).unwrap();
            settings.set(&format!("{key}={value}")).unwrap();
            let error = entry.check(&settings).expect_err(name).to_string();
            assert!(error.contains(key), "{name}: {error}");
        }
    }
}
