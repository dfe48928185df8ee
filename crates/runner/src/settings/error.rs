use std::path::PathBuf;

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
    /// No such experiment.
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
    /// A key that a resumed run cannot change.
    #[error("{origin}: `{key}` = {found}: a resumed run keeps {expected}, which its checkpoint depends on")]
    Fixed {
        /// Where it stands.
        origin: String,
        /// The key.
        key: String,
        /// The value found.
        found: String,
        /// The value of the checkpoint.
        expected: String,
    },
    /// A key that was changed behind the back of a run.
    #[error(
        "{origin}: `{key}` = {found}: the run has {expected}; put that back, or add --set '{key}={found}', which \
         changes it from here on and is recorded"
    )]
    Unnamed {
        /// Where it stands.
        origin: String,
        /// The key.
        key: String,
        /// The value found.
        found: String,
        /// The value of the checkpoint.
        expected: String,
    },
}
