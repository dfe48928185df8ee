//! What an experiment is.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use mlp_settings::{Layered, Settings, SettingsError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::finding::Finding;
use crate::{Lab, Platform, thresholds};

/// Settings that say which seeds an experiment is repeated with.
pub trait Seeded {
    /// The seeds, in order.
    fn seeds(&self) -> Vec<u64>;
}

/// A question with a way to measure its answer: once with each seed, and concluded over all of them.
pub trait Experiment: Layered + Seeded {
    /// Its name on the command line and the stem of its file in `configs/`.
    const NAME: &'static str;
    /// What it asks.
    const QUESTION: &'static str;
    /// The text of `configs/<name>.toml`.
    const CONFIG: &'static str;
    /// Assignments that make it short enough to try, beside three seeds.
    const QUICK: &'static [&'static str];
    /// Raised whenever the code of a measurement changes what it measures: measurements of another revision do not count.
    const REVISION: u32 = 1;
    /// What is measured with one seed: finite numbers, and no times.
    type Measurement: Serialize + DeserializeOwned;

    /// Measures with one seed. Depends on nothing but the settings, the seed and the lab: neither on how many seeds
    /// there are, nor on which of them this is.
    ///
    /// # Errors
    ///
    /// If the data does not hold what it should, or training diverges where it must not.
    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Self::Measurement>;

    /// What follows from the measurements, in the order of the seeds.
    ///
    /// # Errors
    ///
    /// If they are not what a measurement can be.
    fn conclude(&self, measurements: &[Self::Measurement]) -> Result<Finding>;
}

/// The number of seeds of every short form: the fewest that show a spread worth the name.
const QUICK_SEEDS: &str = "experiment.seeds=3";

/// An experiment that can be run by name.
pub struct Entry<P: Platform> {
    /// Its name.
    pub name: &'static str,
    /// What it asks.
    pub question: &'static str,
    /// Revision of its measurements.
    pub(crate) revision: u32,
    file: &'static str,
    quick: &'static [&'static str],
    defaults: fn() -> Settings,
    config: fn(&Settings) -> Result<String>,
    seeds: fn(&Settings) -> Result<Vec<u64>, SettingsError>,
    measure: fn(&Settings, &Lab<P>, u64) -> Result<String>,
    conclude: fn(&Settings, &[&str]) -> Result<Finding>,
}

impl<P: Platform> Entry<P> {
    pub(crate) const fn of<E: Experiment>() -> Self {
        Self {
            name: E::NAME,
            question: E::QUESTION,
            revision: E::REVISION,
            file: E::CONFIG,
            quick: E::QUICK,
            defaults: Settings::defaults::<E>,
            config: |settings| Ok(toml::to_string(&settings.resolve::<E>()?)?),
            seeds: |settings| Ok(settings.resolve::<E>()?.seeds()),
            measure: measure::<E, P>,
            conclude: conclude::<E>,
        }
    }

    /// Its settings: defaults, its file in `configs/`, and with `quick` the assignments that make it short.
    ///
    /// # Errors
    ///
    /// If the file or an assignment does not hold.
    pub fn settings(&self, quick: bool) -> Result<Settings, SettingsError> {
        let mut settings = (self.defaults)();
        settings.layer_text(self.file, Path::new(&format!("configs/{}.toml", self.name)))?;
        if quick {
            for assignment in [QUICK_SEEDS].iter().chain(self.quick) {
                settings.set(assignment)?;
            }
        }
        Ok(settings)
    }

    /// Settings as TOML, complete, once they are checked.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for the first value that does not hold.
    pub fn config(&self, settings: &Settings) -> Result<String> {
        (self.config)(settings)
    }

    /// The seeds it is repeated with, once its settings are checked.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for the first value that does not hold.
    pub fn seeds(&self, settings: &Settings) -> Result<Vec<u64>, SettingsError> {
        (self.seeds)(settings)
    }

    /// Measures with one seed; the result as JSON.
    ///
    /// # Errors
    ///
    /// If the settings or the data do not hold, training diverges where it must not, or a number is not finite.
    pub fn measure(&self, settings: &Settings, lab: &Lab<P>, seed: u64) -> Result<String> {
        (self.measure)(settings, lab, seed)
    }

    /// What follows from measurements, in the order of the seeds.
    ///
    /// # Errors
    ///
    /// If the settings do not hold, or a measurement is not one of this experiment.
    pub fn conclude(&self, settings: &Settings, measurements: &[&str]) -> Result<Finding> {
        let mut finding = (self.conclude)(settings, measurements)?;
        thresholds::apply(self.name, &mut finding, relevant(settings) == relevant(&self.settings(false)?));
        Ok(finding)
    }
}

/// The settings that a measurement depends on: neither how many seeds there are nor which is the first.
pub(crate) fn relevant(settings: &Settings) -> BTreeMap<String, String> {
    let mut values: BTreeMap<String, String> = settings.values().collect();
    values.retain(|key, _| key != "training.seed" && key != "experiment.seeds");
    values
}

fn measure<E: Experiment, P: Platform>(settings: &Settings, lab: &Lab<P>, seed: u64) -> Result<String> {
    let experiment: E = settings.resolve()?;
    let text = serde_json::to_string(&experiment.measure(lab, seed)?)?;
    // JSON has no numbers that are not finite: what cannot be read back is noticed here, not when it is needed.
    serde_json::from_str::<E::Measurement>(&text).context("a measurement that is not finite")?;
    Ok(text)
}

fn conclude<E: Experiment>(settings: &Settings, measurements: &[&str]) -> Result<Finding> {
    let experiment: E = settings.resolve()?;
    let measurements: Vec<E::Measurement> = measurements
        .iter()
        .map(|text| serde_json::from_str(text))
        .collect::<Result<_, _>>()
        .context("a measurement")?;
    experiment.conclude(&measurements)
}
