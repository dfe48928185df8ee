use std::path::PathBuf;

/// Why settings are refused. The message names the file and line (or variable, or flag), the key, and what is allowed.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("{path}: {reason}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
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
    /// The key does not exist.
    #[error("{origin}: unknown key `{key}`{suggestion}")]
    UnknownKey {
        /// Origin of the value.
        origin: String,
        /// The key.
        key: String,
        /// The nearest key that exists.
        suggestion: String,
    },
    /// A value of the wrong type, or an unknown name.
    #[error("{origin}: `{key}`: {message}")]
    Type {
        /// Origin of the value.
        origin: String,
        /// The key.
        key: String,
        /// Expected and found type, or the allowed names.
        message: String,
    },
    /// A value out of range.
    #[error("{origin}: `{key}` = {found}: expected {expected}")]
    Range {
        /// Origin of the value.
        origin: String,
        /// The key.
        key: String,
        /// The value found.
        found: String,
        /// What is allowed.
        expected: String,
    },
    /// The experiment does not exist.
    #[error("no experiment is called `{name}`; did you mean `{suggestion}`? `runner experiment list` lists all")]
    UnknownExperiment {
        /// The name given.
        name: String,
        /// The nearest name.
        suggestion: String,
    },
    /// A `--set` without `=`.
    #[error("command line: --set {text}: expected KEY=VALUE")]
    Assignment {
        /// What was given.
        text: String,
    },
    /// A key whose value cannot change when a run is resumed.
    #[error("{origin}: `{key}` = {found}: a resumed run keeps {expected}, which its checkpoint depends on")]
    Fixed {
        /// Origin of the value.
        origin: String,
        /// The key.
        key: String,
        /// The value found.
        found: String,
        /// The value of the checkpoint.
        expected: String,
    },
    /// A key that was changed in the files of a run, without `--set`.
    #[error(
        "{origin}: `{key}` = {found}: the run has {expected}; put that back, or add --set '{key}={found}', which \
         changes it from here on and is recorded"
    )]
    Unnamed {
        /// Origin of the value.
        origin: String,
        /// The key.
        key: String,
        /// The value found.
        found: String,
        /// The value of the checkpoint.
        expected: String,
    },
}
