//! Settings in layers. A later layer overrides an earlier one: built-in defaults, file, environment, command line.
//!
//! Every value remembers its origin, so that an invalid value is reported with its file and line, environment variable
//! or flag.

mod error;
mod keys;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use self::keys::{flatten, insert_path, parse, parse_value, type_name};
use mlp_files::read_text_at_most;

pub use error::SettingsError;

/// Prefix of environment variables that set a key: `BURN_MLP_TRAINING_EPOCHS` is `training.epochs`.
pub const ENVIRONMENT_PREFIX: &str = "BURN_MLP_";
/// Largest settings file that is read, in bytes: thirty times the size of one that states every key.
pub const LARGEST_FILE: u64 = 64 << 10;
/// Longest unknown key for which a known one is suggested.
const LONGEST_GUESSED: usize = 100;

/// A configuration that can be set in layers. Its default must contain every key.
pub trait Layered: Serialize + DeserializeOwned + Default {
    /// Checks the ranges of values, and that they agree with each other.
    ///
    /// # Errors
    ///
    /// [`Invalid`] for the first key whose value is out of range.
    fn validate(&self) -> Result<(), Invalid>;
}

/// A value out of range.
#[derive(Debug)]
pub struct Invalid {
    /// Dotted path of the key.
    pub key: &'static str,
    /// The value found.
    pub found: String,
    /// What is allowed.
    pub expected: String,
}

impl Invalid {
    /// Refuses the value `found` of `key` unless `allowed`. State the condition positively: NaN fails every comparison.
    ///
    /// # Errors
    ///
    /// [`Invalid`] unless `allowed`.
    pub fn unless(allowed: bool, key: &'static str, found: impl fmt::Debug, expected: &str) -> Result<(), Self> {
        if allowed { Ok(()) } else { Err(Self { key, found: format!("{found:?}"), expected: expected.into() }) }
    }
}

/// Origin of a value.
#[derive(Clone, Debug)]
enum Origin {
    Default,
    File { path: PathBuf, line: usize },
    Environment(String),
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => write!(formatter, "built-in defaults"),
            Self::File { path, line } => write!(formatter, "{}:{line}", path.display()),
            Self::Environment(name) => write!(formatter, "environment variable {name}"),
            Self::Flag => write!(formatter, "command line"),
        }
    }
}

/// Values by dotted key, each with its origin.
#[derive(Clone, Debug)]
pub struct Settings {
    values: BTreeMap<String, (Value, Origin)>,
}

impl Settings {
    /// The defaults of `C`. They define which keys exist, and their types.
    ///
    /// # Panics
    ///
    /// If `C` does not serialize to a TOML table, which is a bug in `C`.
    pub fn defaults<C: Layered>() -> Self {
        let table = Table::try_from(C::default()).expect("a configuration serializes to a table");
        let mut values = BTreeMap::new();
        flatten(&table, "", &mut |key, value| {
            values.insert(key, (value.clone(), Origin::Default));
        });
        Self { values }
    }

    /// Overrides values with those of a TOML file.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] if the file cannot be read, is larger than [`LARGEST_FILE`], is not TOML, or has an unknown
    /// key or a value of the wrong type.
    pub fn layer_file(&mut self, path: &Path) -> Result<(), SettingsError> {
        let text = read_text_at_most(path, LARGEST_FILE)
            .map_err(|reason| SettingsError::Read { path: path.into(), reason })?;
        self.layer_text(&text, path)
    }

    /// Overrides values with those of a TOML text. `path` only names it in errors.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] if it is not TOML, or has an unknown key or a value of the wrong type.
    pub fn layer_text(&mut self, text: &str, path: &Path) -> Result<(), SettingsError> {
        let line_at = |offset: usize| 1 + text[..offset.min(text.len())].matches('\n').count();
        let (table, offsets) = parse(text).map_err(|(offset, message)| SettingsError::Syntax {
            path: path.into(),
            line: line_at(offset),
            message,
        })?;
        let mut leaves = Vec::new();
        flatten(&table, "", &mut |key, value| leaves.push((key, value.clone())));
        // In the order of the file, so that the first error in it is reported.
        leaves.sort_by_key(|(key, _)| offsets.get(key).copied());
        for (key, value) in leaves {
            let line = offsets.get(&key).map_or(1, |&offset| line_at(offset));
            self.insert(key, value, Origin::File { path: path.into(), line })?;
        }
        Ok(())
    }

    /// Overrides values with those of environment variables. An empty variable counts as unset.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for a variable with the prefix whose key does not exist, or a value of the wrong type.
    pub fn layer_environment(
        &mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), SettingsError> {
        let names: BTreeMap<String, String> =
            self.values.keys().map(|key| (key.to_uppercase().replace('.', "_"), key.clone())).collect();
        for (variable, text) in variables {
            let Some(name) = variable.strip_prefix(ENVIRONMENT_PREFIX).filter(|_| !text.is_empty()) else { continue };
            let key = names.get(name).cloned().unwrap_or_else(|| name.to_lowercase().replacen('_', ".", 1));
            self.insert_text(key, &text, Origin::Environment(variable))?;
        }
        Ok(())
    }

