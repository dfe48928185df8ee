//! Settings in layers: built-in defaults < file < environment < command line.
//!
//! Every leaf remembers where its value came from, so that a bad value is reported with the file and line, the
//! environment variable or the flag that holds it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

/// Prefix of environment variables that set a key: `BURN_MLP_TRAINING_EPOCHS` is `training.epochs`.
pub const ENVIRONMENT_PREFIX: &str = "BURN_MLP_";

/// A configuration that can be layered: every key is present in its default.
pub trait Layered: Serialize + DeserializeOwned + Default {
    /// Checks ranges, and what keys demand of each other.
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
    /// Refuses `found` at `key` unless `allowed`; a comparison with NaN allows nothing.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when not `allowed`.
    pub fn unless(allowed: bool, key: &'static str, found: impl fmt::Debug, expected: &str) -> Result<(), Self> {
        if allowed { Ok(()) } else { Err(Self { key, found: format!("{found:?}"), expected: expected.into() }) }
    }
}

/// Where a value comes from.
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

/// Why settings are refused. The message names file and line (or variable, or flag), key, and what is allowed.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{path}:{line}: {message}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// Why.
        message: String,
    },
    /// No such key.
    #[error("{origin}: unknown key `{key}`{suggestion}")]
    UnknownKey {
        /// Where it stands.
        origin: String,
        /// The key.
        key: String,
        /// The nearest key that exists.
        suggestion: String,
    },
    /// A value of another type, or a name that stands for nothing.
    #[error("{origin}: `{key}`: {message}")]
    Type {
        /// Where it stands.
        origin: String,
        /// The key.
        key: String,
        /// Expected and found type, or the allowed names.
        message: String,
    },
    /// A value out of range.
    #[error("{origin}: `{key}` = {found}: expected {expected}")]
    Range {
        /// Where it stands.
        origin: String,
        /// The key.
        key: String,
        /// The value found.
        found: String,
        /// What is allowed.
        expected: String,
    },
    /// A `--set` without `=`.
    #[error("command line: --set {text}: expected KEY=VALUE")]
    Assignment {
        /// What was given.
        text: String,
    },
}

/// Values by dotted key, each with its origin.
#[derive(Clone, Debug)]
pub struct Settings {
    values: BTreeMap<String, (Value, Origin)>,
}

impl Settings {
    /// The defaults of `C`: they also say which keys exist and of what type they are.
    ///
    /// # Panics
    ///
    /// If `C` does not serialize to a TOML table: a mistake in `C`.
    pub fn defaults<C: Layered>() -> Self {
        let table = Table::try_from(C::default()).expect("a configuration serializes to a table");
        let mut values = BTreeMap::new();
        flatten(&table, "", &mut |key, value| {
            values.insert(key, (value.clone(), Origin::Default));
        });
        Self { values }
    }

    /// Puts the values of a TOML file on top.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] if the file cannot be read, is not TOML, or holds an unknown key or another type.
    pub fn layer_file(&mut self, path: &Path) -> Result<(), SettingsError> {
        let read = |source| SettingsError::Read { path: path.into(), source };
        let text = fs::read_to_string(path).map_err(read)?;
        let line_at = |offset: usize| 1 + text[..offset.min(text.len())].matches('\n').count();
        let syntax = |error: toml::de::Error| SettingsError::Syntax {
            path: path.into(),
            line: error.span().map_or(1, |span| line_at(span.start)),
            message: error.message().to_owned(),
        };
        let table: Table = text.parse().map_err(syntax)?;
        let mut lines = BTreeMap::new();
        key_offsets(DeTable::parse(&text).map_err(syntax)?.get_ref(), "", &mut lines);

        let mut leaves = Vec::new();
        flatten(&table, "", &mut |key, value| leaves.push((key, value.clone())));
        // In the order of the file, so that the first mistake is reported.
        leaves.sort_by_key(|(key, _)| lines.get(key).copied());
        for (key, value) in leaves {
            let line = lines.get(&key).map_or(1, |&offset| line_at(offset));
            self.insert(key, value, Origin::File { path: path.into(), line })?;
        }
        Ok(())
    }

    /// Puts values from environment variables on top.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for a variable with the prefix whose key does not exist, or a value of another type.
    pub fn layer_environment(
        &mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), SettingsError> {
        let names: BTreeMap<String, String> =
            self.values.keys().map(|key| (key.to_uppercase().replace('.', "_"), key.clone())).collect();
        for (variable, text) in variables {
            let Some(name) = variable.strip_prefix(ENVIRONMENT_PREFIX) else { continue };
            let key = names.get(name).cloned().unwrap_or_else(|| name.to_lowercase().replacen('_', ".", 1));
            self.insert(key, parse_value(&text), Origin::Environment(variable))?;
        }
        Ok(())
    }

    /// Puts one `KEY=VALUE` of the command line on top.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] without `=`, for an unknown key, or a value of another type.
    pub fn set(&mut self, assignment: &str) -> Result<(), SettingsError> {
        let (key, text) =
            assignment.split_once('=').ok_or_else(|| SettingsError::Assignment { text: assignment.to_owned() })?;
        self.insert(key.trim().to_owned(), parse_value(text.trim()), Origin::Flag)
    }

    /// Puts the text of a flag on top, as it is.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for an unknown key, or one that is no string.
    pub fn set_text(&mut self, key: &str, text: &str) -> Result<(), SettingsError> {
        self.insert(key.to_owned(), Value::String(text.to_owned()), Origin::Flag)
    }

    /// The configuration all layers add up to.
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
            // An element of an array stands where the array does.
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

    fn origin(&self, key: &str) -> String {
        self.values.get(key).map_or(&Origin::Default, |(_, origin)| origin).to_string()
    }

    fn insert(&mut self, key: String, value: Value, origin: Origin) -> Result<(), SettingsError> {
        let Some((old, old_origin)) = self.values.get_mut(&key) else {
            return Err(SettingsError::UnknownKey { origin: origin.to_string(), suggestion: self.suggest(&key), key });
        };
        let value = match (&*old, value) {
            // `1` where `1.0` is meant.
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
        let nearest = self.values.keys().max_by(|a, b| {
            let similarity =
                |other: &str| strsim::jaro_winkler(last_part(key), last_part(other)) + strsim::jaro(key, other);
            similarity(a).total_cmp(&similarity(b))
        });
        nearest.map_or(String::new(), |nearest| format!("; did you mean `{nearest}`?"))
    }
}

fn last_part(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a string",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "an array",
        Value::Table(_) => "a table",
    }
}

/// `text` as a TOML value; a bare word is a string.
fn parse_value(text: &str) -> Value {
    let parsed = format!("value = {text}").parse::<Table>();
    parsed.ok().and_then(|mut table| table.remove("value")).unwrap_or_else(|| Value::String(text.to_owned()))
}

fn flatten(table: &Table, prefix: &str, leaf: &mut impl FnMut(String, &Value)) {
    for (name, value) in table {
        let key = join(prefix, name);
        match value {
            Value::Table(inner) => flatten(inner, &key, leaf),
            value => leaf(key, value),
        }
    }
}

fn key_offsets(table: &DeTable<'_>, prefix: &str, offsets: &mut BTreeMap<String, usize>) {
    for (name, value) in table {
        let key = join(prefix, name.get_ref());
        offsets.insert(key.clone(), Spanned::span(name).start);
        if let DeValue::Table(inner) = value.get_ref() {
            key_offsets(inner, &key, offsets);
        }
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

fn insert_path(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((head, rest)) => {
            let inner = table.entry(head).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                insert_path(inner, rest, value);
            }
        }
    }
}