    /// Overrides one value with a `KEY=VALUE` of the command line.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] without `=`, for an unknown key, or a value of the wrong type.
    pub fn set(&mut self, assignment: &str) -> Result<(), SettingsError> {
        let (key, text) =
            assignment.split_once('=').ok_or_else(|| SettingsError::Assignment { text: assignment.to_owned() })?;
        self.insert_text(key.trim().to_owned(), text.trim(), Origin::Flag)
    }

    /// Overrides one value with the text of a flag, as a string.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for an unknown key, or one whose values are not strings.
    pub fn set_text(&mut self, key: &str, text: &str) -> Result<(), SettingsError> {
        self.insert(key.to_owned(), Value::String(text.to_owned()), Origin::Flag)
    }

    /// Every key with its value, written as TOML.
    pub fn values(&self) -> impl Iterator<Item = (String, String)> {
        self.values.iter().map(|(key, (value, _))| (key.clone(), value.to_string()))
    }

    /// Whether the key exists.
    pub fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// The configuration that all layers together define.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for a value that its key does not allow.
    pub fn resolve<C: Layered>(&self) -> Result<C, SettingsError> {
        let mut root = Table::new();
        for (key, (value, _)) in &self.values {
            insert_path(&mut root, key, value.clone());
        }
        let config: C = serde_path_to_error::deserialize(Value::Table(root)).map_err(|error| {
            let path = error.path().to_string();
            // The error may name an element of an array, but only the array has an origin.
            let key = path.split('[').next().unwrap_or_default().to_owned();
            let message = error.into_inner().message().to_owned();
            SettingsError::Type { origin: self.origin(&key), key, message }
        })?;
        config.validate().map_err(|invalid| SettingsError::Range {
            origin: self.origin(invalid.key),
            key: invalid.key.to_owned(),
            found: invalid.found,
            expected: invalid.expected,
        })?;
        Ok(config)
    }

    /// The origin of a key's value: a file with its line, an environment variable, the command line, or the defaults.
    pub fn origin(&self, key: &str) -> String {
        self.values.get(key).map_or(&Origin::Default, |(_, origin)| origin).to_string()
    }

    /// Inserts the value that `text` is. Where a string is expected, that is the text itself, unless it is a string in
    /// quotation marks: a folder may be called `2024`.
    fn insert_text(&mut self, key: String, text: &str, origin: Origin) -> Result<(), SettingsError> {
        let value = match (self.values.get(&key), parse_value(text)) {
            (_, Value::String(string)) => Value::String(string),
            (Some((Value::String(_), _)), _) => Value::String(text.to_owned()),
            (_, value) => value,
        };
        self.insert(key, value, origin)
    }

    fn insert(&mut self, key: String, value: Value, origin: Origin) -> Result<(), SettingsError> {
        let Some((old, old_origin)) = self.values.get_mut(&key) else {
            return Err(SettingsError::UnknownKey { origin: origin.to_string(), suggestion: self.suggest(&key), key });
        };
        let value = match (&*old, value) {
            // An integer is accepted where a float is expected: `1` for `1.0`.
            (Value::Float(_), Value::Integer(whole)) => Value::Float(whole as f64),
            (_, value) => value,
        };
        if !old.same_type(&value) {
            let message = format!("expected {}, found {} ({value})", type_name(old), type_name(&value));
            return Err(SettingsError::Type { origin: origin.to_string(), key, message });
        }
        *old = value;
        *old_origin = origin;
        Ok(())
    }

    fn suggest(&self, key: &str) -> String {
        if key.len() > LONGEST_GUESSED {
            return String::new();
        }
        let nearest = nearest(key, self.values.keys().map(String::as_str));
        nearest.map_or(String::new(), |nearest| format!("; did you mean `{nearest}`?"))
    }
}

/// The name among `known` that is most similar to `name`, to suggest for a misspelled one.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let similarity = |other: &str| strsim::jaro_winkler(last_part(name), last_part(other)) + strsim::jaro(name, other);
    known.max_by(|a, b| similarity(a).total_cmp(&similarity(b)))
}

/// The value of every key of `config`, written as TOML.
///
/// # Panics
///
/// If `C` does not serialize to a TOML table, which is a bug in `C`.
pub fn entries<C: Layered>(config: &C) -> BTreeMap<String, String> {
    let table = Table::try_from(config).expect("a configuration serializes to a table");
    let mut entries = BTreeMap::new();
    flatten(&table, "", &mut |key, value| {
        entries.insert(key, value.to_string());
    });
    entries
}

fn last_part(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}
